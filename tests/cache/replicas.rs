//! Nodes that read all keys of a shard from a replica of their own.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Instant;

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::values::watch;
use super::{ids, letters, ms, number, start, state};

/// Three nodes with one shard that read from replicas whenever anything is read.
fn cluster(arguments: &[&str]) -> Cluster {
    start(&[&["--cache-replica-reads", "yes"], arguments].concat())
}

fn hits(client: &mut Client) -> i64 {
    number(&client.call("CACHE STATS"), "hit_replica")
}

/// Waits until a node answers from its replica.
pub(super) fn wait_for_replica(client: &mut Client) {
    let (before, mut key) = (hits(client), 0);
    wait_for("a replica that is read", || {
        // Of what was read before there may be a copy.
        key += 1;
        client.call(&format!("GET warm:{key}"));
        hits(client) > before
    });
}

/// The nodes that do not lead, reading from their replicas.
fn readers(cluster: &Cluster) -> Vec<Client> {
    let home = cluster.wait_leader(0);
    let mut readers: Vec<Client> =
        (0..3).filter(|node| *node != home).map(|node| cluster.client(node)).collect();
    readers.iter_mut().for_each(wait_for_replica);
    readers
}

#[test]
fn a_node_reads_more_keys_than_it_may_keep_copies_of_and_asks_nobody() {
    let cluster = cluster(&["--cache-max-entries", "4"]);
    let mut writer = cluster.client(cluster.wait_leader(0));
    for key in 0..200 {
        writer.call(&format!("SET k{key} {key}"));
    }
    writer.call("RPUSH list a b c");
    writer.call("HSET hash f v");
    for reader in &mut readers(&cluster) {
        // What was written last is there when the replica has heard of it.
        wait_for("the last write", || {
            let before = hits(reader);
            reader.call("HGET hash f");
            hits(reader) > before
        });
        let before = reader.call("CACHE STATS");
        for key in 0..200 {
            assert_eq!(reader.call(&format!("GET k{key}")).text(), key.to_string());
        }
        assert_eq!(reader.call("MGET k1 none k2").items()[2].text(), "2");
        assert_eq!(reader.call("EXISTS k1 k2 none").int(), Some(2));
        assert_eq!(reader.call("STRLEN k100").int(), Some(3));
        assert_eq!(reader.call("TTL k1").int(), Some(-1));
        assert_eq!(reader.call("TYPE list").text(), "list");
        assert_eq!(reader.call("LRANGE list 0 -1").items().len(), 3);
        assert_eq!(reader.call("HGET hash f").text(), "v");
        assert!(reader.call("GET list").text().starts_with("WRONGTYPE"));
        let after = reader.call("CACHE STATS");
        let more = |name: &str| number(&after, name) - number(&before, name);
        assert_eq!((more("hit_replica"), more("gets"), more("requests")), (208, 208, 0));
    }
}

#[test]
fn a_count_of_different_elements_is_kept_by_the_leader_and_read_at_replicas() {
    let cluster = cluster(&[]);
    let mut writer = cluster.client(cluster.wait_leader(0));
    let mut readers = readers(&cluster);
    for round in 1..=20 {
        assert_eq!(writer.call(&format!("PFADD h {round}")).int(), Some(1));
        assert_eq!(writer.call("GETBIT h 120").int(), Some(1), "the count is old");
        for reader in &mut readers {
            assert_eq!(reader.call("PFCOUNT h").int(), Some(round));
            assert_eq!(reader.call("GETBIT h 120").int(), Some(0), "it is kept");
        }
    }
    for reader in &mut readers {
        wait_for("a count that a replica tells", || {
            let before = hits(reader);
            assert_eq!(reader.call("PFCOUNT h").int(), Some(20));
            hits(reader) > before
        });
    }
}

#[test]
fn what_one_node_was_told_all_others_read_at_once() {
    let cluster = cluster(&[]);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    readers(&cluster);
    let before: i64 = clients.iter_mut().map(hits).sum();
    for round in 0..300 {
        let (key, writer) = (round % 5, round % 3);
        match round % 4 {
            0 => clients[writer].call(&format!("SET k{key} {round}")),
            1 => clients[writer].call(&format!("MSET k{key} {round} other {round}")),
            2 => clients[writer]
                .call(&format!("EVAL return(redis.call('SET',KEYS[1],'{round}')) 1 k{key}")),
            _ => clients[writer].call(&format!("GETSET k{key} {round}")),
        };
        clients[writer].call(&format!("HSET h{key} f {round}"));
        clients[writer].call("RPUSH list x");
        for client in &mut clients {
            assert_eq!(client.call(&format!("GET k{key}")).text(), round.to_string());
            assert_eq!(client.call(&format!("HGET h{key} f")).text(), round.to_string());
            assert_eq!(client.call("LLEN list").int(), Some(round as i64 + 1));
            assert_eq!(client.call("GET untouched"), Value::Nil);
        }
        if round % 50 == 49 {
            clients[writer].call("FLUSHALL");
            for client in &mut clients {
                assert_eq!(client.call(&format!("EXISTS k{key}")).int(), Some(0));
            }
            (0..=round).for_each(|_| drop(clients[writer].call("RPUSH list x")));
        }
    }
    let after: i64 = clients.iter_mut().map(hits).sum();
    assert!(after > before + 300, "{before} to {after}");
}

#[test]
fn keys_with_a_deadline_are_not_seen_behind_it() {
    let cluster = cluster(&[]);
    readers(&cluster);
    let mut clients: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    for round in 0..10 {
        super::ends_for_all_at_once(&mut clients, round, 100);
    }
}

#[test]
fn several_keys_are_read_as_they_were_at_one_moment() {
    let cluster = cluster(&[]);
    readers(&cluster);
    let (done, seen) = (AtomicBool::new(false), [const { AtomicU64::new(0) }; 3]);
    std::thread::scope(|scope| {
        for (node, seen) in seen.iter().enumerate() {
            let (mut client, done) = (cluster.client(node), &done);
            scope.spawn(move || {
                while !done.load(SeqCst) {
                    let both = client.call("MGET a b");
                    let [a, b] = both.items() else { panic!("{both:?}") };
                    assert_eq!(a, b);
                    seen.fetch_add(1, SeqCst);
                }
            });
        }
        super::write_two_together(&mut cluster.client(1));
        done.store(true, SeqCst);
    });
    assert!(seen.iter().all(|seen| seen.load(SeqCst) > 50), "{seen:?}");
}

#[test]
fn a_node_that_stands_still_holds_a_write_up_no_longer_than_its_lease() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let (mut writer, mut reader) = (cluster.client(home), cluster.client((home + 1) % 3));
    writer.call("SET a 0");
    wait_for_replica(&mut reader);
    cluster.signal((home + 1) % 3, "STOP");
    let begun = Instant::now();
    assert_eq!(writer.call("SET a 1").text(), "OK");
    assert!(begun.elapsed() < ms(1_500), "{:?}", begun.elapsed());
    cluster.signal((home + 1) % 3, "CONT");
    assert_eq!(reader.call("GET a").text(), "1", "it comes back with an old replica");
}

/// Reads a counter through all nodes while it is raised and `happens`.
fn read_while(cluster: &Cluster, rounds: usize, mut happens: impl FnMut(usize)) {
    let (done, acked) = (AtomicBool::new(false), AtomicU64::new(0));
    let reads: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..6)
            .map(|reader| {
                let (done, acked) = (&done, &acked);
                scope.spawn(move || watch(cluster, reader % 3, "n", done, acked))
            })
            .collect();
        let mut client: Option<Client> = None;
        for round in 0..rounds {
            happens(round);
            let Some(open) = client.as_mut() else {
                client = cluster.try_client(round % 3);
                std::thread::sleep(ms(2));
                continue;
            };
            match open.try_call(&["INCR", "n"]) {
                Ok(value) if !value.is_error() => {
                    acked.fetch_max(value.int().unwrap().unsigned_abs(), SeqCst);
                }
                _ => client = None,
            }
            std::thread::sleep(ms((round % 3) as u64));
        }
        done.store(true, SeqCst);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(reads > 500, "{reads}");
}

#[test]
fn nothing_stale_is_read_from_replicas_while_nodes_stand_still_and_homes_move() {
    let cluster = cluster(&[]);
    let ids = ids(&cluster);
    readers(&cluster);
    let mut stopped = None;
    read_while(&cluster, 450, |round| match round % 150 {
        20 => {
            stopped = Some(round / 150 % 3);
            cluster.signal(round / 150 % 3, "STOP");
        }
        80 => cluster.signal(stopped.take().expect("stopped before"), "CONT"),
        120 => {
            // May be refused: it leads already, or is not ready.
            let _ = cluster.client(0).call(&format!("NODE PROMOTE {}", ids[round / 150 % 3]));
        }
        _ => {}
    });
    let found: i64 = (0..3).map(|node| hits(&mut cluster.client(node))).sum();
    assert!(found > 0, "replicas were read");
}

#[test]
fn who_reads_from_its_replica_says_so_and_stops_when_it_is_told() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let (mut writer, mut reader) = (cluster.client(home), cluster.client((home + 1) % 3));
    writer.call("SET a 1");
    wait_for_replica(&mut reader);
    let ids = ids(&cluster);
    wait_for("the letter", || {
        let letters = letters(&state(&mut writer, "a"), &ids);
        letters.split('/').nth((home + 1) % 3) == Some("R")
    });
    for node in 0..3 {
        let set = cluster.client(node).call("CONFIG SET cache-replica-reads no");
        assert_eq!(set.text(), "OK");
    }
    wait_for("copies of single keys", || {
        let before = hits(&mut reader);
        (0..10).for_each(|key| drop(reader.call(&format!("GET new:{key}"))));
        hits(&mut reader) == before
    });
    for round in 0..20 {
        writer.call(&format!("SET a {round}"));
        assert_eq!(reader.call("GET a").text(), round.to_string());
    }
    assert_eq!(cluster.client(home).call("CONFIG SET cache-replica-reads yes").text(), "OK");
    assert_eq!(reader.call("CONFIG SET cache-replica-reads yes").text(), "OK");
    wait_for_replica(&mut reader);
    writer.call("SET a again");
    assert_eq!(reader.call("GET a").text(), "again");
}

#[test]
fn a_node_begins_when_it_reads_much_that_it_has_no_copies_of() {
    let cluster = start(&["--cache-max-entries", "4", "--cache-replica-reads", "auto"]);
    let mut reader = cluster.client((cluster.wait_leader(0) + 1) % 3);
    for _ in 0..20 {
        reader.call("GET a");
        std::thread::sleep(ms(10));
    }
    assert_eq!(hits(&mut reader), 0, "a few reads of one key need no replica");
    let mut key = 0;
    wait_for("a replica that is read", || {
        key += 1;
        reader.call(&format!("GET k{key}"));
        hits(&mut reader) > 0
    });
}

/// What nobody wrote lately is the same everywhere, whoever still has old copies.
#[test]
fn a_new_home_answers_reads_while_copies_of_a_dead_node_may_last() {
    let arguments = ["--shards", "1", "--replicas", "5", "--fsync", "never"];
    let copies = ["--cache-replica-reads", "yes", "--cache-lease-ms", "3000"];
    let mut cluster = Cluster::start(5, &[&arguments[..], &copies[..]].concat());
    let dead = (cluster.wait_leader(0) + 1) % 5;
    cluster.client(dead).call("SET quiet still");
    cluster.kill(dead);
    // The home may move by itself, and whoever leads then had no word of it before.
    let answered = (0..10).any(|_| {
        let home = cluster.wait_leader(0);
        let early = reads_of_a_new_home(&mut cluster, home, dead);
        cluster.restart(home);
        early > 0
    });
    assert!(answered, "no new home answered anything before it served");
}

/// How many reads the home answered that took over from one that was killed, before it
/// served.
fn reads_of_a_new_home(cluster: &mut Cluster, home: usize, dead: usize) -> i64 {
    let mut others: Vec<Client> = (0..5)
        .filter(|node| ![home, dead].contains(node))
        .map(|node| cluster.client(node))
        .collect();
    others.iter_mut().for_each(wait_for_replica);
    let early = |others: &mut [Client]| {
        let count = |client: &mut Client| number(&client.call("CACHE STATS"), "early");
        others.iter_mut().map(count).sum::<i64>()
    };
    let before = early(&mut others);
    cluster.kill(home);
    let mut writers: Vec<Client> = (0..5)
        .filter(|node| ![home, dead].contains(node))
        .map(|node| cluster.client(node))
        .collect();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let done = &done;
        scope.spawn(move || {
            // It waits until no copy of the dead node is good any more.
            while !writers.iter_mut().any(|writer| writer.call("SET busy 1").text() == "OK") {}
            done.store(true, SeqCst);
        });
        while !done.load(SeqCst) {
            for client in &mut others {
                let value = client.call("GET quiet");
                assert!(value.is_error() || value.text() == "still", "{value:?}");
            }
        }
    });
    early(&mut others) - before
}
