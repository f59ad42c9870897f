//! Clients that ask and do not read.

use std::sync::atomic::Ordering::SeqCst;

use lockstep_net::client::RespClient;
use lockstep_net::{Closed, ConnectionLimits, OutputLimit};

use crate::server::{Server, until};

/// More than the sockets between client and server take on their own.
const MUCH: &str = "20000000";

fn limits(normal: OutputLimit, pubsub: OutputLimit) -> ConnectionLimits {
    ConnectionLimits { output_normal: normal, output_pubsub: pubsub, ..Default::default() }
}

/// A client that holds up more than 1 MB and is allowed to for ten seconds.
async fn beyond_the_soft_limit() -> (Server, RespClient) {
    let limits = limits(OutputLimit::new(0, 1_000_000, 10), OutputLimit::default());
    let server = Server::start_with(limits, false).await;
    let mut client = server.connect().await;
    ask_for_much(&server, &mut client).await;
    (server, client)
}

/// Asks for a reply, which waits for the client from then on.
async fn ask_for_much(server: &Server, client: &mut RespClient) {
    client.send(&["BIG", MUCH]);
    client.flush().await.unwrap();
    let link = until(|| server.connections.get(1)).await;
    until(|| (link.output_bytes.load(SeqCst) > 1_000_000).then_some(())).await;
}

#[tokio::test]
async fn a_client_beyond_the_hard_limit_is_closed() {
    let limits = limits(OutputLimit::new(30_000_000, 0, 0), OutputLimit::default());
    let server = Server::start_with(limits, false).await;
    let mut client = server.connect().await;
    for _ in 0..50 {
        client.send(&["BIG", MUCH]);
    }
    client.flush().await.unwrap();
    assert_eq!(server.closed().await, Closed::OutputLimit);
    assert!(server.stage.commands.load(SeqCst) < 10);
    assert_eq!(server.connections.counters.output_buffer_limit.load(SeqCst), 1);
}

#[tokio::test]
async fn a_client_that_reads_is_not_closed_whatever_it_asks_for() {
    let limits = limits(OutputLimit::new(30_000_000, 0, 0), OutputLimit::default());
    let server = Server::start_with(limits, false).await;
    let mut client = server.connect().await;
    for _ in 0..10 {
        client.send(&["BIG", MUCH]);
        client.flush().await.unwrap();
        client.receive().await.unwrap();
    }
}

#[tokio::test]
async fn a_client_beyond_the_soft_limit_has_some_time() {
    let (server, mut client) = beyond_the_soft_limit().await;
    server.connections.tick(8);
    client.receive().await.unwrap();
    let link = server.connections.get(1).unwrap();
    until(|| (link.output_bytes.load(SeqCst) == 0).then_some(())).await;
    // It has read; the time starts over.
    server.connections.tick(8);
    ask_for_much(&server, &mut client).await;
    server.connections.tick(11);
    assert_eq!(server.closed().await, Closed::OutputLimit);
}

#[tokio::test]
async fn a_client_has_all_the_seconds_of_the_soft_limit() {
    let (server, mut client) = beyond_the_soft_limit().await;
    // The clock counts whole seconds: of the first one little may have been left.
    server.connections.tick(10);
    client.receive().await.unwrap();
}

#[tokio::test]
async fn without_a_hard_limit_commands_wait_until_the_client_reads() {
    let limits = limits(OutputLimit::default(), OutputLimit::default());
    let server = Server::start_with(limits, false).await;
    let mut client = server.connect().await;
    for _ in 0..40 {
        client.send(&["BIG", MUCH]);
    }
    client.flush().await.unwrap();
    // Its replies fill up to 256 MiB.
    server.executed(13).await;
    let link = server.connections.get(1).unwrap();
    until(|| (link.output_bytes.load(SeqCst) > 256 << 20).then_some(())).await;
    assert!(link.output_bytes.load(SeqCst) < 300 << 20);
    for _ in 0..40 {
        client.receive().await.unwrap();
    }
}

#[tokio::test]
async fn a_stranger_that_does_not_read_is_closed() {
    let server = Server::start_with(ConnectionLimits::default(), true).await;
    let mut client = server.connect().await;
    // The refusals fill the sockets, then a little memory.
    let pipeline = "PING\r\n".repeat(1_000_000);
    client.send_raw(pipeline.as_bytes());
    client.flush().await.unwrap_or_default();
    assert_eq!(server.closed().await, Closed::OutputLimit);
}

#[tokio::test]
async fn a_subscriber_that_does_not_read_is_closed() {
    let limits = limits(OutputLimit::default(), OutputLimit::new(10_000_000, 0, 0));
    let server = Server::start_with(limits, false).await;
    let mut client = server.connect().await;
    client.hello().await.unwrap();
    client.ask(&["SUBSCRIBE"]).await.unwrap();
    for _ in 0..200 {
        server.stage.channel.send(vec![b'x'; 100_000]).unwrap_or_default();
        tokio::task::yield_now().await;
    }
    assert_eq!(server.closed().await, Closed::OutputLimit);
}
