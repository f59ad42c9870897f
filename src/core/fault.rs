//! Why an operation was refused. The text a client sees stands in
//! `commands/error.rs`; here is only the meaning.

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
}
