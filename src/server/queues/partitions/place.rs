//! Pushes to queues with several partitions: each goes to one of them.

use lockstep_commands::BadArgs;
use lockstep_core::queues::body::check_of;
use lockstep_core::queues::{Dedup, Manner, Op, WHOLE};
use lockstep_core::{Fault, Op as AnyOp, Outcome, ShardId};
use lockstep_raft::{Delivery, Ops};

use super::made;
use crate::Node;
use crate::queues::{Answered, Asker, partitions_in, shard_of};

/// How often a partition is made that is not there.
const TRIES: usize = 4;

/// The partition of a group.
pub(super) fn group_part(group: &[u8], count: u32) -> u32 {
    (check_of(group) % u64::from(count.max(1))) as u32
}

/// The partition of a push: that of its group; that of the id by which its copies are
/// known, so that they meet; else the one that is chosen for now.
pub(super) fn part_of(node: &Node, queue: &[u8], op: &Op<'_>, count: u32) -> u32 {
    let Op::Push { manner, bodies, .. } = op else { return 0 };
    match manner {
        Manner::Of { group: Some(group), .. } => group_part(group, count),
        Manner::Of { dedup: Some(Dedup::Of { id, .. }), .. } => group_part(id, count),
        Manner::Of { .. } => choose(node, queue, bodies.len(), count),
    }
}

fn choose(node: &Node, queue: &[u8], messages: usize, count: u32) -> u32 {
    let partitions = &node.queues.partitions;
    let (hall, now_ms) = (partitions.hall_of(queue), node.shards.now_ms());
    let leads = |part| node.shards.leads(shard_of(node, queue, part));
    let ready = |part| hall.as_ref().and_then(|hall| hall.ready(part, now_ms)).unwrap_or(0);
    let chosen = partitions.counts.choose(queue, messages, leads, ready);
    chosen.unwrap_or_else(|| rand::random::<u32>() % count.max(1))
}

/// The push to a partition. It makes none: a partition is made as its queue is set.
pub(super) fn placed<'a>(op: &Op<'a>, to: u32, count: u32) -> Op<'a> {
    let mut op = op.clone();
    if let Op::Push { part, create, length_max, .. } = &mut op {
        (*part, *create) = (to, false);
        if let Some(most) = length_max {
            *most = most.div_ceil(u64::from(count.max(1)));
        }
    }
    op
}

/// Pushes to a queue that has `count` partitions, as far as is known.
pub(in crate::queues) async fn push(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    let (node, queue, mut count) = (asker.node.clone(), op.name(), count);
    for _ in 0..TRIES {
        let part = part_of(&node, queue, op, count);
        let outcome = push_once(&node, &placed(op, part, count)).await?;
        if !is_missing(&outcome) {
            return Ok(outcome.into());
        }
        if made::make(&node, queue, part).await? {
            continue;
        }
        // It has no such partition any more, or none at all.
        let outcome = push_once(&node, op).await?;
        match partitions_in(&outcome) {
            Some(now) => count = now,
            None => {
                node.queues.partitions.learn(queue, 1);
                return Ok(outcome.into());
            }
        }
        node.queues.partitions.learn(queue, count);
    }
    Ok(Outcome::Fault(Fault::NoSuchQueue).into())
}

/// Whether a push met no queue.
pub(super) fn is_missing(outcome: &Outcome) -> bool {
    let missing = |outcome: &Outcome| *outcome == Outcome::Fault(Fault::NoSuchQueue);
    match outcome {
        Outcome::List(all) => !all.is_empty() && all.iter().all(missing),
        one => missing(one),
    }
}

/// The push as the client has asked for it.
pub(super) fn whole<'a>(op: &Op<'a>) -> Op<'a> {
    let mut op = op.clone();
    if let Op::Push { part, create, .. } = &mut op {
        (*part, *create) = (WHOLE, true);
    }
    op
}

async fn push_once(node: &Node, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let shard = shard_of(node, op.name(), op.part());
    let mut ops = Ops::default();
    ops.write_if_room(&AnyOp::Queue { op: op.clone() });
    match node.queues.partitions.lanes.hand_in(node, shard, ops).await {
        Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
        other => Err(node.shards.failure(shard, &other)),
    }
}

/// Carries out a write once, however often it has to be tried.
pub(super) async fn write(node: &Node, shard: ShardId, op: &Op<'_>) -> Delivery {
    let mut ops = Ops::default();
    ops.write(&AnyOp::Queue { op: op.clone() });
    node.queues.partitions.lanes.hand_in(node, shard, ops).await
}
