//! Why an operation was refused. The text a client sees stands in
//! `commands/error.rs`; here is only the meaning.

use crate::wire::{Malformed, Wire};

/// A refusal by a state machine. The state is as if the operation had not been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The key holds another type than the command works on.
    WrongType,
    /// The value is not an integer, or out of the 64-bit range.
    NotInteger,
    /// The value is not a floating-point number.
    NotFloat,
    /// The sum would leave the 64-bit range.
    Overflow,
    /// The sum would be NaN or infinite.
    NotFinite,
    /// There is no such key.
    NoSuchKey,
    /// The string would grow over `proto-max-bulk-len`.
    StringTooLong,
    /// The deadline leaves the range of time.
    InvalidExpire,
    /// The target key is there already.
    BusyKey,
    /// A DUMP payload of another version, or damaged.
    BadPayload,
    /// A DUMP payload of this version that holds no value we know.
    BadData,
    /// The strings are too long to find their longest common subsequence.
    LcsTooLong,
    /// A transaction within a transaction.
    Nested,
    /// Source and destination are the same.
    SameObject,
    /// A number is outside its bounds.
    OutOfRange,
    /// A lock operation named a hold that is not the caller's (STRICT).
    NotHeld,
    /// The lock is already held by this owner (NOREENTER).
    AlreadyHeld,
    /// A limit on locks, waiters or queues was reached.
    Limit,
    /// There is no such queue.
    NoSuchQueue,
    /// The queue is at its length or byte limit.
    QueueFull,
    /// The message is larger than a queue takes.
    TooBig,
    /// The receipt is not of the form `part-seq-attempt`.
    BadReceipt,
    /// A deadlock was found and this request is its victim.
    Deadlock,
    /// The wait was ended by CLIENT UNBLOCK ... ERROR.
    Unblocked,
    /// No cluster has been founded yet.
    NoCluster,
    /// The cluster has no such node.
    UnknownNode,
    /// The node was removed from the cluster for good.
    RemovedNode,
    /// Replicas are still placed on the node.
    NodeInUse,
    /// No other node of the cluster has what this one has.
    LastReplica,
    /// The cluster has no such shard.
    NoSuchShard,
    /// The group of the shard has not elected its first leader yet.
    NotFounded,
    /// Somebody else changed the placement first.
    StaleEpoch,
    /// The replicas are none, too many, not distinct, or on nodes that take none.
    BadPlacement,
    /// The cluster has as many nodes as it may.
    TooManyNodes,
    /// No memory is left, and nothing may be evicted.
    OutOfMemory,
    /// The log has no room on its disk.
    DiskFull,
    /// There is no such session, or it has ended.
    NoSession,
    /// The owner holds the lock in a weaker mode: that is for LOCKCONVERT.
    LockMode,
    /// The token is not valid (any more).
    Fenced,
    /// The semaphore has another number of permits.
    OtherLimit,
    /// Two holders of one lock both want more: one of them would wait for good.
    ConversionDeadlock,
    /// The policy needs an age, and only a session has one.
    NeedsSession,
    /// The lock was taken again too often.
    TooDeep,
    /// There is a queue of this name already.
    QueueExists,
    /// The queue has messages.
    QueueNotEmpty,
    /// The queue takes no messages at the moment.
    QueuePaused,
    /// The delivery is over, or another one followed it.
    StaleReceipt,
    /// The queue and the message do not agree about groups, or what is asked for would
    /// break the order of one.
    NeedsGroup,
    /// There is no such message, or it is not where it would have to be.
    BadId,
    /// A setting does not fit to what the queue is, or to another setting.
    BadSetting,
    /// The queue has several partitions; the words say how many. Each of them has to be
    /// asked.
    Partitioned,
    /// What is to be counted with is no number there.
    FieldNotNumber,
    /// More is asked for than one answer gives.
    CountTooLarge,
    /// The stream has no such group, or there is no stream; the words are their names.
    NoGroup,
    /// The stream has a group of this name.
    GroupExists,
    /// There is no stream, and none is to be made.
    NeedsStream,
    /// The id is not greater than that of the last entry, or of those that are there.
    IdTooSmall,
    /// No id comes behind the last one of the stream.
    NoIdLeft,
    /// The number of entries that ever were is less than that of those that are there.
    AddedTooFew,
    /// The entry is larger than a stream takes.
    EntryTooBig,
    /// What is asked for has more bytes than one answer, or one transaction, gives.
    AnswerTooBig,
    /// The stream is gone that somebody waited for who reads in a group.
    StreamGone,
    /// No script of this name is remembered.
    NoScript,
    /// All scripts together are as large as they may be.
    ScriptsFull,
    /// The shard was given nothing that runs scripts.
    NoEngine,
    /// A script that must not write tried to.
    ReadOnly,
    /// The group is gone in which somebody waited.
    GroupGone,
    /// What is to be sorted as numbers is none.
    NotNumbers,
    /// The string counts no different elements (HyperLogLog).
    NoSketch,
    /// The string that counts different elements is damaged.
    BadSketch,
    /// The member whose place is asked for is not there.
    NoPlace,
    /// No library has a function of this name.
    NoFunction,
    /// A library of functions cannot be loaded, or is not there; the words say why.
    BadLibrary,
    /// All libraries of functions are as large as they may be.
    LibrariesFull,
}

/// All of them; the place of one is its byte form and never changes.
const ALL: [Fault; 74] = [
    Fault::WrongType,
    Fault::NotInteger,
    Fault::NotFloat,
    Fault::Overflow,
    Fault::NotFinite,
    Fault::NoSuchKey,
    Fault::StringTooLong,
    Fault::InvalidExpire,
    Fault::BusyKey,
    Fault::BadPayload,
    Fault::BadData,
    Fault::LcsTooLong,
    Fault::Nested,
    Fault::SameObject,
    Fault::OutOfRange,
    Fault::NotHeld,
    Fault::AlreadyHeld,
    Fault::Limit,
    Fault::NoSuchQueue,
    Fault::QueueFull,
    Fault::TooBig,
    Fault::BadReceipt,
    Fault::Deadlock,
    Fault::Unblocked,
    Fault::NoCluster,
    Fault::UnknownNode,
    Fault::RemovedNode,
    Fault::NodeInUse,
    Fault::LastReplica,
    Fault::NoSuchShard,
    Fault::NotFounded,
    Fault::StaleEpoch,
    Fault::BadPlacement,
    Fault::TooManyNodes,
    Fault::OutOfMemory,
    Fault::DiskFull,
    Fault::NoSession,
    Fault::LockMode,
    Fault::Fenced,
    Fault::OtherLimit,
    Fault::ConversionDeadlock,
    Fault::NeedsSession,
    Fault::TooDeep,
    Fault::QueueExists,
    Fault::QueueNotEmpty,
    Fault::QueuePaused,
    Fault::StaleReceipt,
    Fault::NeedsGroup,
    Fault::BadId,
    Fault::BadSetting,
    Fault::Partitioned,
    Fault::FieldNotNumber,
    Fault::CountTooLarge,
    Fault::NoGroup,
    Fault::GroupExists,
    Fault::NeedsStream,
    Fault::IdTooSmall,
    Fault::NoIdLeft,
    Fault::AddedTooFew,
    Fault::EntryTooBig,
    Fault::AnswerTooBig,
    Fault::StreamGone,
    Fault::NoScript,
    Fault::ScriptsFull,
    Fault::NoEngine,
    Fault::ReadOnly,
    Fault::GroupGone,
    Fault::NotNumbers,
    Fault::NoSketch,
    Fault::BadSketch,
    Fault::NoPlace,
    Fault::NoFunction,
    Fault::BadLibrary,
    Fault::LibrariesFull,
];

impl<'a> Wire<'a> for Fault {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        ALL.get(usize::from(u8::take(input)?)).copied().ok_or(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_what_its_byte_says() {
        for (place, fault) in ALL.iter().enumerate() {
            let mut bytes = Vec::new();
            fault.put(&mut bytes);
            assert_eq!(bytes, [place as u8]);
            assert_eq!(Fault::take(&mut &bytes[..]), Ok(*fault));
        }
        assert_eq!(Fault::take(&mut &[ALL.len() as u8][..]), Err(Malformed));
    }
}
