//! Queues of several shards while nodes fail.

use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{cluster, fact, popped, receipts, send, wait_for_blocked};

/// Waits that are in the state of their shards go on when a leader dies.
#[test]
fn who_waits_goes_on_waiting_when_a_leader_dies() {
    let mut cluster = cluster(&[]);
    for victim in 1..3 {
        let mut consumers: Vec<Client> = (0..4).map(|_| cluster.client(0)).collect();
        for consumer in &mut consumers {
            send(consumer, &["QMPOP 6 a b c d e f BLOCK 0"]);
        }
        let mut observer = cluster.client(0);
        wait_for_blocked(&mut observer, consumers.len());
        cluster.kill(victim);
        for queue in ["a", "c", "d", "f"] {
            push(&mut observer, queue, queue, &format!("{queue}-{victim}"));
        }
        for consumer in &mut consumers {
            let reply = consumer.reply().unwrap();
            let (queue, bodies) = popped(&reply);
            assert_eq!(bodies, std::slice::from_ref(&queue));
            assert_eq!(
                consumer.call(&format!("QACK {queue} {}", receipts(&reply)[0])),
                Value::Int(1)
            );
        }
        cluster.restart(victim);
        cluster.wait_ready();
    }
}

/// Pushes until it is acknowledged, always under the same id.
fn push(client: &mut Client, queue: &str, body: &str, id: &str) {
    wait_for("a leader", || {
        !client.call(&format!("QPUSH {queue} {body} DEDUP {id} WINDOW 1000")).is_error()
    });
}

/// A majority is gone: new requests are refused soon, waits end in time, and nobody
/// hangs.
#[test]
fn a_minority_refuses_and_does_not_hang() {
    let mut cluster = cluster(&[]);
    let (mut consumer, mut other) = (cluster.client(0), cluster.client(0));
    let mut observer = cluster.client(0);
    for queue in ["a", "b", "c", "d", "e", "f"] {
        observer.call(&format!("QCREATE {queue}"));
    }
    send(&mut consumer, &["QMPOP 6 a b c d e f BLOCK 1500"]);
    for queue in ["a", "b", "c", "d", "e", "f"] {
        wait_for("it waits", || fact(&mut observer, queue, "waiting") == 1);
    }
    let begun = Instant::now();
    cluster.kill(1);
    cluster.kill(2);
    let refused = other.call("QMPOP 6 a b c d e f BLOCK 0");
    // The second when a shard died with the question on its way.
    let words = ["CLUSTERDOWN", "UNCERTAIN"];
    assert!(words.iter().any(|word| refused.text().starts_with(word)), "{refused:?}");
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    // Nil in time, or why there is nothing, or the connection was closed because it
    // counts as gone.
    if let Ok(reply) = consumer.reply() {
        let refused = words.iter().any(|word| reply.text().starts_with(word));
        assert!(reply == Value::Nil || refused, "{reply:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

/// A leader that stands still for a moment makes a wait end late by the shard's clock, so that
/// the node ends it itself: the reply tells of the ack all the same, if there was one.
#[test]
fn a_wait_behind_an_ack_that_ends_late_tells_of_the_ack() {
    let cluster = cluster(&[]);
    let mut told = 0;
    for round in 0..8 {
        let queue = format!("late-{round}");
        let mut consumer = cluster.client(0);
        push(&mut consumer, &queue, "m", "m");
        let receipt = consumer.call(&format!("QPOP {queue}")).items()[0].text();
        (1..3).for_each(|node| cluster.signal(node, "STOP"));
        send(&mut consumer, &[&format!("QACK {queue} {receipt} POP 1 BLOCK 1000")]);
        thread::sleep(Duration::from_millis(150));
        (1..3).for_each(|node| cluster.signal(node, "CONT"));
        let reply = consumer.reply().unwrap();
        if !reply.text().starts_with("CLUSTERDOWN") {
            assert_eq!(reply, Value::Array(vec![Value::Int(1), Value::Nil]));
            told += 1;
        }
    }
    assert!(told > 0, "it was always refused");
}

/// What was acked is not taken back when the node stops.
#[test]
fn a_node_that_stops_tells_those_who_wait_behind_an_ack_of_the_ack() {
    let mut cluster = cluster(&[]);
    let mut consumer = cluster.client(2);
    consumer.call("QPUSH a m");
    let receipt = consumer.call("QPOP a").items()[0].text();
    send(&mut consumer, &[&format!("QACK a {receipt} POP 1 BLOCK 0")]);
    let mut observer = cluster.client(2);
    wait_for_blocked(&mut observer, 1);
    cluster.stop(2);
    assert_eq!(consumer.reply().unwrap(), Value::Array(vec![Value::Int(1), Value::Nil]));
}

/// A node that stops answers those who wait, and is soon gone.
#[test]
fn a_node_that_stops_keeps_nobody_waiting() {
    let mut cluster = cluster(&[]);
    let mut consumers: Vec<Client> = (0..3).map(|_| cluster.client(2)).collect();
    for consumer in &mut consumers {
        send(consumer, &["QMPOP 6 a b c d e f BLOCK 0"]);
    }
    let mut observer = cluster.client(2);
    wait_for_blocked(&mut observer, consumers.len());
    let begun = Instant::now();
    cluster.stop(2);
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
    for consumer in &mut consumers {
        let reply = consumer.reply();
        assert!(reply.as_ref().is_ok_and(Value::is_error), "{reply:?}");
    }
    let mut client = cluster.client(0);
    for queue in ["a", "b", "c", "d", "e", "f"] {
        push(&mut client, queue, "m", "m");
        wait_for("nobody takes it", || client.call(&format!("QLEN {queue}")) == Value::Int(1));
    }
}

/// Every message is delivered, and each that is acked once, while nodes are killed below
/// consumers that wait for several queues.
#[test]
fn nothing_is_lost_while_leaders_die_below_those_who_wait() {
    const MESSAGES: usize = 150;
    let mut cluster = Cluster::start(3, &["--shards", "6"]);
    let mut consumer = cluster.client(0);
    let address = cluster.address(0);
    let consuming = thread::spawn(move || {
        let mut seen = std::collections::BTreeSet::new();
        let begun = Instant::now();
        while seen.len() < MESSAGES && begun.elapsed() < Duration::from_secs(90) {
            let reply = consumer.call("QMPOP 3 a b c COUNT 4 BLOCK 500 VT 2000");
            if reply.items().is_empty() {
                continue;
            }
            let (queue, bodies) = popped(&reply);
            let acked = consumer.call(&format!("QACK {queue} {}", receipts(&reply).join(" ")));
            if !acked.is_error() {
                seen.extend(bodies);
            }
        }
        seen
    });
    let mut producer = Client::connect(address.port()).unwrap();
    for number in 0..MESSAGES {
        let body = format!("m{number}");
        push(&mut producer, ["a", "b", "c"][number % 3], &body, &body);
        if number % 50 == 25 {
            let victim = 1 + number / 50 % 2;
            cluster.kill(victim);
            thread::sleep(Duration::from_millis(500));
            cluster.restart(victim);
        }
    }
    let seen = consuming.join().unwrap();
    assert_eq!(seen.len(), MESSAGES);
}
