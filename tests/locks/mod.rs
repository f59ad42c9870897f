//! Locks as their clients see them, on one node and on three.

mod asserted;
mod deadlocks;
mod failing;
mod fuzzed;
mod leftovers;
mod lives;
mod many;
mod measured;
mod moving;
mod pushes;
mod sessions;
pub mod table;
mod told;
mod waits;

use lockstep_tests::{Client, Value, send, three_nodes as cluster, wait_for, wait_for_blocked};

fn id(client: &mut Client) -> i64 {
    client.call("CLIENT ID").int().unwrap()
}

/// All names that a walk with these words finds.
fn scan(client: &mut Client, filter: &str) -> Vec<String> {
    let (mut cursor, mut names) = ("0".to_owned(), Vec::new());
    loop {
        let page = client.call(&format!("LOCKSCAN {cursor} {filter}"));
        let [next, found] = page.items() else { panic!("{page:?}") };
        names.extend(found.items().iter().map(Value::text));
        cursor = next.text();
        if cursor == "0" {
            names.sort_unstable();
            return names;
        }
    }
}

/// Waits until an owner neither holds anything nor waits.
fn wait_for_nothing_of(client: &mut Client, owner: &str) {
    let filter = format!("OWNER {owner}");
    wait_for("nothing is left", || scan(client, &filter).is_empty());
}
