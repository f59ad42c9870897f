//! Queues with several partitions, over the shards of three nodes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{fact, ready, send, wait_for_blocked};

/// The shard of the slot of `q`, of eight.
const HOME: u16 = 5;

/// Three nodes with eight shards, and a queue with as many partitions.
fn cluster(settings: &str) -> Cluster {
    let cluster = Cluster::start(3, &["--shards", "8", "--fsync", "never"]);
    let created = cluster.client(0).call(&format!("QCREATE q PARTITIONS 8 {settings}"));
    assert_eq!(created.text(), "OK");
    cluster
}

fn clients(cluster: &Cluster, count: usize) -> Vec<Client> {
    (0..count).map(|number| cluster.client(number % cluster.len())).collect()
}

/// The body of the only delivery that a QPOP without COUNT gave.
fn body(reply: &Value) -> String {
    reply.items()[1].text()
}

/// What the nodes count under this name, all together.
fn counted(cluster: &Cluster, name: &str) -> u64 {
    let of_node = |node| {
        let page = cluster.admin(node, "/metrics").unwrap_or_default();
        let lines = page.lines().filter(|line| line.starts_with(name) && !line.starts_with('#'));
        let numbers = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
        numbers.sum::<f64>() as u64
    };
    (0..cluster.len()).map(of_node).sum()
}

#[test]
fn one_queue_is_seen_whole_from_every_node() {
    let cluster = cluster("VT 60000");
    let mut all = clients(&cluster, 3);
    for (node, client) in all.iter_mut().enumerate() {
        for number in 0..20 {
            assert!(client.call(&format!("QPUSH q {node}-{number}")).text().contains('-'));
        }
        let ids = client.call("QMPUSH q MSGS 3 a b c");
        assert_eq!(ids.items().len(), 3);
    }
    let mut parts = BTreeSet::new();
    for client in &mut all {
        assert_eq!(ready(client, "q"), 69);
        assert_eq!(fact(client, "q", "ready"), 69);
        assert_eq!(client.call("QPEEK q 100").items().len(), 69);
        let mut cursor = "0".to_owned();
        let mut seen = BTreeSet::new();
        loop {
            let page = client.call(&format!("QMSGS q {cursor} COUNT 7"));
            for message in page.items()[1].items() {
                let id = message.field("id").unwrap_or(&message.items()[1]).text();
                parts.insert(id.split('-').next().unwrap().to_owned());
                assert!(seen.insert(id));
            }
            cursor = page.items()[0].text();
            if cursor == "0" {
                break;
            }
        }
        assert_eq!(seen.len(), 69);
    }
    assert!(parts.len() >= 3, "{parts:?}");
    // What COUNT gives comes from one partition; receipts of many may be in one command.
    let mut receipts = Vec::new();
    for client in [1, 2].into_iter().cycle() {
        let popped = all[client].call("QPOP q COUNT 100 CONSUMER c");
        if popped == Value::Nil {
            break;
        }
        receipts.extend(popped.items().iter().map(|one| one.items()[0].text()));
    }
    assert_eq!(receipts.len(), 69);
    assert_eq!(fact(&mut all[0], "q", "inflight"), 69);
    assert_eq!(all[0].call("QPENDING q COUNT 100").items().len(), 69);
    assert_eq!(all[0].call("QCONSUMERS q").items().len(), 1);
    let acked = all[0].call(&format!("QACK q {}", receipts[9..].join(" ")));
    assert_eq!(acked, Value::Int(60));
    assert_eq!(all[0].call("QPURGE q"), Value::Int(9));
    assert_eq!(all[2].call("QDESTROY q"), Value::Int(1));
    assert!(all[1].call("QINFO q").is_error());
    assert_eq!(ready(&mut all[1], "q"), 0);
}

/// One request takes of several partitions, and only what there is.
#[test]
fn a_count_is_filled_from_several_partitions() {
    let cluster = cluster("");
    let (mut producer, mut consumer) = (cluster.client(0), cluster.client(1));
    for number in 0..80 {
        producer.call(&format!("QPUSH q m{number} DEDUP {number}"));
    }
    let mut seen = BTreeSet::new();
    let mut parts = Vec::new();
    while seen.len() < 80 {
        let popped = consumer.call("QPOP q COUNT 100 REQID first");
        let again = consumer.call("QPOP q COUNT 100 REQID first");
        let receipts = |reply: &Value| -> BTreeSet<String> {
            reply.items().iter().map(|one| one.items()[0].text()).collect()
        };
        assert_eq!(receipts(&popped), receipts(&again), "the same, of all partitions");
        let of: BTreeSet<String> = receipts(&popped)
            .iter()
            .map(|receipt| receipt.split('-').next().unwrap().to_owned())
            .collect();
        parts.push(of.len());
        seen.extend(popped.items().iter().map(body));
        let all: Vec<String> = receipts(&popped).into_iter().collect();
        let acked = consumer.call(&format!("QACK q {}", all.join(" ")));
        assert_eq!(acked, Value::Int(all.len() as i64));
    }
    assert!(parts[0] > 1, "{parts:?}");
    assert_eq!(consumer.call("QPOP q COUNT 100"), Value::Nil);
}

/// Who waits on nodes, in no partition, is counted all the same.
#[test]
fn info_counts_those_who_wait_on_all_nodes() {
    let cluster = cluster("");
    let mut consumers = clients(&cluster, 4);
    let mut observer = cluster.client(0);
    for consumer in &mut consumers {
        send(consumer, &["QPOP q BLOCK 0"]);
    }
    wait_for("all wait", || fact(&mut observer, "q", "waiting") == 4);
    consumers.clear();
    wait_for("nobody waits", || fact(&mut observer, "q", "waiting") == 0);
}

#[test]
fn who_waits_on_any_node_gets_a_message_at_once() {
    let cluster = cluster("");
    let mut consumers = clients(&cluster, 6);
    let mut producers = clients(&cluster, 3);
    let mut worst = Duration::ZERO;
    for round in 0..10 {
        for consumer in &mut consumers {
            send(consumer, &["QPOP q BLOCK 20000 NOACK"]);
        }
        for producer in &mut producers {
            wait_for_blocked(producer, 2);
        }
        let mut seen = BTreeSet::new();
        for number in 0..consumers.len() {
            let begun = Instant::now();
            let line = format!("QPUSH q {round}-{number}");
            assert!(!producers[number % 3].call(&line).is_error());
            worst = worst.max(begun.elapsed());
        }
        let begun = Instant::now();
        for consumer in &mut consumers {
            assert!(seen.insert(body(&consumer.reply().unwrap())));
        }
        // The machine may be busy with other tests: far less than what is told again.
        assert!(begun.elapsed() < Duration::from_millis(700) + worst, "{:?}", begun.elapsed());
    }
    let begun = Instant::now();
    assert_eq!(consumers[0].call("QPOP q BLOCK 200"), Value::Nil);
    let took = begun.elapsed();
    assert!((200..900).contains(&took.as_millis()), "{took:?}");
}

/// Thirty consumers, three producers: nothing is lost, nothing comes twice.
#[test]
fn many_consumers_get_every_message_once() {
    const MESSAGES: usize = 10_000;
    let cluster = cluster("VT 120000");
    let (taken, seen) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(BTreeMap::new())));
    let consumers: Vec<_> = clients(&cluster, 30)
        .into_iter()
        .map(|mut client| {
            let (taken, seen) = (taken.clone(), seen.clone());
            thread::spawn(move || {
                while taken.load(Ordering::SeqCst) < MESSAGES {
                    let reply = client.call("QPOP q COUNT 20 BLOCK 300");
                    assert!(!reply.is_error(), "{reply:?}");
                    let deliveries = reply.items();
                    if deliveries.is_empty() {
                        continue;
                    }
                    let receipts: Vec<String> =
                        deliveries.iter().map(|one| one.items()[0].text()).collect();
                    let acked = client.call(&format!("QACK q {}", receipts.join(" ")));
                    assert_eq!(acked, Value::Int(receipts.len() as i64));
                    taken.fetch_add(receipts.len(), Ordering::SeqCst);
                    let mut seen = seen.lock().unwrap();
                    for one in deliveries {
                        *seen.entry(body(one)).or_insert(0) += 1;
                    }
                }
            })
        })
        .collect();
    let producers: Vec<_> = clients(&cluster, 4)
        .into_iter()
        .enumerate()
        .map(|(producer, mut client)| {
            thread::spawn(move || {
                for chunk in 0..MESSAGES / 4 / 50 {
                    let lines: Vec<String> =
                        (0..50).map(|n| format!("QPUSH q {producer}-{chunk}-{n}")).collect();
                    send(&mut client, &lines.iter().map(String::as_str).collect::<Vec<_>>());
                    for _ in 0..50 {
                        assert!(!client.reply().unwrap().is_error());
                    }
                }
            })
        })
        .collect();
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    consumers.into_iter().for_each(|consumer| consumer.join().unwrap());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), MESSAGES);
    assert!(seen.values().all(|times| *times == 1));
    let mut client = cluster.client(0);
    for name in ["ready", "inflight", "expired-leases"] {
        assert_eq!(fact(&mut client, "q", name), 0, "{name}");
    }
    assert_eq!(fact(&mut client, "q", "acked"), MESSAGES as i64);
}

#[test]
fn messages_of_a_group_come_in_their_order() {
    const GROUPS: usize = 12;
    const EACH: usize = 25;
    let cluster = cluster("GROUPS REQUIRED");
    let seen = Arc::new(Mutex::new(BTreeMap::<String, Vec<usize>>::new()));
    let taken = Arc::new(AtomicUsize::new(0));
    let consumers: Vec<_> = clients(&cluster, 6)
        .into_iter()
        .map(|mut client| {
            let (seen, taken) = (seen.clone(), taken.clone());
            thread::spawn(move || {
                while taken.load(Ordering::SeqCst) < GROUPS * EACH {
                    let reply = client.call("QPOP q BLOCK 300");
                    if reply == Value::Nil {
                        continue;
                    }
                    let text = body(&reply);
                    let (group, number) = text.split_once('-').unwrap();
                    let mut all = seen.lock().unwrap();
                    all.entry(group.to_owned()).or_default().push(number.parse().unwrap());
                    drop(all);
                    let acked = client.call(&format!("QACK q {}", reply.items()[0].text()));
                    assert_eq!(acked, Value::Int(1));
                    taken.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    let mut producers = clients(&cluster, 3);
    for number in 0..EACH {
        for group in 0..GROUPS {
            let line = format!("QPUSH q {group}-{number} GROUP g{group}");
            // Always from another node.
            let id = producers[(number + group) % 3].call(&line);
            assert!(!id.is_error(), "{id:?}");
        }
    }
    consumers.into_iter().for_each(|consumer| consumer.join().unwrap());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), GROUPS);
    for (group, numbers) in &*seen {
        assert!(numbers.iter().copied().eq(0..EACH), "{group}: {numbers:?}");
    }
    let mut client = cluster.client(1);
    assert!(client.call("QPUSH q m").is_error());
}

#[test]
fn who_waits_goes_on_waiting_when_the_home_dies() {
    let mut cluster = cluster("");
    let victim = cluster.wait_leader(HOME);
    let other = (victim + 1) % 3;
    let mut consumers: Vec<Client> = (0..4).map(|_| cluster.client(other)).collect();
    let mut observer = cluster.client(other);
    for consumer in &mut consumers {
        send(consumer, &["QPOP q BLOCK 0 NOACK"]);
    }
    wait_for_blocked(&mut observer, consumers.len());
    cluster.kill(victim);
    for number in 0..consumers.len() {
        let line = format!("QPUSH q m{number} DEDUP {number}");
        wait_for("a leader", || !observer.call(&line).is_error());
    }
    let begun = Instant::now();
    let bodies: BTreeSet<String> =
        consumers.iter_mut().map(|consumer| body(&consumer.reply().unwrap())).collect();
    assert_eq!(bodies.len(), 4);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    cluster.restart(victim);
}

#[test]
fn consumers_that_wait_for_nothing_cost_nearly_nothing() {
    let cluster = cluster("");
    let mut consumers = clients(&cluster, 60);
    for consumer in &mut consumers {
        send(consumer, &["QPOP q BLOCK 0 NOACK"]);
    }
    for mut observer in clients(&cluster, 3) {
        wait_for_blocked(&mut observer, 20);
    }
    // What begins late.
    thread::sleep(Duration::from_millis(1_500));
    let names = ["pops", "looks", "serves", "announcements"];
    let count = |name: &str| counted(&cluster, &format!("lockstep_queue_partition_{name}_total"));
    let quiet = names.map(count);
    let (entries, demands) =
        (counted(&cluster, "lockstep_raft_proposed_entries"), count("demands"));
    thread::sleep(Duration::from_secs(3));
    assert_eq!(names.map(count), quiet);
    let demands = count("demands") - demands;
    assert!((3..=15).contains(&demands), "{demands}");
    // The map of the cluster may have something to write.
    let grown = counted(&cluster, "lockstep_raft_proposed_entries") - entries;
    assert!(grown <= 3, "{grown} entries");
    assert_eq!(cluster.client(1).call("QMPUSH q MSGS 3 a b c").items().len(), 3);
}

#[test]
fn the_number_of_partitions_changes_as_far_as_the_order_allows() {
    let cluster = cluster("");
    let (mut one, mut other) = (cluster.client(0), cluster.client(1));
    for number in 0..40 {
        let id = cluster.client(number % 3).call(&format!("QPUSH q {number}"));
        assert!(!id.is_error(), "{id:?}");
    }
    assert_eq!(one.call("QCONFIG SET q PARTITIONS 12").text(), "OK");
    assert_eq!(ready(&mut other, "q"), 40);
    let refused = one.call("QCONFIG SET q PARTITIONS 1");
    assert!(refused.text().starts_with("QNOTEMPTY"), "{refused:?}");
    assert_eq!(one.call("QPURGE q"), Value::Int(40));
    assert_eq!(one.call("QCONFIG SET q PARTITIONS 3").text(), "OK");
    assert_eq!(one.call("QCONFIG SET q GROUPS OPTIONAL").text(), "OK");
    let id = other.call("QPUSH q m GROUP g");
    assert!(!id.is_error(), "{id:?}");
    let refused = other.call("QCONFIG SET q PARTITIONS 4");
    assert!(refused.text().starts_with("QNOTEMPTY"), "{refused:?}");
    assert_eq!(body(&one.call("QPOP q NOACK")), "m");
    assert_eq!(other.call("QCONFIG SET q PARTITIONS 4").text(), "OK");
    assert_eq!(one.call("QCONFIG SET q GROUPS OFF MAXLEN 8").text(), "OK");
    let pushed = (0..40).filter(|_| !one.call("QPUSH q m").is_error()).count();
    assert!((2..=8).contains(&pushed), "{pushed}");
    assert_eq!(one.call("QPAUSE q IN").text(), "OK");
    assert!(other.call("QPUSH q m").text().starts_with("QPAUSED"));
    assert_eq!(one.call("QRESUME q IN").text(), "OK");
    assert_eq!(other.call("QDESTROY q"), Value::Int(1));
    // A queue of this name begins anew, with one partition.
    assert!(one.call("QPUSH q m").text().starts_with("0-"));
    assert_eq!(ready(&mut other, "q"), 1);
}

#[test]
fn a_wait_ends_in_time_and_when_it_is_told_to() {
    let cluster = cluster("VT 60000");
    let (mut waiting, mut other) = (cluster.client(0), cluster.client(0));
    let id = waiting.call("CLIENT ID").int().unwrap();
    send(&mut waiting, &["QPOP q BLOCK 0"]);
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id}")), Value::Int(1));
    assert_eq!(waiting.reply().unwrap(), Value::Nil);
    send(&mut waiting, &["QPOP q BLOCK 0"]);
    wait_for_blocked(&mut other, 1);
    assert_eq!(other.call(&format!("CLIENT UNBLOCK {id} ERROR")), Value::Int(1));
    assert!(waiting.reply().unwrap().is_error());
    // Whoever goes away leaves nothing behind.
    send(&mut waiting, &["QPOP q BLOCK 0"]);
    wait_for_blocked(&mut other, 1);
    drop(waiting);
    wait_for_blocked(&mut other, 0);
    other.call("QPUSH q m");
    let reply = cluster.client(2).call("QPOP q BLOCK 5000");
    assert_eq!(body(&reply), "m");
    // The same request gets the same message, wherever it is asked again.
    other.call("QPUSH q once");
    let once = cluster.client(1).call("QPOP q REQID r BLOCK 1000");
    assert_eq!(body(&once), "once");
    other.call("QPUSH q more");
    for node in 0..3 {
        assert_eq!(cluster.client(node).call("QPOP q REQID r"), once);
    }
    assert_eq!(body(&other.call("QPOP q NOACK")), "more");
    // The next comes with the ack, from whichever partition has it.
    for number in 0..6 {
        other.call(&format!("QPUSH q next{number}"));
    }
    let mut receipt = reply.items()[0].text();
    let mut seen = BTreeSet::new();
    for _ in 0..6 {
        let reply = other.call(&format!("QACK q {receipt} POP 1 BLOCK 5000"));
        assert_eq!(reply.items()[0], Value::Int(1));
        let next = &reply.items()[1].items()[0];
        receipt = next.items()[0].text();
        seen.insert(body(next));
    }
    assert_eq!(seen.len(), 6);
}

/// A majority is gone: new requests are refused soon, waits end in time, nobody hangs.
#[test]
fn a_minority_refuses_and_lets_nobody_hang() {
    let mut cluster = cluster("");
    let (mut waiting, mut other) = (cluster.client(0), cluster.client(0));
    send(&mut waiting, &["QPOP q BLOCK 1500"]);
    wait_for_blocked(&mut other, 1);
    let begun = Instant::now();
    cluster.kill(1);
    cluster.kill(2);
    let ended = waiting.reply().unwrap();
    // Who looked for messages when the others died is told who is missing, without a wait.
    let is_told = ended.text().starts_with("CLUSTERDOWN");
    assert!(ended == Value::Nil || is_told, "{ended:?}");
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    for line in ["QPOP q BLOCK 0", "QPOP q", "QLEN q", "QPUSH q m"] {
        let refused = cluster.client(0).call(line);
        assert!(refused.is_error(), "{line}: {refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
}
