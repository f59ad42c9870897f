//! QMPOP over queues of several shards.
//!
//! First the queues are asked one after the other, so that the first that has messages
//! gives them. If none has any and the client is ready to wait, it waits in every shard
//! at once: the first answer is its answer, the other waits are taken back, and what
//! they were given all the same goes back to its place.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lockstep_commands::{BadArgs, error};
use lockstep_core::queues::{Op, WHOLE, Want};
use lockstep_core::{Fault, Outcome, ShardId, Wait};
use lockstep_raft::many::Why;
use tokio::sync::{oneshot, watch};
use tokio::time::Instant;

use super::wait::{give_back, in_shard};
use super::{Answered, Asker, Given, carry_out_whole, partitions_in};
use crate::running::{sleep_until, stopped};
use crate::sessions::ensure_open;

/// How much longer than it may wait a client waits for the shards to say so.
const OVERDUE_AFTER: Duration = Duration::from_millis(60);

type Waiting<'a> = Pin<Box<dyn Future<Output = Answered> + Send + 'a>>;

/// What is asked.
struct Asked<'a> {
    queues: Vec<&'a [u8]>,
    want: Want<'a>,
    wait: Option<Wait>,
}

/// Neighbours of one shard, or a queue that has so many partitions.
#[derive(Debug, PartialEq)]
struct Run<'a> {
    shard: ShardId,
    queues: Vec<&'a [u8]>,
    partitions: Option<u32>,
}

/// Carries it out, tells what came of it, and gives back what is left over.
pub(super) async fn pop(mut asker: Asker, op: &Op<'_>, tell: oneshot::Sender<Answered>) {
    let Op::Pop { queues, want, fair, wait, .. } = op else { return };
    let mut queues = queues.clone();
    if *fair {
        let turn = asker.node.queues.turn.fetch_add(1, Ordering::Relaxed);
        let first = turn % queues.len().max(1);
        queues.rotate_left(first);
    }
    let asked = Asked { queues, want: *want, wait: *wait };
    let deadline = deadline(*wait);
    let answer = match in_turn(&mut asker, &asked).await {
        Ok(None) if wait.is_some() => return wait_for_all(asker, &asked, deadline, tell).await,
        Ok(None) => Ok(Outcome::Nil.into()),
        Ok(Some(given)) => Ok(given),
        Err(bad) => Err(bad),
    };
    tell_or_give_back(tell, answer).await;
}

async fn tell_or_give_back(tell: oneshot::Sender<Answered>, answer: Answered) {
    // Nobody hears it whose connection is gone.
    if let Err(Ok(given)) = tell.send(answer) {
        give_back(given).await;
    }
}

/// Asks the queues in their order; none: none has anything.
async fn in_turn(asker: &mut Asker, asked: &Asked<'_>) -> Result<Option<Given>, BadArgs> {
    let mut runs: VecDeque<Run<'_>> = runs(asker, &asked.queues, false).into();
    for run in &runs {
        let_in(asker, asked, run.shard).await?;
    }
    while let Some(run) = runs.pop_front() {
        if let Some(why) = asker.is_stopped() {
            return broken_off(why).map(Some);
        }
        let op = asked.of(&run.queues, None);
        let given = match run.partitions {
            Some(count) => carry_out_whole(asker, &op, count).await?,
            None => {
                let outcome = asker.ask(&op).await?;
                if let Some(count) = partitions_in(&outcome) {
                    learn(asker, &run, count);
                    runs_anew(asker, run).into_iter().rev().for_each(|run| runs.push_front(run));
                    continue;
                }
                asker.given(&op, outcome)
            }
        };
        if given.outcome != Outcome::Nil {
            return Ok(Some(given));
        }
    }
    Ok(None)
}

/// Has a shard let in the session that the messages are for.
async fn let_in(asker: &Asker, asked: &Asked<'_>, shard: ShardId) -> Result<(), BadArgs> {
    let Want::Of { session, .. } = &asked.want;
    match session {
        Some(id) => ensure_open(&asker.node, id, shard).await,
        None => Ok(()),
    }
}

/// One queue of the run has so many partitions.
fn learn(asker: &Asker, run: &Run<'_>, count: u32) {
    if let [queue] = run.queues[..] {
        asker.node.queues.partitions.learn(queue, count);
    }
}

/// The same, queue by queue: at least one of them has partitions.
fn runs_anew<'a>(asker: &Asker, run: Run<'a>) -> Vec<Run<'a>> {
    let partitions = &asker.node.queues.partitions;
    let one = |queue| {
        let (shard, partitions) = (run.shard, partitions.count(queue));
        Run { shard, queues: vec![queue], partitions }
    };
    run.queues.into_iter().map(one).collect()
}

/// The queues by shard: neighbours only, or all that a shard has.
fn runs<'a>(asker: &Asker, queues: &[&'a [u8]], all: bool) -> Vec<Run<'a>> {
    let mut runs: Vec<Run<'a>> = Vec::new();
    for queue in queues {
        let shard = asker.shard_of(queue, WHOLE);
        let partitions = asker.node.queues.partitions.count(queue);
        let fits = |run: &&mut Run<'a>| {
            run.shard == shard && run.partitions.is_none() && partitions.is_none()
        };
        let found = match all {
            true => runs.iter_mut().find(fits),
            false => runs.last_mut().filter(fits),
        };
        match found {
            Some(run) => run.queues.push(queue),
            None => runs.push(Run { shard, queues: vec![queue], partitions }),
        }
    }
    runs
}

impl<'a> Asked<'a> {
    fn of(&self, queues: &[&'a [u8]], wait: Option<Wait>) -> Op<'a> {
        let (queues, want) = (queues.to_vec(), self.want);
        Op::Pop { queues, part: WHOLE, want, named: true, fair: false, wait }
    }

    /// How it waits from now on; none: its time is up.
    fn rest(&self, deadline: Option<Instant>) -> Option<Wait> {
        let Wait::For { origin, request, .. } = self.wait?;
        let block_ms = match deadline {
            Some(deadline) => {
                let rest = deadline.saturating_duration_since(Instant::now()).as_millis();
                u64::try_from(rest).ok().filter(|rest| *rest > 0)?
            }
            None => 0,
        };
        Some(Wait::For { origin, request, block_ms })
    }
}

/// The waits of one request.
struct Waits<'a> {
    list: FuturesUnordered<Waiting<'a>>,
    stops: Vec<watch::Sender<Option<Why>>>,
}

/// Waits in all shards; what comes of it is told, and the rest is given back.
async fn wait_for_all(
    mut asker: Asker,
    asked: &Asked<'_>,
    deadline: Option<Instant>,
    tell: oneshot::Sender<Answered>,
) {
    let mut waits = Waits { list: FuturesUnordered::new(), stops: Vec::new() };
    for run in runs(&asker, &asked.queues, true) {
        waits.begin(&mut asker, asked, run, deadline);
    }
    let answer = waits.first(&mut asker, deadline).await;
    tell_or_give_back(tell, answer).await;
    for stop in &waits.stops {
        stop.send_replace(Some(Why::Gone));
    }
    while let Some(answer) = waits.list.next().await {
        if let Ok(given) = answer {
            give_back(given).await;
        }
    }
}

impl<'a> Waits<'a> {
    fn begin(
        &mut self,
        asker: &mut Asker,
        asked: &Asked<'a>,
        run: Run<'a>,
        deadline: Option<Instant>,
    ) {
        let Some(wait) = asked.rest(deadline) else { return };
        let op = asked.of(&run.queues, Some(wait));
        let Run { shard, partitions, .. } = run;
        let (mut part, stop) = asker.part(partitions.is_none().then_some(shard));
        self.stops.push(stop);
        self.list.push(match partitions {
            Some(count) => Box::pin(async move { carry_out_whole(&mut part, &op, count).await }),
            None => Box::pin(in_shard(part, shard, op)),
        });
    }

    /// The first answer that is more than nothing; nothing, when all say so or the time
    /// is up.
    async fn first(&mut self, asker: &mut Asker, deadline: Option<Instant>) -> Answered {
        let overdue = deadline.map(|deadline| deadline + OVERDUE_AFTER);
        loop {
            let answer = tokio::select! {
                biased;
                answer = self.list.next() => match answer {
                    Some(answer) => answer?,
                    None => return Ok(Outcome::Nil.into()),
                },
                why = stopped(&mut asker.stop) => return broken_off(why),
                () = sleep_until(overdue) => return Ok(Outcome::Nil.into()),
            };
            if answer.outcome != Outcome::Nil {
                return Ok(answer);
            }
        }
    }
}

/// What a client is told whose request was broken off.
pub(super) fn broken_off(why: Why) -> Answered {
    match why {
        Why::Unblocked(false) => Ok(Outcome::Nil.into()),
        Why::Unblocked(true) | Why::Gone => Ok(Outcome::from(Fault::Unblocked).into()),
        Why::GivenUp => Err(error::GIVEN_UP),
    }
}

fn deadline(wait: Option<Wait>) -> Option<Instant> {
    let Wait::For { block_ms, .. } = wait.filter(|Wait::For { block_ms, .. }| *block_ms > 0)?;
    Instant::now().checked_add(Duration::from_millis(block_ms))
}
