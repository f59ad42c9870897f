//! CLIENT PAUSE holds back what it should and nothing else.

use std::time::{Duration, Instant};

use lockstep_tests::{Server, Value};

use super::send;

#[test]
fn a_pause_for_writes_lets_what_stands_before_the_write_through() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    other.call("CLIENT PAUSE 600000 WRITE");
    send(&mut client, &["PING", "GET a", "SET a 1", "GET a"]);
    assert_eq!(client.reply().unwrap().text(), "PONG");
    assert_eq!(client.reply().unwrap(), Value::Nil);
    assert_eq!(other.call("CLIENT UNPAUSE").text(), "OK");
    assert_eq!(client.reply().unwrap().text(), "OK");
    assert_eq!(client.reply().unwrap().text(), "1");
}

#[test]
fn a_pause_for_writes_holds_only_transactions_that_write() {
    let server = Server::lockstep(&[]);
    let (mut client, mut other) = (server.client(), server.client());
    send(&mut client, &["MULTI", "SET a 1"]);
    let _ = (client.reply(), client.reply());
    other.call("CLIENT PAUSE 600000 WRITE");
    send(&mut client, &["EXEC"]);
    assert_eq!(super::texts(&mut other, &["MULTI", "GET a", "EXEC"])[1], "QUEUED");
    assert_eq!(other.call("GET a"), Value::Nil);
    other.call("CLIENT UNPAUSE");
    assert_eq!(client.reply().unwrap().items()[0].text(), "OK");
}

#[test]
fn a_pause_of_all_ends_by_itself() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    let begun = Instant::now();
    client.call("CLIENT PAUSE 200");
    assert_eq!(super::texts(&mut client, &["MULTI", "PING", "EXEC"])[0], "OK");
    assert!(begun.elapsed() >= Duration::from_millis(150), "{:?}", begun.elapsed());
}
