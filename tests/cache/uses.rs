//! Keys that copies and replicas answer count as used where they are led.

use lockstep_tests::{Client, Cluster, wait_for};

use super::replicas::wait_for_replica;
use super::{number, wait_for_copy};

/// A key that was not used for long, by what its leader knows.
fn idle_key(cluster: &Cluster, home: usize) -> Client {
    let mut home = cluster.client(home);
    home.call("SET a v");
    let payload = home.call("DUMP a").bytes().unwrap().to_vec();
    let words: [&[u8]; 7] = [b"RESTORE", b"k", b"0", &payload, b"REPLACE", b"IDLETIME", b"5000"];
    assert_eq!(home.call_words(&words).text(), "OK");
    assert!(idle_s(&mut home) >= 5_000);
    home
}

fn idle_s(home: &mut Client) -> i64 {
    home.call("OBJECT IDLETIME k").int().unwrap()
}

/// A node reads a key that its leader takes for idle, until the leader knows better.
fn leader_hears_of_reads(cluster: &Cluster, reads_by_itself: fn(&mut Client)) {
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    reads_by_itself(&mut reader);
    let mut home = idle_key(cluster, home);
    let told = |client: &mut Client| number(&client.call("CACHE STATS"), "uses");
    let before = told(&mut reader);
    wait_for("a key that is in use", || {
        reader.call("GET k");
        told(&mut reader) > before && idle_s(&mut home) < 1_000
    });
}

#[test]
fn a_key_that_is_read_from_copies_is_not_idle_at_its_leader() {
    leader_hears_of_reads(&super::cluster(&[]), |reader| wait_for_copy(reader, "warm"));
}

#[test]
fn a_key_that_is_read_from_replicas_is_not_idle_at_its_leader() {
    let cluster = super::start(&["--cache-replica-reads", "yes"]);
    leader_hears_of_reads(&cluster, wait_for_replica);
}
