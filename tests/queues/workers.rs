//! The workers that the guide shows, while nodes and workers die.

use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, needed, three_nodes, tool, wait_for, workspace};

use super::fact;
use crate::clients::{installed, python};

/// With its hash tag it lives in the shard of the keys, so that one leader has all.
const QUEUE: &str = "{mail}letters";
const SHARD: u16 = 0;

const PATIENCE: Duration = Duration::from_secs(60);

/// Workers, which are ended with the test.
#[derive(Debug)]
struct Workers(Vec<Child>);

impl Workers {
    /// One that begins with this node.
    fn start(&mut self, mut command: Command, cluster: &Cluster, first: usize) {
        let nodes = (0..3).map(|node| cluster.address((first + node) % 3).to_string());
        self.0.push(command.arg(QUEUE).args(nodes).spawn().unwrap());
    }

    /// One dies at once.
    fn kill(&mut self) {
        let mut worker = self.0.remove(0);
        worker.kill().unwrap();
        worker.wait().unwrap();
    }

    /// The others are told to stop, which they do.
    fn stop(&mut self) {
        for mut worker in self.0.drain(..) {
            let told = Command::new("kill").arg(worker.id().to_string()).status();
            assert!(told.unwrap().success());
            let begun = Instant::now();
            while worker.try_wait().unwrap().is_none() {
                assert!(begun.elapsed() < PATIENCE, "a worker goes on though it was told to stop");
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(worker.wait().unwrap().success());
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in &mut self.0 {
            // It may have ended by itself, which is as good.
            let _ = worker.kill();
            let _ = worker.wait();
        }
    }
}

/// A client of a node that runs.
fn client(cluster: &Cluster) -> Client {
    cluster.client((0..3).find(|node| cluster.runs(*node)).unwrap())
}

/// Pushes the letters with these numbers, each under an id of its own.
fn push(cluster: &Cluster, numbers: std::ops::Range<usize>) {
    let mut client = client(cluster);
    for number in numbers {
        let body = match number {
            7 => "{\"to\":\"nobody\"}".to_owned(),
            9 => "no letter".to_owned(),
            // Longer than a worker asks a message to be hidden.
            11 => "{\"to\":\"11@x\",\"seconds\":4}".to_owned(),
            _ => format!("{{\"to\":\"{number}@x\",\"seconds\":0.005}}"),
        };
        let id = number.to_string();
        let words = ["QPUSH", QUEUE, &body, "DEDUP", &id];
        wait_for("it is pushed", || !client.call_words(&words).is_error());
    }
}

/// All letters are sent, and what cannot be sent is dead, while the node dies that leads
/// the queue and that workers are connected to, and then a worker.
fn all_letters_are_sent(command: impl Fn() -> Command) {
    let mut cluster = three_nodes(&[]);
    cluster.client(0).call(&format!("QCREATE {QUEUE} MAXDELIVER 3 BACKOFF 50 200"));
    let leader = cluster.wait_leader(SHARD);
    let mut workers = Workers(Vec::new());
    workers.start(command(), &cluster, leader);
    workers.start(command(), &cluster, leader + 1);
    push(&cluster, 0..100);
    wait_for("they are at work", || sent(&cluster) > 20);
    cluster.kill(leader);
    push(&cluster, 100..200);
    wait_for("they go on", || sent(&cluster) > 120);
    cluster.restart(leader);
    workers.kill();
    workers.start(command(), &cluster, leader);
    let leader = cluster.wait_leader(SHARD);
    push(&cluster, 200..250);
    cluster.kill(leader);
    push(&cluster, 250..300);
    wait_for("all is done", || sent(&cluster) == 298 && left(&cluster) == 2);
    workers.stop();
    check(&cluster);
}

fn check(cluster: &Cluster) {
    let mut client = client(cluster);
    let mut sent: Vec<String> = Vec::new();
    for key in client.call("KEYS sent:*").items() {
        sent.push(client.call(&format!("GET {}", key.text())).text());
    }
    sent.sort_unstable();
    let mut expected: Vec<String> =
        (0..300).filter(|number| ![7, 9].contains(number)).map(|n| format!("{n}@x")).collect();
    expected.sort_unstable();
    assert_eq!(sent, expected);
    assert_eq!(fact(&mut client, QUEUE, "acked"), 298, "each is settled once");
    assert!(fact(&mut client, QUEUE, "expired-leases") <= 1, "only what the dead worker had");
    let dead = client.call(&format!("QPEEK {QUEUE} 10 STATE dead WITHMETA"));
    let mut why: Vec<(String, String)> = dead.items().iter().map(reason).collect();
    why.sort_unstable();
    assert_eq!(why[0].0, "fatal");
    assert_eq!(why[1], ("maxdeliver".into(), "no address: nobody".into()));
}

/// Why a message is dead, and what was said about it.
fn reason(peeked: &Value) -> (String, String) {
    let field = |name| peeked.items()[2].field(name).unwrap().text();
    (field("reason"), field("error"))
}

/// How many letters were sent; 0 while nobody can say.
fn sent(cluster: &Cluster) -> usize {
    client(cluster).call("KEYS sent:*").items().len()
}

/// How many messages there are.
fn left(cluster: &Cluster) -> i64 {
    client(cluster).call(&format!("QLEN {QUEUE} ALL")).int().unwrap_or(i64::MAX)
}

fn example(program: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command.arg(workspace().join("commands/queues/examples").join(name));
    command
}

#[test]
fn the_worker_in_python_loses_nothing_while_nodes_and_workers_die() {
    let Some(python) = python() else { return };
    all_letters_are_sent(|| example(&python, "worker.py"));
}

#[test]
fn the_worker_in_node_loses_nothing_while_nodes_and_workers_die() {
    let modules = installed().join("node_modules");
    if !tool("node") || !needed(modules.join("ioredis").exists(), "ioredis") {
        return;
    }
    all_letters_are_sent(|| {
        let mut command = example(Path::new("node"), "worker.js");
        command.env("NODE_PATH", &modules);
        command
    });
}
