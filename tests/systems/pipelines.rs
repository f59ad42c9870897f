//! Pipelines of redis-rs and fred while the leader is killed: every write that was
//! acknowledged is there, and unless the library sends again by itself all are in order
//! and none is there twice.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use fred::interfaces::ListInterface;
use lockstep_tests::{Cluster, wait_for};
use tokio::runtime::Runtime;

use super::failover::Stage;
use super::{kills, rounds};
use crate::clients::fred::{Fred, runtime};

/// Commands in one pipeline.
const SIZE: u64 = 20;
/// Pipelines of each writer before the leader is killed.
const BEFORE: usize = 4;
/// How long a writer may hear nothing.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long to wait with the next attempt when a connection was refused.
const PAUSE: Duration = Duration::from_millis(5);

/// Appends numbers to a list in one pipeline; whether all of it was acknowledged.
type Push = Box<dyn FnMut(&str, Range<u64>) -> bool + Send>;

struct Writer {
    key: String,
    push: Push,
    /// The library sends again what it was told nothing of.
    sends_again: bool,
    acknowledged: Vec<u64>,
}

impl Writer {
    fn new(name: &str, port: u16, sends_again: bool, push: Push) -> Writer {
        Writer { key: format!("{name}-{port}"), push, sends_again, acknowledged: Vec::new() }
    }

    /// Writes until so many pipelines were acknowledged that began behind the kill.
    fn write(&mut self, killed: &AtomicBool, pipelines: &AtomicUsize) {
        let (mut left, mut heard) = (rounds(), Instant::now());
        for numbers in (0..).map(|turn| turn * SIZE..(turn + 1) * SIZE) {
            let behind = killed.load(SeqCst);
            if (self.push)(&self.key, numbers.clone()) {
                self.acknowledged.extend(numbers);
                pipelines.fetch_add(1, SeqCst);
                heard = Instant::now();
                left -= usize::from(behind);
            }
            assert!(heard.elapsed() < PATIENCE, "{} hears nothing", self.key);
            if left == 0 {
                return;
            }
        }
    }

    fn check(&self, found: Vec<u64>) {
        // In which order a library sends again is its own affair: fred puts what it could
        // not send behind the rest.
        let in_order = self.sends_again || found.is_sorted_by(|a, b| a < b);
        assert!(in_order, "{}: not in order: {found:?}", self.key);
        let there: HashSet<u64> = found.into_iter().collect();
        let lost: Vec<_> =
            self.acknowledged.iter().filter(|number| !there.contains(number)).collect();
        assert!(lost.is_empty(), "{}: acknowledged and not there: {lost:?}", self.key);
        println!("{}: {} acknowledged writes there", self.key, self.acknowledged.len());
    }
}

fn redis_rs(port: u16, protocol: &str) -> Push {
    let client = redis::Client::open(format!("redis://127.0.0.1:{port}/{protocol}")).unwrap();
    let mut open = None;
    Box::new(move |key, numbers| {
        let Some(connection) = open.take().or_else(|| client.get_connection().ok()) else {
            std::thread::sleep(PAUSE);
            return false;
        };
        let mut connection: redis::Connection = connection;
        let mut pipe = redis::pipe();
        numbers.for_each(|number| {
            pipe.rpush(key, number);
        });
        let told = pipe.query::<Vec<u64>>(&mut connection).is_ok();
        // A connection that broke is left; who uses the library connects again.
        open = redis::ConnectionLike::is_open(&connection).then_some(connection);
        told
    })
}

fn fred(runtime: &Runtime, port: u16, attempts: u32) -> Push {
    let fred = Fred { port, attempts, ..Fred::default() };
    let client = runtime.block_on(fred.connect()).unwrap();
    let handle = runtime.handle().clone();
    Box::new(move |key, numbers| {
        handle.block_on(async {
            let pipeline = client.pipeline();
            for number in numbers {
                let queued: fred::types::Value = pipeline.rpush(key, number as i64).await.unwrap();
                assert!(queued.is_queued());
            }
            pipeline.all::<Vec<u64>>().await.is_ok()
        })
    })
}

fn writers(runtime: &Runtime, ports: [u16; 2]) -> Vec<Writer> {
    let of_port = |port| {
        [
            Writer::new("redis-rs", port, false, redis_rs(port, "")),
            Writer::new("redis-rs-3", port, false, redis_rs(port, "?protocol=resp3")),
            Writer::new("fred", port, true, fred(runtime, port, 3)),
            Writer::new("fred-once", port, false, fred(runtime, port, 1)),
        ]
    };
    ports.into_iter().flat_map(of_port).collect()
}

fn list(cluster: &Cluster, node: usize, key: &str) -> Vec<u64> {
    let reply = cluster.client(node).call(&format!("LRANGE {key} 0 -1"));
    assert!(!reply.is_error(), "{reply:?}");
    reply.items().iter().map(|item| item.int().unwrap() as u64).collect()
}

fn kept_through_a_kill() {
    let runtime = runtime();
    let mut stage = Stage::set();
    let mut writers = writers(&runtime, stage.ports());
    let pipelines: Vec<AtomicUsize> = writers.iter().map(|_| AtomicUsize::new(0)).collect();
    let killed = AtomicBool::new(false);
    std::thread::scope(|threads| {
        for (writer, pipelines) in writers.iter_mut().zip(&pipelines) {
            threads.spawn(|| writer.write(&killed, pipelines));
        }
        wait_for("first pipelines", || pipelines.iter().all(|count| count.load(SeqCst) >= BEFORE));
        stage.kill_the_leader();
        killed.store(true, SeqCst);
    });
    for writer in &writers {
        writer.check(list(&stage.cluster, stage.survivor(), &writer.key));
    }
}

#[test]
fn pipelines_of_redis_rs_and_fred_are_kept_through_a_kill() {
    (0..kills()).for_each(|_| kept_through_a_kill());
}
