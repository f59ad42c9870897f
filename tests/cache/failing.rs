//! Copies while nodes die, stand still and hand over.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Instant;

use lockstep_tests::{Client, Cluster, Value, send, wait_for};

use super::values::watch;
use super::{cluster, ids, ms, number, wait_for_copy};

#[test]
fn a_sharer_that_stands_still_holds_a_write_up_no_longer_than_its_lease() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let sharer = (home + 1) % 3;
    let mut writer = cluster.client(home);
    writer.call("SET a 0");
    let mut reader = cluster.client(sharer);
    wait_for_copy(&mut reader, "a");
    cluster.signal(sharer, "STOP");
    let begun = Instant::now();
    assert_eq!(writer.call("SET a 1").text(), "OK");
    let took = begun.elapsed();
    assert!(took < ms(1_500), "{took:?}");
    // The next one knows that nobody is there.
    let begun = Instant::now();
    assert_eq!(writer.call("SET a 2").text(), "OK");
    assert!(begun.elapsed() < took.max(ms(300)), "{:?}", begun.elapsed());
    cluster.signal(sharer, "CONT");
    assert_eq!(reader.call("GET a").text(), "2", "it comes back with an old copy");
}

/// A write of `a` that waits for a node that stands still with a copy.
struct Waiting {
    home: usize,
    sharer: usize,
    reader: Client,
    writer: Client,
    observer: Client,
    begun: Instant,
}

/// None: the home moved meanwhile, as it may when a cluster has just been founded, and the
/// node had given its copies up.
fn begin_waiting(cluster: &Cluster) -> Option<Waiting> {
    let home = cluster.wait_leader(0);
    let sharer = (home + 1) % 3;
    let (mut writer, mut reader) = (cluster.client(home), cluster.client(sharer));
    let mut observer = cluster.client(home);
    writer.call("SET a 0");
    wait_for_copy(&mut reader, "a");
    cluster.signal(sharer, "STOP");
    let begun = Instant::now();
    send(&mut writer, &["SET a 1"]);
    std::thread::sleep(ms(300));
    let shards = observer.call("CACHE DIRECTORY SHARD 0");
    if shards.items().first().is_some_and(|shard| number(shard, "pending") > 0) {
        return Some(Waiting { home, sharer, reader, writer, observer, begun });
    }
    cluster.signal(sharer, "CONT");
    writer.reply().unwrap();
    None
}

/// Tries until the home stays where it is. What happens is told clients of all nodes, that of
/// the home first, which hear of all keys.
fn while_a_write_waits(happens: fn(&mut Waiting, &mut [Client])) {
    let cluster = cluster(&["--cache-lease-ms", "3000"]);
    let stayed = (0..20).any(|_| {
        let mut others: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
        for other in &mut others {
            other.call("HELLO 3");
            assert_eq!(other.call("CLIENT TRACKING ON BCAST PREFIX a").text(), "OK");
        }
        let Some(mut waiting) = begin_waiting(&cluster) else { return false };
        others.swap(0, waiting.home);
        happens(&mut waiting, &mut others[..]);
        assert_eq!(waiting.writer.reply().unwrap().text(), "OK");
        cluster.signal(waiting.sharer, "CONT");
        assert_eq!(waiting.reader.call("GET a").text(), "1");
        true
    });
    assert!(stayed, "the home goes on moving");
}

/// How many pushes came until now.
fn pushes(client: &mut Client) -> usize {
    client.send(b"PING\r\n").unwrap();
    (0..).take_while(|_| matches!(client.reply(), Ok(Value::Push(_)))).count()
}

/// What shares no key with a write that waits for a copy is not held up by it.
#[test]
fn a_sharer_that_stands_still_holds_up_nothing_that_it_has_no_copy_of() {
    while_a_write_waits(|waiting, _| {
        let (begun, other) = (waiting.begun, &mut waiting.observer);
        for round in 0..20 {
            assert_eq!(other.call(&format!("SET b {round}")).text(), "OK");
            assert_eq!(other.call("GET b").text(), round.to_string());
        }
        assert!(begun.elapsed() < ms(2_000), "{:?}", begun.elapsed());
        // What reads the key waits for the write.
        other.call("MULTI");
        other.call("GET a");
        other.call("SET c 1");
        let seen = other.call("EXEC");
        assert_eq!(seen.items()[0].text(), "1");
        assert!(begun.elapsed() > ms(1_500), "{:?}", begun.elapsed());
    });
}

/// A client that caches and is told of a change reads anew, perhaps on another connection
/// that finds a copy: it is told when there is no old one any more.
#[test]
fn who_caches_is_told_of_a_write_when_no_copy_has_the_old_value_any_more() {
    while_a_write_waits(|waiting, others| {
        let begun = waiting.begun;
        let listener = &mut others[0];
        // Of the write before.
        assert_eq!(pushes(listener), 1);
        while begun.elapsed() < ms(1_000) {
            assert_eq!(pushes(listener), 0, "{:?}", begun.elapsed());
        }
        let Value::Push(parts) = listener.reply().unwrap() else { panic!("no push") };
        assert_eq!(parts[1].items()[0].text(), "a");
        assert!(begun.elapsed() > ms(1_500), "{:?}", begun.elapsed());
    });
}

#[test]
fn nothing_stale_is_read_while_the_home_dies() {
    let mut cluster = cluster(&[]);
    let (done, acked) = (AtomicBool::new(false), AtomicU64::new(0));
    for round in 0..2 {
        let home = cluster.wait_leader(0);
        let others: Vec<usize> = (0..3).filter(|node| *node != home).collect();
        done.store(false, SeqCst);
        let process = cluster.process(home).to_string();
        let reads: u64 = std::thread::scope(|scope| {
            let readers: Vec<_> = (0..6)
                .map(|reader| {
                    let (cluster, done, acked) = (&cluster, &done, &acked);
                    scope.spawn(move || watch(cluster, reader % 3, "n", done, acked))
                })
                .collect();
            let begun = Instant::now();
            let mut killed = false;
            let mut client: Option<Client> = None;
            while begun.elapsed() < ms(3_000) {
                if !killed && begun.elapsed() > ms(800) {
                    let status =
                        std::process::Command::new("kill").args(["-KILL", &process]).status();
                    assert!(status.is_ok_and(|status| status.success()));
                    killed = true;
                }
                let node = others[(begun.elapsed().as_millis() as usize / 200) % 2];
                let Some(open) = client.as_mut() else {
                    client = cluster.try_client(node);
                    continue;
                };
                match open.try_call(&["INCR", "n"]) {
                    Ok(value) if !value.is_error() => {
                        acked.fetch_max(value.int().unwrap().unsigned_abs(), SeqCst);
                    }
                    _ => client = None,
                }
            }
            done.store(true, SeqCst);
            readers.into_iter().map(|reader| reader.join().unwrap()).sum()
        });
        assert!(reads > 500, "{reads} in round {round}");
        cluster.wait_end(home);
        cluster.restart(home);
    }
}

#[test]
fn nothing_stale_is_read_while_the_home_moves() {
    let cluster = cluster(&[]);
    let ids = ids(&cluster);
    let (done, acked) = (AtomicBool::new(false), AtomicU64::new(0));
    let reads: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|node| {
                let (cluster, done, acked) = (&cluster, &done, &acked);
                scope.spawn(move || watch(cluster, node, "n", done, acked))
            })
            .collect();
        let mut writer = cluster.client(0);
        for (round, id) in ids.iter().cycle().take(6).enumerate() {
            cluster.client(round % 3).call(&format!("NODE PROMOTE {id}"));
            for turn in 0..60 {
                // A script that does not say which key it writes, every other time.
                let script = "EVAL return(redis.call('INCR','n')) 0";
                let value = writer.call(if turn % 2 == 0 { "INCR n" } else { script });
                assert!(!value.is_error(), "{value:?}");
                acked.store(value.int().unwrap().unsigned_abs(), SeqCst);
                std::thread::sleep(ms(5));
            }
        }
        done.store(true, SeqCst);
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    assert!(reads > 500, "{reads}");
}

#[test]
fn a_home_without_other_voters_waits_for_the_copies_that_it_gave_before_it_died() {
    let mut cluster = cluster(&["--replicas", "1"]);
    let home = cluster.wait_leader(0);
    let sharer = (home + 1) % 3;
    for round in 0..3 {
        let mut reader = cluster.client(sharer);
        cluster.client(home).call(&format!("SET a {round}"));
        wait_for_copy(&mut reader, "a");
        cluster.kill(home);
        cluster.spawn(home);
        let begun = Instant::now();
        let written = loop {
            assert!(begun.elapsed() < ms(20_000), "the home does not come back");
            let Some(mut client) = cluster.try_client(home) else { continue };
            match client.try_call(&["SET", "a", "new"]) {
                Ok(value) if !value.is_error() => break Instant::now(),
                _ => {}
            }
        };
        // As long as an old copy could be good.
        while written.elapsed() < ms(600) {
            let value = reader.call("GET a");
            assert!(value.is_error() || value.text() == "new", "{value:?} in round {round}");
        }
        cluster.wait_ready();
    }
}

#[test]
fn reads_that_wait_for_a_copy_are_answered_though_copies_are_turned_off() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let sharer = (home + 1) % 3;
    let mut reader = cluster.client(sharer);
    cluster.client(home).call("SET warm 1");
    cluster.client(home).call("SET cold 2");
    wait_for_copy(&mut reader, "warm");
    cluster.signal(home, "STOP");
    reader.send(b"GET cold\r\n").unwrap();
    std::thread::sleep(ms(50));
    assert_eq!(cluster.client(sharer).call("CONFIG SET cache-read-mode off").text(), "OK");
    let begun = Instant::now();
    let value = reader.reply().unwrap();
    assert!(begun.elapsed() < ms(8_000), "{:?}", begun.elapsed());
    assert!(value.is_error() || value.text() == "2", "{value:?}");
    cluster.signal(home, "CONT");
}

#[test]
fn a_node_that_would_wait_less_long_for_copies_is_not_let_in() {
    let mut cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let other = (home + 1) % 3;
    cluster.kill(other);
    cluster.arguments(&["--shards", "1", "--fsync", "never", "--cache-lease-ms", "300"]);
    cluster.spawn(other);
    wait_for("it says why", || {
        let log = cluster.log(other);
        log.contains("cache-lease-ms") && log.contains("300 ms and 1 %")
    });
    assert_eq!(cluster.client(home).call("SET a 1").text(), "OK");
    let alone = cluster.try_client(other).map(|mut client| client.call("GET a"));
    assert!(alone.is_none_or(|value| value.is_error()), "it leads nobody to old values");
}
