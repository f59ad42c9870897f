//! The texts of locks.

use lockstep_core::locks::{LEASE_MS_MAX, LEASE_MS_MIN};
use lockstep_core::sessions::{DELAY_MS_MAX, TTL_MS_MAX, TTL_MS_MIN};

use super::{BadArgs, text};

/// The name of a lock is too long.
pub const LOCK_NAME_TOO_LONG: BadArgs = text("ERR the name of a lock has at most 4096 bytes");
/// OWNER with a name that is empty or too long.
pub const BAD_OWNER: BadArgs = text("ERR the name of an owner has 1 to 4096 bytes");
/// TOKEN with what no lock ever handed out.
pub const BAD_TOKEN: BadArgs = text("ERR token is not a positive integer");
/// Too many requests wait for one lock.
pub const LINE_FULL: BadArgs = text("LOCKLIMIT too many requests wait for this lock");
/// Several names without a number of them.
pub const NUMKEYS_NOT_POSITIVE: BadArgs = text("ERR numkeys should be greater than 0");
/// VALUE with too much.
pub const VALUE_TOO_LONG: BadArgs = text("ERR the value of a hold has at most 4096 bytes");
/// ID with what is empty or too long.
pub const BAD_REQUEST_ID: BadArgs = text("ERR the id of a request has 1 to 64 bytes");
/// REASON with too much.
pub const REASON_TOO_LONG: BadArgs = text("ERR the reason has at most 256 bytes");
/// PERMITS beyond LIMIT.
pub const MORE_PERMITS_THAN_LIMIT: BadArgs =
    text("ERR more permits than the limit of the semaphore");
/// Of several locks some were lost before all were there.
pub const LOCKS_LOST: BadArgs =
    text("TRYAGAIN some of the locks were lost while others were waited for; none is held");
/// A session that is not there (any more).
pub const NO_SESSION: BadArgs = text("NOSESSION there is no such session, or it has ended");
/// Too many sessions, or too many connections that are attached to one.
pub const SESSIONS_FULL: BadArgs =
    text("LOCKLIMIT too many sessions, or too many connections attached to this one");
/// The name of a session is too long.
pub const SESSION_NAME_TOO_LONG: BadArgs = text("ERR the name of a session has at most 256 bytes");

/// More names than one command may have.
pub fn too_many_names(max: usize) -> BadArgs {
    BadArgs(format!("LOCKLIMIT at most {max} names in one command (lock-max-keys)").into())
}

/// A delay outside its bounds.
pub fn invalid_delay(name: &str) -> BadArgs {
    BadArgs(
        format!(
            "ERR invalid delay in '{name}' command, \
             it must be between 0 and {DELAY_MS_MAX} milliseconds"
        )
        .into(),
    )
}

/// A session's time to live outside its bounds.
pub fn invalid_session_ttl() -> BadArgs {
    BadArgs(
        format!(
            "ERR invalid TTL of a session, \
             it must be between {TTL_MS_MIN} and {TTL_MS_MAX} milliseconds"
        )
        .into(),
    )
}

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
