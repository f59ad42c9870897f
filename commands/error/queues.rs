//! The texts of queues.

use lockstep_core::queues::{BODY_BYTES_MAX, LEASE_MS_MAX};

use super::{BadArgs, text};

/// The name of a queue is too long.
pub const QUEUE_NAME_TOO_LONG: BadArgs = text("ERR the name of a queue has at most 4096 bytes");
/// A word that should be a receipt.
pub const BAD_RECEIPT: BadArgs =
    text("QBADID not a receipt, it must be of the form partition-number-attempt");
/// A word that should be the id of a message.
pub const BAD_ID: BadArgs = text("QBADID not an id, it must be of the form partition-number");
/// A word that should be the id of a job, in the form of Disque.
pub const BAD_JOB: BadArgs =
    text("BADID not the id of a job, it must be as ADDJOB or GETJOB gave it");
/// What only a delivered job can be asked: its id must be GETJOB's.
pub const NOT_DELIVERED: BadArgs = text("BADID the id must be the one that GETJOB gave");
/// A delay or a time before the beginning.
pub const BAD_DELAY: BadArgs = text("ERR delay is not a positive integer or out of range");
/// Too many consumers wait for one queue.
pub const CONSUMERS_FULL: BadArgs = text("QLIMIT too many consumers wait for this queue");
/// No queue of this name.
pub const NO_SUCH_QUEUE: BadArgs = text("NOQUEUE no such queue");
/// QCREATE IFNX of what is there.
pub const QUEUE_EXISTS: BadArgs = text("QEXISTS there is a queue of this name already");
/// QDESTROY IFEMPTY of what has messages.
pub const QUEUE_NOT_EMPTY: BadArgs = text("QNOTEMPTY the queue still has messages");
/// A push into a queue that is paused.
pub const QUEUE_PAUSED: BadArgs = text("QPAUSED IN the queue takes no messages at the moment");
/// The only receipt is not that of the current delivery.
pub const STALE_RECEIPT: BadArgs =
    text("QSTALE the message is settled, or its lease is over, or somebody else has it");
/// What the queue says about groups, the message does not do.
pub const NEEDS_GROUP: BadArgs =
    text("QGROUP the queue's setting GROUPS does not allow this message");
/// A time or a priority of its own for a message of a group.
pub const GROUP_HAS_ORDER: BadArgs =
    text("QGROUP a message of a group keeps its place: no DELAY, no AT and no PRI");
/// The queue has as many messages, or bytes, as it may.
pub const QUEUE_FULL: BadArgs = text("QFULL the queue is full");
/// The name of a group, or what takes its place.
pub const BAD_GROUP: BadArgs = text("ERR the name of a group has 1 to 256 bytes");
/// DEDUP of several messages at once.
pub const DEDUP_OF_SEVERAL: BadArgs = text("ERR DEDUP is for one message");
/// What makes copies of a message known.
pub const BAD_DEDUP: BadArgs = text("ERR the id behind DEDUP has 1 to 256 bytes");
/// The name of a consumer.
pub const BAD_CONSUMER: BadArgs = text("ERR the name of a consumer has 1 to 256 bytes");
/// ERR with too much.
pub const ERROR_TOO_LONG: BadArgs = text("ERR the words about a failure have at most 1024 bytes");
/// HDR with too much.
pub const HEADERS_TOO_LARGE: BadArgs =
    text("ERR a message has at most 64 headers, and their names and values at most 65536 bytes");
/// QCONFIG SET and QCREATE: the same setting twice.
pub const SETTING_TWICE: BadArgs = text("ERR a setting is given twice");
/// A queue for the dead, or for messages that come back, that lives elsewhere.
pub const OTHER_SLOT: BadArgs =
    text("CROSSSLOT the other queue must be in the same slot: give both names the same {hash tag}");
/// QREDRIVE HEAD together with another queue.
pub const HEAD_ELSEWHERE: BadArgs = text("ERR HEAD is for the queue the messages died in");
/// More messages than one command may push, settle or delete.
pub const TOO_MANY_MESSAGES: BadArgs = text("QLIMIT at most 10000 messages in one command");
/// More queues than one command may name.
pub const TOO_MANY_QUEUES: BadArgs = text("QLIMIT at most 1024 queues in one command");

/// A body that is too large.
pub fn body_too_big(bytes_max: usize) -> BadArgs {
    let bytes_max = bytes_max.min(BODY_BYTES_MAX);
    BadArgs(
        format!(
            "QTOOBIG the body of a message has at most {bytes_max} bytes \
             (queue-message-bytes-max)"
        )
        .into(),
    )
}

/// Fewer partitions, while those beyond have messages.
pub const PARTITIONS_FULL: BadArgs =
    text("QNOTEMPTY the partitions that would be taken away still have messages");
/// Another number of partitions of a queue with groups that has messages.
pub const GROUPS_STAY: BadArgs = text(
    "QNOTEMPTY groups would move to other partitions: \
     with GROUPS the number of partitions changes while the queue is empty",
);

/// A command on all partitions of a queue was carried out in some of `count`: not in
/// these, and `why` for the first of them.
pub fn partly_done(failed: &[u32], count: u32, why: &BadArgs) -> BadArgs {
    let failed: Vec<String> = failed.iter().map(u32::to_string).collect();
    let list = failed.join(" ");
    BadArgs(
        format!("TRYAGAIN done but for partitions {list} of {count}, repeat it: {}", why.0).into(),
    )
}

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

/// The value of the setting or option `name` is not what it must be.
pub fn invalid_value(name: &str, rule: &str) -> BadArgs {
    BadArgs(format!("ERR {name} must be {rule}").into())
}

/// No setting of queues has this name.
pub fn unknown_setting(word: &[u8]) -> BadArgs {
    BadArgs(format!("ERR a queue has no setting '{}'", super::shown(word, 128)).into())
}
