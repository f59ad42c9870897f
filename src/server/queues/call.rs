//! What is asked of queues, as it outlives the command.

use futures_util::future::join_all;
use lockstep_commands::here::QueueCall;
use lockstep_core::queues::Op;
use tokio::sync::oneshot;

use super::scan::{self, Filter};
use super::wait::give_back;
use super::{Answered, Asker, carry_out_whole, kept, many, moves, partitions, read, several};

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
        /// Those of the shards that this node leads.
        led: bool,
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
                led: false,
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

    /// Whether it waits on this node and not in a shard.
    pub(crate) fn waits_here(&self) -> bool {
        matches!(self, Call::Whole(op, _) if partitions::waits_here(&read(op)))
    }

    /// The queues that it is about, and which of their partitions.
    pub(crate) fn homes(&self) -> Vec<(&[u8], u32)> {
        let op = match self {
            Call::Parted(op) => read(op),
            Call::Whole(op, count) => {
                let op = read(op);
                return (0..*count).map(|part| (op.name(), part)).collect();
            }
            other => {
                let ops = other.ops().into_iter();
                let homes = ops.map(|op| op.names().map(|name| (name, op.part())).collect());
                return homes.collect::<Vec<Vec<_>>>().concat();
            }
        };
        several::parts_of(&op).into_iter().map(|part| (op.name(), part)).collect()
    }
}

/// Carries out what is asked, and tells what came of it. What nobody hears any more is
/// given back.
pub(crate) async fn carry_out(mut asker: Asker, call: &Call, tell: oneshot::Sender<Answered>) {
    let answer = match call {
        Call::Several(op) | Call::Whole(op, _) if is_of_several(&read(op), call) => {
            return many::pop(asker, &read(op), tell).await;
        }
        call => one(&mut asker, call).await,
    };
    if let Err(Ok(given)) = tell.send(answer) {
        give_back(given).await;
    }
}

/// Whether an operation pops from several queues.
fn is_of_several(op: &Op<'_>, call: &Call) -> bool {
    let Op::Pop { queues, .. } = op else { return false };
    queues.len() > 1 || matches!(call, Call::Several(_))
}

async fn one(asker: &mut Asker, call: &Call) -> Answered {
    match call {
        Call::Whole(op, count) => carry_out_whole(asker, &read(op), *count).await,
        Call::Several(op) => match read(op) {
            Op::Move { from, to, count, which, .. } => {
                moves::carry_out(asker, from, to, count, which).await
            }
            op => asker.carry_out(&op).await,
        },
        Call::Parted(op) => several::parted(asker, &read(op)).await,
        Call::Sum(ops) => {
            let ops: Vec<Op<'_>> = ops.iter().map(|op| read(op)).collect();
            several::sum(asker, &ops).await
        }
        Call::Scan { cursor, count, pattern, length_min, dead, led } => {
            let pattern = pattern.as_deref();
            let (length_min, dead, led) = (*length_min, *dead, *led);
            let filter = Filter { pattern, length_min, dead, led };
            Ok(scan::scan(&asker.node, *cursor, *count, filter).await?.into())
        }
        Call::List(pattern) => Ok(scan::list(&asker.node, pattern.as_deref()).await?.into()),
        Call::Close(session) => close(asker, session).await,
    }
}

/// Gives back what was delivered in a session's name, and ends it.
async fn close(asker: &mut Asker, session: &[u8]) -> Answered {
    let shards = &asker.node.shards;
    let op = &lockstep_core::Op::Queue { op: Op::Release { session } };
    // What cannot be told comes back with the end of the session, as if it had failed.
    join_all(shards.ids().map(|shard| shards.insist(shard, op))).await;
    let call = crate::sessions::Call::Destroy(session.to_vec());
    Ok(crate::sessions::carry_out(asker.node.clone(), call).await?.into())
}
