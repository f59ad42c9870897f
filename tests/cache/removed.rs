//! Nodes that were removed by force while they had copies, and run on.

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{id, wait_for_copy};

/// Who leads next waits until its copies are no good any more, though it is in no map.
#[test]
fn a_node_that_is_removed_while_it_stands_still_wakes_up_with_nothing_old() {
    let arguments = ["--shards", "1", "--replicas", "3", "--fsync", "never"];
    let copies = ["--cache-replica-reads", "no", "--cache-lease-ms", "4000"];
    let mut cluster = Cluster::start(5, &[&arguments[..], &copies[..]].concat());
    let home = cluster.wait_leader(0);
    let mut without = None;
    wait_for("a node without a replica", || {
        without = (0..5).find(|node| *node != home && has_no_replica(&cluster, *node));
        without.is_some()
    });
    let removed = without.unwrap();
    let mut readers: Vec<Client> = (0..20).map(|_| cluster.client(removed)).collect();
    cluster.client(home).call("SET a old");
    wait_for_copy(&mut readers[0], "a");
    let gone = id(&mut readers[0]);
    let others: Vec<usize> = (0..5).filter(|node| ![home, removed].contains(node)).collect();
    let mut writers: Vec<Client> = others.iter().map(|node| cluster.client(*node)).collect();

    cluster.signal(removed, "STOP");
    wait_for("a map without it", || {
        // It may have led the map.
        writers[0].call(&format!("NODE REMOVE {gone} FORCE"));
        writers.iter_mut().all(|writer| !names(writer).contains(&gone))
    });
    cluster.kill(home);
    // It is told to come again until somebody leads, and waits while the copies may be good.
    wait_for("a write", || {
        writers.iter_mut().any(|writer| writer.call("SET a new").text() == "OK")
    });
    readers.iter_mut().for_each(|reader| reader.send(b"GET a\r\n").unwrap());
    cluster.signal(removed, "CONT");
    for reader in &mut readers {
        // It may know by now that it was removed.
        let Ok(value) = reader.reply() else { continue };
        assert!(value.is_error() || value.text() == "new", "{value:?}");
    }
}

/// The ids of the nodes that are in the map.
fn names(client: &mut Client) -> Vec<String> {
    let nodes = client.call("NODE LIST");
    nodes.items().iter().map(|node| node.field("id").unwrap().text()).collect()
}

fn has_no_replica(cluster: &Cluster, node: usize) -> bool {
    let nodes = cluster.client(node).call("NODE LIST");
    let is_me = |row: &&Value| row.field("myself").and_then(Value::int) == Some(1);
    let me = nodes.items().iter().find(is_me).unwrap();
    me.field("replicas").unwrap().items().is_empty()
}
