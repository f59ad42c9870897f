//! The detector and its messages: takes reports where this node leads the meta
//! group, has cycles looked at once more, and ends waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::locks::{Blocked, DEADLOCK_LINKS_MAX, Edge, Op};
use lockstep_core::{Outcome, ShardId};
use lockstep_raft::Delivery;
use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::{Instant, sleep, timeout};

use super::judge::{Judge, WaitId};
use super::plan::{Evidence, Plan};
use super::{Guards, wire};
use crate::Node;

/// Looks are so far apart at least.
const LOOK: Duration = Duration::from_millis(1);
/// A look may take one part of so many of the time.
const SHARE: u32 = 20;
/// How long leaders are waited for. Whoever does not answer will be asked again,
/// about what is reported then.
const ASK_WAIT: Duration = Duration::from_secs(1);

/// When a cycle turned out to be gone, the news is on its way: no need to be sooner.
const REFUTED_PAUSE: Duration = Duration::from_millis(5);

/// What the detector is told.
#[derive(Debug)]
pub(super) enum Word {
    /// Reports of shards.
    Message(Vec<u8>),
    /// A cycle is not there any more, or nobody knows.
    Refuted(WaitId),
    /// A wait was ended.
    Settled(WaitId),
}

/// Looks for deadlocks as long as the node runs.
pub(super) async fn run(node: Arc<Node>, mut words: Receiver<Word>, sender: Sender<Word>) {
    let guards = Guards::default();
    let mut judge = Judge::new(guards);
    while let Some(word) = words.recv().await {
        if !node.shards.host().meta().is_some_and(|meta| meta.leads()) {
            judge = Judge::new(guards);
            continue;
        }
        let began = Instant::now();
        take(&node, &mut judge, word);
        while let Ok(word) = words.try_recv() {
            take(&node, &mut judge, word);
        }
        for plan in judge.look(node.shards.now_ms()) {
            tokio::spawn(carry_out(node.clone(), plan, sender.clone()));
        }
        sleep(LOOK.max(began.elapsed() * SHARE)).await;
    }
}

fn take(node: &Node, judge: &mut Judge, word: Word) {
    let now_ms = node.shards.now_ms();
    match word {
        // A node of another version may say what this one does not understand.
        Word::Message(message) => {
            for (shard, report) in wire::take(&message, now_ms).unwrap_or_default() {
                judge.report(shard, report, now_ms);
                node.deadlocks.stats.reported();
            }
        }
        Word::Refuted(victim) => judge.refute(victim),
        Word::Settled(victim) => judge.settle(victim, now_ms),
    }
}

/// Has a cycle looked at once more and ends it.
async fn carry_out(node: Arc<Node>, plan: Plan, back: Sender<Word>) {
    let victim = plan.victim;
    let word = if is_there(&node, &plan).await && end(&node, &plan).await {
        Word::Settled(victim)
    } else {
        node.deadlocks.stats.refuted();
        sleep(REFUTED_PAUSE).await;
        Word::Refuted(victim)
    };
    // Fails only when the node stops.
    let _ = back.send(word).await;
}

/// Whether all of the cycle is there, by the word of those that lead now.
async fn is_there(node: &Node, plan: &Plan) -> bool {
    let mut shards: BTreeMap<ShardId, Vec<Edge<'_>>> = BTreeMap::new();
    for Evidence { shard, lock, wait, other, .. } in &plan.evidence {
        let edge = Edge::Seen { name: lock, wait: *wait, other: *other };
        shards.entry(*shard).or_default().push(edge);
    }
    let asked = shards.into_iter().map(|(shard, edges)| still_so(node, shard, edges));
    let answers = timeout(ASK_WAIT, join_all(asked)).await;
    answers.is_ok_and(|answers| answers.into_iter().all(|there| there))
}

async fn still_so(node: &Node, shard: ShardId, edges: Vec<Edge<'_>>) -> bool {
    ask(node, shard, Op::Confirmed { edges }).await == Some(1)
}

/// Ends the wait of the victim; whether it is over.
async fn end(node: &Node, plan: &Plan) -> bool {
    let (shard, wait) = plan.victim;
    let text = [b"victim of cycle ", &plan.text[..]].concat();
    let op = Op::Break {
        name: &plan.lock,
        wait,
        cycle: &text,
        links: plan.evidence.iter().take(DEADLOCK_LINKS_MAX).map(blocked).collect(),
        spared: plan.spared,
        stood_ms: node.shards.now_ms().saturating_sub(plan.since_ms),
    };
    let ended = timeout(ASK_WAIT, ask(node, shard, op)).await.ok().flatten();
    if ended == Some(1) {
        let took_ms = node.shards.now_ms().saturating_sub(plan.since_ms);
        node.deadlocks.stats.broken(took_ms);
        let cycle = String::from_utf8_lossy(&plan.text);
        tracing::debug!(shard = shard.0, %cycle, took_ms, "a deadlock was broken");
    }
    ended.is_some()
}

fn blocked(evidence: &Evidence) -> Blocked<'_> {
    let Evidence { lock, owner, mode, by, .. } = evidence;
    Blocked::By { owner, name: lock, mode: *mode, by }
}

async fn ask(node: &Node, shard: ShardId, op: Op<'_>) -> Option<i64> {
    let op = lockstep_core::Op::Lock { op };
    match node.shards.ask(shard, &op).await {
        Delivery::Done(outcomes) => match outcomes[..] {
            [Outcome::Int(answer)] => Some(answer),
            _ => None,
        },
        Delivery::Refused(_) | Delivery::Unknown => None,
    }
}
