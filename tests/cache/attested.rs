//! What nodes kept of homes that are no more is good again without having been sent.

use std::collections::BTreeMap;

use lockstep_tests::{Client, Cluster, wait_for};

use super::states::move_home;
use super::{ids, number, wait_for_copy};

/// More than one message names.
const KEYS: usize = 48;

/// Nobody is too slow to keep copies, on whatever machine.
fn cluster() -> Cluster {
    super::cluster(&["--cache-slow-sharer-ms", "60000"])
}

fn count(client: &mut Client, name: &str) -> i64 {
    number(&client.call("CACHE STATS"), name)
}

/// Keys with values that nodes have copies of; what they hold.
fn fill(cluster: &Cluster, home: usize, readers: &[usize]) -> BTreeMap<String, String> {
    let mut writer = cluster.client(home);
    let value = |number: usize| format!("{number}:{}", "x".repeat(2_000));
    let held: BTreeMap<String, String> =
        (0..KEYS).map(|number| (format!("k{number}"), value(number))).collect();
    for (key, value) in &held {
        assert_eq!(writer.call(&format!("SET {key} {value}")).text(), "OK");
    }
    for reader in readers {
        let mut reader = cluster.client(*reader);
        held.keys().for_each(|key| wait_for_copy(&mut reader, key));
    }
    held
}

/// Waits until so many of the copies at a node were good again, and reads none of them.
fn wait_attested(reader: &mut Client, before: i64, many: usize) {
    wait_for("copies that are attested", || {
        // It wants a session, and this is none of them.
        reader.call("GET other");
        count(reader, "reattested") >= before + many as i64
    });
}

#[test]
fn copies_are_good_again_when_the_home_has_moved_and_nothing_is_sent_for_them() {
    let cluster = cluster();
    let ids = ids(&cluster);
    let home = cluster.wait_leader(0);
    let (reader, next) = ((home + 1) % 3, (home + 2) % 3);
    let held = fill(&cluster, home, &[reader]);
    let mut client = cluster.client(reader);
    let before = count(&mut client, "reattested");
    move_home(&cluster, next, &ids[next]);
    wait_attested(&mut client, before, KEYS);
    wait_for("a round of reads that asks nobody", || {
        let counts =
            |client: &mut Client| ["hit_local", "requests"].map(|name| count(client, name));
        let before = counts(&mut client);
        for (key, value) in &held {
            assert_eq!(&client.call(&format!("GET {key}")).text(), value);
        }
        counts(&mut client) == [before[0] + KEYS as i64, before[1]]
    });
    assert!(count(&mut client, "older") >= KEYS as i64);
    cluster.client(home).call("SET k0 written");
    assert_eq!(client.call("GET k0").text(), "written", "the new home knows of the copy");
}

/// Reads a key until it is answered: never anything else than that.
fn read(client: &mut Client, key: &str, value: &str) {
    wait_for("a read", || {
        let found = client.call(&format!("GET {key}"));
        assert!(found.is_error() || found.text() == value, "{key}: {found:?}");
        !found.is_error()
    });
}

#[test]
fn what_is_written_before_copies_are_attested_is_read_by_everybody() {
    let mut cluster = cluster();
    let home = cluster.wait_leader(0);
    let others: Vec<usize> = (0..3).filter(|node| *node != home).collect();
    let mut held = fill(&cluster, home, &others);
    let mut clients: Vec<Client> = others.iter().map(|node| cluster.client(*node)).collect();
    let counts = |clients: &mut [Client]| -> Vec<i64> {
        clients.iter_mut().map(|client| count(client, "reattested")).collect()
    };
    let before = counts(&mut clients);
    cluster.kill(home);
    for (at, (key, value)) in held.iter_mut().enumerate().filter(|(at, _)| at % 3 == 0) {
        *value = format!("new{at}");
        let writer = &mut clients[at % 2];
        wait_for("a write", || writer.call(&format!("SET {key} {value}")).text() == "OK");
        clients.iter_mut().for_each(|client| read(client, key, value));
    }
    wait_for("copies of one of them that are attested by the other", || {
        clients.iter_mut().for_each(|client| _ = client.call("GET other"));
        let now = counts(&mut clients);
        now.iter().zip(&before).any(|(now, before)| now - before >= (KEYS / 2) as i64)
    });
    for (key, value) in &held {
        clients.iter_mut().for_each(|client| read(client, key, value));
    }
}
