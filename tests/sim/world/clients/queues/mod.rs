//! Clients of queues: what they ask for, as words.

pub mod body;
mod draw;
mod hands;
mod record;
mod settle;
pub mod sorts;
mod tally;

use crate::check::queues::whole::{Blame, What};

pub use draw::next;
pub use hands::{Hands, Held};
pub use record::Record;
pub use sorts::{Kind, Sorts};
pub use tally::Tally;

use super::meaning::{element, option, word};

/// What is done with a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// QCREATE.
    Create(u32),
    /// QPUSH.
    Push(New),
    /// QMPUSH, all of one queue and in one manner.
    PushMany(Vec<New>, Together),
    /// QPOP.
    Pop(Pop),
    /// QACK of some messages of a queue, and what is popped with it.
    Ack(u32, Vec<Held>, Option<Pop>),
    /// QNACK.
    Nack {
        /// Which.
        held: Held,
        /// Why.
        blame: Blame,
        /// DELAY.
        delay_ms: Option<u64>,
    },
    /// QEXTEND.
    Extend(Held, u64),
    /// MULTI, QACK, APPEND of a number, QPUSH, EXEC.
    Exchange(Held, u64, New),
    /// QREDRIVE START.
    Redrive {
        /// The queue.
        queue: u32,
        /// COUNT.
        count: Option<u64>,
        /// RATE.
        rate: Option<u64>,
        /// RESET.
        reset: bool,
    },
    /// QMOVE to where the queue's messages go: so many, in this state.
    Move(u32, u64, &'static str),
    /// QPAUSE OUT, QRESUME OUT, QPURGE.
    Order(u32, What),
    /// QINFO.
    Look(u32),
    /// QPOP of many that are settled at once.
    Drain(u32),
    /// QPEEK of those that are dead.
    Dead(u32),
    /// GET of the numbers that transactions left.
    Notes(u32),
}

/// Whether what is pushed together comes all or not at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Together {
    /// It does.
    AllOrNone,
    /// Each for itself.
    Each,
}

/// A message that is pushed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct New {
    /// The queue.
    pub queue: u32,
    /// The body's number.
    pub message: u64,
    /// The body's length, or a little more.
    pub bytes: usize,
    /// DELAY.
    pub delay_ms: u64,
    /// TTL.
    pub ttl_ms: Option<u64>,
    /// GROUP.
    pub group: Option<u64>,
    /// PRI.
    pub priority: u8,
    /// DEDUP by its number.
    pub dedup: bool,
}

/// What is popped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pop {
    /// The queue.
    pub queue: u32,
    /// VT.
    pub lease_ms: u64,
    /// COUNT.
    pub count: Option<u64>,
    /// BLOCK.
    pub block_ms: Option<u64>,
    /// REQID.
    pub name: Option<u64>,
}

/// So many are taken at once in the end.
const DRAINED: u64 = 100;

impl Asked {
    /// The commands.
    pub fn commands(&self, sorts: &Sorts) -> Vec<Vec<Vec<u8>>> {
        if let Asked::Exchange(held, number, new) = self {
            return vec![
                ack(sorts, held.queue, &[*held]),
                vec![word("APPEND"), word(sorts.notes(held.queue)), word(element(*number))],
                push(sorts, new),
            ];
        }
        vec![self.words(sorts)]
    }

    /// How long it is ready to wait in line.
    pub fn block_ms(&self) -> Option<u64> {
        match self {
            Asked::Pop(pop) | Asked::Ack(_, _, Some(pop)) => pop.block_ms,
            _ => None,
        }
    }

    fn words(&self, sorts: &Sorts) -> Vec<Vec<u8>> {
        let name = |queue: &u32| word(sorts.name(*queue));
        match self {
            Asked::Create(queue) => {
                let mut words = vec![word("QCREATE"), name(queue)];
                words.extend(sorts.of(*queue).settings(sorts));
                words
            }
            Asked::Push(new) => push(sorts, new),
            Asked::PushMany(list, together) => push_many(sorts, list, *together),
            Asked::Pop(pop) => {
                let mut words = vec![word("QPOP"), name(&pop.queue)];
                words.extend(pop.words("COUNT"));
                words
            }
            Asked::Ack(queue, list, pop) => {
                let mut words = ack(sorts, *queue, list);
                words.extend(pop.iter().flat_map(|pop| pop.words("POP")));
                words
            }
            Asked::Nack { held, blame, delay_ms } => {
                let blame = match blame {
                    Blame::Fail => "FAIL",
                    Blame::Silent => "SILENT",
                    Blame::Fatal => "FATAL",
                };
                let mut words = vec![word("QNACK"), name(&held.queue), held.receipt()];
                words.push(word(blame));
                words.extend(option("DELAY", *delay_ms));
                words
            }
            Asked::Extend(held, ms) => {
                vec![word("QEXTEND"), name(&held.queue), held.receipt(), word(ms.to_string())]
            }
            Asked::Redrive { queue, count, rate, reset } => {
                let mut words = vec![word("QREDRIVE"), name(queue), word("START")];
                words.extend(option("COUNT", *count));
                words.extend(option("RATE", *rate));
                words.extend(reset.then(|| word("RESET")));
                words
            }
            Asked::Move(queue, count, state) => {
                let to = sorts.of(*queue).rule.feeds.expect("it feeds one");
                let mut words = vec![word("QMOVE"), name(queue), name(&to)];
                words.extend(option("COUNT", Some(*count)));
                words.extend([word("STATE"), word(*state)]);
                words
            }
            Asked::Order(queue, What::Pause) => vec![word("QPAUSE"), name(queue), word("OUT")],
            Asked::Order(queue, What::Resume) => vec![word("QRESUME"), name(queue), word("OUT")],
            Asked::Order(queue, What::Purge) => vec![word("QPURGE"), name(queue)],
            Asked::Look(queue) => vec![word("QINFO"), name(queue)],
            Asked::Drain(queue) => {
                let mut words = vec![word("QPOP"), name(queue)];
                words.extend(option("COUNT", Some(DRAINED)));
                words.extend([word("NOACK"), word("WITHMETA")]);
                words
            }
            Asked::Dead(queue) => {
                vec![word("QPEEK"), name(queue), word("10000"), word("STATE"), word("DEAD")]
            }
            Asked::Notes(queue) => vec![word("GET"), word(sorts.notes(*queue))],
            Asked::Exchange(..) => Vec::new(),
        }
    }
}

fn push(sorts: &Sorts, new: &New) -> Vec<Vec<u8>> {
    let mut words = vec![word("QPUSH"), word(sorts.name(new.queue))];
    words.push(body::body(new.message, new.bytes));
    words.extend(new.manner());
    words.push(word("WITHSTATUS"));
    words
}

fn push_many(sorts: &Sorts, list: &[New], together: Together) -> Vec<Vec<u8>> {
    let Some(first) = list.first() else { return Vec::new() };
    let mut words = vec![word("QMPUSH"), word(sorts.name(first.queue))];
    words.extend((together == Together::AllOrNone).then(|| word("ATOMIC")));
    words.extend(first.manner());
    words.extend(option("MSGS", Some(list.len() as u64)));
    words.extend(list.iter().map(|new| body::body(new.message, new.bytes)));
    words
}

fn ack(sorts: &Sorts, queue: u32, list: &[Held]) -> Vec<Vec<u8>> {
    let mut words = vec![word("QACK"), word(sorts.name(queue))];
    words.extend(list.iter().map(Held::receipt));
    words.push(word("VERBOSE"));
    words
}

impl New {
    fn manner(&self) -> Vec<Vec<u8>> {
        let mut words = option("DELAY", Some(self.delay_ms).filter(|ms| *ms > 0));
        words.extend(option("TTL", self.ttl_ms));
        words.extend(option("PRI", Some(self.priority.into()).filter(|priority| *priority > 0)));
        if let Some(group) = self.group {
            words.extend([word("GROUP"), word(format!("g{group}"))]);
        }
        if self.dedup {
            words.extend([word("DEDUP"), word(format!("d{}", self.message))]);
        }
        words
    }
}

impl Pop {
    fn words(&self, count: &str) -> Vec<Vec<u8>> {
        let mut words = option(count, self.count);
        words.extend(option("VT", Some(self.lease_ms)));
        words.extend(option("BLOCK", self.block_ms));
        if let Some(name) = self.name {
            words.extend([word("REQID"), word(format!("r{name}"))]);
        }
        words.push(word("WITHMETA"));
        words
    }
}
