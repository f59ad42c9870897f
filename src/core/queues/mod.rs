//! The queues: what was pushed, who has it, and who waits for more.
//!
//! A message is ready, delayed, in flight or dead for as long as it is kept, and leaves
//! by being acked, dropped, purged, deleted or moved. What is kept of one is in `message`,
//! of a queue in `queue`; what follows from a queue, and is kept in step by `desk`, in
//! `shape`. The operations are in `push`, `pop`, `receipts` and `manage`, what becomes of
//! a message in `fate`, what happens by itself in `ends` and `redrive`.
//!
//! A change of leader changes nothing: leases are state, and their clock is the shard's.

pub mod body;
mod op;
mod receipt;
mod table;

mod clear;
mod ends;
mod manage;
mod pop;
mod push;
mod receipts;
mod redrive;
mod timers;

mod dedup;
mod fate;
mod groups;
mod names;

mod counts;
mod desk;
mod index;
mod message;
mod queue;
mod rules;
mod shape;
mod waiter;

mod bodies;
mod image;
mod look;
mod mutant;
mod sound;
mod totals;

#[cfg(test)]
mod tests;

pub use body::{Body, BodyKey};
pub use image::Frozen;
pub use look::INFO_NAMES;
#[cfg(feature = "mistakes")]
#[doc(hidden)]
pub use mutant::{Mutant, break_rule};
pub use op::{
    Blame, Dedup, Form, Grouping, Manner, Op, Order, Overflow, Reason, Receipt, SETTING_NAMES,
    Setting, Visible, Want, Which,
};
pub use table::Table;
pub use totals::{EVENTS, Totals};

/// The lease of a delivery that was asked for without one (the visibility
/// timeout).
pub const DEFAULT_LEASE_MS: u64 = 30_000;

/// The longest lease, counted from the delivery: 12 hours.
pub const LEASE_MS_MAX: u64 = 43_200_000;

/// A message that fails so often is dead.
pub const FAILS_MAX: u32 = 20;

/// After its first failure a message stays away for about so long.
pub const BACKOFF_MS_MIN: u64 = 1_000;

/// The wait doubles with every failure up to this.
pub const BACKOFF_MS_MAX: u64 = 60_000;

/// For so long copies of a message are known.
pub const DEDUP_WINDOW_MS: u64 = 300_000;

/// Copies of so many messages of a queue are known.
pub const DEDUP_MAX: u64 = 1_000_000;

/// The largest message there can be.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest name of a queue.
pub const NAME_BYTES_MAX: usize = 4096;

/// The longest name of a group, a consumer or a request, and the longest id for copies.
pub const SHORT_BYTES_MAX: usize = 256;

/// How many headers a message may have.
pub const HEADERS_MAX: usize = 64;

/// How long all of its headers may be.
pub const HEADER_BYTES_MAX: usize = 65_536;

/// So much is kept of what a consumer says was wrong.
pub const ERROR_BYTES_MAX: usize = 1024;

/// The highest priority.
pub const PRIORITY_MAX: u8 = 31;

/// How many queues a shard may have, each partition counted.
pub const QUEUES_MAX: usize = 1_000_000;

/// Over how many partitions a queue may be spread.
pub const PARTITIONS_MAX: u32 = 1024;

/// How many groups of a queue may have messages.
pub const GROUPS_MAX: usize = 1_000_000;

/// How many requests may wait for one queue.
pub const CONSUMERS_MAX: usize = 100_000;

/// How many consumers of one queue are known by name.
pub const CONSUMER_NAMES_MAX: usize = 10_000;

/// How many different groups and priorities may be waited for in one queue.
pub const FILTERS_MAX: usize = 256;

/// How many queues one request may ask.
pub const QUEUES_PER_POP: usize = 1024;

/// How many messages one request may ask for.
pub const COUNT_MAX: u64 = 10_000;

/// How many messages one operation moves to another queue.
pub const MOVE_MAX: u64 = 1_000;

/// So many messages that are too old one request ends that looks for others.
pub const STALE_PER_POP: usize = 4_096;

/// So many dead messages come back in one step.
pub const REDRIVES_PER_STEP: u64 = 256;

/// In the place of a partition's number: all of them. It is for home, the partition 0,
/// which refuses it with their number if the queue has several.
pub const WHOLE: u32 = u32::MAX;

/// What is known about a message, in the order of outcomes. A number that is not there
/// is -1.
pub const META_NAMES: [&str; 15] = [
    "id",
    "attempts",
    "fails",
    "enq-ms",
    "first-deliver-ms",
    "deadline-ms",
    "group",
    "pri",
    "fence",
    "hdr",
    "dedup",
    "gap",
    "redriven",
    "reason",
    "error",
];

/// From so many bytes on an answer takes no further message.
pub const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
