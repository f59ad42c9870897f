//! Scripts and functions as their clients see them: beside Redis, and over three nodes.

mod against_redis;
mod cluster;
mod functions;
mod limits;
mod real;

use lockstep_tests::{Client, Value};

/// Runs a script.
fn eval(client: &mut Client, body: &str, rest: &[&str]) -> Value {
    let words: Vec<&str> = ["EVAL", body].iter().chain(rest).copied().collect();
    client.call_words(&words)
}
