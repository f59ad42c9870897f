//! The texts of strings, keys, databases and COMMAND.

use super::{BadArgs, SHOWN_BYTES_MAX, shown, text};

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
/// HINCRBYFLOAT by something without end.
pub const NAN_OR_INFINITY: BadArgs = text("ERR value is NaN or Infinity");
/// A count that is too large.
pub const OUT_OF_RANGE: BadArgs = text("ERR value is out of range");
/// LPOS RANK.
pub const RANK_ZERO: BadArgs = text(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use \
     negative to start from the end of the list",
);
/// LPOS COUNT.
pub const NEGATIVE_COUNT: BadArgs = text("ERR COUNT can't be negative");
/// LPOS MAXLEN.
pub const NEGATIVE_MAX_LEN: BadArgs = text("ERR MAXLEN can't be negative");
/// HEXPIRE and its relatives.
pub const EXPIRE_NEGATIVE: BadArgs = text("ERR invalid expire time, must be >= 0");
/// Fields of a hash with their deadlines.
pub const FIELDS_MISSING: BadArgs =
    text("ERR Mandatory argument FIELDS is missing or not at the right position");
/// How many fields there are.
pub const NUMFIELDS_ZERO: BadArgs = text("ERR Parameter `numFields` should be greater than 0");
/// The same of those that only ask for deadlines, or take them away.
pub const NUMFIELDS_NOT_POSITIVE: BadArgs = text("ERR Number of fields must be a positive integer");
/// Fewer or more fields than it says.
pub const NUMFIELDS_OTHER: BadArgs =
    text("ERR The `numfields` parameter must match the number of arguments");
/// How many elements of the first of several keys.
pub const COUNT_ZERO: BadArgs = text("ERR count should be greater than 0");
/// SINTERCARD LIMIT and ZINTERCARD LIMIT.
pub const NEGATIVE_LIMIT: BadArgs = text("ERR LIMIT can't be negative");
/// SINTERCARD with fewer keys than it says.
pub const TOO_FEW_KEYS: BadArgs = text("ERR Number of keys can't be greater than number of args");
/// ZADD NX XX.
pub const XX_AND_NX: BadArgs = text("ERR XX and NX options at the same time are not compatible");
/// ZADD NX GT LT.
pub const GT_LT_AND_NX: BadArgs =
    text("ERR GT, LT, and/or NX options at the same time are not compatible");
/// ZADD INCR of several members.
pub const INCR_OF_SEVERAL: BadArgs =
    text("ERR INCR option supports a single increment-element pair");
/// An end of a range of scores.
pub const BAD_SCORE_BOUND: BadArgs = text("ERR min or max is not a float");
/// An end of a range of members.
pub const BAD_LEX_BOUND: BadArgs = text("ERR min or max not valid string range item");
/// ZRANGE LIMIT of ranks.
pub const LIMIT_OF_RANKS: BadArgs =
    text("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
/// ZRANGE BYLEX WITHSCORES.
pub const SCORES_BY_LEX: BadArgs =
    text("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
/// ZUNION WEIGHTS.
pub const BAD_WEIGHT: BadArgs = text("ERR weight value is not a float");
/// The place of a bit.
pub const BIT_OFFSET: BadArgs = text("ERR bit offset is not an integer or out of range");
/// SETBIT to something else than 0 and 1.
pub const BIT_VALUE: BadArgs = text("ERR bit is not an integer or out of range");
/// BITPOS of something else than 0 and 1.
pub const BIT_ARGUMENT: BadArgs = text("ERR The bit argument must be 1 or 0.");
/// BITOP NOT of several.
pub const NOT_OF_SEVERAL: BadArgs = text("ERR BITOP NOT must be called with a single source key.");
/// BITFIELD with a type that it does not have.
pub const BAD_BITFIELD_TYPE: BadArgs = text(
    "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 \
     is.",
);
/// BITFIELD OVERFLOW.
pub const BAD_OVERFLOW: BadArgs = text("ERR Invalid OVERFLOW type specified");
/// BITFIELD_RO SET.
pub const BITFIELD_RO_WRITES: BadArgs = text("ERR BITFIELD_RO only supports the GET subcommand");
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

/// A time that ends before it begins, or never comes.
pub fn invalid_expire(name: &str) -> BadArgs {
    BadArgs(format!("ERR invalid expire time in '{name}' command").into())
}

/// ZUNION and its relatives of nothing.
pub fn no_input_key(name: &str) -> BadArgs {
    BadArgs(format!("ERR at least 1 input key is needed for '{name}' command").into())
}

/// An option that the command does not have.
pub fn unsupported_option(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unsupported option {}", shown(word, usize::MAX)).into())
}

/// PFDEBUG of a key that is not there.
pub const NO_SUCH_HLL: BadArgs = text("ERR The specified key does not exist");

/// PFDEBUG DECODE of what has no runs.
pub const HLL_NOT_SPARSE: BadArgs = text("ERR HLL encoding is not sparse");

/// PFDEBUG with a word it does not know.
pub fn unknown_pfdebug(sub: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unknown PFDEBUG subcommand '{}'", shown(sub, SHOWN_BYTES_MAX)).into())
}

/// PFSELFTEST that found something wrong.
pub fn trial_failed(why: &str) -> BadArgs {
    BadArgs(format!("ERR {why}").into())
}
