//! The states of copies, and what moves between nodes for them.

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{cluster, ids, letters, number, state, wait_for_copy};

/// What a step of the table leaves: the letters, and what it cost.
fn row(
    client: &mut Client,
    key: &str,
    ids: &[String],
    before: &mut (i64, i64),
) -> (String, i64, i64) {
    // What is asynchronous, as the word that others have a copy as well, may be on its way.
    let (mut last, mut seen) = (String::new(), state(client, key));
    for _ in 0..20 {
        std::thread::sleep(super::ms(10));
        seen = state(client, key);
        let now = letters(&seen, ids);
        if now == last {
            break;
        }
        last = now;
    }
    let now = (number(&seen, "probes"), number(&seen, "pushes"));
    let row = (letters(&seen, ids), now.0 - before.0, now.1 - before.1);
    *before = now;
    row
}

/// Makes a node the home of all keys.
pub(super) fn move_home(cluster: &Cluster, node: usize, id: &str) {
    wait_for("the home at the node", || {
        cluster.client(node).call(&format!("NODE PROMOTE {id}"));
        std::thread::sleep(super::ms(200));
        cluster.wait_leader(0) == node
    });
}

#[test]
fn the_table_is_the_same_for_each_choice_of_home() {
    let cluster = cluster(&[]);
    let ids = ids(&cluster);
    for home in 0..3 {
        move_home(&cluster, home, &ids[home]);
        let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
        clients[home].call("SET warm 1");
        for (_, client) in clients.iter_mut().enumerate().filter(|(node, _)| *node != home) {
            wait_for_copy(client, "warm");
        }
        // One that nobody has, nor had.
        let key = format!("a{home}");
        let mut before = (0, 0);
        let mut rows = vec![row(&mut clients[0], &key, &ids, &mut before)];
        clients[0].call(&format!("GET {key}"));
        rows.push(row(&mut clients[0], &key, &ids, &mut before));
        clients[1].call(&format!("GET {key}"));
        rows.push(row(&mut clients[0], &key, &ids, &mut before));
        assert_eq!(clients[2].call(&format!("SET {key} 1")).text(), "OK");
        rows.push(row(&mut clients[0], &key, &ids, &mut before));
        assert_eq!(clients[0].call(&format!("GET {key}")).text(), "1");
        rows.push(row(&mut clients[0], &key, &ids, &mut before));
        let row = |letters: &str, probes, pushes| (letters.to_owned(), probes, pushes);
        let wanted =
            [row("E/I/I", 0, 0), row("S/S/I", 1, 0), row("I/I/M", 2, 0), row("S/S/S", 1, 1)];
        assert_eq!(rows[1..], wanted, "the home is node {home}");
    }
}

#[test]
fn a_node_that_has_a_copy_asks_nobody() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    cluster.client(home).call("SET a 1");
    wait_for_copy(&mut reader, "a");
    let asked = |client: &mut Client| {
        let stats = client.call("CACHE STATS");
        (number(&stats, "requests"), number(&stats, "hit_local"))
    };
    let before = asked(&mut reader);
    for _ in 0..100 {
        assert_eq!(reader.call("GET a").text(), "1");
        assert_eq!(reader.call("STRLEN a").int(), Some(1));
        assert_eq!(reader.call("GETRANGE a 0 -1").text(), "1");
        assert_eq!(reader.call("EXISTS a").int(), Some(1));
        assert_eq!(reader.call("TTL a").int(), Some(-1));
    }
    let after = asked(&mut reader);
    assert_eq!(after.0, before.0);
    assert!(after.1 >= before.1 + 490, "{before:?} {after:?}");
}

#[test]
fn copies_are_dropped_and_never_the_key() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    for key in ["a", "b", "c"] {
        cluster.client(home).call(&format!("SET {key} 1"));
    }
    wait_for_copy(&mut reader, "a");
    wait_for("copies", || reader.call("CACHE WARM a b c").int() == Some(3));
    let lines = reader.call("CACHE LINES MATCH ? STATE E");
    assert!(lines.items().len() >= 2, "{lines:?}");
    assert_eq!(reader.call("CACHE EVICT a").int(), Some(1));
    let ids = ids(&cluster);
    assert_eq!(letters(&state(&mut reader, "a"), &ids[..]).matches('I').count(), 3);
    assert!(reader.call("CACHE FLUSH").int().unwrap() >= 2);
    for key in ["a", "b", "c"] {
        assert_eq!(reader.call(&format!("GET {key}")).text(), "1");
    }
    let route = reader.call("CACHE EXPLAIN GET a");
    assert!(!route.is_error(), "{route:?}");
    for command in ["CACHE NODES", "CACHE DIRECTORY", "CACHE STATS RESET", "INFO cache"] {
        let told = cluster.client(home).call(command);
        assert!(!told.is_error(), "{told:?}");
    }
    let directory = cluster.client(home).call("CACHE DIRECTORY SHARD 0");
    assert_eq!(directory.items().len(), 1, "{directory:?}");
}

#[test]
fn many_who_miss_a_key_at_once_ask_once() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let node = (home + 1) % 3;
    let mut reader = cluster.client(node);
    cluster.client(home).call("SET warm 1");
    wait_for_copy(&mut reader, "warm");
    reader.call("CACHE STATS RESET");
    let mut clients: Vec<Client> = (0..200).map(|_| cluster.client(node)).collect();
    for round in 0..5 {
        clients.iter_mut().for_each(|client| {
            client.send(format!("GET cold{round}\r\n").as_bytes()).unwrap();
        });
        clients.iter_mut().for_each(|client| assert_eq!(client.reply().unwrap(), Value::Nil));
    }
    let stats = reader.call("CACHE STATS");
    assert!(number(&stats, "requests") <= 5, "{stats:?}");
    assert!(number(&stats, "gets") >= 1_000, "{stats:?}");
}

#[test]
fn every_read_is_counted_once() {
    let cluster = cluster(&["--cache-max-entries", "4"]);
    let home = cluster.wait_leader(0);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    clients[home].call("SET warm 1");
    for node in (0..3).filter(|node| *node != home) {
        wait_for_copy(&mut clients[node], "warm");
    }
    for client in &mut clients {
        client.call("CACHE STATS RESET");
    }
    for round in 0..600 {
        let (node, key) = (round % 3, round % 7);
        match round % 5 {
            0 => clients[node].call(&format!("SET k{key} {round}")),
            1 => clients[node].call(&format!("STRLEN k{key}")),
            2 => clients[node].call(&format!("EXISTS k{key}")),
            _ => clients[node].call(&format!("GET k{key}")),
        };
    }
    let kinds =
        ["hit_local", "hit_replica", "hit_home", "miss_cold", "miss_coherence", "miss_lease"];
    for (node, client) in clients.iter_mut().enumerate() {
        let stats = client.call("CACHE STATS");
        let sum: i64 = kinds.iter().map(|name| number(&stats, name)).sum();
        // Four of five rounds read, and every third is this node's.
        assert_eq!((number(&stats, "gets"), sum), (160, 160), "node {node}: {stats:?}");
        assert!(number(&stats, "entries") <= 4, "{stats:?}");
    }
}

#[test]
fn whoever_wants_no_copies_has_none() {
    let cluster = cluster(&["--cache-read-mode", "off"]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    for value in 0..50 {
        cluster.client(home).call(&format!("SET a {value}"));
        assert_eq!(reader.call("GET a").text(), value.to_string());
    }
    assert_eq!(number(&reader.call("CACHE STATS"), "hit_local"), 0);
    let refused = reader.call("CONFIG SET cache-write-mode aside");
    assert!(refused.is_error(), "{refused:?}");
}
