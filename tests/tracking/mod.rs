//! Client-side caching as clients see it, on one node and on three.

mod against_redis;
mod cluster;
mod modes;
mod random;
mod redirect;
mod told;

use lockstep_tests::{Client, Server, Value, request, words};

fn server(arguments: &[&str]) -> Server {
    Server::lockstep(&[&["--fsync", "never"], arguments].concat())
}

/// Makes a client speak RESP3 and track, in a mode.
fn track(client: &mut Client, mode: &str) {
    client.call("HELLO 3");
    assert_eq!(client.call(&format!("CLIENT TRACKING ON {mode}")), Value::Simple("OK".into()));
}

/// A client of a server that tracks.
fn tracker(server: &Server, mode: &str) -> Client {
    let mut client = server.client();
    track(&mut client, mode);
    client
}

/// The keys of a push that says which have changed; none: any may have.
fn keys(push: &Value) -> Option<Vec<String>> {
    let Value::Push(parts) = push else { panic!("no push: {push:?}") };
    assert_eq!(parts[0].text(), "invalidate", "{push:?}");
    (parts[1] != Value::Nil).then(|| parts[1].items().iter().map(Value::text).collect())
}

/// The keys of the next thing that comes, which is such a push.
fn told(client: &mut Client) -> Option<Vec<String>> {
    keys(&client.reply().unwrap())
}

/// Those keys, as `told` gives them.
fn these(line: &str) -> Option<Vec<String>> {
    Some(words(line).into_iter().map(str::to_owned).collect())
}

/// Asserts that nothing is said to a client of what happened before. The second PING is
/// sent when the connection had nothing else to do than to say it.
fn hears_nothing(client: &mut Client) {
    for _ in 0..2 {
        assert_eq!(client.call("PING"), Value::Simple("PONG".into()));
    }
}

/// Sends commands as one pipeline.
fn send(client: &mut Client, lines: &[&str]) {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| request(&words(line))).collect();
    client.send(&bytes).unwrap();
}
