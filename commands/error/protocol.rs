//! The texts for bytes that are no command, and for connections that are not wanted.

use super::{BadArgs, text};

/// An inline command that does not end.
pub const TOO_BIG_INLINE: BadArgs = text("ERR Protocol error: too big inline request");
/// A `*` line that does not end.
pub const TOO_BIG_COUNT: BadArgs = text("ERR Protocol error: too big mbulk count string");
/// A `$` line that does not end.
pub const TOO_BIG_LENGTH: BadArgs = text("ERR Protocol error: too big bulk count string");
/// An inline command with a quote that is not closed, or closed inside a word.
pub const UNBALANCED_QUOTES: BadArgs = text("ERR Protocol error: unbalanced quotes in request");
/// A `*` line without a number, or with one too large.
pub const INVALID_COUNT: BadArgs = text("ERR Protocol error: invalid multibulk length");
/// A `$` line without a number, or with one too large.
pub const INVALID_LENGTH: BadArgs = text("ERR Protocol error: invalid bulk length");
/// More words than a client may send before it is authenticated.
pub const UNAUTHENTICATED_COUNT: BadArgs =
    text("ERR Protocol error: unauthenticated multibulk length");
/// A longer word than a client may send before it is authenticated.
pub const UNAUTHENTICATED_LENGTH: BadArgs = text("ERR Protocol error: unauthenticated bulk length");
/// Nobody else can connect at the moment.
pub const MAX_CLIENTS: BadArgs = text("ERR max number of clients reached");
/// Protected mode: a client of another machine, and no password.
pub const DENIED: BadArgs = text(
    "DENIED Lockstep runs in protected mode: no password is set, so it serves clients of this \
     machine only. To let others in, set a password (--requirepass, or CONFIG SET requirepass \
     from this machine), or switch protected mode off (--protected-mode no, or CONFIG SET \
     protected-mode no) if only trusted machines can reach this port.",
);

/// A word of a command that does not begin with its length.
pub fn expected_length(found: u8) -> BadArgs {
    let found = String::from_utf8_lossy(&[found]).into_owned();
    BadArgs(format!("ERR Protocol error: expected '$', got '{found}'").into())
}
