//! What the connections ask for.
//!
//! An *operation* is what a user would call one thing: a GET, a LOCK with its
//! UNLOCK, a message taken and acknowledged. It is one or more requests on the
//! same connection, each sent when the reply of the one before is there.

mod counters;
mod keys;
mod locks;
mod queues;
mod streams;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use counters::Counters;

use crate::Flags;

/// A kind of request, for the histograms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "each is the command of that name")]
pub enum Command {
    Ping,
    Get,
    Set,
    Lock,
    Unlock,
    QPush,
    QPop,
    QAck,
    XGroup,
    XAdd,
    XReadGroup,
    XAck,
    XDel,
}

/// Which mix of operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Workload {
    /// PING.
    Ping,
    /// GET of random keys.
    Get,
    /// SET of random keys.
    Set,
    /// GET and SET.
    Mix,
    /// LOCK and UNLOCK of random locks, each operation its own owner.
    Lock,
    /// Producers with QPUSH, consumers with QPOP and QACK.
    Queue,
    /// The same with Redis' streams: XADD, XREADGROUP, XACK and XDEL.
    Stream,
    /// SET of each key once, in order; ends when done.
    Load,
}

impl Workload {
    /// The workload of this name.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "ping" => Workload::Ping,
            "get" => Workload::Get,
            "set" => Workload::Set,
            "mix" => Workload::Mix,
            "lock" => Workload::Lock,
            "queue" => Workload::Queue,
            "stream" => Workload::Stream,
            "load" => Workload::Load,
            _ => return None,
        })
    }

    /// Whether the keys must be there before.
    pub fn reads_keys(self) -> bool {
        matches!(self, Workload::Get | Workload::Mix)
    }

    /// Whether some connections produce messages and the others consume them.
    pub fn has_producers(self) -> bool {
        matches!(self, Workload::Queue | Workload::Stream)
    }
}

/// A request that was sent: what it takes to understand its reply.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// Its kind.
    pub command: Command,
    /// Which lock or queue.
    pub item: u32,
    /// The number of the operation or message; of what settles messages: how many.
    pub number: u64,
    /// PINGs still to be sent while the lock is held.
    pub work: u32,
    /// Which lock is held already, where this is about a second one.
    pub first: Option<u32>,
}

impl Step {
    /// How many operations end when the last reply is there.
    pub fn operations(&self) -> u64 {
        match self.command {
            Command::QAck | Command::XDel => self.number,
            _ => 1,
        }
    }
}

/// What follows a reply.
#[derive(Clone, Copy, Debug)]
pub enum Next {
    /// The operation goes on with this request, written to the buffer.
    Request(Step),
    /// The same with several, the replies to which come one after the other.
    Requests([Step; 3]),
    /// The operation ended (a consumer's: of so many messages), and the request that
    /// ended it began the next one.
    Onward(Step),
    /// Another reply to the same operation follows.
    Part,
    /// The operation ended, and the next one is under way already.
    Ended,
    /// The operation ended.
    Done,
    /// Somebody else has the lock: the operation ended without doing its work.
    Busy,
    /// There was nothing to take; the connection rests a moment.
    Empty,
    /// An error reply ended the operation.
    Failed,
}

/// What one connection asks for.
#[derive(Debug)]
pub enum Script {
    /// PING, GET and SET.
    Keys(keys::Script),
    /// LOCK and UNLOCK.
    Locks(locks::Script),
    /// QPUSH.
    Producer(queues::Producer),
    /// QPOP and QACK.
    Consumer(queues::Consumer),
    /// XREADGROUP, XACK and XDEL.
    Reader(streams::Reader),
}

impl Script {
    /// Writes the first request of the next operation. Nothing when the script has ended.
    pub fn begin(&mut self, out: &mut Vec<u8>) -> Option<Step> {
        match self {
            Script::Keys(script) => script.begin(out),
            Script::Locks(script) => Some(script.begin(out)),
            Script::Producer(script) => Some(script.begin(out)),
            Script::Consumer(script) => Some(script.begin(out)),
            Script::Reader(script) => Some(script.begin(out)),
        }
    }

    /// How many operations may be in flight, if it is not as many as were asked for: a
    /// connection that waits for messages waits for one.
    pub fn pipeline_max(&self) -> usize {
        match self {
            Script::Consumer(script) if script.blocks() => 1,
            Script::Reader(_) => 1,
            _ => usize::MAX,
        }
    }

    /// Takes an error reply that belongs to the workload; none if it does not.
    pub fn refused(
        &mut self,
        step: Step,
        reply: &[u8],
        out: &mut Vec<u8>,
        counters: &mut Counters,
    ) -> Option<Next> {
        match self {
            Script::Locks(script) => script.refused(step, reply, out, counters),
            Script::Reader(script) => script.refused(step, reply, out),
            _ => None,
        }
    }

    /// Takes the reply to a request; error replies do not come here.
    pub fn reply(
        &mut self,
        step: Step,
        reply: &[u8],
        out: &mut Vec<u8>,
        counters: &mut Counters,
    ) -> Next {
        match self {
            Script::Keys(script) => script.reply(step, reply, counters),
            Script::Locks(script) => script.reply(step, reply, out, counters),
            Script::Producer(script) => script.reply(step, counters),
            Script::Consumer(script) => script.reply(step, reply, out, counters),
            Script::Reader(script) => script.reply(step, reply, out, counters),
        }
    }

    /// Whether there is work that must go on after the end of the window: messages
    /// that were pushed and not yet delivered.
    pub fn has_rest(&self) -> bool {
        match self {
            Script::Consumer(script) => script.has_rest(),
            Script::Reader(script) => script.has_rest(),
            _ => false,
        }
    }
}

/// What all connections of a run have in common.
#[derive(Clone, Debug)]
pub struct Shared {
    locks: Arc<locks::Table>,
    ledger: Arc<queues::Ledger>,
    /// Whether somebody takes what is pushed.
    consumed: bool,
}

impl Shared {
    /// For a run with these flags.
    pub fn new(flags: &Flags) -> Self {
        let locks = if flags.workload == Workload::Lock { flags.keys } else { 0 };
        let producers = if flags.workload.has_producers() { flags.producers() } else { 0 };
        Self {
            locks: Arc::new(locks::Table::new(locks)),
            ledger: Arc::new(queues::Ledger::new(producers)),
            consumed: flags.clients > producers,
        }
    }

    /// The script of connection number `index`.
    pub fn script(&self, flags: &Flags, index: usize) -> Script {
        match flags.workload {
            Workload::Ping | Workload::Get | Workload::Set | Workload::Mix | Workload::Load => {
                Script::Keys(keys::Script::new(flags, index))
            }
            Workload::Lock => {
                Script::Locks(locks::Script::new(flags, index, Arc::clone(&self.locks)))
            }
            Workload::Queue | Workload::Stream if index < flags.producers() => {
                Script::Producer(queues::Producer::new(flags, index, Arc::clone(&self.ledger)))
            }
            Workload::Queue => {
                Script::Consumer(queues::Consumer::new(flags, index, Arc::clone(&self.ledger)))
            }
            Workload::Stream => {
                Script::Reader(streams::Reader::new(flags, index, Arc::clone(&self.ledger)))
            }
        }
    }

    /// What can be counted only at the end.
    pub fn settle(&self, counters: &mut Counters) {
        if self.consumed {
            counters.lost += self.ledger.lost();
        }
    }
}
