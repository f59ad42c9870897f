//! The texts of locks.

use lockstep_core::locks::{LEASE_MS_MAX, LEASE_MS_MIN};

use super::{BadArgs, text};

/// The name of a lock is too long.
pub const LOCK_NAME_TOO_LONG: BadArgs = text("ERR the name of a lock has at most 4096 bytes");
/// OWNER with a name that is empty or too long.
pub const BAD_OWNER: BadArgs = text("ERR the name of an owner has 1 to 4096 bytes");
/// TOKEN with what no lock ever handed out.
pub const BAD_TOKEN: BadArgs = text("ERR token is not a positive integer");
/// Too many requests wait for one lock.
pub const LINE_FULL: BadArgs = text("LOCKLIMIT too many requests wait for this lock");

/// A lease outside its bounds.
pub fn invalid_lease(name: &str) -> BadArgs {
    BadArgs(
        format!(
            "ERR invalid lease in '{name}' command, \
             it must be between {LEASE_MS_MIN} and {LEASE_MS_MAX} milliseconds"
        )
        .into(),
    )
}
