//! The texts of streams.

use lockstep_core::wire::Wire;

use super::{BadArgs, shown, text};

/// An id that is none.
pub const BAD_STREAM_ID: BadArgs =
    text("ERR Invalid stream ID specified as stream command argument");
/// A range that would start behind the last id.
pub const BAD_RANGE_START: BadArgs = text("ERR invalid start ID for the interval");
/// A range that would end before the first id.
pub const BAD_RANGE_END: BadArgs = text("ERR invalid end ID for the interval");
/// XADD of the id 0-0.
pub const ID_ZERO: BadArgs = text("ERR The ID specified in XADD must be greater than 0-0");
/// MAXLEN.
pub const NEGATIVE_MAXLEN: BadArgs = text("ERR The MAXLEN argument must be >= 0.");
/// LIMIT of a trim.
pub const NEGATIVE_TRIM_LIMIT: BadArgs = text("ERR The LIMIT argument must be >= 0.");
/// MAXLEN MINID.
pub const MAXLEN_AND_MINID: BadArgs =
    text("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
/// LIMIT without MAXLEN and MINID.
pub const LIMIT_WITHOUT_TRIM: BadArgs =
    text("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
/// LIMIT without `~`.
pub const LIMIT_OF_EXACT_TRIM: BadArgs =
    text("ERR syntax error, LIMIT cannot be used without the special ~ option");
/// XTRIM without MAXLEN and MINID.
pub const NO_TRIM: BadArgs =
    text("ERR syntax error, XTRIM must be called with a trimming strategy");
/// XSETID ENTRIESADDED.
pub const NEGATIVE_ENTRIES_ADDED: BadArgs = text("ERR entries_added must be positive");
/// XSETID MAXDELETEDID.
pub const MAX_DELETED_TOO_LARGE: BadArgs =
    text("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
/// XGROUP ENTRIESREAD.
pub const BAD_ENTRIES_READ: BadArgs = text("ERR value for ENTRIESREAD must be positive or -1");
/// XAUTOCLAIM COUNT.
pub const CLAIM_COUNT_ZERO: BadArgs = text("ERR COUNT must be > 0");
/// XREAD with a number of words that cannot be.
pub const UNBALANCED_STREAMS: BadArgs = text(
    "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.",
);
/// XREAD GROUP.
pub const GROUP_OF_XREAD: BadArgs =
    text("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
/// XREAD NOACK.
pub const NOACK_OF_XREAD: BadArgs =
    text("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
/// XREAD from `>`.
pub const GREATER_OF_XREAD: BadArgs = text(
    "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> \
     <consumer> option.",
);
/// XREADGROUP from `$`.
pub const DOLLAR_OF_GROUP: BadArgs = text(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of \
     this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would \
     just return an empty result set.",
);
/// XREADGROUP without GROUP.
pub const NO_GROUP_WORD: BadArgs = text("ERR Missing GROUP option for XREADGROUP");
/// XREADGROUP BLOCK, when the stream vanishes.
pub const STREAM_GONE: BadArgs = text("UNBLOCKED the stream key no longer exists");
/// XREADGROUP BLOCK, when the group vanishes.
pub const GROUP_GONE: BadArgs =
    text("NOGROUP the consumer group this client was blocked on no longer exists");
/// XADD behind the last id there is.
pub const NO_ID_LEFT: BadArgs =
    text("ERR The stream has exhausted the last possible ID, unable to add more items");
/// XADD of an id that is too small.
pub const ID_TOO_SMALL: BadArgs =
    text("ERR The ID specified in XADD is equal or smaller than the target stream top item");
/// XSETID below what is there.
pub const LAST_ID_TOO_SMALL: BadArgs =
    text("ERR The ID specified in XSETID is smaller than the target stream top item");
/// XSETID ENTRIESADDED below what is there.
pub const ADDED_TOO_FEW: BadArgs =
    text("ERR The entries_added specified in XSETID is smaller than the target stream length");
/// XADD of an entry that is too large.
pub const ENTRY_TOO_BIG: BadArgs = text("ERR Elements are too large to be stored");
/// XGROUP without a stream.
pub const NEEDS_STREAM: BadArgs = text(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to \
     use the MKSTREAM option to create an empty stream automatically.",
);
/// XGROUP CREATE of a group that is there.
pub const GROUP_EXISTS: BadArgs = text("BUSYGROUP Consumer Group name already exists");
/// A group that is not there, where it is not known which.
pub const NO_GROUP: BadArgs = text("NOGROUP No such consumer group");

/// XCLAIM with a word that it does not know.
pub fn unknown_claim_option(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR Unrecognized XCLAIM option '{}'", shown(word, usize::MAX)).into())
}

/// XCLAIM and XAUTOCLAIM with something else than a number; `what` it would have been.
pub fn bad_claim_number(what: &str, command: &str) -> BadArgs {
    BadArgs(format!("ERR Invalid {what} for {command}").into())
}

/// A group that is not there; `names` are the key and the group in their byte form.
pub(super) fn no_group(mut names: &[u8], command: &str) -> BadArgs {
    let names = <&[u8]>::take(&mut names).and_then(|key| Ok((key, <&[u8]>::take(&mut names)?)));
    let Ok((key, group)) = names else { return NO_GROUP };
    let (key, group) = (shown(key, usize::MAX), shown(group, usize::MAX));
    let words = match command {
        "xreadgroup" => format!(
            "No such key '{key}' or consumer group '{group}' in XREADGROUP with GROUP option"
        ),
        "xpending" | "xclaim" | "xautoclaim" => {
            format!("No such key '{key}' or consumer group '{group}'")
        }
        _ => format!("No such consumer group '{group}' for key name '{key}'"),
    };
    BadArgs(format!("NOGROUP {words}").into())
}
