//! When calls fail at once, and when they are tried again.

use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use super::node::{Node, Start, until};
use super::relay::Relay;
use crate::peers::{CallError, Lane, LinkKind, LinkState, PeerLimits};

fn state(node: &Node, kind: LinkKind) -> LinkState {
    let links = node.links.links();
    links.iter().find(|link| link.kind == kind && !link.inbound).unwrap().state
}

#[tokio::test]
async fn a_peer_that_is_not_there_opens_the_circuit() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let address = b.address();
    b.links.stop().await;
    a.links.know(b.id, &address.to_string());
    let waiting = a.asks(&b, Lane::Data, "x").await;
    assert_eq!(waiting, Err(CallError::NotSent), "it waited for the link until that was given up");
    until("the circuit is open", || state(&a, LinkKind::Rest) == LinkState::Open).await;
    let start = Instant::now();
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Err(CallError::NotSent));
    assert!(start.elapsed() < Duration::from_millis(50), "at once");

    let again = Start { at: address, boot: 2, ..Start::default() }.node(2).await;
    until("it is found again", || a.links.reaches(again.id)).await;
    assert_eq!(a.asks(&again, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn one_call_without_a_sign_of_the_peer_opens_the_circuit_and_a_ping_closes_it() {
    let limits = PeerLimits { silence: Duration::from_secs(60), ..PeerLimits::default() };
    let a = Start { limits, ..Start::default() }.node(1).await;
    let b = Node::new(2).await;
    let relay = Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;

    relay.faults.silent.store(true, SeqCst);
    let time = Duration::from_millis(30);
    let waiting = a.links.call(b.id, Lane::Urgent, "x".into(), Duration::from_secs(5));
    let lost = a.links.call(b.id, Lane::Urgent, "x".into(), time).await;
    assert_eq!(lost, Err(CallError::Lost), "it was written");
    assert_eq!(state(&a, LinkKind::Urgent), LinkState::Open);
    assert!(!a.links.reaches(b.id));
    let start = Instant::now();
    assert_eq!(a.asks(&b, Lane::Urgent, "x").await, Err(CallError::NotSent));
    assert!(start.elapsed() < Duration::from_millis(50), "at once");

    relay.faults.silent.store(false, SeqCst);
    let start = Instant::now();
    until("the circuit is closed", || a.links.reaches(b.id)).await;
    assert!(start.elapsed() < Duration::from_millis(300), "{:?}", start.elapsed());
    assert_eq!(waiting.await, Ok("x".into()), "the connection was never closed");
    assert!(a.losses().is_empty());
}

#[tokio::test]
async fn a_slow_service_is_no_reason_to_open_the_circuit() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    a.links_to(&b).await;
    let other = async {
        for _ in 0..40 {
            a.asks(&b, Lane::Data, "x").await.unwrap();
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let slow = a.links.call(b.id, Lane::Data, "hold".into(), Duration::from_millis(50));
    let (slow, ()) = tokio::join!(slow, other);
    assert_eq!(slow, Err(CallError::Lost));
    assert_eq!(state(&a, LinkKind::Rest), LinkState::Up);
}

#[tokio::test]
async fn a_connection_without_a_sign_is_given_up_and_made_anew() {
    let limits = PeerLimits {
        silence: Duration::from_millis(200),
        probe: Duration::from_millis(20),
        connect: Duration::from_millis(100),
        ..PeerLimits::default()
    };
    let a = Start { limits, ..Start::default() }.node(1).await;
    let b = Node::new(2).await;
    let relay = Relay::to(b.address()).await;
    a.links.know(b.id, &relay.address.to_string());
    until("the link is up", || a.links.reaches(b.id)).await;
    relay.faults.silent.store(true, SeqCst);
    let held = a.asks(&b, Lane::Data, "x").await;
    assert_eq!(held, Err(CallError::Lost), "it does not wait for its five seconds");
    assert_eq!(state(&a, LinkKind::Rest), LinkState::Open);
    assert!(a.losses().is_empty(), "silence is no break");
    // What the relay holds back is of connections that nobody has any more.
    relay.cut();
    relay.faults.silent.store(false, SeqCst);
    until("the link is up again", || a.links.reaches(b.id)).await;
    assert_eq!(a.asks(&b, Lane::Data, "y").await, Ok("y".into()));
}

#[tokio::test]
async fn a_peer_that_dials_is_dialled_back_at_once() {
    let (a, b) = (Node::new(1).await, Node::new(2).await);
    let address = b.address();
    b.links.stop().await;
    let limits = PeerLimits {
        pause_min: Duration::from_secs(30),
        pause_max: Duration::from_secs(60),
        ..PeerLimits::default()
    };
    let slow = Start { limits, ..Start::default() }.node(3).await;
    slow.links.know(b.id, &address.to_string());
    until("it has tried in vain", || !slow.troubles().is_empty()).await;
    let again = Start { at: address, boot: 2, ..Start::default() }.node(2).await;
    again.knows(&slow);
    until("it does not wait for its thirty seconds", || slow.links.reaches(again.id)).await;
    drop(a);
}
