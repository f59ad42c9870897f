//! Queues as their clients see them, on one node and on three.

mod dead;
mod failing;
mod lengths;
mod moves;
mod names;
mod partitions;
mod redrives;
mod several;
mod table;
mod times;
mod workers;

use lockstep_tests::{Client, Value, send, three_nodes as cluster, wait_for_blocked};

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
