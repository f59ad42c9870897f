//! Copies of keys on the nodes that do not lead, as clients see them.

mod attested;
mod back;
mod failing;
mod fills;
mod keys;
mod modes;
mod removed;
mod replicas;
mod states;
mod table;
mod uses;
mod values;

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

/// Three nodes with one shard, so that one of them is the home of all keys. They read from
/// copies of single keys only.
fn cluster(arguments: &[&str]) -> Cluster {
    start(&[&["--cache-replica-reads", "no"], arguments].concat())
}

/// The same with settings as they are, but for these.
fn start(arguments: &[&str]) -> Cluster {
    let mut all = vec!["--shards", "1", "--fsync", "never"];
    all.extend(arguments);
    Cluster::start(3, &all)
}

/// The ids of the nodes, in the order of the test.
fn ids(cluster: &Cluster) -> Vec<String> {
    (0..cluster.len()).map(|node| id(&mut cluster.client(node))).collect()
}

/// What CACHE calls a node: its CLUSTER MYID, which NODE LIST tells in any mode.
fn id(client: &mut Client) -> String {
    let nodes = client.call("NODE LIST");
    let is_me = |node: &&Value| node.field("myself").and_then(Value::int) == Some(1);
    let me = nodes.items().iter().find(is_me).unwrap_or_else(|| panic!("{nodes:?}"));
    me.field("id").unwrap().text()
}

/// What CACHE STATE tells of one key.
fn state(client: &mut Client, key: &str) -> Value {
    let told = client.call(&format!("CACHE STATE {key}"));
    told.items().first().cloned().unwrap_or_else(|| panic!("{told:?}"))
}

/// The letters of a key at the nodes with these ids.
fn letters(state: &Value, ids: &[String]) -> String {
    let nodes = state.field("nodes").unwrap().items();
    let letter = |id: &String| {
        let own = nodes.iter().find(|node| node.field("id").unwrap().text().starts_with(&id[..]));
        own.map_or_else(|| "?".to_owned(), |node| node.field("state").unwrap().text())
    };
    ids.iter().map(letter).collect::<Vec<_>>().join("/")
}

fn number(state: &Value, name: &str) -> i64 {
    state.field(name).and_then(Value::int).unwrap_or_else(|| panic!("{name} in {state:?}"))
}

/// Waits until a node answers a key from a copy of its own.
fn wait_for_copy(client: &mut Client, key: &str) {
    let hits = |client: &mut Client| number(&client.call("CACHE STATS"), "hit_local");
    wait_for("a copy that is kept", || {
        let before = hits(client);
        client.call(&format!("GET {key}"));
        hits(client) > before
    });
}

/// A key whose time is over is seen by nobody any more once somebody did not see it.
fn ends_for_all_at_once(clients: &mut [Client], round: usize, lives_ms: u64) {
    clients[round % 3].call(&format!("SET t{round} v PX {lives_ms}"));
    let begun = Instant::now();
    let mut gone = false;
    while begun.elapsed() < ms(2 * lives_ms) {
        for client in &mut *clients {
            let there = client.call(&format!("GET t{round}")) != Value::Nil;
            assert!(!(gone && there), "it came back");
            gone |= !there;
        }
    }
    assert!(gone);
}

/// Writes `a` and `b` together, 300 times.
fn write_two_together(writer: &mut Client) {
    for round in 1..=300 {
        writer.call("MULTI");
        writer.call(&format!("SET a {round}"));
        writer.call(&format!("SET b {round}"));
        assert_eq!(writer.call("EXEC").items().len(), 2);
    }
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
