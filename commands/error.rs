//! Every error text a client can see, once.
//!
//! Texts of Redis commands are Redis' own (7.0.15), because clients compare them.

use std::borrow::Cow;

use lockstep_core::Fault;

/// A refusal, as it goes over the wire: a code in capitals, a blank, a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadArgs(pub Cow<'static, str>);

const fn text(text: &'static str) -> BadArgs {
    BadArgs(Cow::Borrowed(text))
}

/// Words in the wrong place.
pub const SYNTAX: BadArgs = text("ERR syntax error");
/// Not a 64-bit integer.
pub const NOT_INTEGER: BadArgs = text("ERR value is not an integer or out of range");
/// Not a number.
pub const NOT_FLOAT: BadArgs = text("ERR value is not a valid float");
/// The key holds another type.
pub const WRONG_TYPE: BadArgs =
    text("WRONGTYPE Operation against a key holding the wrong kind of value");

/// The wrong number of words for the command `name` (lower case, `container|sub`).
pub fn wrong_arity(name: &str) -> BadArgs {
    BadArgs(format!("ERR wrong number of arguments for '{name}' command").into())
}

/// No command of this name; `words` starts with the name.
///
/// Redis quotes the name, then arguments until 128 bytes are full, each behind
/// the other in quotes and with a blank.
pub fn unknown_command(words: &[&[u8]]) -> BadArgs {
    let name = shown(words.first().copied().unwrap_or_default(), SHOWN_BYTES_MAX);
    let mut args = String::new();
    for word in words.iter().skip(1) {
        if args.len() >= SHOWN_BYTES_MAX {
            break;
        }
        args.push_str(&format!("'{}' ", shown(word, SHOWN_BYTES_MAX - args.len())));
    }
    BadArgs(format!("ERR unknown command '{name}', with args beginning with: {args}").into())
}

/// The container `name` has no subcommand `sub`.
pub fn unknown_subcommand(sub: &[u8], name: &str) -> BadArgs {
    let sub = shown(sub, SHOWN_BYTES_MAX);
    let name = name.to_ascii_uppercase();
    BadArgs(format!("ERR unknown subcommand '{sub}'. Try {name} HELP.").into())
}

const SHOWN_BYTES_MAX: usize = 128;

/// What Redis shows of a client's word in an error: at most so many bytes, up to
/// the first NUL, line ends as blanks.
fn shown(word: &[u8], bytes_max: usize) -> String {
    let word = &word[..word.len().min(bytes_max)];
    let word = word.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(word).replace(['\r', '\n'], " ")
}

/// The text for a refusal by a state machine, for the command `name`.
pub fn of_fault(fault: Fault, name: &str) -> BadArgs {
    match fault {
        Fault::WrongType => WRONG_TYPE,
        Fault::NotInteger => NOT_INTEGER,
        Fault::NotFloat => NOT_FLOAT,
        Fault::Overflow => text("ERR increment or decrement would overflow"),
        Fault::NotFinite => text("ERR increment would produce NaN or Infinity"),
        Fault::NoSuchKey => text("ERR no such key"),
        Fault::StringTooLong => {
            text("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
        }
        Fault::InvalidExpire => {
            BadArgs(format!("ERR invalid expire time in '{name}' command").into())
        }
        Fault::BusyKey => text("BUSYKEY Target key name already exists."),
        Fault::BadPayload => text("ERR DUMP payload version or checksum are wrong"),
        Fault::SameObject => text("ERR source and destination objects are the same"),
        Fault::OutOfRange => text("ERR index out of range"),
        Fault::NotHeld => text("NOTHELD the lock is not held by this owner"),
        Fault::AlreadyHeld => text("LOCKED already held by this owner"),
        Fault::Limit => text("LOCKLIMIT the limit is reached"),
        Fault::QueueFull => text("QFULL the queue is full"),
        Fault::TooBig => text("QTOOBIG the message is too big"),
        Fault::BadReceipt => text("QBADID not a message receipt"),
        Fault::Deadlock => text("DEADLOCK victim of a cycle of waits"),
        Fault::Unblocked => text("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
    }
}
