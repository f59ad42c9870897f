//! Fronts without a socket: what stands with the shards when they are gone.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use lockstep_core::queues;
use lockstep_core::{Op, Outcome, Shard};
use lockstep_net::{Handler, Next, Output};
use lockstep_raft::Delivery;

use super::Front;
use crate::Node;
use crate::shards::Shards;

fn front(node: &Arc<Node>) -> Front {
    let address = "127.0.0.1:1".parse().expect("an address");
    Front::new(node.clone(), node.connections.open(address, address))
}

/// Takes a command and settles it as far as it goes without waiting for others.
async fn take(front: &mut Front, line: &str) -> Vec<u8> {
    let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
    let mut out = Output::default();
    let mut next = front.command(&words, &mut out);
    while next != Next::Block && front.has_unfinished() {
        next = front.settle(&mut out).await;
    }
    out.bytes().to_vec()
}

async fn push(node: &Node, body: &[u8]) {
    let op = queues::Op::push(b"q", body);
    assert!(matches!(
        node.shards.ask(Shards::KEY_SPACE, &Op::Queue { op }).await,
        Delivery::Done(_)
    ));
}

async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    panic!("still not: {what}");
}

fn look<T>(node: &Node, look: impl FnOnce(&Shard) -> T) -> T {
    let group = node.shards.replica(Shards::KEY_SPACE).expect("this node leads all");
    let state = group.state();
    look(&state)
}

fn held(node: &Node) -> usize {
    look(node, |shard| shard.locks().held())
}

fn ready(node: &Node) -> Outcome {
    let op = queues::Op::Len { queue: b"q", part: 0, which: Some(queues::Which::Ready {}) };
    look(node, |shard| shard.look(&Op::Queue { op }))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_breaks_off_gives_back_its_locks() {
    let (node, _dir) = crate::testing::node().await;
    let mut front = front(&node);
    assert_eq!(take(&mut front, "LOCK door").await, b":1\r\n");
    assert_eq!(held(&node), 1);
    // As when a command panics: nobody calls `closed`.
    drop(front);
    until("the lock is free", || held(&node) == 0).await;
    assert_eq!(node.clients.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_was_handed_to_a_front_that_ends_is_ready_again() {
    let (node, _dir) = crate::testing::node().await;
    for command in ["QPOP q BLOCK 0", "QPOP q COUNT 10 BLOCK 0"] {
        let mut front = front(&node);
        assert_eq!(take(&mut front, command).await, b"");
        assert_eq!(node.waits.len(), 1);
        push(&node, b"m").await;
        assert_eq!(ready(&node), Outcome::Int(0), "it was handed out");
        drop(front);
        until("the message is back", || ready(&node) == Outcome::Int(1)).await;
        assert!(node.waits.is_empty());
        let purge = Op::Queue { op: queues::Op::purge(b"q") };
        node.shards.ask(Shards::KEY_SPACE, &purge).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_whose_reply_was_not_sent_are_ready_again() {
    let (node, _dir) = crate::testing::node().await;
    for command in ["QPOP q", "QPOP q COUNT 10 WITHMETA", "QMPOP 1 q COUNT 3", "QPOP q BLOCK 0"] {
        for sent in [true, false] {
            push(&node, b"m").await;
            let mut front = front(&node);
            let reply = take(&mut front, command).await;
            assert!(reply.starts_with(b"*"), "{command}: {}", reply.escape_ascii());
            assert_eq!(ready(&node), Outcome::Int(0), "it was handed out");
            if sent {
                let written = &front.session.client.link().traffic.bytes_out;
                written.store(reply.len() as u64, std::sync::atomic::Ordering::Relaxed);
            }
            front.closed(lockstep_net::Closed::ByClient).await;
            drop(front);
            if sent {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                assert_eq!(ready(&node), Outcome::Int(0), "the client has it");
            } else {
                until("the message is back", || ready(&node) == Outcome::Int(1)).await;
            }
            let purge = Op::Queue { op: queues::Op::purge(b"q") };
            node.shards.ask(Shards::KEY_SPACE, &purge).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_front_that_ends_while_its_share_is_on_the_way_leaves_nothing() {
    let (node, _dir) = crate::testing::node().await;
    for _ in 0..20 {
        let mut front = front(&node);
        let mut out = Output::default();
        assert_eq!(front.command(&[b"LOCK", b"door"], &mut out), Next::More);
        {
            // Handed in, but not waited for.
            let mut settled = std::pin::pin!(front.settle(&mut out));
            let polled = settled.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(matches!(polled, Poll::Pending | Poll::Ready(Next::More)));
        }
        front.closed(lockstep_net::Closed::Killed).await;
        assert_eq!(held(&node), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_reads_behind_a_write_do_not_stand_in_memory_at_once() {
    let (node, _dir) = crate::testing::node().await;
    let mut front = front(&node);
    let mut out = Output::default();
    let value = vec![b'v'; 100_000];
    front.command(&[b"SET", b"big", &value], &mut out);
    let mut settled_after = 0;
    while front.command(&[b"GET", b"big"], &mut out) == Next::More {
        settled_after += 1;
    }
    assert_eq!(settled_after, 128);
    assert_eq!(front.settle(&mut out).await, Next::More);
    assert_eq!(out.len(), b"+OK\r\n".len() + 129 * (100_000 + b"$100000\r\n\r\n".len()));
}
