//! The queues: what was pushed, who has it, and who waits for more.
//!
//! A message is ready, delayed, in flight or dead for as long as it is kept, and
//! leaves by being acked or purged. What is kept of one is in `message`, of a
//! queue in `queue`; the operations are in `table` and `receipts`, what
//! happens by itself in `ends`.

pub mod body;
mod op;
mod receipt;
mod table;

mod bodies;
mod ends;
mod image;
mod index;
mod look;
mod message;
mod queue;
mod receipts;
mod totals;

#[cfg(test)]
mod tests;

pub use body::{Body, BodyKey};
pub use image::Frozen;
pub use look::INFO_NAMES;
pub use op::{
    Blame, Dedup, Form, Grouping, Manner, Op, Order, Overflow, Reason, Receipt, SETTING_NAMES,
    Setting, Visible, Want, Which,
};
pub use table::Table;
pub use totals::Totals;

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

/// The largest message there can be.
pub const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// The longest name of a queue.
pub const NAME_BYTES_MAX: usize = 4096;

/// How many requests may wait for one queue.
pub const CONSUMERS_MAX: usize = 100_000;

/// How many messages one request may ask for.
pub const COUNT_MAX: u64 = 10_000;

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
