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

/// A database number that is not one.
pub const DB_OUT_OF_RANGE: BadArgs = text("ERR DB index is out of range");
/// SWAPDB, the first word.
pub const BAD_FIRST_DB: BadArgs = text("ERR invalid first DB index");
/// SWAPDB, the second word.
pub const BAD_SECOND_DB: BadArgs = text("ERR invalid second DB index");
/// COPY, RENAME, MOVE onto itself.
pub const SAME_OBJECT: BadArgs = text("ERR source and destination objects are the same");
/// DECRBY by the smallest number.
pub const DECREMENT_OVERFLOW: BadArgs = text("ERR decrement would overflow");
/// SETRANGE before the start.
pub const OFFSET_OUT_OF_RANGE: BadArgs = text("ERR offset is out of range");
/// LCS on other types.
pub const LCS_WRONG_TYPE: BadArgs = text("ERR The specified keys must contain string values");
/// LCS LEN IDX.
pub const LCS_LEN_AND_IDX: BadArgs =
    text("ERR If you want both the length and indexes, please just use IDX.");
/// EXPIRE NX with another option.
pub const EXPIRE_NX_EXCLUDES: BadArgs =
    text("ERR NX and XX, GT or LT options at the same time are not compatible");
/// EXPIRE GT LT.
pub const EXPIRE_GT_AND_LT: BadArgs =
    text("ERR GT and LT options at the same time are not compatible");
/// SCAN's cursor.
pub const BAD_CURSOR: BadArgs = text("ERR invalid cursor");
/// RESTORE's time to live.
pub const BAD_TTL: BadArgs = text("ERR Invalid TTL value, must be >= 0");
/// RESTORE IDLETIME.
pub const BAD_IDLE_TIME: BadArgs = text("ERR Invalid IDLETIME value, must be >= 0");
/// RESTORE FREQ.
pub const BAD_FREQUENCY: BadArgs = text("ERR Invalid FREQ value, must be >= 0 and <= 255");
/// OBJECT FREQ without an LFU policy.
pub const NO_FREQUENCY: BadArgs = text(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that \
     when switching between policies at runtime LRU and LFU data will take some time to adjust.",
);
/// OBJECT IDLETIME with an LFU policy.
pub const NO_IDLE_TIME: BadArgs = text(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when \
     switching between policies at runtime LRU and LFU data will take some time to adjust.",
);
/// COMMAND GETKEYS of no command.
pub const INVALID_COMMAND: BadArgs = text("ERR Invalid command specified");
/// COMMAND GETKEYS of a command without keys.
pub const NO_KEY_ARGUMENTS: BadArgs = text("ERR The command has no key arguments");
/// COMMAND GETKEYS of too few or too many words.
pub const INVALID_WORD_COUNT: BadArgs =
    text("ERR Invalid number of arguments specified for command");
/// COMMAND GETKEYS where the keys cannot be told.
pub const INVALID_KEYS: BadArgs = text("ERR Invalid arguments specified for command");

/// A number outside its bounds.
pub fn not_between(min: i64, max: i64) -> BadArgs {
    BadArgs(format!("ERR value is out of range, value must between {min} and {max}").into())
}

/// A time that ends before it begins, or never comes.
pub fn invalid_expire(name: &str) -> BadArgs {
    BadArgs(format!("ERR invalid expire time in '{name}' command").into())
}

/// An option that the command does not have.
pub fn unsupported_option(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unsupported option {}", shown(word, usize::MAX)).into())
}

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
        Fault::InvalidExpire => invalid_expire(name),
        Fault::BusyKey => text("BUSYKEY Target key name already exists."),
        Fault::BadPayload => text("ERR DUMP payload version or checksum are wrong"),
        Fault::SameObject => SAME_OBJECT,
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
