//! Coordinators that die at any step: nothing stays half taken.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::locks::{Mode, Op, Owner, Terms};
use lockstep_core::{Fault, Op as AnyOp, Origin, Outcome, Wait};
use lockstep_raft::Delivery;
use lockstep_raft::many::{Steps, Why};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use super::*;
use crate::Node;
use crate::config::Setting;
use crate::running::Answered;
use crate::testing::until;

const NAMES: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];
const ME: Owner<'_> = Owner::Named { name: b"me" };
const YOU: Owner<'_> = Owner::Named { name: b"you" };

fn origin(node: &Node, conn: u64) -> Origin {
    Origin { node: node.identity.node_id, boot: node.life(), conn }
}

async fn ask(node: &Node, op: Op<'_>) -> Outcome {
    let shard = shard_of(node, op.name());
    match node.shards.ask(shard, &AnyOp::Lock { op }).await {
        Delivery::Done(mut outcomes) => outcomes.pop().unwrap(),
        other => panic!("{other:?}"),
    }
}

async fn take(node: &Node, name: &[u8]) {
    let terms = Terms::plain(YOU, origin(node, 1)).for_ms(Some(60_000));
    assert!(matches!(ask(node, Op::Acquire { name, terms }).await, Outcome::Int(_)));
}

async fn give(node: &Node, name: &[u8]) {
    let op = Op::Release { name, owner: YOU, token: None, all: true, strict: false };
    assert_eq!(ask(node, op).await, Outcome::Int(1));
}

/// The names that an owner holds, and whether each is a part.
async fn held(node: &Node) -> Vec<(Vec<u8>, bool)> {
    let mut held = Vec::new();
    for name in NAMES {
        if let Outcome::List(facts) = ask(node, Op::Info { name }).await {
            let text = format!("{facts:?}");
            let acquiring = locks::HOLDER.iter().position(|part| *part == "acquiring").unwrap();
            let Some(Outcome::List(holders)) = facts.get(3) else { panic!("{text}") };
            let Some(Outcome::List(holder)) = holders.first() else { panic!("{text}") };
            if holder[1] == Outcome::Bytes(b"me".to_vec()) {
                held.push((name.to_vec(), holder[acquiring] == Outcome::Int(1)));
            }
        }
    }
    held
}

struct Story {
    stop: Arc<watch::Sender<Option<Why>>>,
    answer: oneshot::Receiver<Answered<Outcome>>,
    task: JoinHandle<()>,
}

/// Begins to take all names, to die after so many steps.
fn begin_dying(node: &Arc<Node>, conn: u64, steps: Option<usize>) -> Story {
    let plan = Plan::new(&NAMES, &[Mode::Exclusive {}; 6], |name| shard_of(node, name));
    let origin = origin(node, conn);
    let wait = Wait::For { origin, request: 1, block_ms: 0 };
    let terms = Terms::plain(ME, origin).for_ms(Some(60_000)).waiting(Some(wait));
    let line = Line::new(origin, HashMap::new());
    let seat = Seat { node: node.clone(), conn };
    let part_ms = node.settings.number(Setting::MlockCoordinatorLeaseMs);
    let asked = Asked::new(seat, origin, (plan, part_ms), line, 1..100, &terms);
    let stop = Arc::new(watch::Sender::new(None));
    let mut coordinator = Coordinator::new(asked, stop.subscribe());
    coordinator.steps = Steps { left: steps };
    let (tell, answer) = oneshot::channel();
    Story { stop, answer, task: tokio::spawn(coordinator.run(tell)) }
}

/// S14: the coordinator dies at every step there is. Parts end with their lease,
/// and whoever asks next gets all.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_step_it_dies_at_no_part_stays() {
    let (node, _dir) = crate::testing::node_of(3).await;
    node.settings.set("mlock-coordinator-lease-ms", "500").unwrap();
    for steps in 0.. {
        take(&node, b"d").await;
        let mut story = begin_dying(&node, 100 + steps as u64, Some(steps));
        tokio::time::sleep(Duration::from_millis(30)).await;
        give(&node, b"d").await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        let done = story.answer.try_recv();
        story.task.abort();
        until("parts are gone", async || !held(&node).await.iter().any(|(_, part)| *part)).await;
        let left = held(&node).await;
        let done = done.map(|answer| {
            assert!(matches!(answer, Ok(Outcome::List(_))), "{answer:?}");
            assert_eq!(left.len(), 6);
        });
        for (name, _) in &left {
            let op = Op::Release { name, owner: ME, token: None, all: true, strict: false };
            ask(&node, op).await;
        }
        if done.is_ok() {
            assert!(steps > 10, "it took only {steps} steps");
            return;
        }
        assert!(steps < 100, "it never gets to its end");
    }
}

/// The same where it is told to stop: nothing stays at all, at once.
#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_at_any_time_it_gives_back_everything() {
    let (node, _dir) = crate::testing::node_of(3).await;
    for (round, why) in [Why::Gone, Why::Unblocked(false), Why::Unblocked(true), Why::GivenUp]
        .into_iter()
        .cycle()
        .take(24)
        .enumerate()
    {
        take(&node, b"d").await;
        let story = begin_dying(&node, 500 + round as u64, None);
        tokio::time::sleep(Duration::from_micros(500 * round as u64)).await;
        story.stop.send_replace(Some(why));
        let answer = story.answer.await.unwrap();
        match why {
            Why::Unblocked(false) => assert_eq!(answer, Ok(Outcome::Nil)),
            Why::GivenUp => assert_eq!(answer, Err(error::GIVEN_UP)),
            _ => assert_eq!(answer, Ok(Fault::Unblocked.into())),
        }
        assert_eq!(held(&node).await, []);
        assert!(node.waits.is_empty());
        give(&node, b"d").await;
    }
}
