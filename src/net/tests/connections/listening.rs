//! The door.

use std::sync::atomic::Ordering::SeqCst;

use lockstep_net::{ConnectionLimits, Listener};

use crate::server::{Server, text, until};

#[tokio::test]
async fn clients_beyond_the_limit_are_told_and_closed() {
    let limits = ConnectionLimits { clients_max: 2.into(), ..Default::default() };
    let server = Server::start_with(limits, false).await;
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    first.ask(&["PING"]).await.unwrap();
    second.ask(&["PING"]).await.unwrap();
    let mut third = server.connect().await;
    // What it has said already must not destroy what it is told.
    third.send(&["PING"]);
    third.flush().await.unwrap();
    assert_eq!(third.rest().await.unwrap(), b"-ERR max number of clients reached\r\n");
    assert_eq!(server.connections.counters.rejected.load(SeqCst), 1);
    drop(first);
    until(|| (server.connections.len() < 2).then_some(())).await;
    let mut fourth = server.connect().await;
    assert_eq!(text(&fourth.ask(&["PING"]).await.unwrap()), "PONG");
}

#[tokio::test]
async fn protected_mode_lets_clients_of_this_machine_in() {
    let limits = ConnectionLimits { protected: true.into(), ..Default::default() };
    let server = Server::start_with(limits, false).await;
    server.connect().await.ask(&["PING"]).await.unwrap();
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_a_way_out() {
    let first = Listener::bind(&["127.0.0.1".to_owned()], 0).unwrap();
    let port = first.addresses()[0].port();
    let error = Listener::bind(&["127.0.0.1".to_owned()], port).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "cannot listen on 127.0.0.1 port {port}: another process does. Stop it, or choose \
             another port with --port"
        )
    );
}

#[tokio::test]
async fn an_address_may_be_missing_when_it_says_so() {
    // An address of the documentation net: no machine has it.
    let addresses = ["127.0.0.1".to_owned(), "-192.0.2.1".to_owned()];
    assert_eq!(Listener::bind(&addresses, 0).unwrap().addresses().len(), 1);
    let error = Listener::bind(&["192.0.2.1".to_owned()], 0).unwrap_err();
    assert!(error.to_string().contains("this machine has no such address"), "{error}");
}

#[tokio::test]
async fn no_address_at_all_is_an_error() {
    assert!(Listener::bind(&[], 0).is_err());
}
