//! QMPOP with queues of several shards.

use std::time::{Duration, Instant};

use lockstep_tests::{Server, Value, wait_for};

use super::{cluster, fact, popped, ready, receipts, send, wait_for_blocked};

const QUEUES: &str = "6 a b c d e f";

#[test]
fn the_first_queue_that_has_messages_gives_them() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    assert_eq!(client.call(&format!("QMPOP {QUEUES}")), Value::Nil);
    for queue in ["e", "b", "d"] {
        for body in 0..3 {
            client.call(&format!("QPUSH {queue} {queue}{body}"));
        }
    }
    let line = format!("QMPOP {QUEUES} COUNT 2");
    assert_eq!(popped(&client.call(&line)), ("b".into(), vec!["b0".into(), "b1".into()]));
    assert_eq!(popped(&client.call(&line)), ("b".into(), vec!["b2".into()]));
    assert_eq!(popped(&client.call(&line)), ("d".into(), vec!["d0".into(), "d1".into()]));
    let reply = client.call("QMPOP 2 f e WITHMETA");
    assert_eq!(popped(&reply), ("e".into(), vec!["e0".into()]));
    assert_eq!(client.call(&format!("QACK e {}", receipts(&reply)[0])), Value::Int(1));
}

#[test]
fn with_fair_every_queue_comes_first_in_turn() {
    let server = Server::lockstep(&["--fsync", "never", "--shards", "4"]);
    let mut client = server.client();
    for queue in ["a", "b", "c", "d"] {
        (0..40).for_each(|_| drop(client.call(&format!("QPUSH {queue} m"))));
    }
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        seen.insert(popped(&client.call("QMPOP 4 a b c d FAIR")).0);
    }
    assert_eq!(seen.len(), 4, "{seen:?}");
}

#[test]
fn who_waits_gets_a_message_of_whichever_queue_it_comes_to() {
    let cluster = cluster(&[]);
    let (mut consumer, mut producer) = (cluster.client(0), cluster.client(1));
    let mut observer = cluster.client(0);
    for queue in ["f", "a", "c", "e", "b", "d"] {
        send(&mut consumer, &[&format!("QMPOP {QUEUES} BLOCK 0")]);
        wait_for_blocked(&mut observer, 1);
        producer.call(&format!("QPUSH {queue} to-{queue}"));
        let reply = consumer.reply().unwrap();
        assert_eq!(popped(&reply), (queue.into(), vec![format!("to-{queue}")]));
        // The other waits are gone: what comes to those queues stays there.
        for other in ["a", "b", "c", "d", "e", "f"] {
            wait_for("nobody waits any more", || fact_or_zero(&mut observer, other) == 0);
        }
    }
}

/// How many requests wait for a queue; one that was never pushed to is not there.
fn fact_or_zero(client: &mut lockstep_tests::Client, queue: &str) -> i64 {
    let info = client.call(&format!("QINFO {queue}"));
    info.field("waiting").and_then(Value::int).unwrap_or(0)
}

/// Both shards grant at the same moment: one wins, and what the other gave is delivered
/// to the next, in its old place and without blame.
#[test]
fn of_two_grants_at_once_one_goes_back_to_its_place() {
    let cluster = cluster(&[]);
    let mut consumer = cluster.client(0);
    let mut observer = cluster.client(0);
    let (mut one, mut other) = (cluster.client(1), cluster.client(2));
    for round in 0..40 {
        send(&mut consumer, &["QMPOP 2 a b BLOCK 0 VT 60000"]);
        wait_for_blocked(&mut observer, 1);
        send(&mut one, &[&format!("QPUSH a a{round}"), &format!("QPUSH a next{round}")]);
        send(&mut other, &[&format!("QPUSH b b{round}"), &format!("QPUSH b next{round}")]);
        for client in [&mut one, &mut other] {
            (0..2).for_each(|_| assert!(!client.reply().unwrap().is_error()));
        }
        let reply = consumer.reply().unwrap();
        let (winner, bodies) = popped(&reply);
        assert_eq!(bodies, [format!("{winner}{round}")]);
        consumer.call(&format!("QACK {winner} {}", receipts(&reply)[0]));
        let loser = if winner == "a" { "b" } else { "a" };
        wait_for("it is back", || ready(&mut observer, loser) == 2);
        let back = observer.call(&format!("QPOP {loser} COUNT 2 WITHMETA"));
        assert_eq!(back.items()[0].items()[1].text(), format!("{loser}{round}"), "in its place");
        let fails = back.items()[0].items()[2].field("fails").and_then(Value::int);
        assert_eq!(fails, Some(0), "nobody is to blame");
        for delivery in back.items() {
            observer.call(&format!("QACK {loser} {}", delivery.items()[0].text()));
        }
        assert_eq!(ready(&mut observer, &winner), 1);
        observer.call(&format!("QPURGE {winner}"));
    }
}

#[test]
fn a_wait_over_several_shards_ends_in_time() {
    let cluster = cluster(&[]);
    let mut consumer = cluster.client(0);
    for block_ms in [1, 20, 100, 300] {
        let begun = Instant::now();
        assert_eq!(consumer.call(&format!("QMPOP {QUEUES} BLOCK {block_ms}")), Value::Nil);
        let took = begun.elapsed();
        assert!(took + Duration::from_millis(1) >= Duration::from_millis(block_ms), "{took:?}");
        // 100 are promised of an idle machine; tests run beside each other.
        assert!(took < Duration::from_millis(block_ms + 1000), "{block_ms}: {took:?}");
    }
    let mut producer = cluster.client(1);
    for queue in ["a", "b", "c"] {
        producer.call(&format!("QPUSH {queue} m"));
        assert_eq!(ready(&mut producer, queue), 1, "nobody waits any more");
    }
}

#[test]
fn client_unblock_ends_the_wait_in_all_shards() {
    let cluster = cluster(&[]);
    let (mut consumer, mut observer) = (cluster.client(0), cluster.client(0));
    let id = consumer.call("CLIENT ID").int().unwrap();
    for (how, error) in [("TIMEOUT", false), ("ERROR", true)] {
        send(&mut consumer, &[&format!("QMPOP {QUEUES} BLOCK 0")]);
        wait_for_blocked(&mut observer, 1);
        assert_eq!(observer.call(&format!("CLIENT UNBLOCK {id} {how}")), Value::Int(1));
        let reply = consumer.reply().unwrap();
        assert_eq!(reply.is_error(), error, "{reply:?}");
        assert!(error || reply == Value::Nil);
        // Waits that are taken back behind the answer go before the connection's next.
        for queue in ["a", "b", "c", "d", "e", "f"] {
            wait_for("nobody waits any more", || {
                observer.call(&format!("QPUSH {queue} m"));
                ready(&mut observer, queue) > 0
            });
            observer.call(&format!("QPURGE {queue}"));
        }
    }
}

#[test]
fn an_ack_may_bring_the_next_message_or_wait_for_it() {
    let cluster = cluster(&[]);
    let (mut consumer, mut producer) = (cluster.client(0), cluster.client(1));
    producer.call("QPUSH q one");
    let mut receipt = consumer.call("QPOP q BLOCK 0").items()[0].text();
    for round in 0..20 {
        send(&mut consumer, &[&format!("QACK q {receipt} POP 1 BLOCK 0")]);
        let mut observer = cluster.client(0);
        wait_for_blocked(&mut observer, 1);
        producer.call(&format!("QPUSH q m{round}"));
        let reply = consumer.reply().unwrap();
        let [acked, deliveries] = reply.items() else { panic!("{reply:?}") };
        assert_eq!(*acked, Value::Int(1));
        let delivery = &deliveries.items()[0];
        assert_eq!(delivery.items()[1].text(), format!("m{round}"));
        receipt = delivery.items()[0].text();
    }
    let nothing = consumer.call(&format!("QACK q {receipt} POP 1 BLOCK 50"));
    assert_eq!(nothing.items(), [Value::Int(1), Value::Nil]);
    assert_eq!(fact(&mut producer, "q", "acked"), 21);
}

#[test]
fn the_session_is_known_to_every_shard_that_it_pops_from() {
    let cluster = cluster(&[]);
    let mut client = cluster.client(0);
    let session = client.call("QSESSION OPEN 60000").text();
    for queue in ["a", "b", "c", "d", "e", "f"] {
        client.call(&format!("QPUSH {queue} {queue}1"));
        let reply = client.call(&format!("QPOP {queue} SESSION {session}"));
        assert_eq!(reply.items()[1].text(), format!("{queue}1"));
        client.call(&format!("QPUSH {queue} {queue}2"));
    }
    for queue in ["a", "b", "c", "d", "e", "f"] {
        let reply = client.call(&format!("QMPOP {QUEUES} SESSION {session}"));
        assert_eq!(popped(&reply), (queue.into(), vec![format!("{queue}2")]));
    }
    assert_eq!(client.call(&format!("QSESSION CLOSE {session} RELEASE")), Value::Int(1));
    for queue in ["a", "b", "c", "d", "e", "f"] {
        assert_eq!(ready(&mut client, queue), 2, "both are back");
        let first = client.call(&format!("QPOP {queue} WITHMETA"));
        assert_eq!(first.items()[1].text(), format!("{queue}1"));
        assert_eq!(first.items()[2].field("fails").and_then(Value::int), Some(0));
    }
    let gone = client.call(&format!("QPOP a SESSION {session}"));
    assert!(gone.text().starts_with("NOSESSION"), "{gone:?}");
}
