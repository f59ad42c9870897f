//! Who is let in, and what the others are told.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::node::{Node, Start, until};
use crate::peers::{CallError, Lane, Leases, LinkState, PeerLimits};

/// `a` dials `b` and is told why it is not let in.
async fn is_refused(a: Start, b: Start, because: &str) {
    let (a, b) = (a.node(1).await, b.node(2).await);
    a.knows(&b);
    until(because, || a.troubles().contains(because)).await;
    until("the circuit is open", || {
        a.links.links().iter().all(|link| link.state == LinkState::Open)
    })
    .await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Err(CallError::NotSent));
    assert_eq!(b.served(), 0);
    assert!(a.losses().is_empty() && b.losses().is_empty());
}

fn with(secret: Option<&'static [u8]>) -> Start {
    Start { secret, ..Start::default() }
}

#[tokio::test]
async fn the_same_secret_lets_in() {
    let (a, b) = (with(Some(b"apples")).node(1).await, with(Some(b"apples")).node(2).await);
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn another_secret_does_not() {
    is_refused(with(Some(b"apples")), with(Some(b"pears")), "the secret is wrong").await;
    is_refused(with(Some(b"apples")), with(Some(b"apples ")), "the secret is wrong").await;
}

#[tokio::test]
async fn a_secret_on_one_side_only_does_not() {
    is_refused(with(None), with(Some(b"pears")), "the secret is missing").await;
    is_refused(with(Some(b"apples")), with(None), "the secret is not expected").await;
}

#[tokio::test]
async fn another_cluster_is_refused() {
    let other = Start { cluster: 0xBEEF, ..Start::default() };
    is_refused(other, Start::default(), "wrong cluster id").await;
}

#[tokio::test]
async fn whoever_would_wait_less_long_for_copies_is_refused() {
    let lasting = |ms, drift_percent| Start {
        leases: Some(Leases { ms, drift_percent }),
        ..Start::default()
    };
    is_refused(lasting(500, 1), lasting(400, 1), "400 ms and 1 % at the node").await;
    is_refused(lasting(500, 1), lasting(500, 0), "cache-clock-drift must be the same").await;
    for (one, other) in [(lasting(500, 1), lasting(500, 1)), (lasting(500, 1), Start::default())] {
        let (a, b) = (one.node(1).await, other.node(2).await);
        a.links_to(&b).await;
        assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
    }
}

#[tokio::test]
async fn another_node_at_the_address_is_refused() {
    let (a, b, c) = (Node::new(1).await, Node::new(2).await, Node::new(3).await);
    a.links.know(c.id, &b.address().to_string());
    until("it is refused", || a.troubles().contains("wrong node id")).await;
    assert_eq!(b.served(), 0);
}

#[tokio::test]
async fn a_copy_of_the_node_is_refused() {
    let (a, copy) = (Node::new(1).await, Node::new(1).await);
    a.links.know(lockstep_core::NodeId(0), &copy.address().to_string());
    until("it is refused", || a.troubles().contains("copies of one data directory")).await;
}

#[tokio::test]
async fn versions_without_one_in_common_are_refused() {
    let new = || Start { versions: (3, 5), ..Start::default() };
    is_refused(new(), Start::default(), "no common version").await;
    is_refused(Start::default(), new(), "no common version").await;
}

#[tokio::test]
async fn versions_are_negotiated_during_an_upgrade() {
    let new = Start { versions: (1, 7), ..Start::default() }.node(1).await;
    let old = Start { versions: (0, 2), ..Start::default() }.node(2).await;
    new.links_to(&old).await;
    old.links_to(&new).await;
    assert_eq!(new.asks(&old, Lane::Data, "x").await, Ok("x".into()));
    assert_eq!(old.asks(&new, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn links_wait_until_both_belong_to_the_cluster() {
    let none = || Start { cluster: 0, ..Start::default() };
    let (a, b) = (none().node(1).await, none().node(2).await);
    a.knows(&b);
    until("it shows", || a.links.links().iter().all(|link| link.state == LinkState::NoCluster))
        .await;
    a.links.belongs_to(7);
    until("it is told", || a.troubles().contains("belongs to no cluster yet")).await;
    b.links.belongs_to(7);
    until("the link is up", || a.links.reaches(b.id)).await;
}

#[tokio::test]
async fn a_node_that_is_forgotten_before_the_cluster_is_there_is_not_dialled() {
    let none = || Start { cluster: 0, ..Start::default() };
    let (a, b) = (none().node(1).await, none().node(2).await);
    a.knows(&b);
    a.links.forget(b.id);
    b.links.belongs_to(7);
    a.links.belongs_to(7);
    tokio::time::sleep(Duration::from_millis(250)).await;
    assert!(b.links.links().is_empty());
}

#[tokio::test]
async fn who_never_finishes_is_closed_and_keeps_nobody_out() {
    let limits = PeerLimits {
        handshakes_max: 4,
        handshake: Duration::from_millis(300),
        ..PeerLimits::default()
    };
    let b = Start { limits, ..Start::default() }.node(2).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(b.address()).await.unwrap();
        stream.write_all(b"LKS").await.unwrap();
        slow.push(stream);
    }
    let a = Node::new(1).await;
    let start = Instant::now();
    a.links_to(&b).await;
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
    println!("connected beside 20 that never finish within {:?}", start.elapsed());
    for mut stream in slow {
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap_or(0), 0, "closed without a word");
    }
    assert!(start.elapsed() < Duration::from_secs(3));
    assert_eq!(a.asks(&b, Lane::Data, "x").await, Ok("x".into()));
}

#[tokio::test]
async fn one_byte_after_the_other_does_not_stretch_the_deadline() {
    let limits = PeerLimits { handshake: Duration::from_millis(200), ..PeerLimits::default() };
    let b = Start { limits, ..Start::default() }.node(2).await;
    let mut stream = TcpStream::connect(b.address()).await.unwrap();
    let start = Instant::now();
    for byte in b"LKSP\x01\x00\x02".iter().chain(&[0; 4000]) {
        if stream.write_all(&[*byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}
