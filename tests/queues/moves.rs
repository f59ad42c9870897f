//! QMOVE from a queue of one shard to one of another.

use std::collections::BTreeMap;
use std::thread;
use std::time::Duration;

use lockstep_tests::{Client, Cluster, Server, Value, wait_for};

use super::{fact, ready};

/// All bodies of a queue, with how often each is there.
fn drain(client: &mut Client, queue: &str) -> BTreeMap<String, usize> {
    let mut bodies = BTreeMap::new();
    loop {
        let reply = client.call(&format!("QPOP {queue} COUNT 100 NOACK"));
        if reply.items().is_empty() {
            return bodies;
        }
        for delivery in reply.items() {
            *bodies.entry(delivery.items()[1].text()).or_insert(0) += 1;
        }
    }
}

#[test]
fn messages_move_to_the_end_of_another_queue_in_their_order() {
    let server = Server::lockstep(&["--fsync", "never", "--shards", "4"]);
    let mut client = server.client();
    client.call("QPUSH b first");
    for number in 0..200 {
        client.call(&format!("QPUSH a m{number} HDR 1 k v{number}"));
    }
    assert_eq!(client.call("QMOVE a b COUNT 150"), Value::Int(150));
    assert_eq!((ready(&mut client, "a"), ready(&mut client, "b")), (50, 151));
    assert_eq!(client.call("QMOVE a b"), Value::Int(50));
    assert_eq!(client.call("QMOVE a b"), Value::Int(0));
    let all = client.call("QPOP b COUNT 1000 WITHMETA");
    let bodies: Vec<String> = all.items().iter().map(|one| one.items()[1].text()).collect();
    let expected = (0..200).map(|number| format!("m{number}"));
    assert_eq!(bodies, std::iter::once("first".to_owned()).chain(expected).collect::<Vec<_>>());
    let headers = all.items()[8].items()[2].field("hdr").map(Value::items).unwrap_or_default();
    assert_eq!(headers.iter().map(Value::text).collect::<Vec<_>>(), ["k", "v7"]);
    assert_eq!(fact(&mut client, "a", "deleted"), 200);
}

#[test]
fn what_is_delayed_stays_delayed_and_what_is_dead_is_ready() {
    let server = Server::lockstep(&["--fsync", "never", "--shards", "4"]);
    let mut client = server.client();
    client.call("QPUSH a later DELAY 600000");
    client.call("QPUSH a broken");
    let receipt = client.call("QPOP a").items()[0].text();
    assert_eq!(client.call(&format!("QNACK a {receipt} FATAL")), Value::Int(1));
    assert_eq!(client.call("QMOVE a b STATE DELAYED"), Value::Int(1));
    assert_eq!(client.call("QLEN b DELAYED"), Value::Int(1));
    assert_eq!(client.call("QMOVE a b STATE DEAD"), Value::Int(1));
    assert_eq!(client.call("QPOP b").items()[1].text(), "broken");
    assert_eq!(client.call("QLEN a ALL"), Value::Int(0));
}

/// What a message was pushed with goes along, between shards as within one, and the
/// settings of the queue it comes to are not its own.
#[test]
fn what_was_said_of_a_message_goes_with_it() {
    let server = Server::lockstep(&["--fsync", "never", "--shards", "4"]);
    let mut client = server.client();
    for (from, to) in [("a", "b"), ("{x}a", "{x}b")] {
        client.call(&format!("QCREATE {to} TTL 60000 DELAY 600000 VT 1000"));
        client.call(&format!("QPUSH {from} mortal TTL 300000 VT 1234 MAXDELIVER 1"));
        client.call(&format!("QPUSH {from} plain"));
        assert_eq!(client.call(&format!("QMOVE {from} {to}")), Value::Int(2));
        assert_eq!(ready(&mut client, to), 2);
        let listed = client.call(&format!("QMSGS {to} 0"));
        let facts = |place: usize, name| listed.items()[1].items()[place].field(name).unwrap();
        let ends_ms = facts(0, "due-ms").int().unwrap() - facts(0, "enq-ms").int().unwrap();
        assert!((200_000..=300_000).contains(&ends_ms), "{ends_ms}");
        assert_eq!(facts(1, "due-ms").int(), Some(-1), "{listed:?}");
        let popped = client.call(&format!("QPOP {to} WITHMETA"));
        let time = |name| popped.items()[2].field(name).and_then(Value::int).unwrap();
        assert_eq!(time("deadline-ms") - time("first-deliver-ms"), 1234);
        client.call(&format!("QNACK {to} {}", popped.items()[0].text()));
        assert_eq!(client.call(&format!("QLEN {to} DEAD")), Value::Int(1));
    }
}

#[test]
fn a_queue_that_is_full_takes_no_more_and_the_rest_stays() {
    let server = Server::lockstep(&["--fsync", "never", "--shards", "4"]);
    let mut client = server.client();
    client.call("QCREATE b MAXLEN 5");
    (0..8).for_each(|number| drop(client.call(&format!("QPUSH a m{number}"))));
    assert_eq!(client.call("QMOVE a b"), Value::Int(5), "what was moved before is told");
    let moved = ready(&mut client, "b");
    assert_eq!(moved, 5);
    let refused = client.call("QMOVE a b");
    assert!(refused.text().starts_with("QFULL"), "{refused:?}");
}

/// Whoever leads is killed in the middle: said again until nothing is left, everything
/// is in the new queue exactly once, as nobody took anything meanwhile.
#[test]
fn a_move_that_broke_off_goes_on_when_it_is_said_again() {
    let mut cluster = Cluster::start(3, &["--shards", "6"]);
    let mut client = cluster.client(0);
    const MESSAGES: i64 = 600;
    for number in 0..MESSAGES {
        client.call(&format!("QPUSH a m{number}"));
    }
    for victim in [1, 2] {
        let port = cluster.port(0);
        let moving = thread::spawn(move || {
            let mut mover = Client::connect(port).unwrap();
            mover.call("QMOVE a b COUNT 300")
        });
        wait_for("it has begun", || client.call("QLEN b").int().is_some_and(|count| count > 0));
        cluster.kill(victim);
        thread::sleep(Duration::from_millis(300));
        moving.join().unwrap();
        cluster.restart(victim);
        cluster.wait_ready();
    }
    wait_for("all is moved", || {
        client.call("QMOVE a b");
        client.call("QLEN a ALL") == Value::Int(0)
    });
    let bodies = drain(&mut client, "b");
    assert_eq!(bodies.len() as i64, MESSAGES);
    assert!(bodies.values().all(|count| *count == 1), "{bodies:?}");
}
