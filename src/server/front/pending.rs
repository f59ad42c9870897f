//! What a connection has begun and not answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_commands::{Command, Reply};
use lockstep_core::keys::waits::Want;
use lockstep_core::wire::Wire;
use lockstep_core::{Db, Op, Origin, Outcome, ShardId, Wait, keys, locks, queues};
use lockstep_raft::Delivery;
use tokio::sync::oneshot;

use super::line::Line;
use super::room::Planned;
use super::transaction::Step;
use super::waits::Expected;
use crate::Node;
use crate::queues::Back;

/// One thing to do before the next reply can be sent.
pub(super) enum Pending {
    /// A reply that was ready but has others before it.
    Ready(Reply),
    /// The next outcome of the shard is shown by the command.
    Outcome {
        /// What was asked.
        command: &'static Command,
        /// Of whom.
        shard: ShardId,
        /// Since when.
        begun: Instant,
        /// Where its words are kept for the slow log, if they are.
        kept: Option<usize>,
    },
    /// A copy of a key is asked for, and shown by the command.
    Line {
        /// What was asked.
        command: &'static Command,
        /// Of which key, and where the copy comes.
        line: Box<Line>,
        /// Since when.
        begun: Instant,
        /// Where its words are kept for the slow log, if they are.
        kept: Option<usize>,
    },
    /// What a copy said is shown by the command.
    Found {
        /// What was asked.
        command: &'static Command,
        /// What came of it.
        outcome: Outcome,
        /// Since when.
        begun: Instant,
        /// Where its words are kept for the slow log, if they are.
        kept: Option<usize>,
    },
    /// The same of an operation on a queue that may have to be asked of its partitions,
    /// or that delivers messages.
    Queue {
        /// What was asked.
        command: &'static Command,
        /// Of whom.
        shard: ShardId,
        /// Since when.
        begun: Instant,
        /// Where its words are kept for the slow log, if they are.
        kept: Option<usize>,
        /// The operation.
        op: Vec<u8>,
    },
    /// The same of a request that is ready to wait: its outcome may be that it
    /// waits. Nothing is begun behind it.
    Wait {
        /// What was asked.
        command: &'static Command,
        /// Of whom.
        shard: ShardId,
        /// Since when.
        begun: Instant,
        /// Where its words are kept for the slow log, if they are.
        kept: Option<usize>,
    },
    /// The next outcome of the shard is nobody's: that of a tick.
    Tick {
        /// The shard.
        shard: ShardId,
    },
    /// The next outcome of the shard is nobody's: that of an eviction.
    Eviction {
        /// The shard.
        shard: ShardId,
        /// What others need not evict as well.
        _planned: Planned,
    },
    /// The next outcome says whether the connection may be attached to a session, or
    /// to none any more.
    Attach {
        /// What was asked.
        command: &'static Command,
        /// The session's home.
        shard: ShardId,
        /// Since when.
        begun: Instant,
        /// Where its words are kept for the slow log, if they are.
        kept: Option<usize>,
        /// What it is attached to then.
        then: Option<Arc<[u8]>>,
    },
    /// The next outcome holds the versions of watched keys.
    Watch {
        /// The command.
        command: &'static Command,
        /// Where they are.
        shard: ShardId,
        /// The keys.
        keys: Vec<(Db, Vec<u8>)>,
    },
    /// The next outcome is that of a transaction.
    Exec {
        /// EXEC.
        command: &'static Command,
        /// Where it ran; none: there was nothing to run.
        shard: Option<ShardId>,
        /// What it consists of.
        steps: Vec<Step>,
        /// The database selected at its end.
        db: Db,
        /// Since when.
        begun: Instant,
    },
}

impl Pending {
    /// The shard whose next outcome it is, if it is one.
    pub(super) fn shard(&self) -> Option<ShardId> {
        match self {
            Pending::Ready(_) | Pending::Line { .. } | Pending::Found { .. } => None,
            Pending::Exec { shard, .. } => *shard,
            Pending::Outcome { shard, .. }
            | Pending::Queue { shard, .. }
            | Pending::Wait { shard, .. }
            | Pending::Tick { shard }
            | Pending::Eviction { shard, .. }
            | Pending::Attach { shard, .. }
            | Pending::Watch { shard, .. } => Some(*shard),
        }
    }
}

/// How much longer than it may wait a request is waited for. The shard ends it in
/// time if it has a leader, or gets one.
const OVERDUE_AFTER: Duration = Duration::from_secs(2);

/// The same of a request for messages: one that comes later is given back.
const QUEUE_OVERDUE_AFTER: Duration = Duration::from_millis(60);

fn overdue(op: &Op<'_>) -> Option<tokio::time::Instant> {
    let Wait::For { block_ms, .. } =
        op.wait().filter(|Wait::For { block_ms, .. }| *block_ms > 0)?;
    let on_queues = matches!(op, Op::Queue { .. });
    let after = if on_queues { QUEUE_OVERDUE_AFTER } else { OVERDUE_AFTER };
    tokio::time::Instant::now().checked_add(Duration::from_millis(block_ms).saturating_add(after))
}

/// What asks later what became of a request that waits.
fn look_at_wait<'a>(op: &Op<'a>) -> Option<Op<'a>> {
    match op {
        Op::Key { op: keys::Op::PopOrWait { keep: true, wait: Some(wait), .. } } => {
            let Wait::For { origin, request, .. } = *wait;
            Some(Op::Key { op: keys::Op::LookAtWait { origin, request } })
        }
        Op::Lock { op } => op.look_at_wait().map(|op| Op::Lock { op }),
        _ => None,
    }
}

/// What somebody waits for who waits for keys.
struct KeyWait {
    /// Whether what it is served is kept until it is confirmed.
    kept: bool,
    db: Db,
    /// The byte form of what it wants.
    want: Vec<u8>,
}

impl KeyWait {
    fn new(db: Db, want: &Want<'_>, kept: bool) -> Self {
        let mut bytes = Vec::new();
        want.put(&mut bytes);
        KeyWait { kept, db, want: bytes }
    }

    fn want(&self) -> Want<'_> {
        Want::take(&mut &self.want[..]).expect("written by the node itself")
    }

    /// Whether an answer has to be confirmed.
    fn serves(&self, outcome: &Outcome) -> bool {
        self.want().is_served(outcome)
    }
}

/// A request that waits in a machine.
pub(super) struct Blocked {
    /// What was asked.
    pub command: &'static Command,
    /// Where it waits.
    pub shard: ShardId,
    /// The number of the request.
    pub request: u64,
    /// Where the answer comes.
    pub expected: Expected,
    /// What it waits for.
    name: Vec<u8>,
    /// The operation, if it is on queues.
    pub queue_op: Option<Vec<u8>>,
    /// The operation, if it is on keys.
    keys: Option<KeyWait>,
    /// The byte form of what asks what became of it, if that can be asked.
    look: Option<Vec<u8>>,
    /// When its time has been up for so long that the shard cannot have a leader;
    /// none: it waits without end.
    pub overdue: Option<tokio::time::Instant>,
    /// The owner that loses everything, in all shards, as the victim of a deadlock.
    pub loses_all: Option<Vec<u8>>,
    /// What the slow log will show of it, if it takes everything.
    pub words: Option<Vec<Vec<u8>>>,
}

impl Blocked {
    pub(super) fn new(
        command: &'static Command,
        shard: ShardId,
        request: u64,
        expected: Expected,
        op: &Op<'_>,
    ) -> Self {
        let keys = match op {
            Op::Key { op: keys::Op::PopOrWait { db, want, keep, .. } } => {
                Some(KeyWait::new(*db, want, *keep))
            }
            _ => None,
        };
        let look = look_at_wait(op).map(|look| {
            let mut bytes = Vec::new();
            look.put(&mut bytes);
            bytes
        });
        let (name, queue_op) = match op {
            Op::Queue { op } => (op.name(), Some(crate::queues::kept(op))),
            Op::Lock { op } => (op.name(), None),
            _ => (&b""[..], None),
        };
        Blocked {
            command,
            shard,
            request,
            expected,
            name: name.to_vec(),
            queue_op,
            keys,
            look,
            overdue: overdue(op),
            loses_all: None,
            words: None,
        }
    }

    /// Whether nothing but messages is in its answer.
    pub(super) fn only_pops(&self) -> bool {
        let op = self.queue_op.as_ref().map(|op| crate::queues::read(op));
        matches!(op, Some(queues::Op::Pop { .. }))
    }

    /// Takes the request back; its answer, which may have come before.
    pub(super) async fn take_back(&self, node: &Node, origin: Origin) -> Delivery {
        self.expected.take_back(node.shards.host(), self.shard, &self.cancel(origin, true)).await
    }

    /// Ends the wait as if its time were up: what was done before it stays in the answer.
    pub(super) async fn end_now(&self, node: &Node, origin: Origin) -> Delivery {
        self.expected.take_back(node.shards.host(), self.shard, &self.cancel(origin, false)).await
    }

    /// Whether something was done before it waited.
    pub(super) fn has_done_something(&self) -> bool {
        self.queue_op.is_some() && !self.only_pops()
    }

    /// Whether it can be asked what became of it.
    pub(super) fn can_look(&self) -> bool {
        self.look.is_some()
    }

    /// Asks what became of a wait whose answer may have been lost. None: it still waits.
    pub(super) async fn look_again(&self, node: &Node, origin: Origin) -> Option<Delivery> {
        let look = self.look.as_deref()?;
        let op = Op::take(&mut &look[..]).expect("written by the node itself");
        match node.shards.insist(self.shard, &op).await {
            Delivery::Done(mut outcomes) => match outcomes.pop() {
                Some(Outcome::Waits) => None,
                Some(Outcome::List(answer)) => Some(Delivery::Done(answer)),
                // An answer that is not lost is on its way.
                _ if self.keys.is_none() => Some(self.take_back(node, origin).await),
                _ => Some(Delivery::Unknown),
            },
            // It must not be granted to somebody who was told that nothing is known of it.
            _ if self.keys.is_none() => Some(self.take_back(node, origin).await),
            other => Some(other),
        }
    }

    /// Gives back what it was served when nobody was there any more, where the shard does
    /// not do that itself.
    pub(super) async fn put_back(&self, node: &Node, outcome: &Outcome) {
        let Some(keys) = self.keys.as_ref().filter(|keys| !keys.kept) else { return };
        if let Some(op) = keys.want().back(keys.db, outcome) {
            let _ = node.shards.insist(self.shard, &Op::Key { op }).await;
        }
    }

    /// Tells the shard that this node has the answer, where it is kept until then. What was
    /// given back meanwhile, or cannot be told, is unknown to the client.
    pub(super) async fn confirmed(
        &self,
        node: &Node,
        origin: Origin,
        answer: Delivery,
    ) -> Delivery {
        let Some(keys) = self.keys.as_ref().filter(|keys| keys.kept) else { return answer };
        match &answer {
            Delivery::Done(outcomes) if matches!(&outcomes[..], [one] if keys.serves(one)) => {}
            _ => return answer,
        }
        let op = keys::Op::ConfirmWait { origin, request: self.request };
        match node.shards.insist(self.shard, &Op::Key { op }).await {
            Delivery::Done(outcomes) if outcomes[..] == [Outcome::Int(1)] => answer,
            _ => Delivery::Unknown,
        }
    }

    /// The operation that ends the wait.
    pub(super) fn cancel(&self, origin: lockstep_core::Origin, error: bool) -> Op<'_> {
        let (name, request) = (&self.name[..], self.request);
        if self.keys.is_some() {
            Op::Key { op: keys::Op::CancelWait { origin, request, error } }
        } else if let Some(op) = &self.queue_op {
            let part = crate::queues::read(op).part();
            Op::Queue { op: queues::Op::CancelWait { queue: name, part, origin, request, error } }
        } else {
            Op::Lock { op: locks::Op::CancelWait { name, origin, request, error } }
        }
    }
}

/// An answer of this node that takes time.
pub(super) struct Later {
    /// What was asked.
    pub command: &'static Command,
    /// Since when.
    pub begun: Instant,
    /// The answer.
    pub future: Pin<Box<dyn Future<Output = Reply> + Send>>,
    /// Whether it waits for others: then the time it takes says nothing.
    pub waits: bool,
    /// Where the messages come that the answer delivers.
    pub given: Option<oneshot::Receiver<Back>>,
}
