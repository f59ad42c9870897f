//! Three nodes and more, as their clients see them.

mod failing;
mod forming;
mod leaving;
mod load;
mod membership;
mod metrics;
mod room;
mod serving;

use lockstep_tests::{Client, Cluster, Value, request, words};

/// So many nodes with so many shards, without waiting for the disk.
fn cluster(nodes: usize, shards: u16) -> Cluster {
    Cluster::start(nodes, &["--shards", &shards.to_string(), "--fsync", "everysec"])
}

/// Sends commands as one pipeline and gives the replies.
fn pipeline(client: &mut Client, lines: &[String]) -> Vec<Value> {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| request(&words(line))).collect();
    client.send(&bytes).unwrap();
    lines.iter().map(|_| client.reply().unwrap()).collect()
}

/// The replies to a pipeline, as text.
fn texts(client: &mut Client, lines: &[String]) -> Vec<String> {
    pipeline(client, lines).iter().map(Value::text).collect()
}
