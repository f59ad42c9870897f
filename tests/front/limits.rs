//! Memory, passwords and full inboxes.

use lockstep_tests::{Client, Server, Value, request};

use super::{pipeline, texts};

/// Writes many keys in pipelines; how many were refused.
fn flood(client: &mut Client, from: usize, count: usize, bytes: usize) -> usize {
    let value = "v".repeat(bytes);
    let mut refused = 0;
    for start in (from..from + count).step_by(500) {
        let pipeline: Vec<u8> = (start..start + 500)
            .flat_map(|number| request(&["SET", &format!("key:{number}"), &value]))
            .collect();
        client.send(&pipeline).unwrap();
        refused += (0..500).filter(|_| client.reply().unwrap().is_error()).count();
    }
    refused
}

fn dataset(client: &mut Client) -> u64 {
    number(&client.call("INFO memory").text(), "used_memory_dataset")
}

fn number(info: &str, name: &str) -> u64 {
    let mut fields = info.lines().filter_map(|line| line.split_once(':'));
    fields.find(|(field, _)| *field == name).unwrap().1.parse().unwrap()
}

#[test]
fn what_maxmemory_does_not_count_is_told() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    client.call("SET a 1");
    let info = client.call("INFO memory").text();
    let [used, not_counted] =
        ["used_memory", "mem_not_counted_for_evict"].map(|name| number(&info, name));
    assert!(not_counted > 0);
    assert_eq!(used - not_counted, number(&info, "used_memory_dataset"));
}

#[test]
fn under_a_flood_of_writes_memory_stays_where_it_may_be() {
    let limit = 4 << 20;
    let server = Server::lockstep(&["--fsync", "never", "--maxmemory", "4mb"]);
    for policy in ["allkeys-lru", "allkeys-lfu", "allkeys-random"] {
        let mut client = server.client();
        client.call(&format!("CONFIG SET maxmemory-policy {policy}"));
        client.call("FLUSHALL");
        // Small ones first: large ones then need many victims each.
        assert_eq!(flood(&mut client, 0, 50_000, 16), 0);
        assert!(dataset(&mut client) < limit + limit / 4, "{policy}: small");
        assert_eq!(flood(&mut client, 100_000, 1_000, 10_000), 0);
        let used = dataset(&mut client);
        assert!(used < limit * 2, "{policy}: {used} with large values");
        let left = client.call("DBSIZE").int().unwrap();
        assert!(left > 100, "{policy}: no more goes than must: {left} left");
    }
}

#[test]
fn without_eviction_what_needs_memory_is_refused_and_nothing_else() {
    let server = Server::lockstep(&["--fsync", "never", "--maxmemory", "1mb"]);
    let mut client = server.client();
    client.call("LOCK door");
    assert!(flood(&mut client, 0, 20_000, 100) > 0);
    for line in ["SET more 1", "APPEND key:1 x", "QPUSH q m"] {
        assert!(client.call(line).text().starts_with("OOM "), "{line}");
    }
    for line in ["GET key:1", "DEL key:1", "QPOP q", "UNLOCK door", "TTL key:2"] {
        assert!(!client.call(line).is_error(), "{line}");
    }
    let policies = ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"];
    for policy in policies {
        client.call(&format!("CONFIG SET maxmemory-policy {policy}"));
        assert!(client.call("SET more 1").text().starts_with("OOM "), "{policy}");
    }
}

#[test]
fn without_memory_a_transaction_is_refused_as_a_whole() {
    let server = Server::lockstep(&["--fsync", "never", "--maxmemory", "1mb"]);
    let mut client = server.client();
    assert_eq!(texts(&mut client, &["SET a 1", "MULTI", "SET a 2"]), ["OK", "OK", "QUEUED"]);
    assert!(flood(&mut server.client(), 0, 20_000, 100) > 0);
    let refused = client.call("EXEC").text();
    assert!(refused.starts_with("EXECABORT Transaction discarded because of: OOM "), "{refused}");
    assert_eq!(client.call("GET a").text(), "1");
    let replies = pipeline(&mut client, &["MULTI", "GET a", "EXEC"]);
    assert!(replies[1].text().starts_with("OOM "), "{replies:?}");
    assert!(replies[2].text().starts_with("EXECABORT "), "{replies:?}");
}

/// Who has a lock or a message must be able to keep it and to give it back.
#[test]
fn without_replicas_keys_are_not_written_and_locks_and_queues_go_on() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    client.call("SET k v");
    assert_eq!(client.call("CONFIG SET min-replicas-to-write 1").text(), "OK");
    let script = "return redis.call('set', KEYS[1], 'w')";
    for refused in [&["SET", "k", "w"][..], &["DEL", "k"], &["EVAL", script, "1", "k"]] {
        let told = client.call_words(refused).text();
        assert!(told.contains("NOREPLICAS"), "{refused:?}: {told}");
    }
    texts(&mut client, &["MULTI", "SET k w"]);
    assert!(client.call("EXEC").is_error());
    assert_eq!(client.call("GET k").text(), "v");
    for taken in ["LOCK door", "UNLOCK door", "QPUSH q m", "QPOP q"] {
        let told = client.call(taken);
        assert!(!told.is_error(), "{taken}: {told:?}");
    }
}

#[test]
fn a_password_set_and_taken_away_while_the_node_runs_counts_at_once() {
    let server = Server::lockstep(&[]);
    let (mut old, mut new) = (server.client(), server.client());
    // Whoever is answered was let in.
    new.call("PING");
    old.call("CONFIG SET requirepass secret");
    let mut stranger = server.client();
    let refusals = texts(&mut stranger, &["GET a", "NOPE", "GET", "PING"]);
    assert!(refusals[0].starts_with("NOAUTH "), "{refusals:?}");
    assert!(refusals[1].starts_with("ERR unknown command"), "{refusals:?}");
    assert!(refusals[2].starts_with("ERR wrong number"), "{refusals:?}");
    assert!(refusals[3].starts_with("NOAUTH "), "{refusals:?}");
    assert_eq!(new.call("GET a"), Value::Nil, "who was there before stays");
    old.call_words(&["CONFIG", "SET", "requirepass", ""]);
    assert_eq!(stranger.call("PING").text(), "PONG");
    assert_eq!(stranger.call_words(&["SET", "a", &"v".repeat(100_000)]).text(), "OK");
}

#[test]
fn a_transaction_larger_than_the_query_buffer_is_refused() {
    let server = Server::lockstep(&["--client-query-buffer-limit", "2mb"]);
    let mut client = server.client();
    client.call("MULTI");
    let value = "v".repeat(500_000);
    let replies: Vec<Value> =
        (0..6).map(|number| client.call_words(&["SET", &number.to_string(), &value])).collect();
    assert_eq!(replies[0].text(), "QUEUED");
    assert!(replies[5].is_error());
    assert!(client.call("EXEC").text().starts_with("EXECABORT "));
    assert_eq!(client.call("DBSIZE"), Value::Int(0));
}

#[test]
fn locks_are_given_back_though_the_inbox_is_full() {
    let server = Server::lockstep(&["--inbox-bytes-max", "1mb"]);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let busy = std::sync::atomic::AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (server, stop, busy) = (&server, &stop, &busy);
            scope.spawn(move || {
                let mut client = server.client();
                let key = format!("key:{number}");
                let command = request(&["SET", &key, &"v".repeat(200_000)]);
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    client.send(&command.repeat(3)).unwrap();
                    let refused = (0..3).filter(|_| client.reply().unwrap().is_error()).count();
                    busy.fetch_add(refused, std::sync::atomic::Ordering::Relaxed);
                }
            });
        }
        let mut observer = server.client();
        for round in 0..20 {
            let name = format!("lock:{round}");
            let mut holder = server.client();
            lockstep_tests::wait_for("the lock", || {
                holder.call(&format!("LOCK {name}")).int().is_some()
            });
            drop(holder);
            lockstep_tests::wait_for("the end of the lock", || {
                observer.call(&format!("LOCKINFO KEY {name}")) == Value::Nil
            });
        }
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(busy.into_inner() > 0, "the inbox was full at times");
}

/// Sends a line made of a growing number until the connection ends; whether it does within
/// so many.
fn closes_within(client: &mut Client, count: usize, line: impl Fn(usize) -> Vec<String>) -> bool {
    (0..count).any(|number| client.try_call(&line(number)).is_err())
}

fn evicted(client: &mut Client) -> u64 {
    number(&client.call("INFO stats").text(), "evicted_clients")
}

#[test]
fn what_a_client_lets_the_server_keep_counts_for_maxmemory_clients() {
    let server = Server::lockstep(&["--fsync", "never", "--maxmemory-clients", "1mb"]);
    let mut admin = server.client();
    let name = |number: usize| format!("{number}{}", "x".repeat(100_000));
    let words = |words: &[&str], name: String| {
        words.iter().map(|word| (*word).to_owned()).chain([name]).collect::<Vec<_>>()
    };
    let mut queues = server.client();
    queues.call("MULTI");
    assert!(closes_within(&mut queues, 20, |number| words(&["GET"], name(number))));
    for start in [&["WATCH"][..], &["SUBSCRIBE"], &["PSUBSCRIBE"], &["SSUBSCRIBE"]] {
        let mut client = server.client();
        assert!(closes_within(&mut client, 20, |at| words(start, name(at))), "{start:?}");
    }
    let mut tracks = server.client();
    tracks.call("HELLO 3");
    let prefix = ["CLIENT", "TRACKING", "ON", "BCAST", "PREFIX"];
    assert!(closes_within(&mut tracks, 20, |number| words(&prefix, name(number))));
    assert_eq!(evicted(&mut admin), 6);
    admin.call("CONFIG RESETSTAT");
    assert_eq!(evicted(&mut admin), 0);
}

#[test]
fn who_said_no_evict_is_not_closed_for_what_all_hold() {
    let server = Server::lockstep(&["--fsync", "never", "--maxmemory", "10mb"]);
    let mut admin = server.client();
    admin.call("CLIENT NO-EVICT ON");
    let mut holds = server.client();
    holds.call("CLIENT NO-EVICT ON");
    holds.call("MULTI");
    for _ in 0..8 {
        assert_eq!(holds.call_words(&["GET", &"x".repeat(100_000)]).text(), "QUEUED");
    }
    // A share of `maxmemory`: 512 KiB.
    assert_eq!(admin.call("CONFIG SET maxmemory-clients 5%").text(), "OK");
    assert_eq!(holds.call("DISCARD").text(), "OK");
    assert_eq!(evicted(&mut admin), 0);
    holds.call("CLIENT NO-EVICT OFF");
    holds.call("MULTI");
    assert!(closes_within(&mut holds, 20, |_| vec!["GET".to_owned(), "x".repeat(100_000)]));
    assert_eq!(evicted(&mut admin), 1);
    assert_eq!(admin.call("PING").text(), "PONG");
}
