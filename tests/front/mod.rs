//! The road of a command: replies in the client's order whatever is mixed, and
//! nothing left behind by whoever goes away.

mod ends;
mod limits;
mod order;
mod pauses;
mod starts;
mod transactions;

use lockstep_tests::{Client, Value, request, wait_for, words};

/// Sends commands as one pipeline.
fn send(client: &mut Client, lines: &[&str]) {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| request(&words(line))).collect();
    client.send(&bytes).unwrap();
}

/// Sends commands as one pipeline and gives the replies.
fn pipeline(client: &mut Client, lines: &[&str]) -> Vec<Value> {
    send(client, lines);
    lines.iter().map(|_| client.reply().unwrap()).collect()
}

/// The replies to a pipeline, as text.
fn texts(client: &mut Client, lines: &[&str]) -> Vec<String> {
    pipeline(client, lines).iter().map(Value::text).collect()
}

/// Waits until so many clients wait in the machines.
fn wait_for_blocked(observer: &mut Client, count: usize) {
    wait_for("clients that wait", || {
        let info = observer.call("INFO clients").text();
        info.contains(&format!("\r\nblocked_clients:{count}\r\n"))
    });
}
