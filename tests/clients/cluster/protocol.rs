//! What a node in cluster mode answers, word for word.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value};

use super::three;

/// The node that leads a key, the port it has, and the key's slot.
fn home(three: &Cluster, key: &str) -> (usize, u16, i64) {
    let slot = three.client(0).call(&format!("CLUSTER KEYSLOT {key}")).int().unwrap();
    for range in three.client(0).call("CLUSTER SLOTS").items() {
        let [from, to, leader, ..] = range.items() else { panic!("{range:?}") };
        if (from.int().unwrap()..=to.int().unwrap()).contains(&slot) {
            let port = u16::try_from(leader.items()[1].int().unwrap()).unwrap();
            let node = (0..3).find(|node| three.port(*node) == port).unwrap();
            return (node, port, slot);
        }
    }
    panic!("nobody leads {key}");
}

/// A key that this node leads, beside the others that it gave.
fn keys_of(three: &Cluster, node: usize) -> impl Iterator<Item = String> {
    let names = (0..).map(|number| format!("k{number}"));
    names.filter(move |name| home(three, name).0 == node)
}

fn error(value: Value) -> String {
    match value {
        Value::Error(text) => text,
        other => panic!("{other:?}"),
    }
}

/// Sends lines and gives the texts of the replies.
fn said(client: &mut Client, lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| client.call(line).text()).collect()
}

const CROSSSLOT: &str = "CROSSSLOT Keys in request don't hash to the same slot";

/// Tells a story. On a busy machine a leadership may move in the middle of it:
/// then it is told again.
fn steady(three: &Cluster, story: fn(&Cluster)) {
    const TRIES: usize = 5;
    let layout = || three.client(0).call("CLUSTER SLOTS");
    for left in (0..TRIES).rev() {
        let before = layout();
        match catch_unwind(AssertUnwindSafe(|| story(three))) {
            Ok(()) => return,
            Err(failure) if left == 0 || layout() == before => resume_unwind(failure),
            Err(_) => {}
        }
    }
}

#[test]
fn a_cluster_answers_as_redis_cluster_does() {
    let three = three();
    for story in [
        keys_are_where_slots_says,
        names_of_locks_and_queues_are_slotted_too,
        transactions_have_one_slot,
        there_is_one_database,
        what_is_about_all_keys_is_about_those_led_here,
        the_topology_is_told_in_every_form,
        slots_are_not_placed_by_hand,
        a_failover_brings_the_leaderships_here,
    ] {
        steady(&three, story);
    }
}

fn keys_are_where_slots_says(three: &Cluster) {
    let (node, port, slot) = home(three, "foo");
    assert_eq!(slot, 12_182);
    for other in 0..3 {
        let mut client = three.client(other);
        for line in ["SET foo 1", "GET foo", "TTL foo", "WATCH foo"] {
            let reply = client.call(line);
            if other == node {
                assert!(!reply.is_error(), "{line}: {reply:?}");
            } else {
                let moved = format!("MOVED {slot} 127.0.0.1:{port}");
                assert_eq!(error(reply), moved, "{line}");
                assert_eq!(client.call("ASKING").text(), "OK");
                assert_eq!(client.call("READONLY").text(), "OK");
            }
        }
        for line in ["MGET a b", "MSET a 1 b 2", "DEL a b", "RENAME a b", "LCS a b", "WATCH a b"] {
            assert_eq!(error(client.call(line)), CROSSSLOT, "{line}");
        }
    }
}

fn names_of_locks_and_queues_are_slotted_too(three: &Cluster) {
    let (node, port, slot) = home(three, "door");
    for other in (0..3).filter(|other| *other != node) {
        for line in ["LOCK door", "UNLOCK door", "QPUSH door m", "QPOP door", "QLEN door"] {
            let moved = format!("MOVED {slot} 127.0.0.1:{port}");
            assert_eq!(error(three.client(other).call(line)), moved, "{line}");
        }
    }
    assert!(three.client(node).call("LOCK door OWNER me PX 1000").int().unwrap() > 0);
    assert_eq!(three.client(node).call("UNLOCK door OWNER me").int(), Some(1));
}

fn transactions_have_one_slot(three: &Cluster) {
    let mut keys = keys_of(three, 0);
    let (a, b) = (keys.next().unwrap(), keys.next().unwrap());
    let foreign = keys_of(three, 1).next().unwrap();
    let mut client = three.client(0);
    let lines = ["MULTI", &format!("SET {a} 1"), &format!("INCR {a}"), "DBSIZE", "EXEC"];
    assert_eq!(said(&mut client, &lines[..4]), ["OK", "QUEUED", "QUEUED", "QUEUED"]);
    let reply = client.call("EXEC");
    assert_eq!(reply.items()[1].int(), Some(2), "{reply:?}");
    // Both keys are led here, but Redis asks for one slot.
    let lines = ["MULTI", &format!("SET {a} 1"), &format!("SET {b} 1"), "EXEC", "EXEC"];
    let replies = said(&mut client, &lines);
    assert_eq!(replies, ["OK", "QUEUED", "QUEUED", CROSSSLOT, "ERR EXEC without MULTI"]);
    let lines = ["MULTI", &format!("SET {a} 9"), &format!("GET {foreign}"), "EXEC"];
    let replies = said(&mut client, &lines);
    assert!(replies[2].starts_with("MOVED "), "{replies:?}");
    assert_eq!(replies[3], "EXECABORT Transaction discarded because of previous errors.");
    assert_eq!(client.call(&format!("GET {a}")).text(), "2", "nothing of it was done");
    // A watched key that changes undoes the transaction.
    said(&mut client, &[&format!("WATCH {a}"), "MULTI", &format!("SET {a} x")]);
    three.client(0).call(&format!("SET {a} y"));
    assert_eq!(client.call("EXEC"), Value::Nil);
    client.call(&format!("DEL {a}"));
}

fn there_is_one_database(three: &Cluster) {
    let key = keys_of(three, 0).next().unwrap();
    let mut client = three.client(0);
    assert_eq!(client.call("SELECT 0").text(), "OK");
    for (line, text) in [
        ("SELECT 1".to_owned(), "ERR SELECT is not allowed in cluster mode"),
        ("SELECT 99".to_owned(), "ERR SELECT is not allowed in cluster mode"),
        ("SWAPDB 0 1".to_owned(), "ERR SWAPDB is not allowed in cluster mode"),
        (format!("MOVE {key} 1"), "ERR MOVE is not allowed in cluster mode"),
        (
            format!("COPY {key} {{{key}}}2 DB 1"),
            "ERR Copying to another database is not allowed in cluster mode",
        ),
    ] {
        assert_eq!(error(client.call(&line)), text, "{line}");
    }
    said(&mut client, &["MULTI", "SELECT 1", "SELECT 0"]);
    let reply = client.call("EXEC");
    assert_eq!(reply.items()[0].text(), "ERR SELECT is not allowed in cluster mode");
    assert_eq!(reply.items()[1].text(), "OK");
}

fn what_is_about_all_keys_is_about_those_led_here(three: &Cluster) {
    const KEYS: usize = 90;
    let mut wanted: Vec<String> = (0..KEYS).map(|number| format!("all:{number}")).collect();
    wanted.sort();
    (0..3).for_each(|node| assert_eq!(three.client(node).call("FLUSHALL").text(), "OK"));
    for key in &wanted {
        let (node, ..) = home(three, key);
        assert_eq!(three.client(node).call(&format!("SET {key} x")).text(), "OK");
    }
    let mut scanned = Vec::new();
    let mut listed = Vec::new();
    let mut counted = 0;
    for node in 0..3 {
        let mut client = three.client(node);
        let mut cursor = "0".to_owned();
        loop {
            let reply = client.call(&format!("SCAN {cursor} MATCH all:* COUNT 3"));
            scanned.extend(reply.items()[1].items().iter().map(Value::text));
            cursor = reply.items()[0].text();
            if cursor == "0" {
                break;
            }
        }
        listed.extend(client.call("KEYS all:*").items().iter().map(Value::text));
        counted += client.call("DBSIZE").int().unwrap();
        let random = client.call("RANDOMKEY").text();
        assert_eq!(home(three, &random).0, node);
    }
    scanned.sort();
    listed.sort();
    assert_eq!(scanned, wanted);
    assert_eq!(listed, wanted);
    assert_eq!(counted, KEYS as i64);
    // Nothing of a transaction is carried out if something of it cannot be.
    let (node, ..) = home(three, &wanted[1]);
    let mut client = three.client(node);
    said(&mut client, &["MULTI", &format!("DEL {}", wanted[1]), "FLUSHALL"]);
    assert_eq!(client.call("EXEC").text(), "ERR Command not allowed inside a transaction");
    assert_eq!(client.call(&format!("EXISTS {}", wanted[1])).int(), Some(1));
    // What has ended is counted by nobody.
    let key = &wanted[0];
    let (node, _, slot) = home(three, key);
    let mut client = three.client(node);
    let size = client.call("DBSIZE").int().unwrap();
    assert_eq!(client.call(&format!("CLUSTER COUNTKEYSINSLOT {slot}")).int(), Some(1));
    client.call(&format!("PEXPIRE {key} 1"));
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(client.call("DBSIZE").int(), Some(size - 1));
    assert_eq!(client.call(&format!("CLUSTER COUNTKEYSINSLOT {slot}")).int(), Some(0));
    // One node after the other is emptied.
    for node in 0..3 {
        assert_eq!(three.client(node).call("FLUSHALL").text(), "OK");
        assert_eq!(three.client(node).call("DBSIZE").int(), Some(0));
    }
}

fn the_topology_is_told_in_every_form(three: &Cluster) {
    let mut ids = Vec::new();
    for node in 0..3 {
        let mut client = three.client(node);
        let id = client.call("CLUSTER MYID").text();
        assert_eq!(id.len(), 40);
        let text = client.call("CLUSTER NODES").text();
        assert!(text.ends_with('\n') && text.lines().count() == 3, "{text}");
        let mine = text.lines().find(|line| line.contains(" myself,master - ")).unwrap();
        let address = format!("127.0.0.1:{}@{}", three.port(node), three.peer_port(node));
        assert!(mine.starts_with(&format!("{id} {address} ")), "{mine}");
        assert!(!text.contains("slave") && !text.contains("fail"), "{text}");
        assert_eq!(client.call("CLUSTER SHARDS").items().len(), 3);
        assert_eq!(client.call(&format!("CLUSTER REPLICAS {id}")), Value::Array(Vec::new()));
        assert_eq!(client.call(&format!("CLUSTER COUNT-FAILURE-REPORTS {id}")).int(), Some(0));
        assert!(client.call("CLUSTER LINKS").items().len() >= 4, "two nodes, to and from");
        assert!(client.call("INFO cluster").text().contains("cluster_enabled:1"));
        assert!(client.call("INFO server").text().contains("redis_mode:cluster"));
        let hello = client.call("HELLO 3");
        assert_eq!(hello.field("mode").unwrap().text(), "cluster");
        assert!(matches!(client.call("CLUSTER NODES"), Value::Verbatim(_)));
        assert!(matches!(client.call("CLUSTER SHARDS").items()[0], Value::Map(_)));
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

fn slots_are_not_placed_by_hand(three: &Cluster) {
    let mut client = three.client(0);
    for line in
        ["CLUSTER ADDSLOTS 1", "CLUSTER SETSLOT 1 STABLE", "CLUSTER RESET", "CLUSTER REPLICATE x"]
    {
        let text = error(client.call(line));
        assert!(text.contains("the cluster places slots and replicas itself"), "{line}: {text}");
    }
    assert_eq!(error(client.call("CLUSTER FORGET abc")), "ERR Unknown node abc");
    let me = client.call("CLUSTER MYID").text();
    let text = "ERR I tried hard but I can't forget myself...";
    assert_eq!(error(client.call(&format!("CLUSTER FORGET {me}"))), text);
}

fn a_failover_brings_the_leaderships_here(three: &Cluster) {
    let mut client = three.client(2);
    assert_eq!(client.call("CLUSTER FAILOVER").text(), "OK");
    let all = |slots: &Value| match slots.items() {
        [all] => all.items()[1].int() == Some(16_383),
        _ => false,
    };
    let begun = Instant::now();
    while !all(&client.call("CLUSTER SLOTS")) {
        assert!(begun.elapsed() < super::PATIENCE, "{:?}", client.call("CLUSTER SLOTS"));
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.call("SET foo here").text(), "OK");
}

#[test]
fn with_proxies_no_client_is_sent_away() {
    let three = super::three_with(&["--cluster-mode", "proxy", "--profile", "wan"]);
    for node in 0..3 {
        let mut client = three.client(node);
        for number in 0..30 {
            let set = client.call(&format!("SET {node}:{number} x"));
            assert_eq!(set.text(), "OK", "{set:?}");
            let get = three.client((node + 1) % 3).call(&format!("GET {node}:{number}"));
            assert_eq!(get.text(), "x");
        }
        assert_eq!(error(client.call("MGET a b")), CROSSSLOT);
    }
    let sizes: i64 = (0..3).map(|node| three.client(node).call("DBSIZE").int().unwrap()).sum();
    assert_eq!(sizes, 90);
}

#[test]
fn without_cluster_mode_nobody_is_told_of_slots() {
    let three = Cluster::start(3, &["--fsync", "never"]);
    for node in 0..3 {
        let mut client = three.client(node);
        for line in ["CLUSTER SLOTS", "CLUSTER MYID", "CLUSTER ADDSLOTS x", "READONLY", "ASKING"] {
            let text = "ERR This instance has cluster support disabled";
            assert_eq!(error(client.call(line)), text, "{line}");
        }
        assert_eq!(client.call("MSET a 1 b 2").text(), "OK");
        assert_eq!(client.call("MGET a b").items().len(), 2);
        assert_eq!(client.call("SELECT 3").text(), "OK");
        assert_eq!(client.call("NODE LIST").items().len(), 3);
    }
}
