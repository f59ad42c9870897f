//! Any node takes any command.

use lockstep_tests::{Value, wait_for};

use super::{cluster, texts};

#[test]
fn what_one_node_was_told_all_others_know_at_once() {
    let cluster = cluster(3, 6);
    for round in 0..30 {
        let (writer, reader) = (round % 3, (round + 1) % 3);
        let (mut writer, mut reader) = (cluster.client(writer), cluster.client(reader));
        assert_eq!(writer.call(&format!("SET a {round}")).text(), "OK");
        assert_eq!(reader.call("GET a").text(), round.to_string());
        writer.call(&format!("QPUSH q{round} m"));
        assert_eq!(reader.call(&format!("QLEN q{round}")).text(), "1");
    }
}

#[test]
fn a_pipeline_keeps_its_order_across_shards_through_any_node() {
    let cluster = cluster(3, 6);
    for node in 0..3 {
        let mut client = cluster.client(node);
        let mut lines = Vec::new();
        let mut wanted = Vec::new();
        for turn in 1..=100 {
            let name = turn % 7;
            // Locks, queues and keys lie in different shards.
            lines.push(format!("INCR n{node}"));
            wanted.push(turn.to_string());
            lines.push(format!("QPUSH q{node}-{name} {turn}"));
            wanted.push("*".to_owned());
            lines.push(format!("QLEN q{node}-{name}"));
            wanted.push(((turn - 1) / 7 + 1).to_string());
            lines.push(format!("GET n{node}"));
            wanted.push(turn.to_string());
            lines.push(format!("LOCK l{node}-{turn}"));
            wanted.push("*".to_owned());
            lines.push(format!("ECHO {turn}"));
            wanted.push(turn.to_string());
        }
        let replies = texts(&mut client, &lines);
        for ((line, wanted), reply) in lines.iter().zip(&wanted).zip(&replies) {
            if wanted == "*" {
                assert!(!reply.contains(' '), "{line}: {reply}");
            } else {
                assert_eq!(reply, wanted, "{line}");
            }
        }
    }
}

#[test]
fn a_transaction_runs_whole_through_a_node_that_does_not_lead() {
    let cluster = cluster(3, 2);
    let leader = cluster.wait_leader(0);
    let follower = (leader + 1) % 3;
    let mut client = cluster.client(follower);
    for line in ["MULTI", "SET a 1", "INCR a", "GET a"] {
        client.call(line);
    }
    let replies: Vec<String> = client.call("EXEC").items().iter().map(Value::text).collect();
    assert_eq!(replies, ["OK", "2", "2"]);
    // A key that another client changes through another node.
    assert_eq!(client.call("WATCH a").text(), "OK");
    assert_eq!(cluster.client(leader).call("SET a 9").text(), "OK");
    client.call("MULTI");
    client.call("SET a 10");
    assert_eq!(client.call("EXEC"), Value::Nil);
    assert_eq!(client.call("GET a").text(), "9");
    // And one that nobody changes.
    client.call("WATCH a");
    client.call("MULTI");
    client.call("SET a 10");
    assert_eq!(client.call("EXEC").items().len(), 1);
}

#[test]
fn a_lock_that_is_freed_on_one_node_is_granted_on_another() {
    let cluster = cluster(3, 6);
    for name in 0..12 {
        let [mut holder, mut waiter] = [cluster.client(name % 3), cluster.client((name + 1) % 3)];
        let token = holder.call(&format!("LOCK l{name}")).int().unwrap();
        let mut sender = waiter.second_handle();
        sender.send(format!("LOCK l{name} BLOCK 0\r\n").as_bytes()).unwrap();
        wait_for("a waiter", || {
            let info = cluster.client(0).call(&format!("LOCKINFO KEY l{name}"));
            info.field("waiters").is_some_and(|count| count.int() == Some(1))
        });
        assert_eq!(holder.call(&format!("UNLOCK l{name} TOKEN {token}")).int(), Some(1));
        assert!(waiter.reply().unwrap().int().unwrap() > token);
        // The end of the connection frees it, whichever node leads.
        drop((waiter, sender));
        let mut next = cluster.client((name + 2) % 3);
        assert!(next.call(&format!("LOCK l{name} BLOCK 10000")).int().is_some());
    }
}

#[test]
fn a_message_reaches_a_consumer_that_waits_on_another_node() {
    let cluster = cluster(3, 6);
    for name in 0..12 {
        let mut consumer = cluster.client(name % 3);
        let mut sender = consumer.second_handle();
        sender.send(format!("QPOP q{name} BLOCK 0\r\n").as_bytes()).unwrap();
        wait_for("a consumer that waits", || {
            cluster.info(name % 3, "clients").contains("\r\nblocked_clients:1\r\n")
        });
        cluster.client((name + 1) % 3).call(&format!("QPUSH q{name} hello"));
        let reply = consumer.reply().unwrap();
        assert!(format!("{reply:?}").contains("hello"), "{reply:?}");
    }
}

#[test]
fn what_is_about_all_shards_is_answered_by_every_node() {
    let cluster = cluster(3, 6);
    let mut client = cluster.client(0);
    for name in 0..20 {
        assert!(client.call(&format!("LOCK l{name}")).int().is_some());
    }
    let about = |node: usize| cluster.client(node).call("LOCKINFO STATS");
    let first = about(0);
    assert!(!first.is_error(), "{first:?}");
    for node in 1..3 {
        assert_eq!(format!("{:?}", about(node)), format!("{first:?}"));
    }
}

#[test]
fn keys_spread_over_the_nodes_can_be_reached_in_proxy_mode() {
    let cluster = lockstep_tests::Cluster::start(
        3,
        &["--shards", "6", "--cluster-enabled", "yes", "--cluster-mode", "proxy"],
    );
    let mut client = cluster.client(0);
    for key in 0..50 {
        assert_eq!(client.call(&format!("SET k{key} {key}")).text(), "OK");
    }
    for key in 0..50 {
        let node = key % 3;
        assert_eq!(cluster.client(node).call(&format!("GET k{key}")).text(), key.to_string());
    }
}
