//! Messages from node to node.

use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{send, subscribe, told};

fn three(arguments: &[&str]) -> Cluster {
    let mut all = vec!["--shards", "3", "--fsync", "never"];
    all.extend(arguments);
    Cluster::start(3, &all)
}

#[test]
fn a_message_reaches_the_listeners_of_every_node_and_counts_them() {
    let cluster = three(&[]);
    let mut listeners: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    listeners[1].call("HELLO 3");
    for listener in &mut listeners {
        send(listener, &["SUBSCRIBE c", "PSUBSCRIBE c*", "SSUBSCRIBE c"]);
        (0..3).for_each(|_| drop(listener.receive().unwrap()));
    }
    for node in 0..3 {
        let mut publisher = cluster.client(node);
        assert_eq!(publisher.call("PUBLISH c m"), Value::Int(6), "from node {node}");
        assert_eq!(publisher.call("SPUBLISH c s"), Value::Int(3));
        for listener in &mut listeners {
            assert_eq!(told(listener), ["message", "c", "m"]);
            assert_eq!(told(listener), ["pmessage", "c*", "c", "m"]);
            assert_eq!(told(listener), ["smessage", "c", "s"]);
        }
        let list = |value: Value| value.items().iter().map(Value::text).collect::<Vec<_>>();
        assert_eq!(list(publisher.call("PUBSUB NUMSUB c x")), ["c", "3", "x", "0"]);
        assert_eq!(list(publisher.call("PUBSUB SHARDNUMSUB c")), ["c", "3"]);
        assert_eq!(list(publisher.call("PUBSUB CHANNELS")), ["c"]);
        assert_eq!(publisher.call("PUBSUB NUMPAT"), Value::Int(1));
        // Inside MULTI nothing is waited for, and only this node's are counted.
        send(&mut publisher, &["MULTI", "PUBLISH c t", "EXEC"]);
        (0..2).for_each(|_| drop(publisher.receive().unwrap()));
        assert_eq!(publisher.reply().unwrap(), Value::Array(vec![Value::Int(2)]));
        for listener in &mut listeners {
            assert_eq!(told(listener), ["message", "c", "t"]);
            assert_eq!(told(listener)[0], "pmessage");
        }
    }
}

#[test]
fn what_one_publisher_sends_arrives_on_other_nodes_in_its_order() {
    const MESSAGES: usize = 3_000;
    let cluster = three(&[]);
    let mut listener = cluster.client(2);
    subscribe(&mut listener, "c");
    let mut publisher = cluster.client(0);
    let lines: Vec<String> = (0..MESSAGES).map(|number| format!("PUBLISH c {number}")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    send(&mut publisher, &lines);
    for number in 0..MESSAGES {
        assert_eq!(publisher.reply().unwrap(), Value::Int(1));
        assert_eq!(told(&mut listener)[2], number.to_string());
    }
}

#[test]
fn a_node_that_is_gone_holds_up_no_publisher_for_long() {
    let mut cluster = three(&[]);
    let (mut listener, mut publisher) = (cluster.client(1), cluster.client(0));
    subscribe(&mut listener, "c");
    cluster.kill(2);
    let begun = Instant::now();
    assert_eq!(publisher.call("PUBLISH c m"), Value::Int(1));
    assert_eq!(told(&mut listener)[2], "m");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    cluster.restart(2);
    let mut back = cluster.client(2);
    subscribe(&mut back, "c");
    wait_for("the node that came back is told again", || {
        publisher.call("PUBLISH c m") == Value::Int(2)
    });
}

#[test]
fn in_cluster_mode_shard_channels_belong_to_slots() {
    let cluster = three(&["--cluster-enabled", "yes"]);
    let mut client = cluster.client(0);
    let crossed = client.call("SSUBSCRIBE a b");
    assert!(crossed.text().starts_with("CROSSSLOT"), "{crossed:?}");
    // Each channel is taken on one node only, the others name it.
    for channel in ["a", "b", "c", "d", "e", "f"] {
        let taken: Vec<usize> = (0..3)
            .filter(|node| {
                let answer = cluster.client(*node).call(&format!("SSUBSCRIBE {channel}"));
                let moved = answer.text().starts_with("MOVED ");
                assert!(moved || answer.items().len() == 3, "{answer:?}");
                !moved
            })
            .collect();
        let [home] = taken[..] else { panic!("{channel} is taken on {taken:?}") };
        let mut listener = cluster.client(home);
        send(&mut listener, &[&format!("SSUBSCRIBE {channel}")]);
        listener.receive().unwrap();
        let published = cluster.client(home).call(&format!("SPUBLISH {channel} m"));
        assert!(published.int().is_some_and(|count| count >= 1), "{published:?}");
        assert_eq!(told(&mut listener), ["smessage", channel, "m"]);
        let refused = cluster.client((home + 1) % 3).call(&format!("SPUBLISH {channel} m"));
        assert!(refused.text().starts_with("MOVED "), "{refused:?}");
    }
}

#[test]
fn in_cluster_mode_a_message_reaches_all_nodes_and_its_own_node_is_counted() {
    let cluster = three(&["--cluster-enabled", "yes"]);
    let mut listeners: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    listeners.iter_mut().for_each(|listener| subscribe(listener, "c"));
    assert_eq!(cluster.client(1).call("PUBLISH c m"), Value::Int(1));
    for listener in &mut listeners {
        assert_eq!(told(listener), ["message", "c", "m"]);
    }
}
