//! The idle timeout.

use std::sync::atomic::Ordering::SeqCst;

use lockstep_net::{Closed, ConnectionLimits};

use crate::server::Server;

async fn server() -> Server {
    let limits = ConnectionLimits { timeout_seconds: 100.into(), ..Default::default() };
    Server::start_with(limits, false).await
}

#[tokio::test]
async fn an_idle_client_is_closed_without_a_word() {
    let server = server().await;
    let mut client = server.connect().await;
    client.ask(&["PING"]).await.unwrap();
    server.connections.tick(100);
    assert_eq!(client.rest().await.unwrap(), b"");
    assert_eq!(server.closed().await, Closed::Idle);
    assert_eq!(server.connections.counters.idle.load(SeqCst), 1);
}

#[tokio::test]
async fn a_client_that_says_something_now_and_then_stays() {
    let server = server().await;
    let mut client = server.connect().await;
    for _ in 0..5 {
        client.ask(&["PING"]).await.unwrap();
        server.connections.tick(60);
    }
}

#[tokio::test]
async fn a_client_amid_a_command_is_idle_too() {
    let server = server().await;
    let mut client = server.connect().await;
    client.send_raw(b"*2\r\n$4\r\nEC");
    client.flush().await.unwrap();
    client.send_raw(b"");
    crate::server::until(|| server.connections.get(1)).await;
    // Its half command may still be on the way when the clock moves first.
    loop {
        server.connections.tick(100);
        if server.connections.is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(server.closed().await, Closed::Idle);
}

#[tokio::test]
async fn subscribers_and_blocked_clients_are_spared() {
    let server = server().await;
    let mut subscriber = server.connect().await;
    subscriber.hello().await.unwrap();
    subscriber.ask(&["SUBSCRIBE"]).await.unwrap();
    let mut blocked = server.connect().await;
    blocked.send(&["BLOCK", "a"]);
    blocked.flush().await.unwrap();
    server.executed(3).await;
    server.connections.tick(1000);
    let mut other = server.connect().await;
    other.ask(&["PING"]).await.unwrap();
    assert_eq!(server.connections.len(), 3);
    server.stage.release.notify_one();
    blocked.receive().await.unwrap();
    subscriber.ask(&["PING"]).await.unwrap();
}

#[tokio::test]
async fn a_timeout_set_later_holds_for_clients_that_wait_already() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.ask(&["PING"]).await.unwrap();
    server.connections.tick(50);
    server.connections.limits.timeout_seconds.store(60, SeqCst);
    server.connections.tick(10);
    assert_eq!(client.rest().await.unwrap(), b"");
}
