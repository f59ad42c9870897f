//! Clients that hold too much, all together.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use lockstep_net::client::RespClient;
use lockstep_net::{Closed, Link};

use crate::server::{Server, until};

/// A client that has asked for so many bytes and reads nothing.
async fn holder(server: &Server, id: u64, bytes: &str) -> (RespClient, Arc<Link>) {
    let mut client = server.connect().await;
    client.send(&["BIG", bytes]);
    client.flush().await.unwrap();
    let link = until(|| server.connections.get(id)).await;
    until(|| (link.output_bytes.load(SeqCst) > 1_000_000).then_some(())).await;
    (client, link)
}

fn allow(server: &Server, bytes: usize) {
    server.connections.limits.clients_bytes_max.store(bytes, SeqCst);
    server.connections.weigh_all();
}

fn evicted(server: &Server) -> u64 {
    server.connections.counters.evicted.load(SeqCst)
}

#[tokio::test]
async fn who_holds_most_goes_until_the_rest_is_allowed() {
    let server = Server::start().await;
    let (_large, large) = holder(&server, 1, "60000000").await;
    let (mut small, link) = holder(&server, 2, "20000000").await;
    assert!(large.bytes() > link.bytes());
    allow(&server, link.bytes() + 1_000_000);
    assert_eq!(server.closed().await, Closed::Killed);
    assert_eq!(evicted(&server), 1);
    small.receive().await.unwrap();
    // What is gone counts no more.
    until(|| server.connections.get(1).is_none().then_some(())).await;
    let (mut next, _) = holder(&server, 3, "15000000").await;
    next.receive().await.unwrap();
    assert_eq!(evicted(&server), 1);
}

#[tokio::test]
async fn who_is_spared_stays_and_counts() {
    let server = Server::start().await;
    let (mut large, spared) = holder(&server, 1, "60000000").await;
    spared.spare(true);
    let (_small, _link) = holder(&server, 2, "20000000").await;
    allow(&server, spared.bytes() + 1_000_000);
    assert_eq!(server.closed().await, Closed::Killed);
    assert!(server.connections.get(1).is_some());
    large.receive().await.unwrap();
}

#[tokio::test]
async fn who_sends_or_asks_for_too_much_is_closed_at_once() {
    let server = Server::start().await;
    allow(&server, 3_000_000);
    let mut asks = server.connect().await;
    asks.send(&["BIG", "30000000"]);
    asks.flush().await.unwrap();
    assert_eq!(server.closed().await, Closed::Killed);
    let mut sends = server.connect().await;
    sends.send(&["ECHO", &"x".repeat(4_000_000)]);
    // The connection may be gone before all is sent.
    let _ = sends.flush().await;
    assert_eq!(server.closed().await, Closed::Killed);
    assert_eq!(evicted(&server), 2);
    assert_eq!(server.stage.commands.load(SeqCst), 1, "what was too long was not executed");
    let mut modest = server.connect().await;
    modest.send(&["BIG", "1000"]);
    modest.flush().await.unwrap();
    modest.receive().await.unwrap();
}
