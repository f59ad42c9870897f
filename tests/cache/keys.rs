//! Particular keys: pinned, counted and watched.

use lockstep_tests::{Client, Server, Value, wait_for};

use super::{cluster, number, wait_for_copy};

fn hits(client: &mut Client) -> i64 {
    number(&client.call("CACHE STATS"), "hit_local")
}

#[test]
fn what_is_pinned_stays_while_others_come_and_go() {
    let cluster = cluster(&["--cache-max-entries", "20"]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    for key in 0..100 {
        cluster.client(home).call(&format!("SET k{key} {key}"));
    }
    wait_for_copy(&mut reader, "k0");
    assert_eq!(reader.call("CACHE PIN k0 k1 k0").int(), Some(2));
    assert_eq!(reader.call("CACHE PIN k1").int(), Some(0));
    // Again where a lease ended meanwhile, as it may on a machine that has much else to do.
    wait_for("both are still there", || {
        for key in 2..100 {
            reader.call(&format!("GET k{key}"));
        }
        let before = hits(&mut reader);
        for key in ["k0", "k1"] {
            assert_eq!(reader.call(&format!("GET {key}")).text(), key[1..]);
        }
        hits(&mut reader) == before + 2
    });
    let refused = reader.call("CACHE PIN k2 k3 k4 k5");
    assert!(refused.text().contains("cache-pinned-max"), "{refused:?}");
    assert_eq!(reader.call("CONFIG SET cache-pinned-max 50").text(), "OK");
    assert_eq!(reader.call("CACHE PIN k2 k3 k4 k5").int(), Some(4));
    assert_eq!(reader.call("CACHE UNPIN k1 k2 none").int(), Some(2));
    assert!(number(&reader.call("CACHE STATS"), "entries") <= 20);
    // A pinned copy is dropped by a write as any other.
    cluster.client(home).call("SET k0 new");
    assert_eq!(reader.call("GET k0").text(), "new");
}

/// The keys of a kind, those counted most often first.
fn hottest(client: &mut Client, kind: &str) -> Vec<(String, i64)> {
    let told = client.call("CACHE HOTKEYS COUNT 3");
    let all = told.field(kind).unwrap_or_else(|| panic!("{told:?}"));
    let of = |key: &Value| (key.field("key").unwrap().text(), number(key, "count"));
    all.items().iter().map(of).collect()
}

#[test]
fn what_is_read_written_and_called_back_most_is_known_at_every_node() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    wait_for_copy(&mut reader, "read");
    let pipeline = "GET read\r\nSET written 1\r\nGET seldom\r\n".repeat(100);
    for _ in 0..30 {
        reader.send(pipeline.as_bytes()).unwrap();
        (0..300).for_each(|_| drop(reader.reply().unwrap()));
        reader.send("GET read\r\n".repeat(100).as_bytes()).unwrap();
        (0..100).for_each(|_| drop(reader.reply().unwrap()));
    }
    for round in 0..20 {
        cluster.client(home).call(&format!("SET shared {round}"));
        reader.call("GET shared");
    }
    for node in 0..3 {
        let mut client = cluster.client(node);
        let reads = hottest(&mut client, "reads");
        assert_eq!(reads[0].0, "read", "{reads:?}");
        assert!((4_000..9_000).contains(&reads[0].1), "of 6000: {reads:?}");
        assert_eq!(hottest(&mut client, "writes")[0].0, "written");
        let probes = hottest(&mut client, "probes");
        let shared = probes.iter().find(|(key, _)| key == "shared");
        assert!(shared.is_some_and(|(_, count)| *count >= 10), "{probes:?}");
    }
    for node in 0..3 {
        cluster.client(node).call("CACHE STATS RESET");
    }
    assert!(hottest(&mut reader, "writes").is_empty());
}

#[test]
fn what_nodes_say_of_a_key_is_pushed_to_who_wants_to_know() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    cluster.client(home).call("SET a 1");
    wait_for_copy(&mut reader, "a");
    let mut watcher = cluster.client((home + 1) % 3);
    assert!(watcher.call("CACHE TRACE ON a").text().contains("RESP3"));
    watcher.call("HELLO 3");
    for _ in 0..2 {
        assert_eq!(watcher.call("CACHE TRACE ON a").text(), "OK");
    }
    cluster.client(home).call("SET other 1");
    cluster.client(home).call("SET a 2");
    assert_eq!(reader.call("GET a").text(), "2");
    let mut said = Vec::new();
    while said.len() < 2 {
        let Value::Push(parts) = watcher.reply().unwrap() else { panic!("no push") };
        let texts: Vec<String> = parts.iter().map(Value::text).collect();
        assert_eq!((&texts[0][..], &texts[1][..]), ("cache-trace", "a"));
        said.push((texts[2].clone(), texts[3].clone()));
    }
    let pair = |way: &str, word: &str| (way.to_owned(), word.to_owned());
    assert_eq!(said, [pair("got", "Inv"), pair("sent", "GetS")]);
    assert_eq!(watcher.call("CACHE TRACE OFF a").text(), "OK");
    cluster.client(home).call("SET a 3");
    assert_eq!(reader.call("GET a").text(), "3");
    assert_eq!(watcher.call("PING").text(), "PONG", "nothing more is pushed");
}

#[test]
fn no_more_keys_are_watched_than_may_be() {
    let server = Server::lockstep(&[]);
    let mut client = server.client();
    client.call("HELLO 3");
    for key in 0..64 {
        assert_eq!(client.call(&format!("CACHE TRACE ON k{key}")).text(), "OK");
    }
    assert!(client.call("CACHE TRACE ON more").is_error());
    client.call("CACHE TRACE OFF k7");
    assert_eq!(client.call("CACHE TRACE ON more").text(), "OK");
    client.call("RESET");
    let mut other = server.client();
    other.call("HELLO 3");
    assert_eq!(other.call("CACHE TRACE ON k").text(), "OK", "who leaves watches nothing");
    assert_eq!(client.call("CACHE PIN a").int(), Some(0), "a node alone keeps no copies");
    assert_eq!(client.call("CACHE UNPIN a").int(), Some(0));
}
