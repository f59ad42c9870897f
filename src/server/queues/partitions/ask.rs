//! Asks partitions for what a hall needs.

use std::collections::BTreeMap;
use std::sync::Arc;

use lockstep_core::queues::{Op, Want, Which};
use lockstep_core::wire::Wire;
use lockstep_core::{Fault, Op as AnyOp, Outcome, ShardId};
use lockstep_raft::{Delivery, Mailbox, Ops};

use super::hall::{Hall, Why};
use super::line::{Got, Portion};
use crate::Node;
use crate::queues::Back;
use crate::sessions::ensure_open;

/// Pops from a partition for several clients at once.
pub(super) fn pop(
    node: &Arc<Node>,
    hall: &Arc<Hall>,
    part: u32,
    began: u64,
    portions: Vec<Portion>,
) {
    let (owner, hall) = (node.clone(), hall.clone());
    node.queues.partitions.spawn(async move {
        let (portions, left) = match hall.shard(part) {
            Some(shard) => ask_for(&owner, &hall.queue, (part, shard), portions).await,
            None => (nothing(portions), Ok(0)),
        };
        let stats = &owner.queues.partitions.stats;
        stats.popped();
        if hall.shard(part).is_some_and(|shard| !owner.shards.leads(shard)) {
            stats.stolen(portions.iter().map(|(_, got)| messages(got)).sum());
        }
        let left_over = hall.popped(&owner, (part, began), portions, left);
        give_back(&owner, &hall.queue, left_over);
    });
}

/// Deliveries go back that nobody waits for any more.
pub(super) fn give_back(node: &Arc<Node>, queue: &[u8], deliveries: Vec<Outcome>) {
    if !deliveries.is_empty() {
        let op = Op::pop(queue, Want::ONE, None);
        drop(Back::of(node, &op, &Outcome::List(deliveries)));
    }
}

fn messages(got: &Got<Outcome, Why>) -> usize {
    match got {
        Got::Deliveries(deliveries) => deliveries.len(),
        Got::Refused(_) => 0,
    }
}

type Answered = (Vec<(Portion, Got<Outcome, Why>)>, Result<u64, Why>);

fn nothing(portions: Vec<Portion>) -> Vec<(Portion, Got<Outcome, Why>)> {
    portions.into_iter().map(|portion| (portion, Got::Deliveries(Vec::new()))).collect()
}

async fn ask_for(
    node: &Arc<Node>,
    queue: &[u8],
    (part, shard): (u32, ShardId),
    portions: Vec<Portion>,
) -> Answered {
    let (mut ops, mut asked, mut answered) = (Ops::default(), Vec::new(), Vec::new());
    for portion in portions {
        let want = want_of(&portion);
        if let Want::Of { session: Some(session), .. } = &want
            && let Err(bad) = ensure_open(node, session, shard).await
        {
            answered.push((portion, Got::Refused(Why::Bad(bad))));
            continue;
        }
        let (queues, named, fair, wait) = (vec![queue], false, false, None);
        let op = Op::Pop { queues, part, want, named, fair, wait };
        ops.write(&AnyOp::Queue { op });
        asked.push(portion);
    }
    // Behind them in the same entry: what is left.
    ops.read(&length(queue, part));
    let delivery = if asked.is_empty() {
        let mailbox = Arc::new(Mailbox::default());
        node.shards.submit(shard, ops, &mailbox);
        mailbox.take().await
    } else {
        node.queues.partitions.lanes.hand_in(node, shard, ops).await
    };
    let mut outcomes = match delivery {
        Delivery::Done(outcomes) => outcomes,
        other => {
            let why = Why::Bad(node.shards.failure(shard, &other));
            answered.extend(nothing(asked));
            return (answered, Err(why));
        }
    };
    let left = left(outcomes.pop());
    answered.extend(asked.into_iter().zip(outcomes.into_iter().map(got)));
    (answered, left)
}

fn want_of(portion: &Portion) -> Want<'_> {
    let mut want = Want::take(&mut &portion.kind.want[..]).expect("written by the node itself");
    let Want::Of { count, .. } = &mut want;
    *count = Some(portion.count.min(lockstep_core::queues::COUNT_MAX));
    want
}

fn got(outcome: Outcome) -> Got<Outcome, Why> {
    match outcome {
        Outcome::List(deliveries) => Got::Deliveries(deliveries),
        Outcome::Nil | Outcome::Fault(Fault::NoSuchQueue) => Got::Deliveries(Vec::new()),
        other => Got::Refused(Why::Outcome(other)),
    }
}

fn length(queue: &[u8], part: u32) -> AnyOp<'_> {
    AnyOp::Queue { op: Op::Len { queue, part, which: Some(Which::Ready {}) } }
}

fn left(outcome: Option<Outcome>) -> Result<u64, Why> {
    match outcome {
        Some(Outcome::Int(left)) => Ok(u64::try_from(left).unwrap_or(0)),
        Some(Outcome::Fault(Fault::NoSuchQueue)) | None => Ok(0),
        Some(other) => Err(Why::Outcome(other)),
    }
}

/// Looks how many messages partitions have, all shards at once.
pub(super) fn look(node: &Arc<Node>, hall: &Arc<Hall>, parts: Vec<u32>, began: u64) {
    let mut shards: BTreeMap<ShardId, Vec<u32>> = BTreeMap::new();
    for part in parts {
        shards.entry(hall.shard(part).unwrap_or_default()).or_default().push(part);
    }
    for (shard, parts) in shards {
        let (owner, hall) = (node.clone(), hall.clone());
        node.queues.partitions.stats.looked();
        node.queues.partitions.spawn(async move {
            let found = look_at(&owner, &hall.queue, shard, &parts).await;
            hall.looked(&owner, began, parts.into_iter().zip(found).collect());
        });
    }
}

async fn look_at(
    node: &Node,
    queue: &[u8],
    shard: ShardId,
    parts: &[u32],
) -> Vec<Result<u64, Why>> {
    let (mut ops, mailbox) = (Ops::default(), Arc::new(Mailbox::default()));
    for part in parts {
        ops.read(&length(queue, *part));
    }
    node.shards.submit(shard, ops, &mailbox);
    match mailbox.take().await {
        Delivery::Done(outcomes) => {
            outcomes.into_iter().map(|outcome| left(Some(outcome))).collect()
        }
        other => {
            let why = Why::Bad(node.shards.failure(shard, &other));
            vec![Err(why); parts.len()]
        }
    }
}
