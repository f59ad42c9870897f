//! Every error text a client can see, once.
//!
//! Texts of Redis commands are Redis' own (7.0.15), because clients compare them.

mod cluster;
mod connection;
mod geo;
mod keys;
mod locks;
mod protocol;
mod queues;
mod server;
mod streams;
mod users;

use std::borrow::Cow;

use lockstep_core::Fault;

pub use cluster::*;
pub use connection::*;
pub use geo::*;
pub use keys::*;
pub use locks::*;
pub use protocol::*;
pub use queues::*;
pub use server::*;
use streams::no_group;
pub use streams::*;
pub use users::*;

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

/// A number outside its bounds.
pub fn not_between(min: i64, max: i64) -> BadArgs {
    BadArgs(format!("ERR value is out of range, value must between {min} and {max}").into())
}

/// MULTI inside MULTI.
pub const NESTED_MULTI: BadArgs = text("ERR MULTI calls can not be nested");
/// WATCH inside MULTI.
pub const WATCH_IN_MULTI: BadArgs = text("ERR WATCH inside MULTI is not allowed");
/// EXEC outside MULTI.
pub const EXEC_WITHOUT_MULTI: BadArgs = text("ERR EXEC without MULTI");
/// DISCARD outside MULTI.
pub const DISCARD_WITHOUT_MULTI: BadArgs = text("ERR DISCARD without MULTI");
/// EXEC of a transaction of which a command was refused.
pub const EXEC_ABORT: BadArgs = text("EXECABORT Transaction discarded because of previous errors.");
/// A command that cannot be part of a transaction.
pub const NOT_IN_MULTI: BadArgs = text("ERR Command not allowed inside a transaction");
/// The queued commands are larger than `client-query-buffer-limit`.
pub const TRANSACTION_TOO_BIG: BadArgs =
    text("ERR the transaction is larger than client-query-buffer-limit");
/// The operations of a transaction belong to several shards.
pub const CROSS_SHARD: BadArgs =
    text("CROSSSLOT the keys, locks and queues of a transaction must be in one shard");
/// XREAD and XREADGROUP with BLOCK, in a script, as they were written there.
pub fn blocks_in_script(name: &[u8]) -> BadArgs {
    let name = String::from_utf8_lossy(name);
    BadArgs(format!("ERR {name} command is not allowed with BLOCK option from scripts").into())
}

/// Fewer other nodes are there than `min-replicas-to-write` asks for.
pub const TOO_FEW_REPLICAS: BadArgs = text("NOREPLICAS Not enough good replicas to write.");
/// No memory is left and nothing may be evicted.
pub const OUT_OF_MEMORY: BadArgs = text("OOM command not allowed when used memory > 'maxmemory'.");
/// Not applied: the log has no room.
pub const DISK_FULL: BadArgs = text(
    "MISCONF the disk of the log is full; commands that need room are refused until there is some",
);
/// Not applied: nobody leads the shard.
pub const NO_LEADER: BadArgs =
    text("CLUSTERDOWN the shard has no leader at the moment; nothing was applied, try again");
/// Not applied: nobody leads the shard as far as this node can see, which misses
/// these nodes.
pub fn no_leader(shard: u16, missing: &[String]) -> BadArgs {
    let why = match missing {
        [] => "an election is going on".to_owned(),
        nodes => format!("this node cannot reach {}", nodes.join(", ")),
    };
    BadArgs(
        format!(
            "CLUSTERDOWN shard {shard} has no leader at the moment: {why}; nothing was applied, \
             try again"
        )
        .into(),
    )
}

/// Not applied: there is no cluster yet, and why.
pub fn forming(why: &str) -> BadArgs {
    BadArgs(format!("CLUSTERDOWN {why}; nothing was applied, try again").into())
}

/// Not applied: too much is waiting.
pub const BUSY: BadArgs =
    text("BUSY the shard has too much to do (inbox-bytes-max); nothing was applied, try again");
/// Not applied: the node is on its way down.
pub const STOPPING: BadArgs =
    text("CLUSTERDOWN the node is stopping; nothing was applied, try another one");
/// Not applied: what is to be written is larger than nodes send each other at once.
pub fn too_large(bytes: usize, bytes_max: u64) -> BadArgs {
    BadArgs(
        format!(
            "ERR {bytes} bytes are more than one command may write in a cluster: \
             cluster-command-bytes-max is {bytes_max}; nothing was applied"
        )
        .into(),
    )
}
/// Not applied: the cluster goes on without this node.
pub const REMOVED: BadArgs = text(
    "CLUSTERDOWN this node was removed from the cluster; nothing was applied. Use another node, or \
     start this one with an empty data directory",
);
/// A wait that was ended: the node is on its way down.
pub const GIVEN_UP: BadArgs =
    text("UNBLOCKED the node is stopping; the request waits no longer and was given nothing");
/// Perhaps applied.
pub const UNCERTAIN: BadArgs =
    text("UNCERTAIN the command was proposed, but whether it was applied is not known");

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
    let (mut args, mut bytes) = (String::new(), 0);
    for word in words.iter().skip(1) {
        if bytes >= SHOWN_BYTES_MAX {
            break;
        }
        let word = until_nul(word, SHOWN_BYTES_MAX - bytes);
        // Redis counts the bytes it was sent, not those of the text made of them.
        bytes += word.len() + "'' ".len();
        args.push_str(&format!("'{}' ", text_of(word)));
    }
    BadArgs(format!("ERR unknown command '{name}', with args beginning with: {args}").into())
}

/// EXEC itself was refused, for the reason `why`.
pub fn exec_refused(why: &BadArgs) -> BadArgs {
    let why = why.0.strip_prefix("ERR ").unwrap_or(&why.0);
    BadArgs(format!("EXECABORT Transaction discarded because of: {why}").into())
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
    text_of(until_nul(word, bytes_max))
}

fn until_nul(word: &[u8], bytes_max: usize) -> &[u8] {
    let word = &word[..word.len().min(bytes_max)];
    word.split(|byte| *byte == 0).next().unwrap_or_default()
}

fn text_of(word: &[u8]) -> String {
    String::from_utf8_lossy(word).replace(['\r', '\n'], " ")
}

/// The text for a refusal that comes with its own words.
pub fn of_refusal(fault: Fault, words: &[u8], name: &str) -> BadArgs {
    if fault == Fault::NoGroup {
        return no_group(words, name);
    }
    let BadArgs(known) = of_fault(fault, name);
    let code = known.split(' ').next().unwrap_or("ERR");
    BadArgs(format!("{code} {}", text_of(words)).into())
}

/// The text for a refusal by a state machine, for the command `name`.
pub fn of_fault(fault: Fault, name: &str) -> BadArgs {
    match fault {
        Fault::WrongType => WRONG_TYPE,
        Fault::NotInteger => NOT_INTEGER,
        Fault::NotFloat => NOT_FLOAT,
        Fault::Overflow => text("ERR increment or decrement would overflow"),
        Fault::NotFinite if name.starts_with('z') => {
            text("ERR resulting score is not a number (NaN)")
        }
        Fault::NotFinite => text("ERR increment would produce NaN or Infinity"),
        Fault::NoSuchKey => text("ERR no such key"),
        Fault::StringTooLong => {
            text("ERR string exceeds maximum allowed size (proto-max-bulk-len)")
        }
        Fault::InvalidExpire => invalid_expire(name),
        Fault::BusyKey => text("BUSYKEY Target key name already exists."),
        Fault::BadPayload => text("ERR DUMP payload version or checksum are wrong"),
        Fault::BadData => text("ERR Bad data format"),
        Fault::LcsTooLong => text("ERR String too long for LCS"),
        Fault::Nested => NESTED_MULTI,
        Fault::SameObject => SAME_OBJECT,
        Fault::OutOfRange => text("ERR index out of range"),
        Fault::NotHeld => text("NOTHELD the lock is not held by this owner"),
        Fault::AlreadyHeld => text("LOCKED already held by this owner"),
        Fault::Limit if name.starts_with('q') || name == "getjob" => CONSUMERS_FULL,
        Fault::Limit if name.starts_with("session") => SESSIONS_FULL,
        Fault::Limit => LINE_FULL,
        Fault::NoSuchQueue => NO_SUCH_QUEUE,
        Fault::QueueFull => QUEUE_FULL,
        Fault::TooBig => body_too_big(usize::MAX),
        Fault::BadReceipt => BAD_RECEIPT,
        Fault::Deadlock => text("DEADLOCK victim of a cycle of waits"),
        Fault::LockMode => text("LOCKMODE use LOCKCONVERT"),
        Fault::Fenced => text("FENCED the token is not valid any more"),
        Fault::OtherLimit => text("LOCKMODE the lock is held with another limit of permits"),
        Fault::ConversionDeadlock => {
            text("DEADLOCK conversion: another holder waits to convert this lock, too")
        }
        Fault::NeedsSession => text("NOSESSION the policy needs a session"),
        Fault::TooDeep => text("LOCKLIMIT the lock was taken again too often"),
        Fault::QueueExists => QUEUE_EXISTS,
        Fault::QueueNotEmpty => QUEUE_NOT_EMPTY,
        Fault::QueuePaused => QUEUE_PAUSED,
        Fault::StaleReceipt => STALE_RECEIPT,
        Fault::NeedsGroup => NEEDS_GROUP,
        Fault::BadId => text("QBADID there is no such message"),
        Fault::BadSetting => text("ERR the setting does not fit to the queue"),
        Fault::Partitioned => text("TRYAGAIN the partitions of the queue are changing"),
        Fault::Unblocked => text("UNBLOCKED client unblocked via CLIENT UNBLOCK"),
        Fault::NoCluster => text("ERR no cluster has been founded yet"),
        Fault::UnknownNode => text("ERR the cluster has no such node"),
        Fault::RemovedNode => text("ERR the node was removed from the cluster for good"),
        Fault::NodeInUse => text("ERR replicas are still placed on the node: drain it first"),
        Fault::LastReplica => text("ERR no other node has what this one has"),
        Fault::NoSuchShard => text("ERR the cluster has no such shard"),
        Fault::NotFounded => text("ERR the shard has not elected its first leader yet"),
        Fault::StaleEpoch => text("TRYAGAIN the map of the cluster changed in between"),
        Fault::BadPlacement => text("ERR no such set of nodes can hold the replicas"),
        Fault::TooManyNodes => text("ERR the cluster has as many nodes as it may"),
        Fault::OutOfMemory => OUT_OF_MEMORY,
        Fault::DiskFull => DISK_FULL,
        Fault::NoSession => NO_SESSION,
        Fault::FieldNotNumber if name == "hincrby" => text("ERR hash value is not an integer"),
        Fault::FieldNotNumber => text("ERR hash value is not a float"),
        Fault::CountTooLarge => OUT_OF_RANGE,
        Fault::NoGroup => NO_GROUP,
        Fault::GroupExists => GROUP_EXISTS,
        Fault::NeedsStream => NEEDS_STREAM,
        Fault::IdTooSmall if name == "xsetid" => LAST_ID_TOO_SMALL,
        Fault::IdTooSmall => ID_TOO_SMALL,
        Fault::NoIdLeft => NO_ID_LEFT,
        Fault::AddedTooFew => ADDED_TOO_FEW,
        Fault::EntryTooBig => ENTRY_TOO_BIG,
        Fault::AnswerTooBig => text("ERR the answer would have more bytes than one may have"),
        Fault::StreamGone => STREAM_GONE,
        Fault::NoScript => NO_SCRIPT,
        Fault::ScriptsFull => SCRIPTS_FULL,
        Fault::NoEngine => NO_SCRIPTS,
        Fault::ReadOnly => SCRIPT_READ_ONLY,
        Fault::GroupGone => GROUP_GONE,
        Fault::NotNumbers => text("ERR One or more scores can't be converted into double"),
        Fault::NoSketch => text("WRONGTYPE Key is not a valid HyperLogLog string value."),
        Fault::BadSketch => text("INVALIDOBJ Corrupted HLL object detected"),
        Fault::NoFunction => NO_FUNCTION,
        Fault::BadLibrary => text("ERR the library of functions cannot be loaded"),
        Fault::LibrariesFull => LIBRARIES_FULL,
        Fault::NoPlace => text("ERR could not decode requested zset member"),
    }
}
