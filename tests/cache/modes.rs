//! What readers take for good: a copy under its lease, one that the home has confirmed, or
//! none.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};

use lockstep_tests::{Client, Cluster, Value};

use super::values::watch;
use super::{cluster, ms, number, wait_for_copy};

/// So many reads were answered from lines, asked for though there was a line, and
/// confirmed without a value.
fn counted(client: &mut Client) -> [i64; 3] {
    let stats = client.call("CACHE STATS");
    ["hit_local", "validated", "confirmed"].map(|name| number(&stats, name))
}

fn raise(cluster: &Cluster, acked: &AtomicU64, rounds: usize) {
    let mut writers: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for round in 1..=rounds {
        let value = writers[round % 3].call("INCR n").int().unwrap();
        acked.store(value.unsigned_abs(), SeqCst);
        if round % 20 == 0 {
            std::thread::sleep(ms(10));
        }
    }
}

#[test]
fn what_is_confirmed_is_never_older_than_it_was_acknowledged() {
    let cluster = cluster(&["--cache-read-mode", "validate"]);
    let home = cluster.wait_leader(0);
    let (done, acked) = (AtomicBool::new(false), AtomicU64::new(0));
    let reads: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|reader| {
                let (cluster, done, acked) = (&cluster, &done, &acked);
                scope.spawn(move || watch(cluster, reader % 3, "n", done, acked))
            })
            .collect();
        raise(&cluster, &acked, 400);
        done.store(true, SeqCst);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(reads > 500, "{reads}");
    for node in (0..3).filter(|node| *node != home) {
        let [hits, validated, confirmed] = counted(&mut cluster.client(node));
        assert_eq!(hits, 0, "no lease is trusted");
        assert!(validated > 100 && confirmed > 0, "{validated} {confirmed}");
    }
}

#[test]
fn what_did_not_change_is_confirmed_without_its_value() {
    let cluster = cluster(&["--cache-read-mode", "validate"]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    let value = "x".repeat(10_000);
    cluster.client(home).call(&format!("SET a {value}"));
    for _ in 0..20 {
        assert_eq!(reader.call("GET a").text(), value);
        assert_eq!(reader.call("STRLEN a").int(), Some(10_000));
    }
    // The first one brings it.
    assert_eq!(counted(&mut reader), [0, 40, 39]);
    cluster.client(home).call("DEL a");
    assert_eq!(reader.call("GET a"), Value::Nil);
    assert_eq!(reader.call("GET none"), Value::Nil);
}

#[test]
fn a_connection_chooses_for_itself() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    cluster.client(home).call("SET a 1");
    wait_for_copy(&mut reader, "a");
    assert_eq!(reader.call("CLIENT CACHEMODE").text(), "strict");
    let before = counted(&mut reader);
    let more = |client: &mut Client| {
        let now = counted(client);
        [0, 1, 2].map(|at| now[at] - before[at])
    };
    assert_eq!(reader.call("GET a").text(), "1");
    assert_eq!(more(&mut reader), [1, 0, 0]);
    assert_eq!(reader.call("CLIENT CACHEMODE VALIDATE").text(), "OK");
    assert_eq!(reader.call("GET a").text(), "1");
    assert_eq!(more(&mut reader), [1, 1, 1]);
    assert_eq!(reader.call("CLIENT CACHEMODE bypass").text(), "OK");
    assert_eq!(reader.call("GET a").text(), "1");
    assert_eq!(more(&mut reader), [1, 1, 1], "the leader was asked for the value");
    assert_eq!(reader.call("CLIENT CACHEMODE").text(), "bypass");
    assert_eq!(reader.call("RESET").text(), "RESET");
    assert_eq!(reader.call("GET a").text(), "1");
    assert_eq!(more(&mut reader), [2, 1, 1]);
}

#[test]
fn reads_that_copies_answer_are_reads_of_keys() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    cluster.client(home).call("SET a 1");
    wait_for_copy(&mut reader, "a");
    wait_for_copy(&mut reader, "none");
    reader.call("CONFIG RESETSTAT");
    for _ in 0..30 {
        reader.call("GET a");
        reader.call("GET none");
        reader.call("GET none");
    }
    reader.call("CACHE STATS RESET");
    let info = reader.call("INFO stats").text();
    for line in ["keyspace_hits:30\r\n", "keyspace_misses:60\r\n"] {
        assert!(info.contains(line), "{info}");
    }
}
