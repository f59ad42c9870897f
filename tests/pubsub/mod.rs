//! Channels as their clients see them, on one node and on three.

mod against_redis;
mod cluster;
mod keyspace;
mod keyspace_cluster;
mod listening;
mod slow;

use lockstep_tests::{Client, Value, request, words};

/// Sends commands as one pipeline.
fn send(client: &mut Client, lines: &[&str]) {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| request(&words(line))).collect();
    client.send(&bytes).unwrap();
}

/// The parts of the next reply or push, as text.
fn told(client: &mut Client) -> Vec<String> {
    client.reply().unwrap().items().iter().map(Value::text).collect()
}

/// Subscribes, and reads the confirmation.
fn subscribe(client: &mut Client, channel: &str) {
    send(client, &[&format!("SUBSCRIBE {channel}")]);
    assert_eq!(told(client)[..2], ["subscribe", channel]);
}
