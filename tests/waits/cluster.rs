//! Waits over three nodes, while nodes die.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use lockstep_tests::Cluster;

use super::{Client, Value, send, three_nodes, wait_for, wait_for_blocked};

/// The nodes but one.
fn others(than: usize) -> impl Iterator<Item = usize> {
    (0..3).filter(move |node| *node != than)
}

/// Pushes until it is acknowledged.
fn push(client: &mut Client, list: &str, element: &str) {
    wait_for("a leader", || client.call(&format!("RPUSH {list} {element}")).int().is_some());
}

#[test]
fn who_waits_through_any_node_is_served_in_turn() {
    let cluster = three_nodes(&[]);
    let mut observers: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    let mut waiting: Vec<Client> = Vec::new();
    for round in 0..6 {
        let mut client = cluster.client(round % 3);
        send(&mut client, &["BLPOP l 0"]);
        wait_for_blocked(&mut observers[round % 3], round / 3 + 1);
        // The next one comes behind it, also at the shard.
        wait_for("it stands in line", || {
            let info = observers[round % 3].call("INFO clients").text();
            info.contains("total_blocking_keys:1\r\n")
        });
        thread::sleep(Duration::from_millis(50));
        waiting.push(client);
    }
    for (round, client) in waiting.iter_mut().enumerate() {
        observers[(round + 1) % 3].call(&format!("RPUSH l {round}"));
        assert_eq!(client.reply().unwrap().items()[1].text(), round.to_string());
    }
}

/// Those who waited through the leader that died get nothing any more; what came for them
/// is for those who are left.
#[test]
fn who_waits_goes_on_waiting_when_the_leader_dies_and_nothing_goes_with_the_dead() {
    let mut cluster = three_nodes(&["--node-timeout", "3000"]);
    let victim = cluster.wait_leader(0);
    let mut doomed: Vec<Client> = (0..3).map(|_| cluster.client(victim)).collect();
    for client in &mut doomed {
        send(client, &["BLPOP l k 0"]);
    }
    wait_for_blocked(&mut cluster.client(victim), doomed.len());
    let mut alive: Vec<Client> =
        others(victim).flat_map(|node| [cluster.client(node), cluster.client(node)]).collect();
    for client in &mut alive {
        send(client, &["BLPOP l 0"]);
    }
    for node in others(victim) {
        wait_for_blocked(&mut cluster.client(node), 2);
    }
    cluster.kill(victim);
    let survivor = others(victim).next().unwrap();
    let mut client = cluster.client(survivor);
    let count = doomed.len() + alive.len();
    for number in 0..count {
        push(&mut client, "l", &number.to_string());
    }
    let mut got: BTreeSet<String> =
        alive.iter_mut().map(|client| client.reply().unwrap().items()[1].text()).collect();
    assert_eq!(got.len(), alive.len());
    // The rest comes back when the dead node is given up.
    wait_for("the rest is back", || client.call("LLEN l").int() == Some(doomed.len() as i64));
    got.extend(client.call("LRANGE l 0 -1").items().iter().map(Value::text));
    assert_eq!(got, (0..count).map(|number| number.to_string()).collect());
}

/// The ids of the entries that somebody was given of a stream.
fn ids(reply: &Value) -> Vec<String> {
    let entries = |part: &Value| part.items()[1].items().to_vec();
    let all = reply.items().iter().flat_map(entries);
    all.map(|entry| entry.items()[0].text()).collect()
}

#[test]
fn who_waits_for_entries_of_a_stream_gets_them_through_any_node() {
    let cluster = three_nodes(&[]);
    let mut observers: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    let mut readers: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
    observers[0].call("XADD s 1-0 f v");
    for (node, reader) in readers.iter_mut().enumerate() {
        send(reader, &["XREAD BLOCK 0 STREAMS s $"]);
        wait_for_blocked(&mut observers[node], 1);
    }
    wait_for("they stand in line", || {
        observers[0].call("INFO clients").text().contains("total_blocking_keys:1\r\n")
    });
    thread::sleep(Duration::from_millis(50));
    observers[1].call("XADD s 2-0 f v");
    for reader in &mut readers {
        assert_eq!(ids(&reader.reply().unwrap()), ["2-0"]);
    }
}

/// Who reads in a group goes on waiting when the leader dies. What a dead client was given
/// stays pending, for others to claim.
#[test]
fn who_reads_in_a_group_goes_on_waiting_when_the_leader_dies() {
    let mut cluster = three_nodes(&["--node-timeout", "3000"]);
    let victim = cluster.wait_leader(0);
    let survivor = others(victim).next().unwrap();
    let mut client = cluster.client(survivor);
    assert_eq!(client.call("XGROUP CREATE s g $ MKSTREAM").text(), "OK");
    let mut workers: Vec<Client> = others(victim).map(|node| cluster.client(node)).collect();
    for (number, worker) in workers.iter_mut().enumerate() {
        send(worker, &[&format!("XREADGROUP GROUP g c{number} BLOCK 0 STREAMS s >")]);
    }
    for node in others(victim) {
        wait_for_blocked(&mut cluster.client(node), 1);
    }
    cluster.kill(victim);
    let mut added: BTreeSet<String> = BTreeSet::new();
    while added.len() < workers.len() {
        let reply = client.call("XADD s * f v").text();
        if reply.contains('-') && !reply.contains(' ') {
            added.insert(reply);
        }
    }
    let given: Vec<String> =
        workers.iter_mut().flat_map(|worker| ids(&worker.reply().unwrap())).collect();
    assert_eq!(given.len(), workers.len(), "each has one");
    let once: BTreeSet<&String> = given.iter().collect();
    assert_eq!(once.len(), given.len(), "none was given twice");
    let pending = client.call("XPENDING s g").items()[0].int();
    assert_eq!(pending, Some(given.len() as i64));
}

static STOP: AtomicBool = AtomicBool::new(false);

/// Takes elements of a list until it is told to stop, also over other lists.
fn worker(mut client: Client, number: usize) -> JoinHandle<Vec<String>> {
    thread::spawn(move || {
        let mut got = Vec::new();
        while !STOP.load(Ordering::Acquire) {
            let line = match number % 3 {
                0 => "BLPOP work 0.2",
                1 => "BRPOP other work 0.2",
                _ => "BLMPOP 0.2 2 work other LEFT COUNT 3",
            };
            let reply = client.call(line);
            assert!(!reply.text().starts_with("UNCERTAIN"), "{reply:?}");
            match reply.items() {
                [_, Value::Array(elements)] => got.extend(elements.iter().map(Value::text)),
                [_, element] => got.push(element.text()),
                _ => {}
            }
        }
        got
    })
}

/// Pushes numbers of its own. What was acknowledged, and what may have been pushed.
fn producer(mut client: Client, number: usize) -> JoinHandle<(Vec<String>, Vec<String>)> {
    thread::spawn(move || {
        let (mut surely, mut perhaps) = (Vec::new(), Vec::new());
        for count in 0.. {
            if STOP.load(Ordering::Acquire) {
                break;
            }
            let element = format!("{number}-{count}");
            let reply = client.call(&format!("RPUSH work {element}"));
            match reply {
                Value::Int(_) => surely.push(element),
                ref refused if refused.text().starts_with("UNCERTAIN") => perhaps.push(element),
                _ => {}
            }
            thread::sleep(Duration::from_millis(2));
        }
        (surely, perhaps)
    })
}

fn leave_in(client: &mut Client, list: &str) -> Vec<String> {
    client.call(&format!("LRANGE {list} 0 -1")).items().iter().map(Value::text).collect()
}

fn load(cluster: &mut Cluster, victim: usize) {
    let nodes: Vec<usize> = others(victim).collect();
    let workers: Vec<_> =
        (0..6).map(|number| worker(cluster.client(nodes[number % 2]), number)).collect();
    let producers: Vec<_> =
        (0..2).map(|number| producer(cluster.client(nodes[number % 2]), number)).collect();
    thread::sleep(Duration::from_millis(700));
    cluster.kill(victim);
    thread::sleep(Duration::from_millis(2500));
    STOP.store(true, Ordering::Release);
    let (mut surely, mut perhaps) = (Vec::new(), Vec::new());
    for producer in producers {
        let (acknowledged, unknown) = producer.join().unwrap();
        surely.extend(acknowledged);
        perhaps.extend(unknown);
    }
    let mut found: Vec<String> =
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect();
    assert!(found.len() > 100, "the load was too small to tell anything: {}", found.len());
    let mut client = cluster.client(nodes[0]);
    found.extend(leave_in(&mut client, "work"));
    let once: BTreeSet<&String> = found.iter().collect();
    assert_eq!(once.len(), found.len(), "something was delivered twice");
    let lost: Vec<&String> = surely.iter().filter(|element| !once.contains(element)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
    let known: BTreeSet<&String> = surely.iter().chain(&perhaps).collect();
    assert!(once.iter().all(|element| known.contains(element)), "something was made up");
}

/// Under load the leader dies: each element that was acknowledged is with one worker, or
/// still in the list.
#[test]
fn nothing_is_lost_and_nothing_comes_twice_when_the_leader_dies() {
    let mut cluster = three_nodes(&["--node-timeout", "3000"]);
    let victim = cluster.wait_leader(0);
    load(&mut cluster, victim);
}
