//! Queues as their clients see them, on one node and on three.

mod dead;
mod failing;
mod moves;
mod names;
mod partitions;
mod several;
mod table;

use lockstep_tests::{Client, Cluster, Value, request, wait_for, words};

/// Sends commands as one pipeline.
fn send(client: &mut Client, lines: &[&str]) {
    let bytes: Vec<u8> = lines.iter().flat_map(|line| request(&words(line))).collect();
    client.send(&bytes).unwrap();
}

/// Waits until so many clients of a node wait for something.
fn wait_for_blocked(observer: &mut Client, count: usize) {
    wait_for("clients that wait", || {
        let info = observer.call("INFO clients").text();
        info.contains(&format!("\r\nblocked_clients:{count}\r\n"))
    });
}

/// A ready cluster of three nodes with six shards.
fn cluster(arguments: &[&str]) -> Cluster {
    let mut all = vec!["--shards", "6", "--fsync", "never"];
    all.extend(arguments);
    Cluster::start(3, &all)
}

/// The queue and the bodies of what QMPOP gave.
fn popped(reply: &Value) -> (String, Vec<String>) {
    let [queue, deliveries] = reply.items() else { panic!("{reply:?}") };
    (queue.text(), deliveries.items().iter().map(|one| one.items()[1].text()).collect())
}

/// The receipts of what QMPOP gave.
fn receipts(reply: &Value) -> Vec<String> {
    reply.items()[1].items().iter().map(|one| one.items()[0].text()).collect()
}

/// A number that QINFO tells of a queue.
fn fact(client: &mut Client, queue: &str, name: &str) -> i64 {
    let info = client.call(&format!("QINFO {queue}"));
    info.field(name).and_then(Value::int).unwrap_or_else(|| panic!("{name} in {info:?}"))
}

/// How many messages of a queue are ready.
fn ready(client: &mut Client, queue: &str) -> i64 {
    client.call(&format!("QLEN {queue}")).int().unwrap()
}

/// All names that a walk with these words finds, in their order.
fn scan(client: &mut Client, filter: &str) -> Vec<String> {
    let (mut cursor, mut names) = ("0".to_owned(), Vec::new());
    loop {
        let page = client.call(&format!("QSCAN {cursor} {filter}"));
        let [next, found] = page.items() else { panic!("{page:?}") };
        names.extend(found.items().iter().map(Value::text));
        cursor = next.text();
        if cursor == "0" {
            names.sort_unstable();
            return names;
        }
    }
}
