//! What happens to keys, as clients of every node hear it.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_tests::{Client, Cluster, Value, wait_for};

use super::{subscribe, told};

const CHANNEL: &str = "__keyevent@0__:set";

fn three(arguments: &[&str]) -> Cluster {
    let mut all = vec!["--shards", "3", "--fsync", "never", "--notify-keyspace-events", "KEAm"];
    all.extend(arguments);
    Cluster::start(3, &all)
}

fn listeners(cluster: &Cluster, nodes: impl IntoIterator<Item = usize>) -> Vec<Client> {
    let listen = |node| {
        let mut listener = cluster.client(node);
        subscribe(&mut listener, CHANNEL);
        listener
    };
    nodes.into_iter().map(listen).collect()
}

/// Who leads the shards, and since when.
fn reigns(cluster: &Cluster) -> Vec<String> {
    let reign = |shard| {
        let info = cluster.info(cluster.wait_leader(shard), "lockstep");
        let line = info.lines().find(|line| line.starts_with(&format!("shard{shard}:")));
        let parts = line.unwrap_or_default().split(',');
        parts.take_while(|part| !part.starts_with("applied")).collect()
    };
    (0..3).map(reign).collect()
}

/// Plays a round again if a leader was lost in it: what it was about to tell may be lost.
fn undisturbed<T>(cluster: &Cluster, mut round: impl FnMut() -> T) -> T {
    loop {
        let before = reigns(cluster);
        let heard = round();
        if reigns(cluster) == before {
            return heard;
        }
    }
}

#[test]
fn every_client_on_every_node_hears_each_write_once_and_in_order() {
    const WRITES: usize = 300;
    let cluster = three(&[]);
    let listeners = undisturbed(&cluster, || {
        let listeners = listeners(&cluster, 0..3);
        let mut writers: Vec<Client> = (0..3).map(|node| cluster.client(node)).collect();
        for number in 0..WRITES {
            // Some have copies, so that writes have to wait for them.
            writers[(number + 1) % 3].call(&format!("GET k{}", number % 7));
            writers[number % 3].call(&format!("MSET k{} v n{number} v", number % 7));
        }
        listeners
    });
    for mut listener in listeners {
        for number in 0..WRITES {
            assert_eq!(told(&mut listener), ["message", CHANNEL, &format!("k{}", number % 7)]);
            assert_eq!(told(&mut listener), ["message", CHANNEL, &format!("n{number}")]);
        }
    }
}

#[test]
fn in_cluster_mode_a_write_to_any_shard_is_heard_on_every_node() {
    const KEYS: [&str; 7] = ["a", "b", "c", "d", "e", "f", "g"];
    let cluster = three(&["--cluster-enabled", "yes"]);
    let listeners = undisturbed(&cluster, || {
        let listeners = listeners(&cluster, 0..3);
        for key in KEYS {
            // Only the node that leads the shard takes it.
            (0..3).for_each(|node| drop(cluster.client(node).call(&format!("SET {key} v"))));
        }
        listeners
    });
    for mut listener in listeners {
        let mut heard = KEYS.map(|_| told(&mut listener)[2].clone());
        // Those of several shards come from several nodes.
        heard.sort();
        assert_eq!(heard, KEYS);
    }
}

#[test]
fn a_read_that_finds_nothing_is_told_by_whoever_leads() {
    let cluster = three(&[]);
    let mut listener = undisturbed(&cluster, || {
        let mut listener = cluster.client(0);
        subscribe(&mut listener, "__keyevent@0__:keymiss");
        for node in [0, 1, 2, 0, 1, 2] {
            assert_eq!(cluster.client(node).call("GET none"), Value::Nil);
        }
        cluster.client(1).call("GET last");
        listener
    });
    for key in ["none", "none", "none", "none", "none", "none", "last"] {
        assert_eq!(told(&mut listener), ["message", "__keyevent@0__:keymiss", key]);
    }
}

#[test]
fn what_config_set_says_on_one_node_holds_on_all() {
    let cluster = three(&[]);
    let said = |node: usize| {
        let found = cluster.client(node).call("CONFIG GET notify-keyspace-events");
        found.items()[1].text()
    };
    for (node, letters) in [(0, "gE"), (1, "AKE"), (2, "")] {
        let words = ["CONFIG", "SET", "notify-keyspace-events", letters];
        // A node that cannot be reached just now is not told.
        wait_for("all nodes know", || {
            assert_eq!(cluster.client(node).call_words(&words).text(), "OK");
            (0..3).all(|node| said(node) == letters)
        });
    }
}

/// What was written and what was heard.
struct Told {
    listeners: Vec<Client>,
    written: BTreeMap<String, usize>,
    heard: Vec<BTreeMap<String, usize>>,
}

impl Told {
    fn new(mut listeners: Vec<Client>) -> Self {
        listeners.iter_mut().for_each(|one| one.patience(Duration::from_millis(50)));
        let heard = vec![BTreeMap::new(); listeners.len()];
        Told { listeners, written: BTreeMap::new(), heard }
    }

    /// Sets a key through a node until everyone has heard of it. Nobody hears of any key more
    /// often than it was set.
    fn set(&mut self, cluster: &Cluster, node: usize, key: &str) {
        wait_for("everyone hears of it", || {
            *self.written.entry(key.to_owned()).or_default() += 1;
            if let Some(mut client) = cluster.try_client(node) {
                // A node that has just come may not take it yet.
                let _ = client.try_call(&["SET", key, "v"]);
            }
            self.listen();
            self.heard.iter().all(|heard| heard.contains_key(key))
        });
    }

    fn listen(&mut self) {
        for (listener, heard) in self.listeners.iter_mut().zip(&mut self.heard) {
            while let Ok(message) = listener.reply() {
                *heard.entry(message.items()[2].text()).or_default() += 1;
            }
            let fits = |(key, count): (&String, &usize)| *count <= self.written[key];
            assert!(heard.iter().all(fits), "{heard:?} of {:?}", self.written);
        }
    }
}

#[test]
fn a_new_leader_tells_of_what_is_written_and_a_log_that_is_read_again_of_nothing() {
    let mut cluster = three(&[]);
    let leader = cluster.wait_leader(0);
    let others: Vec<usize> = (0..3).filter(|node| *node != leader).collect();
    let mut told = Told::new(listeners(&cluster, others.iter().copied()));
    told.set(&cluster, leader, "before");
    cluster.kill(leader);
    told.set(&cluster, others[0], "after");
    cluster.restart(leader);
    cluster.wait_ready();
    told.set(&cluster, leader, "last");
}
