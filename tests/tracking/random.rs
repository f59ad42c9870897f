//! Random runs: whoever got a value and was told nothing since has the newest one.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::time::{Duration, Instant};

use lockstep_tests::{Client, Cluster, Value, request};

use super::track;

const KEYS: usize = 12;
const READERS_PER_NODE: usize = 2;
/// How long readers go on in a round.
const ROUND: Duration = Duration::from_millis(400);
/// How late what is told may come. Nothing is lost meanwhile; a machine with much to do
/// may be late.
const LATE: Duration = Duration::from_secs(5);

/// A client with a cache.
struct Reader {
    client: Client,
    cache: BTreeMap<String, String>,
    /// How often nothing had to be asked for.
    hits: usize,
    /// How much it was told.
    told: usize,
}

impl Reader {
    fn new(cluster: &Cluster, node: usize) -> Self {
        let mut client = cluster.client(node);
        track(&mut client, "");
        Reader { client, cache: BTreeMap::new(), hits: 0, told: 0 }
    }

    /// Forgets what a push says.
    fn forget(&mut self, push: &Value) {
        self.told += 1;
        match super::keys(push) {
            Some(keys) => keys.iter().for_each(|key| drop(self.cache.remove(key))),
            None => self.cache.clear(),
        }
    }

    /// Reads keys, in one pipeline. What is answered is kept, in the order it comes:
    /// what is said of a key stands behind the reply that it is about.
    fn read(&mut self, keys: &[String]) {
        let lines = keys.iter().flat_map(|key| request(&["GET", key]));
        self.client.send(&lines.collect::<Vec<u8>>()).unwrap();
        let mut left = keys.iter();
        while left.len() > 0 {
            match self.client.reply().unwrap() {
                push @ Value::Push(_) => self.forget(&push),
                Value::Error(_) => drop(left.next()),
                value => {
                    let key = left.next().unwrap();
                    self.cache.insert(key.clone(), value.text());
                }
            }
        }
    }

    /// Looks at a key, from the cache if it is there.
    fn get(&mut self, keys: &[String]) {
        let missing: Vec<String> =
            keys.iter().filter(|key| !self.cache.contains_key(*key)).cloned().collect();
        self.hits += keys.len() - missing.len();
        if !missing.is_empty() {
            self.read(&missing);
        }
    }

    /// Takes what is said until nothing differs from `newest`, or it is too late.
    fn catch_up(&mut self, newest: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let begun = Instant::now();
        loop {
            let stale: BTreeMap<_, _> = self
                .cache
                .iter()
                .filter(|(key, value)| newest.get(*key) != Some(*value))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            if stale.is_empty() || begun.elapsed() > LATE {
                return stale;
            }
            self.client.patience(Duration::from_millis(100));
            if let Ok(push) = self.client.reply() {
                self.forget(&push);
            }
            self.client.patience(Duration::from_secs(30));
        }
    }
}

/// A simple generator, so that a run can be drawn again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

fn key(number: usize) -> String {
    format!("k{number}")
}

/// Writes through all nodes until it shall stop.
fn write(cluster: &Cluster, seed: u64, stop: &AtomicBool, written: &AtomicUsize) {
    let mut dice = Dice(seed);
    let mut clients: Vec<Option<Client>> =
        (0..3).map(|node| cluster.runs(node).then(|| cluster.client(node))).collect();
    while !stop.load(Ordering::Relaxed) {
        let node = dice.below(3);
        let Some(client) = &mut clients[node] else { continue };
        let (a, b) = (key(dice.below(KEYS)), key(dice.below(KEYS)));
        let number = written.fetch_add(1, Ordering::Relaxed).to_string();
        let words: Vec<&str> = match dice.below(8) {
            0 => vec!["DEL", &a, &b],
            1 => vec!["MSET", &a, &number, &b, &number],
            2 => vec!["SET", &a, &number, "PX", "20"],
            3 => vec!["RENAME", &a, &b],
            4 if dice.below(20) == 0 => vec!["FLUSHALL"],
            _ => vec!["SET", &a, &number],
        };
        // What becomes of it while nobody leads does not matter.
        drop(client.try_call(&words));
        if dice.below(4) == 0 {
            std::thread::sleep(Duration::from_micros(dice.below(3_000) as u64));
        }
    }
}

/// What every key holds, read where nothing is cached.
fn newest(cluster: &Cluster) -> BTreeMap<String, String> {
    // What still has a time is over by then.
    std::thread::sleep(Duration::from_millis(60));
    let node = (0..3).find(|node| cluster.runs(*node)).unwrap();
    let mut client = cluster.client(node);
    let mut value = |key: String| loop {
        let value = client.call(&format!("GET {key}"));
        if !value.is_error() {
            return (key, value.text());
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    (0..KEYS).map(|number| value(key(number))).collect()
}

/// Runs so many rounds; `meddle` does something to the cluster in the middle of each.
fn run(cluster: &Cluster, rounds: u64, meddle: impl Fn(&Cluster)) {
    let nodes: Vec<usize> = (0..3).cycle().take(3 * READERS_PER_NODE).collect();
    let mut readers: Vec<Reader> = nodes.iter().map(|node| Reader::new(cluster, *node)).collect();
    let written = AtomicUsize::new(1);
    for round in 0..rounds {
        let (stop_writing, stop_reading) = (AtomicBool::new(false), AtomicBool::new(false));
        let (begin, failed) = (Barrier::new(readers.len() + 1), Mutex::new(None));
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..2)
                .map(|writer| {
                    let (stop, written) = (&stop_writing, &written);
                    scope.spawn(move || write(cluster, round * 2 + writer, stop, written))
                })
                .collect();
            let readers: Vec<_> = readers
                .iter_mut()
                .enumerate()
                .map(|(number, reader)| {
                    let (begin, stop) = (&begin, &stop_reading);
                    scope.spawn(move || {
                        let mut dice = Dice(round * 100 + number as u64);
                        begin.wait();
                        while !stop.load(Ordering::Relaxed) {
                            let count = 1 + dice.below(4);
                            let keys: Vec<_> = (0..count).map(|_| key(dice.below(KEYS))).collect();
                            reader.get(&keys);
                            std::thread::sleep(Duration::from_micros(dice.below(500) as u64));
                        }
                    })
                })
                .collect();
            begin.wait();
            std::thread::sleep(ROUND);
            meddle(cluster);
            // Writers first: what is read behind the last write must not change any more.
            stop_writing.store(true, Ordering::Relaxed);
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            std::thread::sleep(Duration::from_millis(50));
            stop_reading.store(true, Ordering::Relaxed);
            readers.into_iter().for_each(|reader| reader.join().unwrap());
        });
        let newest = newest(cluster);
        for (number, reader) in readers.iter_mut().enumerate() {
            let stale = reader.catch_up(&newest);
            if !stale.is_empty() {
                *failed.lock().unwrap() = Some((number, stale));
            }
        }
        let failed = failed.into_inner().unwrap();
        assert!(failed.is_none(), "round {round}: {failed:?}, and the newest are {newest:?}");
    }
    let (hits, told) = readers
        .iter()
        .fold((0, 0), |(hits, told), reader| (hits + reader.hits, told + reader.told));
    assert!(hits > 100 && told > 100, "nothing was tested: {hits} hits, {told} pushes");
}

fn three(arguments: &[&str]) -> Cluster {
    Cluster::start(3, &[&["--fsync", "never", "--shards", "2"], arguments].concat())
}

#[test]
fn who_got_a_value_and_was_told_nothing_since_has_the_newest() {
    run(&three(&[]), 12, |_| {});
}

#[test]
fn the_same_on_nodes_that_do_not_keep_the_keys() {
    run(&three(&["--replicas", "1"]), 8, |_| {});
}

#[test]
fn the_same_while_leaders_stand_still_and_others_take_over() {
    run(&three(&[]), 6, |cluster| {
        let Some(leader) = cluster.leader(0) else { return };
        cluster.signal(leader, "STOP");
        std::thread::sleep(Duration::from_millis(700));
        cluster.signal(leader, "CONT");
        std::thread::sleep(ROUND);
    });
}
