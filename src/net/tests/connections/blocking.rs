//! Commands that wait, and what happens to their connection meanwhile.

use lockstep_net::Closed;

use crate::server::{Server, text, until};

#[tokio::test]
async fn commands_behind_a_blocked_one_wait_for_it() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"PING\r\nBLOCK a\r\n");
    client.flush().await.unwrap();
    assert_eq!(text(&client.receive().await.unwrap()), "PONG");
    client.send_raw(b"ECHO b\r\nECHO c\r\n");
    client.flush().await.unwrap();
    server.executed(2).await;
    server.stage.release.notify_one();
    for reply in ["a", "b", "c"] {
        assert_eq!(text(&client.receive().await.unwrap()), reply);
    }
}

#[tokio::test]
async fn a_client_that_goes_away_while_blocked_is_noticed() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"BLOCK a\r\nPING\r\n");
    client.flush().await.unwrap();
    server.executed(1).await;
    drop(client);
    assert_eq!(server.closed().await, Closed::ByClient);
    until(|| server.connections.is_empty().then_some(())).await;
}

#[tokio::test]
async fn a_client_that_goes_away_behind_a_long_pipeline_is_noticed() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"BLOCK a\r\n");
    client.send_raw("PING\r\n".repeat(25_000).as_bytes());
    client.flush().await.unwrap();
    let link = until(|| server.connections.get(1)).await;
    let received = || link.traffic.bytes_in.load(std::sync::atomic::Ordering::SeqCst);
    until(|| (received() > 60_000).then_some(())).await;
    drop(client);
    let closed = server.closed();
    let ticks = async {
        loop {
            server.connections.tick(1);
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        why = closed => assert_eq!(why, Closed::ByClient),
        () = ticks => {}
    }
    assert!(received() < 140_000, "{} bytes were read ahead", received());
}

#[tokio::test]
async fn a_blocked_client_can_be_killed() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"BLOCK a\r\n");
    client.flush().await.unwrap();
    server.executed(1).await;
    server.connections.get(1).unwrap().close();
    assert_eq!(client.rest().await.unwrap(), b"");
    assert_eq!(server.closed().await, Closed::Killed);
}

#[tokio::test]
async fn an_idle_client_can_be_killed() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.ask(&["PING"]).await.unwrap();
    server.connections.get(1).unwrap().close();
    assert_eq!(client.rest().await.unwrap(), b"");
    assert_eq!(server.closed().await, Closed::Killed);
}
