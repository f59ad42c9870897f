//! Locks whose shard moves: a slot stays in its shard, and the shard goes, replica by
//! replica, from the nodes it was founded on to others.

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{scan, send};

/// What is told of a lock that must not change on the way.
fn shown(client: &mut Client, name: &str) -> (String, Vec<String>) {
    let key = client.call(&format!("LOCKINFO KEY {name}"));
    let waiters = client.call(&format!("LOCKINFO WAITERS {name}"));
    let owner = |waiter: &Value| waiter.field("owner").expect("a waiter has one").text();
    let holders = key.field("holders").expect("it is held").text();
    (holders, waiters.items().iter().map(owner).collect())
}

/// Takes a node's replicas away, and then the node.
fn leave(cluster: &mut Cluster, node: usize, client: &mut Client) {
    let address = format!("127.0.0.1:{}", cluster.port(node));
    let list = client.call("NODE LIST");
    let rows = list.items().iter();
    let mut own = rows.filter(|row| row.field("address").is_some_and(|a| a.text() == address));
    let id = own.next().and_then(|row| row.field("id")).expect("it is in the list").text();
    let told = client.call(&format!("NODE DRAIN {id}")).text();
    assert!(told.contains("moves to others"), "{told}");
    wait_for("a node that may go", || {
        client.call(&format!("NODE REMOVE {id}")).text().ends_with("was removed")
    });
    cluster.kill(node);
}

/// Held and waited for on three nodes, and served in the same order, with tokens that
/// go on growing, by three others (S19).
#[test]
fn s19_locks_move_with_their_shard_and_none_is_lost_doubled_or_overtaken() {
    let mut cluster = Cluster::start(3, &["--shards", "2"]);
    let new: Vec<usize> = (0..3).map(|_| cluster.add(&["--shards", "2"])).collect();
    new.iter().for_each(|node| cluster.restart(*node));
    let names: Vec<String> = (0..4).map(|number| format!("moving:{number}")).collect();
    let mut client = cluster.client(new[0]);
    let mut highest = Vec::new();
    for name in &names {
        let token = client.call(&format!("LOCK {name} OWNER h PX 600000")).int().unwrap();
        highest.push(token);
    }
    let mut waiters = Vec::new();
    for (number, name) in names.iter().enumerate() {
        for at in 0..5 {
            let mut waiter = cluster.client(new[(number + at) % 3]);
            send(&mut waiter, &[&format!("LOCK {name} OWNER w{at} PX 600000 BLOCK 0")]);
            wait_for("it waits", || shown(&mut client, name).1.len() == at + 1);
            waiters.push((number, at, waiter));
        }
    }
    let before: Vec<_> = names.iter().map(|name| shown(&mut client, name)).collect();

    (0..3).for_each(|node| leave(&mut cluster, node, &mut client));

    let after: Vec<_> = names.iter().map(|name| shown(&mut client, name)).collect();
    assert_eq!(before, after);
    for (name, token) in names.iter().zip(&highest) {
        let left = client.call(&format!("LOCKCHECK {name} TOKEN {token}"));
        assert!(left.int().unwrap() > 0, "{name}: the token is valid: {left:?}");
        assert_eq!(client.call(&format!("UNLOCK {name} OWNER h")), Value::Int(1));
    }
    for (number, at, waiter) in &mut waiters {
        let name = &names[*number];
        let token = waiter.reply().unwrap().int().expect("nobody who waits is told of the move");
        assert!(token > highest[*number], "{name}: {token} after {}", highest[*number]);
        highest[*number] = token;
        assert_eq!(shown(&mut client, name).1.len(), 4 - *at, "{name}: nobody overtakes");
        assert_eq!(waiter.call(&format!("UNLOCK {name} OWNER w{at}")), Value::Int(1));
    }
    assert_eq!(scan(&mut client, ""), Vec::<String>::new(), "nothing is left");
}
