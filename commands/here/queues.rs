//! What is asked of queues that is more than one operation of one shard.

use lockstep_core::queues::Op;

/// A request about queues that the node carries out with several shards or several
/// operations. What comes of it is shown by the command's `reply`, like the outcome
/// of an operation.
#[derive(Clone, Debug, PartialEq)]
pub enum QueueCall<'a> {
    /// Operations of which each gives a number and none waits, on several queues or
    /// partitions. `Int`: the sum, or the first fault when there was nothing but
    /// faults.
    Sum {
        /// The operations, each with its queue and partition.
        ops: Vec<Op<'a>>,
    },
    /// QACK, QNACK or QEXTEND with receipts of several partitions of a queue; the
    /// partition in `op` is [`WHOLE`](lockstep_core::queues::WHOLE). What the operation itself gives: numbers are
    /// added up, lists have an element for each receipt in the order of the receipts,
    /// and only what a single receipt is refused for is a fault.
    Parted {
        /// The operation.
        op: Op<'a>,
    },
    /// QMPOP, GETJOB or QMOVE with queues of several slots. What the operation itself
    /// gives; where one shard has them all it is that operation.
    Several {
        /// The operation.
        op: Op<'a>,
    },
    /// QSCAN. `List[Bytes next cursor in digits, List[Bytes name ...]]`.
    Scan {
        /// Where to go on; 0: at the beginning.
        cursor: u64,
        /// About how many names are looked at.
        count: u64,
        /// Those whose names fit.
        pattern: Option<&'a [u8]>,
        /// Those with so many messages.
        length_min: Option<u64>,
        /// Those with dead messages.
        dead: bool,
    },
    /// QLIST. `List[Bytes name ...]` of all shards.
    List {
        /// Those whose names fit.
        pattern: Option<&'a [u8]>,
    },
    /// QSESSION CLOSE ... RELEASE: what was delivered in a session's name is given back
    /// without blame, and the session is destroyed behind that. 1, or 0 when there was
    /// no such session (any more).
    Close {
        /// Its id.
        session: &'a [u8],
    },
}
