//! Messages that were given to clients who are not there any more.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Server, Value, wait_for};

use super::{cluster, popped, ready, send, wait_for_blocked};

/// What a waiting client that is gone was given comes to the next at once, long before
/// its lease ends, and nobody is to blame.
#[test]
fn what_a_dead_client_was_given_comes_to_the_next_at_once() {
    let cluster = cluster(&[]);
    let mut producer = cluster.client(1);
    let mut observer = cluster.client(0);
    for (round, line) in [
        "QPOP a BLOCK 0 VT 600000",
        "QPOP a COUNT 5 BLOCK 0 VT 600000 WITHMETA",
        "QMPOP 3 b a c BLOCK 0 VT 600000",
        "QMPOP 3 a b c COUNT 3 BLOCK 0 VT 600000 WITHMETA",
    ]
    .into_iter()
    .cycle()
    .take(24)
    .enumerate()
    {
        let mut consumer = cluster.client(0);
        send(&mut consumer, &[line]);
        wait_for_blocked(&mut observer, 1);
        // At about the same time, in either order.
        if round % 2 == 0 {
            send(&mut producer, &["QPUSH a m"]);
            drop(consumer);
        } else {
            drop(consumer);
            send(&mut producer, &["QPUSH a m"]);
        }
        assert!(!producer.reply().unwrap().is_error());
        // Unless the client had it in its hands before it went away.
        let begun = Instant::now();
        let mut next = cluster.client(2);
        let reply = next.call("QPOP a BLOCK 2000 WITHMETA");
        if reply != Value::Nil {
            assert!(begun.elapsed() < Duration::from_secs(2));
            let fails = reply.items()[2].field("fails").and_then(Value::int);
            assert_eq!(fails, Some(0), "{line}");
            next.call(&format!("QACK a {}", reply.items()[0].text()));
        }
        observer.call("QPURGE a");
    }
}

/// A client that does not read: what is in its replies when it is closed is given back.
#[test]
fn replies_that_were_never_sent_give_their_messages_back() {
    let server = Server::lockstep(&["--fsync", "never"]);
    let mut client = server.client();
    let body = "x".repeat(256 << 10);
    for _ in 0..100 {
        client.call(&format!("QPUSH q {body}"));
    }
    let mut idle = server.client();
    let id = idle.call("CLIENT ID").int().unwrap();
    send(&mut idle, &vec!["QPOP q VT 600000"; 100]);
    wait_for("all are delivered, or the socket is full", || ready(&mut client, "q") < 60);
    assert_eq!(client.call(&format!("CLIENT KILL ID {id}")), Value::Int(1));
    // What the socket took is the client's. The rest is there again.
    wait_for("the rest is back", || ready(&mut client, "q") >= 50);
    let back = client.call("QPOP q WITHMETA");
    assert_eq!(back.items()[2].field("fails").and_then(Value::int), Some(0));
}

/// The connection's end ends its waits in all shards.
#[test]
fn nobody_waits_for_a_client_that_is_gone() {
    let cluster = cluster(&[]);
    let mut consumers: Vec<Client> = (0..6).map(|at| cluster.client(at % 3)).collect();
    let mut observer = cluster.client(0);
    for consumer in &mut consumers {
        send(consumer, &["QMPOP 6 a b c d e f BLOCK 0"]);
    }
    wait_for_blocked(&mut observer, 2);
    consumers.clear();
    wait_for_blocked(&mut observer, 0);
    for queue in ["a", "b", "c", "d", "e", "f"] {
        observer.call(&format!("QPUSH {queue} m"));
        wait_for("it stays, or comes back", || ready(&mut observer, queue) == 1);
    }
    let all = observer.call("QMPOP 6 a b c d e f");
    assert_eq!(popped(&all), ("a".into(), vec!["m".into()]));
}
