//! Every bound, and what happens when it is reached.

use std::time::Duration;

use bytes::Bytes;

use super::node::{Node, Start, until};
use crate::peers::{CallError, Lane, LinkState, PeerLimits};

fn limited(change: impl FnOnce(&mut PeerLimits)) -> Start {
    let mut limits = PeerLimits { silence: Duration::from_secs(60), ..PeerLimits::default() };
    change(&mut limits);
    Start { limits, ..Start::default() }
}

/// A node and a peer that can not be connected to yet.
async fn waiting(start: Start) -> (Node, Node) {
    let limits = PeerLimits { connect: Duration::from_secs(60), ..start.limits.clone() };
    let a = Start { limits, ..start }.node(1).await;
    let silent = Node::new(2).await;
    let relay = super::relay::Relay::to(silent.address()).await;
    relay.faults.silent.store(true, std::sync::atomic::Ordering::SeqCst);
    a.links.know(silent.id, &relay.address.to_string());
    (a, silent)
}

#[tokio::test]
async fn a_full_lane_turns_calls_back_and_leaves_the_others_alone() {
    let (a, b) = waiting(limited(|limits| limits.lane_bytes_max[Lane::Data as usize] = 1000)).await;
    let time = Duration::from_secs(60);
    let first = a.links.call(b.id, Lane::Data, vec![0; 5000].into(), time);
    let full = a.links.call(b.id, Lane::Data, "x".into(), time).await;
    assert_eq!(full, Err(CallError::NotSent), "an empty lane takes one of any length");
    let mut other = a.links.call(b.id, Lane::Log, "x".into(), time);
    tokio::select! {
        biased;
        outcome = &mut other => panic!("{outcome:?}"),
        () = tokio::task::yield_now() => {}
    }
    drop(first);
    let now = a.links.call(b.id, Lane::Data, "x".into(), Duration::ZERO).await;
    assert_eq!(now, Err(CallError::NotSent), "it was queued and ran out of time");
}

#[tokio::test]
async fn a_lane_takes_only_so_many_messages() {
    let (a, b) = waiting(limited(|limits| limits.lane_messages_max = 10)).await;
    for _ in 0..20 {
        a.links.tell(b.id, Lane::Bulk, Bytes::from_static(b"0123456789"));
    }
    let queued = a.links.links().iter().map(|link| link.queue_bytes).sum::<u64>();
    assert_eq!(queued, 10 * (10 + 24));
}

#[tokio::test]
async fn a_call_that_ran_out_of_time_in_the_queue_leaves_it() {
    let (a, b) = waiting(limited(|_| {})).await;
    let big = Bytes::from(vec![0; 1 << 20]);
    let late = a.links.call(b.id, Lane::Data, big.clone(), Duration::from_millis(20));
    let dropped = a.links.call(b.id, Lane::Data, big, Duration::from_secs(60));
    let queued = || a.links.links().iter().map(|link| link.queue_bytes).sum::<u64>();
    assert_eq!(queued(), 2 * ((1 << 20) + 24));
    drop(dropped);
    assert_eq!(queued(), (1 << 20) + 24);
    assert_eq!(late.await, Err(CallError::NotSent));
    assert_eq!(queued(), 0);
    assert_eq!(b.served(), 0);
}

#[tokio::test]
async fn a_message_that_is_too_long_is_not_sent() {
    let a = limited(|limits| limits.message_bytes_max = 1000).node(1).await;
    let b = Node::new(2).await;
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, vec![0; 1001]).await, Err(CallError::NotSent));
    assert_eq!(a.asks(&b, Lane::Data, vec![0; 1000]).await.map(|reply| reply.len()), Ok(1000));
}

#[tokio::test]
async fn a_message_longer_than_the_other_side_takes_costs_the_connection() {
    let b = limited(|limits| limits.message_bytes_max = 600_000).node(2).await;
    let a = Node::new(1).await;
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, vec![0; 600_001]).await, Err(CallError::Lost));
    assert_eq!(b.served(), 0);
}

#[tokio::test]
async fn a_reply_that_is_too_long_is_a_lost_one() {
    let b = limited(|limits| limits.message_bytes_max = 1 << 20).node(2).await;
    let a = Node::new(1).await;
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "grow").await, Err(CallError::Lost));
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()), "the connection goes on");
}

#[tokio::test]
async fn more_requests_than_can_be_served_are_turned_back() {
    let b = limited(|limits| limits.serving_max = 2).node(2).await;
    let a = Node::new(1).await;
    a.links_to(&b).await;
    let time = Duration::from_secs(5);
    let held: Vec<_> =
        (0..2).map(|_| a.links.call(b.id, Lane::Data, "hold".into(), time)).collect();
    until("both are served", || b.served() == 2).await;
    assert_eq!(a.asks(&b, Lane::Data, "hold").await, Err(CallError::NotSent));
    assert_eq!(b.served(), 2);
    b.notes.gate.notify_waiters();
    for call in held {
        assert_eq!(call.await, Ok("hold".into()));
    }
}

#[tokio::test]
async fn a_node_that_takes_no_replies_is_not_read_from() {
    let b = limited(|limits| limits.reply_bytes_max = 1 << 20).node(2).await;
    let a = Node::new(1).await;
    let relay = super::relay::Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;
    let time = Duration::from_secs(20);
    // Two megabytes come back for each short request.
    let calls: Vec<_> =
        (0..100).map(|_| a.links.call(b.id, Lane::Data, "grow".into(), time)).collect();
    let mut most = 0;
    let watch = async {
        loop {
            let waiting = b.links.links().iter().map(|link| link.queue_bytes).max();
            most = most.max(waiting.unwrap_or_default());
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    };
    let all = async {
        for call in calls {
            assert_eq!(call.await.map(|reply| reply.len()), Ok(2 << 20));
        }
    };
    tokio::select! {
        () = all => {}
        () = watch => {}
    }
    assert_eq!(a.links.links()[0].state, LinkState::Up);
    println!("at most {most} bytes of replies waited");
}
