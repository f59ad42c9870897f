//! What is about all partitions of a queue.

use futures_util::future::join_all;
use lockstep_commands::{BadArgs, error};
use lockstep_core::queues::{Op, PARTITIONS_MAX};
use lockstep_core::slot::has_tag;
use lockstep_core::{Fault, Outcome};
use lockstep_raft::Delivery;

use super::{home, made, manage, merge, place, pop};
use crate::queues::{Answered, Asker, ask, shard_of};

/// So many bits of a cursor are the partition.
const PART_BITS: u32 = 10;
const _: () = assert!(PARTITIONS_MAX <= 1 << PART_BITS);

/// Carries out what is neither a push nor a pop.
pub(in crate::queues) async fn all(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    match op {
        Op::Ack { .. } => pop::ack(asker, op, count).await,
        Op::Create { .. } | Op::Configure { .. } | Op::Reset { .. } | Op::Destroy { .. } => {
            Ok(manage::manage(asker, op).await?.into())
        }
        Op::Messages { .. } => Ok(messages(asker, op, count).await?.into()),
        // The partitions are in other shards than the home of that queue.
        Op::Redrive { queue, to: Some(to), .. } if to != queue && !has_tag(queue) => {
            Err(error::OTHER_SLOT)
        }
        Op::Redrive { count: Some(most), .. } => {
            Ok(redrive_some(asker, op, (count, *most)).await?.into())
        }
        Op::Move { from, to, count, which, .. } => {
            Box::pin(crate::queues::moves::carry_out(asker, from, to, *count, *which)).await
        }
        Op::Config { .. } => Ok(asker.ask(op).await?.into()),
        Op::Info { queue, .. } => {
            let waiting = home::waiting(&asker.node, queue);
            let (parts, waiting) = tokio::join!(each(asker, op, count), waiting);
            Ok(merge::with_waiting(merge::info(parts?), waiting).into())
        }
        _ => Ok(merged(op, each(asker, op, count).await?).into()),
    }
}

fn merged(op: &Op<'_>, outcomes: Vec<Outcome>) -> Outcome {
    match op {
        Op::Peek { count, .. } => merge::in_turn(outcomes, *count),
        Op::Pending { count, .. } => merge::lists(outcomes, *count),
        Op::Consumers { .. } => merge::consumers(outcomes),
        Op::RedriveStatus { .. } => merge::redrive(outcomes),
        Op::CancelRedrive { .. } => merge::most(outcomes),
        Op::Pause { .. } | Op::Resume { .. } => done(outcomes),
        _ => merge::sum(outcomes),
    }
}

/// Ok, if it is so in all partitions that are there.
fn done(outcomes: Vec<Outcome>) -> Outcome {
    let other = outcomes
        .into_iter()
        .find(|outcome| !matches!(outcome, Outcome::Ok | Outcome::Fault(Fault::NoSuchQueue)));
    other.unwrap_or(Outcome::Ok)
}

/// The same operation on one partition.
pub(super) fn of_part<'a>(op: &Op<'a>, to: u32, count: u32) -> Op<'a> {
    let mut op = op.clone();
    match &mut op {
        Op::Len { part, .. }
        | Op::Info { part, .. }
        | Op::Peek { part, .. }
        | Op::Pending { part, .. }
        | Op::Consumers { part, .. }
        | Op::Messages { part, .. }
        | Op::Purge { part, .. }
        | Op::Pause { part, .. }
        | Op::Resume { part, .. }
        | Op::CancelRedrive { part, .. }
        | Op::RedriveStatus { part, .. }
        | Op::Create { part, .. }
        | Op::Configure { part, .. }
        | Op::Reset { part, .. }
        | Op::Destroy { part, .. } => *part = to,
        Op::Redrive { part, rate, .. } => {
            *part = to;
            if let Some(rate) = rate {
                *rate = rate.div_ceil(u64::from(count.max(1)));
            }
        }
        _ => {}
    }
    op
}

/// Asks all partitions at once.
///
/// # Errors
/// Some could not be asked; of a write it is told which have done it.
pub(super) async fn each(asker: &Asker, op: &Op<'_>, count: u32) -> Result<Vec<Outcome>, BadArgs> {
    some(asker, op, (0..count).collect(), count).await
}

/// The same of some partitions.
pub(super) async fn some(
    asker: &Asker,
    op: &Op<'_>,
    parts: Vec<u32>,
    count: u32,
) -> Result<Vec<Outcome>, BadArgs> {
    let ops: Vec<Op<'_>> = parts.iter().map(|part| of_part(op, *part, count)).collect();
    let answers = join_all(ops.iter().map(|op| one_made(asker, op))).await;
    let failed = |answer: &Result<Outcome, BadArgs>| answer.is_err();
    if !op.is_write() || !answers.iter().any(failed) {
        return answers.into_iter().collect();
    }
    let failed: Vec<u32> = (parts.iter().zip(&answers))
        .filter(|(_, answer)| answer.is_err())
        .map(|(part, _)| *part)
        .collect();
    let why = answers.into_iter().find_map(Result::err).unwrap_or(error::UNCERTAIN);
    if failed.len() == parts.len() {
        return Err(why);
    }
    Err(error::partly_done(&failed, count, &why))
}

/// The same; what is set or paused has to be there.
async fn one_made(asker: &Asker, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let outcome = one(asker, op).await?;
    let missing = outcome == Outcome::Fault(Fault::NoSuchQueue) && op.part() > 0;
    let stays = matches!(op, Op::Pause { .. } | Op::Configure { .. } | Op::Reset { .. });
    if missing && stays && made::make(&asker.node, op.name(), op.part()).await? {
        return one(asker, op).await;
    }
    Ok(outcome)
}

async fn one(asker: &Asker, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let shard = shard_of(&asker.node, op.name(), op.part());
    if !op.is_write() {
        return ask(&asker.node, shard, op).await;
    }
    match place::write(&asker.node, shard, op).await {
        Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
        other => Err(asker.node.shards.failure(shard, &other)),
    }
}

/// A walk goes from partition to partition; the cursor says which.
async fn messages(asker: &Asker, op: &Op<'_>, count: u32) -> Result<Outcome, BadArgs> {
    let Op::Messages { cursor, .. } = op else { return Err(error::NOT_IN_MULTI) };
    let (from, part) = (cursor >> PART_BITS, (cursor & ((1 << PART_BITS) - 1)) as u32);
    if part >= count {
        return Ok(Outcome::List(vec![Outcome::Int(0), Outcome::List(Vec::new())]));
    }
    let mut op = of_part(op, part, count);
    if let Op::Messages { cursor, .. } = &mut op {
        *cursor = from;
    }
    let mut walked = match one(asker, &op).await? {
        Outcome::List(walked) => walked,
        // A partition that is not there has no messages.
        Outcome::Fault(Fault::NoSuchQueue) => vec![Outcome::Int(0), Outcome::List(Vec::new())],
        other => return Ok(other),
    };
    if let Some(Outcome::Int(next)) = walked.first_mut() {
        let on = u64::try_from(*next).unwrap_or(0);
        let next_part = if on == 0 { part + 1 } else { part };
        let cursor = if next_part < count { on << PART_BITS | u64::from(next_part) } else { 0 };
        *next = i64::try_from(cursor).unwrap_or(0);
    }
    Ok(Outcome::List(walked))
}

/// One partition behind the other, until there are enough.
async fn redrive_some(
    asker: &Asker,
    op: &Op<'_>,
    (parts, most): (u32, u64),
) -> Result<Outcome, BadArgs> {
    let mut left = most;
    for part in 0..parts {
        let mut op = of_part(op, part, parts);
        if let Op::Redrive { count, .. } = &mut op {
            *count = Some(left);
        }
        match one(asker, &op).await? {
            Outcome::Int(chosen) => left = left.saturating_sub(u64::try_from(chosen).unwrap_or(0)),
            Outcome::Fault(Fault::NoSuchQueue) if part > 0 => {}
            other => return Ok(other),
        }
        if left == 0 {
            break;
        }
    }
    Ok(Outcome::Int(i64::try_from(most - left).unwrap_or(i64::MAX)))
}
