//! The end of the server.

use lockstep_net::Closed;
use lockstep_net::client::RespClient;

use crate::server::Server;

#[tokio::test]
async fn idle_clients_are_closed_and_nobody_new_is_let_in() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.ask(&["PING"]).await.unwrap();
    server.stop.send(true).unwrap();
    assert_eq!(client.rest().await.unwrap(), b"");
    assert_eq!(server.closed().await, Closed::Stopping);
    server.ended.await.unwrap();
    assert!(RespClient::connect(server.address).await.is_err());
}

#[tokio::test]
async fn a_batch_that_was_begun_is_answered() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"WAIT a\r\nDEFER b\r\n");
    client.flush().await.unwrap();
    server.executed(2).await;
    server.stop.send(true).unwrap();
    tokio::task::yield_now().await;
    server.stage.release.notify_one();
    assert_eq!(client.rest().await.unwrap(), b"$1\r\na\r\n$1\r\nb\r\n");
    server.ended.await.unwrap();
}

#[tokio::test]
async fn a_blocked_client_does_not_hold_the_server_up() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.send_raw(b"BLOCK a\r\n");
    client.flush().await.unwrap();
    server.executed(1).await;
    server.stop.send(true).unwrap();
    assert_eq!(client.rest().await.unwrap(), b"");
    server.ended.await.unwrap();
}

#[tokio::test]
async fn what_a_client_is_just_sending_is_answered_before_the_end() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    client.ask(&["PING"]).await.unwrap();
    server.stop.send(true).unwrap();
    // Every task has heard of the end by now.
    tokio::task::yield_now().await;
    client.send_raw(b"PING\r\n");
    client.flush().await.unwrap();
    assert_eq!(client.rest().await.unwrap(), b"$4\r\nPONG\r\n");
    server.ended.await.unwrap();
}
