//! What copies say is what the keys hold: no value later than it may be seen, none
//! earlier than others were told of it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{cluster, ms, number, wait_for_copy};

#[test]
fn what_one_node_was_told_all_others_know_at_once() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for round in 0..300 {
        let key = round % 5;
        let writer = round % 3;
        clients[writer].call(&format!("SET k{key} {round}"));
        for client in &mut clients {
            assert_eq!(client.call(&format!("GET k{key}")).text(), round.to_string());
        }
    }
    let hits: i64 = (0..3)
        .filter(|node| *node != home)
        .map(|node| number(&clients[node].call("CACHE STATS"), "hit_local"))
        .sum();
    assert!(hits > 0, "copies were used");
}

#[test]
fn every_kind_of_write_is_seen_through_copies() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let (mut writer, mut reader) = (cluster.client(home), cluster.client((home + 1) % 3));
    writer.call("SET a 1");
    wait_for_copy(&mut reader, "a");
    let mut after = |write: &str, value: Option<&str>| {
        // Each of them meets a copy that can be read.
        wait_for_copy(&mut reader, "a");
        let done = writer.call(write);
        assert!(!done.is_error(), "{write}: {done:?}");
        let hits = number(&reader.call("CACHE STATS"), "hit_local");
        for _ in 0..2 {
            let got = reader.call("GET a");
            match value {
                Some(value) => assert_eq!(got.text(), value, "behind {write}"),
                None => assert_eq!(got, Value::Nil, "behind {write}"),
            }
        }
        let again = number(&reader.call("CACHE STATS"), "hit_local");
        assert!(again <= hits + 1, "behind {write} the old copy answered");
    };
    after("INCR a", Some("2"));
    after("APPEND a 0", Some("20"));
    after("SETRANGE a 0 3", Some("30"));
    after("GETDEL a", None);
    after("SETNX a 5", Some("5"));
    after("RENAME a b", None);
    after("COPY b a", Some("5"));
    after("MSET a 6 c 7", Some("6"));
    after("MOVE a 1", None);
    after("SET a 8 PX 100000", Some("8"));
    after("FLUSHDB", None);
    after("SET a 9", Some("9"));
    after("SWAPDB 0 1", Some("6"));
    after("FLUSHALL", None);
}

#[test]
fn a_queue_takes_the_place_of_a_key_that_was_known_not_to_be_there() {
    let cluster = super::cluster(&["--shards", "1"]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    assert_eq!(reader.call("GET {q}"), Value::Nil);
    wait_for_copy(&mut reader, "{q}");
    cluster.client(home).call("QPUSH {q} m");
    assert!(reader.call("GET {q}").is_error());
}

#[test]
fn a_key_is_seen_by_nobody_whose_time_was_seen_to_be_over() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    clients[home].call("SET warm 1");
    for node in (0..3).filter(|node| *node != home) {
        wait_for_copy(&mut clients[node], "warm");
    }
    for round in 0..10 {
        super::ends_for_all_at_once(&mut clients, round, 150);
    }
}

#[test]
fn values_that_are_too_long_are_read_and_not_kept() {
    let cluster = cluster(&["--cache-max-value", "100"]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    cluster.client(home).call("SET short 1");
    wait_for_copy(&mut reader, "short");
    let long = "x".repeat(101);
    for round in 0..20 {
        let value = format!("{long}{round}");
        cluster.client(home).call(&format!("SET long {value}"));
        assert_eq!(reader.call("GET long").text(), value);
    }
    // What it keeps is the one that fits.
    let lines = reader.call("CACHE LINES MATCH short");
    assert_eq!(lines.items().len(), 1, "{lines:?}");
    let lines = reader.call("CACHE LINES MATCH long");
    let readable = |line: &&Value| line.field("state").unwrap().text() != "I";
    assert_eq!(lines.items().iter().filter(readable).count(), 0, "{lines:?}");
    let stats = reader.call("CACHE STATS");
    assert!(number(&stats, "forwarded") > 0, "{stats:?}");
}

#[test]
fn nobody_sees_half_of_a_transaction() {
    let cluster = cluster(&[]);
    let done = AtomicBool::new(false);
    let (seen, newest) = (AtomicU64::new(0), [const { AtomicU64::new(0) }; 3]);
    std::thread::scope(|scope| {
        for node in 0..3 {
            let (done, seen, newest) = (&done, &seen, &newest[node]);
            let mut client = cluster.client(node);
            scope.spawn(move || {
                let mut read = |key: &str| -> i64 {
                    let value = client.call(&format!("GET {key}"));
                    assert!(!value.is_error(), "{value:?}");
                    if value == Value::Nil { 0 } else { value.text().parse().unwrap() }
                };
                while !done.load(SeqCst) {
                    // In either order: one is written together with the other.
                    for (one, other) in [("a", "b"), ("b", "a")] {
                        let (first, second) = (read(one), read(other));
                        assert!(second >= first, "{one} {first} and then {other} {second}");
                    }
                    newest.fetch_max(read("a").unsigned_abs(), SeqCst);
                    seen.fetch_add(1, SeqCst);
                }
            });
        }
        super::write_two_together(&mut cluster.client(1));
        done.store(true, SeqCst);
    });
    assert!(seen.load(SeqCst) > 100);
    let newest = newest.map(|newest| newest.load(SeqCst));
    assert!(newest.iter().all(|newest| *newest > 100), "nodes saw no more than {newest:?}");
}

#[test]
fn reads_in_a_pipeline_come_in_their_order() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut client = cluster.client((home + 1) % 3);
    for round in 0..50 {
        let mut lines = String::new();
        for key in 0..10 {
            lines.push_str(&format!("GET p{key}\r\nSET p{key} {round}\r\nGET p{key}\r\n"));
        }
        client.send(lines.as_bytes()).unwrap();
        for _ in 0..10 {
            let before = client.reply().unwrap();
            assert!(round == 0 || before.int() == Some(round - 1), "{before:?}");
            assert_eq!(client.reply().unwrap().text(), "OK");
            assert_eq!(client.reply().unwrap().int(), Some(round));
        }
    }
}

/// Reads a counter that others raise, and says how often; it never falls, nor below what
/// was acknowledged before it was asked for.
pub(super) fn watch(
    cluster: &Cluster,
    node: usize,
    key: &str,
    done: &AtomicBool,
    acked: &AtomicU64,
) -> u64 {
    let (mut last, mut reads) = (0, 0);
    let mut client = None;
    while !done.load(SeqCst) {
        let Some(open) = client.as_mut() else {
            client = cluster.try_client(node);
            if client.is_none() {
                std::thread::sleep(ms(20));
            }
            continue;
        };
        let floor = acked.load(SeqCst);
        match Client::try_call(open, &["GET", key]) {
            Ok(value) if !value.is_error() => {
                let value = value.int().unwrap_or(0).unsigned_abs();
                assert!(value >= floor, "node {node} read {value} behind {floor}");
                assert!(value >= last, "node {node} read {value} behind its own {last}");
                last = value;
                reads += 1;
            }
            Ok(_) => std::thread::sleep(ms(5)),
            Err(_) => client = None,
        }
    }
    reads
}

/// Declared or not.
#[test]
fn a_script_ends_the_copies_of_what_it_writes_and_no_others() {
    const SCRIPT: &str = "redis.call('SET', KEYS[1], ARGV[1]) redis.call('SET', 'other', ARGV[1])";
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let (mut writer, mut reader) = (cluster.client(home), cluster.client((home + 1) % 3));
    writer.call("SET quiet still");
    let hits = |client: &mut Client| number(&client.call("CACHE STATS"), "hit_local");
    let mut kept = 0;
    for round in 0..20 {
        let value = round.to_string();
        writer.call_words(&["MSET", "declared", "before", "other", "before"]);
        ["declared", "other", "quiet"].iter().for_each(|key| wait_for_copy(&mut reader, key));
        writer.call_words(&["EVAL", SCRIPT, "1", "declared", &value]);
        let before = hits(&mut reader);
        assert_eq!(reader.call("GET quiet").text(), "still");
        kept += hits(&mut reader) - before;
        for key in ["declared", "other"] {
            assert_eq!(reader.call(&format!("GET {key}")).text(), value, "{key}");
        }
    }
    assert!(kept > 0, "its copy of what no script wrote");
}

#[test]
fn a_counter_is_never_read_older_than_it_was_acknowledged() {
    let cluster = cluster(&[]);
    let (done, acked) = (AtomicBool::new(false), AtomicU64::new(0));
    let reads: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|reader| {
                let (cluster, done, acked) = (&cluster, &done, &acked);
                scope.spawn(move || watch(cluster, reader % 3, "n", done, acked))
            })
            .collect();
        let mut writers: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
        for round in 1..=600 {
            let value = writers[round % 3].call("INCR n").int().unwrap();
            acked.store(value.unsigned_abs(), SeqCst);
            if round % 20 == 0 {
                std::thread::sleep(ms(10));
            }
        }
        done.store(true, SeqCst);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(reads > 1_000, "{reads}");
    wait_for("hits", || {
        (0..3).any(|node| number(&cluster.client(node).call("CACHE STATS"), "hit_local") > 0)
    });
}
