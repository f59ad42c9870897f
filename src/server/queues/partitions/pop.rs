//! QPOP, and the POP of QACK, from a queue with several partitions.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_commands::{BadArgs, error};
use lockstep_core::queues::{Op, Want};
use lockstep_core::wire::Wire;
use lockstep_core::{Fault, Outcome, Wait};
use lockstep_raft::Delivery;
use lockstep_raft::many::Why as End;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::ask::give_back;
use super::hall::{Hall, Told, Why};
use super::line::{AskId, Kind};
use super::more::filled;
use super::{group_part, place};
use crate::Node;
use crate::queues::wait::in_shard;
use crate::queues::{Answered, Asker, Given};
use crate::running::{sleep_until, stopped};
use crate::sessions::ensure_open;

/// How much longer than it may wait a client waits when a partition is just asked for
/// it: what that gives need not go back.
const LAST_ANSWER: Duration = Duration::from_millis(80);

/// Pops from a queue that has `count` partitions, and waits if it is ready to.
pub(in crate::queues) async fn pop(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    let Op::Pop { queues, want, named, wait, .. } = op else { return Err(error::NOT_IN_MULTI) };
    let [queue] = queues[..] else { return Err(error::NOT_IN_MULTI) };
    let Want::Of { group, .. } = want;
    if let Some(group) = group {
        return of_group(asker, op, group_part(group, count)).await;
    }
    if let Want::Of { request: Some(_), .. } = want
        && let Some(again) = given_before(asker, op, count).await?
    {
        return Ok(again);
    }
    let until = wait.and_then(|Wait::For { block_ms, .. }| deadline(block_ms));
    let patience = Patience { waits: wait.is_some(), until };
    let seat = Seat::take(&asker.node, queue, count, want, patience.waits);
    let outcome = match seat.wait(asker, patience).await {
        Ok(deliveries) => {
            let deliveries = filled(asker, queue, want, deliveries).await;
            shaped(queue, deliveries, want, *named)
        }
        Err(Why::Outcome(outcome)) => outcome,
        Err(Why::Bad(bad)) => return Err(bad),
    };
    Ok(asker.given(op, outcome))
}

/// Whether a pop waits on this node: what just one partition can answer waits there.
pub(in crate::queues) fn waits_here(op: &Op<'_>) -> bool {
    let (Op::Pop { want, .. } | Op::Ack { pop: Some(want), .. }) = op else { return false };
    let Want::Of { group, .. } = want;
    group.is_none() && op.names().count() == 1
}

/// What a request of this name was answered with before, by whichever partitions.
async fn given_before(
    asker: &mut Asker,
    op: &Op<'_>,
    parts: u32,
) -> Result<Option<Given>, BadArgs> {
    let Op::Pop { queues, want, named, .. } = op else { return Ok(None) };
    let of_part = |to| {
        let mut want = *want;
        let Want::Of { count, priority_min, .. } = &mut want;
        // No message has it: nothing new is delivered.
        (*count, *priority_min) = (Some(count.unwrap_or(1)), Some(u8::MAX));
        let (queues, named, fair, wait) = (queues.clone(), false, false, None);
        Op::Pop { queues, part: to, want, named, fair, wait }
    };
    let ops: Vec<Op<'_>> = (0..parts).map(of_part).collect();
    let mut given = Vec::new();
    for answer in join_all(ops.iter().map(|op| write(asker, op))).await {
        if let Outcome::List(deliveries) = answer? {
            given.extend(deliveries);
        }
    }
    if given.is_empty() {
        return Ok(None);
    }
    Ok(Some(asker.given(op, shaped(op.name(), given, want, *named))))
}

/// From the partition of a group: nobody else can have anything for it. It waits in the
/// partition's own line.
async fn of_group(asker: &mut Asker, op: &Op<'_>, to: u32) -> Answered {
    let mut op = op.clone();
    let queue = op.name();
    let Op::Pop { part, want, wait, .. } = &mut op else { return Err(error::NOT_IN_MULTI) };
    *part = to;
    let shard = asker.shard_of(queue, to);
    if let Want::Of { session: Some(session), .. } = want {
        ensure_open(&asker.node, session, shard).await?;
    }
    if wait.is_none() {
        let outcome = write(asker, &op).await?;
        return Ok(asker.given(&op, outcome));
    }
    let (alone, stop) = asker.part(Some(shard));
    let mut waiting = std::pin::pin!(in_shard(alone, shard, op));
    let why = tokio::select! {
        answered = &mut waiting => return answered,
        why = stopped(&mut asker.stop) => why,
    };
    stop.send_replace(Some(why));
    let answered = waiting.await?;
    match ended(why) {
        Err(Why::Outcome(outcome)) if answered.outcome == Outcome::Nil => Ok(outcome.into()),
        Err(Why::Bad(bad)) if answered.outcome == Outcome::Nil => Err(bad),
        _ => Ok(answered),
    }
}

/// Whether somebody waits, and until when; none: without end.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    pub waits: bool,
    pub until: Option<Instant>,
}

fn deadline(block_ms: u64) -> Option<Instant> {
    let block = Duration::from_millis(block_ms);
    if block_ms == 0 { None } else { Instant::now().checked_add(block) }
}

/// What a client is shown.
fn shaped(queue: &[u8], mut deliveries: Vec<Outcome>, want: &Want<'_>, named: bool) -> Outcome {
    let Want::Of { count, .. } = want;
    if deliveries.is_empty() {
        return Outcome::Nil;
    }
    if named {
        return Outcome::List(vec![Outcome::Bytes(queue.to_vec()), Outcome::List(deliveries)]);
    }
    match count {
        Some(_) => Outcome::List(deliveries),
        None => deliveries.swap_remove(0),
    }
}

/// What somebody is told whose wait was ended.
fn ended(why: End) -> Told {
    match why {
        End::Unblocked(true) => Err(Why::Outcome(Outcome::Fault(Fault::Unblocked))),
        End::Unblocked(false) | End::Gone => Ok(Vec::new()),
        End::GivenUp => Err(Why::Bad(error::GIVEN_UP)),
    }
}

/// A place in the line of a hall. Who gives it up gives back what it was given
/// meanwhile.
pub(super) struct Seat {
    node: Arc<Node>,
    hall: Arc<Hall>,
    id: AskId,
    told: Option<oneshot::Receiver<Told>>,
}

impl Seat {
    fn take(node: &Arc<Node>, queue: &[u8], count: u32, want: &Want<'_>, waits: bool) -> Seat {
        let hall = node.queues.partitions.hall(queue);
        let (kind, need) = kind_of(want);
        let (id, told) = hall.join(node, count, (kind, need, waits));
        Seat { node: node.clone(), hall, id, told: Some(told) }
    }

    /// A place for somebody who has something already and takes so many more where they
    /// are known to be.
    pub fn for_more(
        node: &Arc<Node>,
        queue: &[u8],
        want: &Want<'_>,
        (more, tried): (u64, BTreeSet<u32>),
    ) -> Seat {
        let hall = node.queues.partitions.hall(queue);
        let (id, told) = hall.join_for_more(node, (kind_of(want).0, more, tried));
        Seat { node: node.clone(), hall, id, told: Some(told) }
    }

    /// Waits for an answer, the end of the time, or for what else ends it.
    pub async fn wait(mut self, asker: &mut Asker, patience: Patience) -> Told {
        let Some(told) = &mut self.told else { return Ok(Vec::new()) };
        let end = tokio::select! {
            biased;
            told = &mut *told => return said(told),
            why = stopped(&mut asker.stop) => Some(why),
            () = sleep_until(patience.until) => None,
        };
        if self.hall.is_asking(self.id)
            && end != Some(End::Gone)
            && let Ok(told) = timeout(LAST_ANSWER, &mut *told).await
            && told.as_ref().is_ok_and(Result::is_ok)
        {
            return said(told);
        }
        self.hall.leave(&self.node, self.id);
        told.close();
        match told.try_recv() {
            Ok(told) => told,
            Err(_) => end.map_or_else(|| Ok(Vec::new()), ended),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let Some(mut told) = self.told.take() else { return };
        self.hall.leave(&self.node, self.id);
        told.close();
        if let Ok(Ok(deliveries)) = told.try_recv() {
            give_back(&self.node, &self.hall.queue, deliveries);
        }
    }
}

fn said(told: Result<Told, oneshot::error::RecvError>) -> Told {
    told.unwrap_or(Err(Why::Bad(error::UNCERTAIN)))
}

/// What is wanted, and how many.
fn kind_of(want: &Want<'_>) -> (Kind, u64) {
    let mut want = *want;
    let Want::Of { count, bytes_max, request, .. } = &mut want;
    let (need, alone) = (count.take().unwrap_or(1), bytes_max.is_some() || request.is_some());
    let mut bytes = Vec::new();
    want.put(&mut bytes);
    (Kind { want: bytes.into(), alone }, need)
}

/// QACK with POP: settles, and pops from the same partition, else from the others.
pub(super) async fn ack(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    let Op::Ack { queue, part, receipts, verbose, pop: Some(want), wait } = op else {
        return Err(error::NOT_IN_MULTI);
    };
    let first = Op::Ack {
        queue,
        part: *part,
        receipts: receipts.clone(),
        verbose: *verbose,
        pop: Some(*want),
        wait: None,
    };
    let outcome = write(asker, &first).await?;
    let Outcome::List(parts) = &outcome else { return Ok(outcome.into()) };
    let acked = match &parts[..] {
        [acked, Outcome::List(few)] if !matches!(want, Want::Of { request: Some(_), .. }) => {
            let deliveries = filled(asker, queue, want, few.clone()).await;
            let both = Outcome::List(vec![acked.clone(), Outcome::List(deliveries)]);
            return Ok(asker.given(op, both));
        }
        [acked, Outcome::Nil | Outcome::Refused { .. }] => acked,
        _ => return Ok(asker.given(op, outcome)),
    };
    let (queues, named, fair) = (vec![*queue], false, false);
    let part = lockstep_core::queues::WHOLE;
    let rest = Op::Pop { queues, part, want: *want, named, fair, wait: *wait };
    let Given { outcome, back } = pop(asker, &rest, count).await?;
    Ok(Given { outcome: Outcome::List(vec![acked.clone(), outcome]), back })
}

/// Carries out a write of the node's own, once.
pub(super) async fn write(asker: &Asker, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let shard = asker.shard_of(op.name(), op.part());
    let delivery = place::write(&asker.node, shard, op).await;
    match delivery {
        Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
        other => Err(asker.node.shards.failure(shard, &other)),
    }
}
