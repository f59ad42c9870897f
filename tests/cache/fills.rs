//! CACHE FILL: of many who miss a key one makes the value, through whichever nodes they ask,
//! also while the leader dies.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Instant;

use lockstep_tests::{Client, Cluster, Server, Value, send, wait_for, wait_for_blocked};

use super::{cluster, ms, number, wait_for_copy};

/// The word and the second part of a reply to CACHE FILL.
fn told(reply: &Value) -> (String, Value) {
    match reply.items() {
        [word, what] => (word.text(), what.clone()),
        _ => panic!("{reply:?}"),
    }
}

fn token(reply: &Value) -> i64 {
    let (word, what) = told(reply);
    assert_eq!(word, "TOKEN", "{reply:?}");
    what.int().unwrap()
}

#[test]
fn one_makes_the_value_and_all_others_get_it() {
    let server = Server::lockstep(&[]);
    let (mut maker, mut asks) = (server.client(), server.client());
    let good = token(&maker.call("CACHE FILL k 60000"));
    let (word, left) = told(&asks.call("CACHE FILL k 60000"));
    assert!(word == "WAIT" && (1..=60_000).contains(&left.int().unwrap()), "{word} {left:?}");
    let mut waiting: Vec<Client> = (0..5).map(|_| server.client()).collect();
    for client in &mut waiting {
        send(client, &["CACHE FILL k 60000 WAIT 0"]);
    }
    wait_for_blocked(&mut asks, 5);
    assert_eq!(maker.call(&format!("CACHE FILLSET k {} v", good + 1)), Value::Nil);
    assert_eq!(maker.call(&format!("CACHE FILLSET k {good} v PX 100000")).text(), "OK");
    for client in &mut waiting {
        assert_eq!(told(&client.reply().unwrap()), ("VALUE".into(), Value::Bulk(b"v".into())));
    }
    assert_eq!(told(&asks.call("CACHE FILL k 60000")).1.text(), "v");
    assert!(asks.call("PTTL k").int().unwrap() > 90_000);
    assert_eq!(maker.call(&format!("CACHE FILLABORT k {good}")).int(), Some(0));
}

#[test]
fn who_waits_longer_than_it_wants_is_told_to_come_again() {
    let server = Server::lockstep(&[]);
    let (mut maker, mut asks) = (server.client(), server.client());
    token(&maker.call("CACHE FILL k 60000"));
    let begun = Instant::now();
    assert_eq!(told(&asks.call("CACHE FILL k 60000 WAIT 50")), ("WAIT".into(), Value::Int(0)));
    assert!(begun.elapsed() >= ms(50));
}

#[test]
fn a_filler_that_does_not_come_back_is_followed_by_who_waits() {
    let server = Server::lockstep(&[]);
    let (mut maker, mut asks) = (server.client(), server.client());
    let lost = token(&maker.call("CACHE FILL k 100"));
    let next = token(&asks.call("CACHE FILL k 60000 WAIT 0"));
    assert_eq!(maker.call(&format!("CACHE FILLSET k {lost} late")), Value::Nil);
    assert_eq!(asks.call(&format!("CACHE FILLSET k {next} v")).text(), "OK");
}

/// The token stands on disk, as the keys do.
#[test]
fn a_restart_keeps_tokens() {
    let mut server = Server::lockstep(&[]);
    let good = token(&server.client().call("CACHE FILL k 60000"));
    server.kill();
    server.restart();
    let mut client = server.client();
    assert_eq!(told(&client.call("CACHE FILL k 60000")).0, "WAIT");
    assert_eq!(client.call(&format!("CACHE FILLSET k {good} v")).text(), "OK");
}

/// A token is nobody's copy: asking for what is there leaves the copies of others alone.
#[test]
fn what_is_there_is_answered_from_a_copy() {
    let cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let mut reader = cluster.client((home + 1) % 3);
    cluster.client(home).call("SET k v");
    wait_for_copy(&mut reader, "k");
    let hits = |client: &mut Client| number(&client.call("CACHE STATS"), "hit_local");
    let before = hits(&mut reader);
    for node in 0..3 {
        assert_eq!(told(&cluster.client(node).call("CACHE FILL k 1000")).1.text(), "v");
    }
    assert_eq!(reader.call("GET k").text(), "v");
    assert_eq!(hits(&mut reader), before + 2, "the copy is still there");
}

/// What is made, from what, and by whom: a store behind the cache whose value only grows.
/// Writers raise it and delete the key; readers fill. Who reads the key behind a deletion
/// gets nothing that is older than it.
fn fill_forever(
    cluster: &Cluster,
    node: usize,
    (store, deleted): (&AtomicU64, &AtomicU64),
    (reads, fills): (&AtomicU64, &AtomicU64),
    done: &AtomicBool,
) {
    let mut client = None;
    while !done.load(SeqCst) {
        let Some(open) = client.as_mut() else {
            client = cluster.try_client(node);
            if client.is_none() {
                std::thread::sleep(ms(20));
            }
            continue;
        };
        let floor = deleted.load(SeqCst);
        let words = ["CACHE", "FILL", "k", "200", "WAIT", "500"];
        let reply = match Client::try_call(open, &words) {
            Ok(reply) if !reply.is_error() => reply,
            _ => {
                client = None;
                continue;
            }
        };
        match told(&reply) {
            (word, value) if word == "VALUE" => {
                let value: u64 = value.text().parse().unwrap();
                assert!(value >= floor, "node {node} read {value} behind {floor}");
                reads.fetch_add(1, SeqCst);
            }
            (word, good) if word == "TOKEN" => {
                let value = store.load(SeqCst).to_string();
                std::thread::sleep(ms(3));
                let good = good.text();
                match Client::try_call(open, &["CACHE", "FILLSET", "k", &good, &value]) {
                    Ok(reply) if reply.text() == "OK" => drop(fills.fetch_add(1, SeqCst)),
                    Ok(_) => {}
                    Err(_) => client = None,
                }
            }
            _ => {}
        }
    }
}

fn late_fillers_overwrite_nothing(kills: bool) {
    let mut cluster = cluster(&[]);
    let home = cluster.wait_leader(0);
    let (store, deleted) = (AtomicU64::new(1), AtomicU64::new(0));
    let (reads, fills, done) = (AtomicU64::new(0), AtomicU64::new(0), AtomicBool::new(false));
    let process = cluster.process(home).to_string();
    std::thread::scope(|scope| {
        for filler in 0..9 {
            let (cluster, of, seen) = (&cluster, (&store, &deleted), (&reads, &fills));
            let done = &done;
            scope.spawn(move || fill_forever(cluster, filler % 3, of, seen, done));
        }
        let (begun, mut killed) = (Instant::now(), !kills);
        let mut client: Option<Client> = None;
        let few = || reads.load(SeqCst) <= 100 || fills.load(SeqCst) <= 20;
        // As long as it takes on a machine that has much else to do.
        while begun.elapsed() < ms(4_000) || (few() && begun.elapsed() < ms(60_000)) {
            if !killed && begun.elapsed() > ms(1_000) {
                let status = std::process::Command::new("kill").args(["-KILL", &process]).status();
                assert!(status.is_ok_and(|status| status.success()));
                killed = true;
            }
            let Some(open) = client.as_mut() else {
                client = cluster.try_client((home + 1) % 3);
                continue;
            };
            let value = store.fetch_add(1, SeqCst) + 1;
            match open.try_call(&["DEL", "k"]) {
                Ok(reply) if !reply.is_error() => deleted.store(value, SeqCst),
                _ => client = None,
            }
            // A deletion ends tokens: where all takes long, more time for them.
            std::thread::sleep(ms(15) + begun.elapsed() / 50);
        }
        done.store(true, SeqCst);
    });
    let (reads, fills) = (reads.into_inner(), fills.into_inner());
    assert!(reads > 100 && fills > 20, "{reads} reads, {fills} fills");
    if kills {
        cluster.wait_end(home);
    }
}

#[test]
fn a_value_made_from_what_was_deleted_is_never_seen() {
    late_fillers_overwrite_nothing(false);
}

#[test]
fn a_value_made_from_what_was_deleted_is_never_seen_while_the_leader_dies() {
    late_fillers_overwrite_nothing(true);
}

/// Of those who miss a key through all nodes at once, one is given a token.
#[test]
fn many_who_miss_a_key_make_one_value() {
    let cluster = cluster(&[]);
    cluster.wait_leader(0);
    for round in 0..10 {
        let mut clients: Vec<Client> = (0..30).map(|at| cluster.client(at % 3)).collect();
        for client in &mut clients {
            send(client, &[&format!("CACHE FILL k{round} 60000")]);
        }
        let replies: Vec<_> =
            clients.iter_mut().map(|client| told(&client.reply().unwrap())).collect();
        let words: BTreeSet<&str> = replies.iter().map(|(word, _)| &word[..]).collect();
        assert_eq!(words, BTreeSet::from(["TOKEN", "WAIT"]));
        assert_eq!(replies.iter().filter(|(word, _)| word == "TOKEN").count(), 1);
    }
}

/// Those who wait go on waiting when the leader dies, and get what is handed in.
#[test]
fn tokens_and_those_who_wait_outlive_the_leader() {
    let mut cluster = cluster(&[]);
    let victim = cluster.wait_leader(0);
    let mut other = cluster.client((victim + 1) % 3);
    let good = token(&other.call("CACHE FILL k 60000"));
    let mut waiting: Vec<Client> =
        [1, 2].map(|behind| cluster.client((victim + behind) % 3)).into_iter().collect();
    for (at, client) in waiting.iter_mut().enumerate() {
        send(client, &["CACHE FILL k 60000 WAIT 0"]);
        wait_for_blocked(&mut cluster.client((victim + 1 + at) % 3), 1);
    }
    cluster.kill(victim);
    wait_for("a leader", || {
        let reply = other.call(&format!("CACHE FILLSET k {good} v"));
        assert_ne!(reply, Value::Nil, "the token is good still");
        reply.text() == "OK"
    });
    for client in &mut waiting {
        assert_eq!(told(&client.reply().unwrap()).1.text(), "v");
    }
}
