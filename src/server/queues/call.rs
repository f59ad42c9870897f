//! What is asked of queues, as it outlives the command.

use lockstep_commands::here::QueueCall;
use lockstep_core::queues::Op;

use super::{Answered, Asker, carry_out_whole, kept, read};

/// What is asked.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    /// Something about the whole of a queue with so many partitions.
    Whole(Vec<u8>, u32),
    /// QMPOP or QMOVE with queues of several shards.
    Several(Vec<u8>),
    /// QACK, QNACK or QEXTEND with receipts of several partitions.
    Parted(Vec<u8>),
    /// Operations whose numbers are added up.
    Sum(Vec<Vec<u8>>),
    /// QSCAN.
    Scan {
        /// Where to go on.
        cursor: u64,
        /// About how many.
        count: u64,
        /// Those that fit.
        pattern: Option<Vec<u8>>,
        /// Those with so many messages.
        length_min: Option<u64>,
        /// Those with dead messages.
        dead: bool,
    },
    /// QLIST.
    List(Option<Vec<u8>>),
    /// QSESSION CLOSE ... RELEASE.
    Close(Vec<u8>),
}

impl Call {
    /// The same as bytes of its own.
    pub(crate) fn of(call: &QueueCall<'_>) -> Self {
        match call {
            QueueCall::Sum { ops } => Call::Sum(ops.iter().map(kept).collect()),
            QueueCall::Parted { op } => Call::Parted(kept(op)),
            QueueCall::Several { op } => Call::Several(kept(op)),
            QueueCall::Scan { cursor, count, pattern, length_min, dead } => Call::Scan {
                cursor: *cursor,
                count: *count,
                pattern: pattern.map(<[u8]>::to_vec),
                length_min: *length_min,
                dead: *dead,
            },
            QueueCall::List { pattern } => Call::List(pattern.map(<[u8]>::to_vec)),
            QueueCall::Close { session } => Call::Close(session.to_vec()),
        }
    }

    /// The operations in it.
    pub(crate) fn ops(&self) -> Vec<Op<'_>> {
        match self {
            Call::Whole(op, _) | Call::Several(op) | Call::Parted(op) => vec![read(op)],
            Call::Sum(ops) => ops.iter().map(|op| read(op)).collect(),
            Call::Scan { .. } | Call::List(_) | Call::Close(_) => Vec::new(),
        }
    }
}

/// Carries out what is asked.
pub(crate) async fn carry_out(mut asker: Asker, call: &Call) -> Answered {
    match call {
        Call::Whole(op, count) => carry_out_whole(&mut asker, &read(op), *count).await,
        _ => Err(lockstep_commands::error::NOT_IN_MULTI),
    }
}
