//! The texts of queues.

use lockstep_core::queues::LEASE_MS_MAX;

use super::{BadArgs, text};

/// The name of a queue is too long.
pub const QUEUE_NAME_TOO_LONG: BadArgs = text("ERR the name of a queue has at most 4096 bytes");
/// A body that is too large.
pub const BODY_TOO_BIG: BadArgs = text("QTOOBIG the body of a message has at most 1048576 bytes");
/// A word that should be a receipt.
pub const BAD_RECEIPT: BadArgs =
    text("QBADID not a receipt, it must be of the form partition-number-attempt");
/// A delay or a time before the beginning.
pub const BAD_DELAY: BadArgs = text("ERR delay is not a positive integer or out of range");
/// Too many consumers wait for one queue.
pub const CONSUMERS_FULL: BadArgs = text("QLIMIT too many consumers wait for this queue");
/// No queue of this name.
pub const NO_SUCH_QUEUE: BadArgs = text("NOQUEUE no such queue");

/// A visibility timeout outside its bounds.
pub fn invalid_visibility(name: &str) -> BadArgs {
    BadArgs(
        format!(
            "ERR invalid visibility timeout in '{name}' command, \
             it must be between 1 and {LEASE_MS_MAX} milliseconds"
        )
        .into(),
    )
}
