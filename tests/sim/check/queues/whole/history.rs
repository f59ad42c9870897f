//! What clients of queues wrote down.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::Span;

/// How a queue is set, as far as it matters to what is checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The highest priority first.
    pub by_priority: bool,
    /// After so many failures, or attempts, a message is dead; 0: never.
    pub fails_max: u32,
    /// Attempts are counted.
    pub by_attempts: bool,
    /// The shortest and the longest wait after a failure, and by how many percent it
    /// differs.
    pub backoff: (u64, u64, u64),
    /// What is too much is dropped.
    pub drops: bool,
    /// What is too old is dropped, not dead.
    pub ttl_drops: bool,
    /// Where messages of it may go.
    pub feeds: Option<u32>,
    /// Messages come from another queue.
    pub is_fed: bool,
}

/// A push that was not refused.
#[derive(Clone, Debug)]
pub struct Push {
    /// The queue.
    pub queue: u32,
    /// The body; no two messages have the same, but copies of one.
    pub message: u64,
    /// When.
    pub span: Span,
    /// What came of it.
    pub came: Came,
    /// Its group.
    pub group: Option<u64>,
    /// Its priority.
    pub priority: u8,
    /// Hidden for so long.
    pub delay_ms: u64,
    /// Alive for so long; 0: for ever.
    pub ttl_ms: u64,
    /// Those that came with it, all or none; 0: it came alone.
    pub batch: u64,
    /// The transaction it was part of; 0: none.
    pub tx: u64,
}

/// What came of a push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A message with this number.
    New(u64),
    /// It was there, under this number.
    Copy(u64),
    /// Nobody knows.
    Unknown,
}

impl Came {
    /// The number of the message, if it is known.
    pub fn seq(self) -> Option<u64> {
        match self {
            Came::New(seq) | Came::Copy(seq) => Some(seq),
            Came::Unknown => None,
        }
    }
}

/// A message that was handed to a consumer.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The queue.
    pub queue: u32,
    /// The body.
    pub message: u64,
    /// The number of the message.
    pub seq: u64,
    /// Which delivery of it this is.
    pub attempt: u32,
    /// How often it had failed.
    pub fails: u32,
    /// The number of the operation that granted it.
    pub fence: u64,
    /// When it was pushed, by the shard's clock.
    pub pushed_ms: u64,
    /// When it was granted, by the shard's clock, if that is known.
    pub granted_ms: Option<u64>,
    /// Not later than then it was granted, by the shard's clock.
    pub granted_by_ms: Option<u64>,
    /// Up to when it lasts, by the shard's clock; none: it was settled at once.
    pub until_ms: Option<u64>,
    /// It was dead before.
    pub redriven: bool,
    /// Its group.
    pub group: Option<u64>,
    /// The request it came with, and its place there.
    pub call: (u64, usize),
    /// When it was asked for and came.
    pub span: Span,
    /// When it may have been granted at the earliest. The answer to a request with a name
    /// is given once more: what nobody heard of may be from before.
    pub asked: u64,
    /// Up to when it surely lasts, by the clients' clock.
    pub sure_until: u64,
}

/// What a consumer said of a delivery.
#[derive(Clone, Debug)]
pub struct Touch {
    /// The queue.
    pub queue: u32,
    /// The message.
    pub seq: u64,
    /// Which delivery.
    pub attempt: u32,
    /// When.
    pub span: Span,
    /// What.
    pub deed: Deed,
    /// The transaction it was part of; 0: none.
    pub tx: u64,
}

/// What is said of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// It is done: 1 settled, 0 not known, -1 delivered again; none: nobody knows.
    Ack {
        /// What was told.
        gave: Option<i64>,
    },
    /// It comes back.
    Nack {
        /// Why.
        blame: Blame,
        /// After so long, if that was said.
        delay_ms: Option<u64>,
        /// Whether that counted.
        took: Option<bool>,
    },
    /// It lasts longer, also by the same request once more.
    Extend {
        /// So long from then on.
        lease_ms: u64,
        /// Up to then, by the shard's clock; 0: it was over.
        until_ms: Option<u64>,
    },
}

/// Why a message comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// It failed.
    Fail,
    /// For no reason.
    Silent,
    /// It will never do.
    Fatal,
}

/// What a request with a name was answered with.
#[derive(Clone, Debug)]
pub struct Call {
    /// The queue.
    pub queue: u32,
    /// Its name.
    pub name: u64,
    /// When.
    pub span: Span,
    /// The lease.
    pub lease_ms: u64,
    /// Up to when that surely lasts.
    pub sure_until: u64,
    /// Number, attempt and end of each delivery.
    pub got: Vec<(u64, u32, u64)>,
}

/// Something done to a queue as a whole. Nobody else does the like to it meanwhile.
#[derive(Clone, Debug)]
pub struct Order {
    /// The queue.
    pub queue: u32,
    /// When.
    pub span: Span,
    /// What.
    pub what: What,
}

/// What is done to a queue as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing is delivered.
    Pause,
    /// It is again.
    Resume,
    /// All messages go.
    Purge,
}

/// Dead messages were told to come back.
#[derive(Clone, Debug)]
pub struct Redrive {
    /// The queue.
    pub queue: u32,
    /// When.
    pub span: Span,
}

/// A transaction of an ack, a note and a push.
#[derive(Clone, Debug)]
pub struct Tx {
    /// What nobody else notes.
    pub number: u64,
    /// When.
    pub span: Span,
}

/// A message that was there in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// The queue.
    pub queue: u32,
    /// The body.
    pub message: u64,
    /// Its number.
    pub seq: u64,
    /// It was dead.
    pub dead: bool,
}

/// The history of some queues.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// How they are set.
    pub rules: BTreeMap<u32, Rule>,
    /// All pushes.
    pub pushes: Vec<Push>,
    /// All deliveries that came.
    pub deliveries: Vec<Delivery>,
    /// All that was said of them.
    pub touches: Vec<Touch>,
    /// The answers to requests with names.
    pub calls: Vec<Call>,
    /// What was done to queues as a whole.
    pub orders: Vec<Order>,
    /// Dead messages that were told to come back.
    pub redrives: Vec<Redrive>,
    /// Transactions.
    pub txs: Vec<Tx>,
    /// Those that left a note.
    pub noted: BTreeSet<u64>,
    /// What was there in the end: first all that is not dead was taken, then the dead
    /// were looked at.
    pub left: Vec<Left>,
    /// Where messages may have been settled with a delivery that nobody saw.
    pub swallowed: BTreeSet<u32>,
    /// How many messages each queue dropped, by its own word.
    pub dropped: BTreeMap<u32, u64>,
    /// Whether the queues were emptied in the end.
    pub drained: bool,
}
