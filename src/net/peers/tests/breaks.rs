//! Connections that end.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use lockstep_core::NodeId;

use super::node::{Node, Start, until};
use super::relay::Relay;
use crate::peers::{CallError, Lane};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_is_noticed_at_once_and_told_once() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let (there, back) = (Relay::to(b.address()).await, Relay::to(a.address()).await);
    a.links.know(b.id, &there.address.to_string());
    b.links.know(a.id, &back.address.to_string());
    until("both are up", || a.links.reaches(b.id) && b.links.reaches(a.id)).await;

    there.faults.silent.store(true, SeqCst);
    let start = Instant::now();
    there.cut();
    back.cut();
    until("both have noticed", || !a.losses().is_empty() && !b.losses().is_empty()).await;
    let lost = a.notes.lost.lock()[0];
    assert!(lost.2.duration_since(start) < Duration::from_millis(50), "{:?}", lost.2 - start);
    assert_eq!((lost.0, lost.1), (b.id, true));
    there.faults.silent.store(false, SeqCst);
    until("both are up again", || a.links.reaches(b.id) && b.links.reaches(a.id)).await;
    assert!(a.losses().len() <= 2, "not once for each connection: {:?}", a.losses());
}

#[tokio::test]
async fn a_process_that_dies_is_told_once() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    b.links_to(&a).await;
    let held = a.links.call(b.id, Lane::Data, "hold".into(), Duration::from_secs(5));
    until("it is served", || b.served() == 1).await;
    b.links.stop().await;
    assert_eq!(held.await, Err(CallError::Lost));
    until("it is noticed", || !a.losses().is_empty()).await;
    until("it is given up", || !a.links.reaches(b.id)).await;
    assert_eq!(a.losses(), [(b.id, true)]);
    assert!(b.losses().is_empty(), "it closed them itself");
}

#[tokio::test]
async fn requests_that_were_not_written_survive_a_break() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let relay = Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;
    for round in 0..20 {
        relay.cut();
        until("it is broken", || a.losses().len() > round).await;
        // Not connected any more, and the circuit is not open yet.
        assert_eq!(a.asks(&b, Lane::Log, "x").await, Ok("x".into()), "round {round}");
        until("all is well again", || a.links.reaches(b.id)).await;
    }
}

#[tokio::test]
async fn a_peer_that_comes_back_with_a_new_life_is_served() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let address = b.address();
    a.links_to(&b).await;
    b.links_to(&a).await;
    for boot in 2..6 {
        if boot == 2 {
            b.links.stop().await;
        }
        let reborn = Start { at: address, boot, ..Start::default() }.node(2).await;
        reborn.links_to(&a).await;
        until("it is found", || a.links.reaches(reborn.id)).await;
        assert_eq!(a.asks(&reborn, Lane::Data, "x").await, Ok("x".into()));
        assert_eq!(reborn.asks(&a, Lane::Urgent, "x").await, Ok("x".into()));
        reborn.links.stop().await;
    }
}

#[tokio::test]
async fn an_earlier_life_is_refused_while_a_later_one_is_connected() {
    let a = Node::new(1).await;
    let later = Start { boot: 5, ..Start::default() }.node(2).await;
    later.links_to(&a).await;
    let earlier = Start { boot: 4, ..Start::default() }.node(2).await;
    earlier.knows(&a);
    until("it is refused", || earlier.troubles().contains("an older life")).await;
    assert_eq!(later.asks(&a, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn a_later_life_takes_the_place_of_an_earlier_one() {
    let a = Node::new(1).await;
    let earlier = Start { boot: 4, ..Start::default() }.node(2).await;
    earlier.links_to(&a).await;
    let later = Start { boot: 5, ..Start::default() }.node(2).await;
    later.links_to(&a).await;
    assert_eq!(a.losses(), [(NodeId(2), true)]);
    until("the earlier one is out", || !earlier.losses().is_empty()).await;
    assert_eq!(later.asks(&a, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn a_panic_of_the_service_costs_one_connection() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    let held = a.links.call(b.id, Lane::Urgent, "hold".into(), Duration::from_secs(5));
    until("it is served", || b.served() == 1).await;
    for word in ["panic", "panic-later"] {
        assert_eq!(a.asks(&b, Lane::Data, word).await, Err(CallError::Lost));
        until("the link is up again", || a.links.reaches(b.id)).await;
        assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
    }
    b.notes.gate.notify_waiters();
    assert_eq!(held.await, Ok("hold".into()), "the other connection lives");
}

#[tokio::test]
async fn stopping_ends_all_calls() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    let held = a.links.call(b.id, Lane::Data, "hold".into(), Duration::from_secs(5));
    until("it is served", || b.served() == 1).await;
    let start = Instant::now();
    a.links.stop().await;
    assert_eq!(held.await, Err(CallError::Lost));
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Err(CallError::NotSent));
    assert!(start.elapsed() < Duration::from_millis(500));
    assert!(a.losses().is_empty());
    assert!(a.links.links().is_empty());
    until("the other notices", || b.losses() == [(a.id, true)]).await;
}
