//! A node alone with several shards: what goes on by itself, and what it leaves behind.
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::queues::{Op, WHOLE, Want, Which};
use lockstep_core::{Fault, Origin, Outcome, Wait};
use lockstep_raft::many::{Line, Why};
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout};

use super::*;
use crate::testing::until;

const QUEUES: [&[u8]; 6] = [b"a", b"b", b"c", b"d", b"e", b"f"];

/// A request that goes on by itself.
struct Begun {
    stop: watch::Sender<Option<Why>>,
    answer: oneshot::Receiver<Answered>,
    over: tokio::task::JoinHandle<()>,
}

fn begin(node: &Arc<Node>, conn: u64, op: &Op<'_>) -> Begun {
    let (stop, stopped) = watch::channel(None);
    let (tell, answer) = oneshot::channel();
    let origin = Origin { node: node.identity.node_id, boot: node.life(), conn };
    let line = Line::new(origin, HashMap::new());
    let asker = Asker { node: node.clone(), origin, line, requests: 1..1 << 20, stop: stopped };
    let call = Call::Several(kept(op));
    let over = tokio::spawn(async move { carry_out(asker, &call, tell).await });
    Begun { stop, answer, over }
}

/// QMPOP of all queues, ready to wait.
fn pop(block_ms: u64) -> Op<'static> {
    let wait = Some(Wait::For { origin: Origin::default(), request: 0, block_ms });
    let want = Want::some(None, Some(60_000), false);
    Op::Pop { queues: QUEUES.to_vec(), part: WHOLE, want, named: true, fair: false, wait }
}

async fn push(node: &Node, queue: &[u8], body: &[u8]) {
    let outcome = ask(node, shard_of(node, queue, 0), &Op::push(queue, body)).await.unwrap();
    assert!(matches!(outcome, Outcome::Bytes(_)), "{outcome:?}");
}

async fn ready(node: &Node, queue: &[u8]) -> i64 {
    let op = Op::Len { queue, part: 0, which: Some(Which::Ready {}) };
    match ask(node, shard_of(node, queue, 0), &op).await.unwrap() {
        Outcome::Int(count) => count,
        other => panic!("{other:?}"),
    }
}

fn waiting(node: &Node) -> u64 {
    totals(node).waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_wins_and_the_others_leave_nothing() {
    let (node, _dir) = crate::testing::node_of(4).await;
    for round in 0..20 {
        let begun = begin(&node, 100 + round, &pop(0));
        until("it waits for all", async || waiting(&node) == 6).await;
        // All shards have one at the same moment.
        futures_util::future::join_all(QUEUES.map(|queue| push(&node, queue, b"m"))).await;
        let given = begun.answer.await.unwrap().unwrap();
        let Outcome::List(parts) = &given.outcome else { panic!("{given:?}") };
        let Outcome::Bytes(winner) = &parts[0] else { panic!("{given:?}") };
        begun.over.await.unwrap();
        assert_eq!((waiting(&node), node.waits.len()), (0, 0));
        for queue in QUEUES {
            let left = i64::from(queue != &winner[..]);
            until("what lost is back", async || ready(&node, queue).await == left).await;
            let purge = Op::purge(queue);
            ask(&node, shard_of(&node, queue, 0), &purge).await.unwrap();
        }
        given.back.unwrap().taken();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_breaks_it_off_no_wait_stays() {
    let (node, _dir) = crate::testing::node_of(4).await;
    for (round, why) in [Why::Gone, Why::Unblocked(false), Why::Unblocked(true), Why::GivenUp]
        .into_iter()
        .enumerate()
    {
        let begun = begin(&node, 100 + round as u64, &pop(0));
        until("it waits for all", async || waiting(&node) == 6).await;
        begun.stop.send_replace(Some(why));
        let answer = begun.answer.await.unwrap().map(|given| given.outcome);
        match why {
            Why::Unblocked(false) => assert_eq!(answer, Ok(Outcome::Nil)),
            Why::GivenUp => assert!(answer.is_err()),
            _ => assert_eq!(answer, Ok(Fault::Unblocked.into())),
        }
        begun.over.await.unwrap();
        assert_eq!((waiting(&node), node.waits.len()), (0, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_comes_in_time_and_nothing_comes_later() {
    let (node, _dir) = crate::testing::node_of(4).await;
    let begun = Instant::now();
    let popping = begin(&node, 100, &pop(80));
    let given = timeout(Duration::from_secs(5), popping.answer).await.unwrap().unwrap().unwrap();
    assert_eq!(given.outcome, Outcome::Nil);
    assert!(begun.elapsed() >= Duration::from_millis(79), "{:?}", begun.elapsed());
    popping.over.await.unwrap();
    push(&node, b"c", b"m").await;
    assert_eq!(ready(&node, b"c").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_hears_is_given_back() {
    let (node, _dir) = crate::testing::node_of(4).await;
    let begun = begin(&node, 100, &pop(0));
    until("it waits for all", async || waiting(&node) == 6).await;
    drop(begun.answer);
    push(&node, b"d", b"m").await;
    begun.over.await.unwrap();
    assert_eq!(ready(&node, b"d").await, 1);
    push(&node, b"e", b"m").await;
    let begun = begin(&node, 101, &pop(0));
    let given = begun.answer.await.unwrap().unwrap();
    assert_eq!(ready(&node, b"d").await, 0);
    drop(given);
    until("it is back", async || ready(&node, b"d").await == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_message_comes_once_however_often_the_step_is_done() {
    let (node, _dir) = crate::testing::node_of(4).await;
    let (from, to) = (&b"a"[..], &b"b"[..]);
    assert_ne!(shard_of(&node, from, 0), shard_of(&node, to, 0));
    for body in [b"1", b"2", b"3"] {
        push(&node, from, body).await;
    }
    let which = Which::Ready {};
    let op = Op::Move { from, to, part: WHOLE, count: Some(2), which };
    let moved = begin(&node, 100, &op).answer.await.unwrap().unwrap();
    assert_eq!(moved.outcome, Outcome::Int(2));
    assert_eq!((ready(&node, from).await, ready(&node, to).await), (1, 2));
    // As if it had broken off behind the push of the third.
    let dedup = lockstep_core::queues::Dedup::Of {
        id: b"move:a:0-3",
        window_ms: Some(600_000),
        replace: false,
    };
    let mut push = Op::push(to, b"3");
    if let Op::Push { manner: lockstep_core::queues::Manner::Of { dedup: place, .. }, .. } =
        &mut push
    {
        *place = Some(dedup);
    }
    ask(&node, shard_of(&node, to, 0), &push).await.unwrap();
    let moved = begin(&node, 101, &op).answer.await.unwrap().unwrap();
    assert_eq!(moved.outcome, Outcome::Int(1));
    assert_eq!((ready(&node, from).await, ready(&node, to).await), (0, 3));
}
