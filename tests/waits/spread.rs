//! Waits where keys are spread over shards (`cluster-enabled`), each led by another node.

use std::collections::BTreeSet;

use lockstep_tests::Cluster;

use super::{Value, send, three_nodes, wait_for, wait_for_blocked};

/// Three shards, keys spread over them.
fn spread() -> Cluster {
    let arguments = ["--cluster-enabled", "yes", "--shards", "3", "--node-timeout", "3000"];
    let cluster = three_nodes(&arguments);
    wait_for("each node leads a shard", || {
        let leaders: BTreeSet<usize> = (0..3).filter_map(|shard| cluster.leader(shard)).collect();
        leaders.len() == 3
    });
    cluster
}

/// The node that leads the slot of a key.
fn home(cluster: &Cluster, key: &str) -> usize {
    let leads = |node: &usize| {
        let reply = cluster.client(*node).call(&format!("EXISTS {key}"));
        assert!(reply.int().is_some() || reply.text().starts_with("MOVED"), "{reply:?}");
        reply.int().is_some()
    };
    let mut found = None;
    wait_for("somebody leads", || {
        found = (0..3).find(leads);
        found.is_some()
    });
    found.unwrap()
}

/// Keys with different homes, and these.
fn keys_apart(cluster: &Cluster) -> Vec<(String, usize)> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for number in 0..200 {
        let key = format!("{{tag{number}}}");
        let node = home(cluster, &key);
        if found.iter().all(|(_, other)| *other != node) {
            found.push((key, node));
        }
        if found.len() > 1 {
            return found;
        }
    }
    panic!("one node leads all: {found:?}");
}

#[test]
fn who_waits_does_so_at_the_home_of_the_slot() {
    let cluster = spread();
    for (key, node) in keys_apart(&cluster) {
        let other = (node + 1) % 3;
        let line = format!("BLPOP {key}a {key}b 0");
        let moved = cluster.client(other).call(&line).text();
        assert!(moved.starts_with("MOVED "), "{moved}");
        let crossed = cluster.client(node).call(&format!("BLPOP {key}a elsewhere 0")).text();
        assert!(crossed.starts_with("CROSSSLOT "), "{crossed}");
        let (mut waiting, mut client) = (cluster.client(node), cluster.client(node));
        send(&mut waiting, &[&line]);
        wait_for_blocked(&mut client, 1);
        assert_eq!(client.call(&format!("RPUSH {key}b x")).text(), "1");
        assert_eq!(waiting.reply().unwrap().items()[1].text(), "x");
        send(&mut waiting, &[&format!("BZPOPMIN {key}z 0")]);
        wait_for_blocked(&mut client, 1);
        client.call(&format!("ZADD {key}z 2 m"));
        assert_eq!(waiting.reply().unwrap().items()[1].text(), "m");
        send(&mut waiting, &[&format!("BLMOVE {key}l {key}m LEFT LEFT 0.05")]);
        assert_eq!(waiting.reply().unwrap(), Value::Nil);
    }
}

#[test]
fn streams_are_read_and_waited_for_at_the_home_of_the_slot() {
    let cluster = spread();
    for (key, node) in keys_apart(&cluster) {
        let (mut waiting, mut client) = (cluster.client(node), cluster.client(node));
        assert_eq!(client.call(&format!("XADD {key} 1-0 f a")).text(), "1-0");
        assert_eq!(client.call(&format!("XGROUP CREATE {key} g $")).text(), "OK");
        send(&mut waiting, &[&format!("XREAD BLOCK 0 STREAMS {key} {key}two $ $")]);
        wait_for_blocked(&mut client, 1);
        let mut worker = cluster.client(node);
        send(&mut worker, &[&format!("XREADGROUP GROUP g c BLOCK 0 STREAMS {key} >")]);
        wait_for_blocked(&mut client, 2);
        client.call(&format!("XADD {key} 2-0 f b"));
        for reader in [&mut waiting, &mut worker] {
            let entries = reader.reply().unwrap().items()[0].items()[1].clone();
            assert_eq!(entries.items()[0].items()[0].text(), "2-0");
        }
        assert_eq!(client.call(&format!("XACK {key} g 2-0")).int(), Some(1));
        send(&mut worker, &[&format!("XREADGROUP GROUP g c BLOCK 0 STREAMS {key} >")]);
        wait_for_blocked(&mut client, 1);
        client.call(&format!("DEL {key}"));
        let told = worker.reply().unwrap().text();
        assert_eq!(told, "UNBLOCKED the stream key no longer exists");
    }
}

/// What one of some nodes answers that leads the slot of a command.
fn ask(cluster: &Cluster, nodes: [usize; 2], line: &str) -> Option<Value> {
    let mut replies = nodes.iter().map(|node| cluster.client(*node).call(line));
    replies.find(|reply| !reply.is_error())
}

/// A leader that dies takes its clients with it; what came for them is for those who come
/// to the next one.
#[test]
fn what_came_for_the_dead_is_for_the_next_also_where_keys_are_spread() {
    let mut cluster = spread();
    let (key, node) = keys_apart(&cluster).remove(0);
    let alive = [(node + 1) % 3, (node + 2) % 3];
    let mut doomed = cluster.client(node);
    send(&mut doomed, &[&format!("BLPOP {key} 0")]);
    wait_for_blocked(&mut cluster.client(node), 1);
    cluster.kill(node);
    let push = format!("RPUSH {key} x");
    wait_for("another node leads", || ask(&cluster, alive, &push).is_some());
    // Until the dead node is given up the element may be kept for its client.
    let pop = format!("BLPOP {key} 1");
    wait_for("the next one has it", || {
        let popped = ask(&cluster, alive, &pop);
        popped.is_some_and(|popped| popped.items().len() == 2)
    });
}
