//! What is known of the counters at any time.

use std::sync::Mutex;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};

use super::super::stage::NODES;

/// So many flaws are kept.
const FLAWS_MAX: usize = 20;

/// All counters, and what was found.
pub struct Counters {
    pub list: Vec<Counter>,
    /// When that read of each node was asked for that was answered last.
    pub nodes: [AtomicU64; NODES],
    /// How many reads were refused.
    pub refused: AtomicU64,
    ended: AtomicBool,
    flaws: Mutex<Vec<String>>,
}

/// A counter with one writer.
pub struct Counter {
    pub name: String,
    /// What was acknowledged, or read, so far: nothing older may be read from now on.
    known: AtomicU64,
    /// How often it was asked to go up: it may stand no higher.
    asked: AtomicU64,
}

impl Counter {
    /// Nothing that is asked for from now on may be older.
    pub fn floor(&self) -> u64 {
        self.known.load(SeqCst)
    }

    /// It is about to be asked to go up.
    pub fn asks(&self) {
        self.asked.fetch_add(1, SeqCst);
    }

    /// Somebody knows that it stands there.
    pub fn stands(&self, value: u64) {
        self.known.fetch_max(value, SeqCst);
    }
}

impl Counters {
    pub fn new(prefix: &str, count: usize) -> Counters {
        let counter = |at| Counter {
            name: format!("{prefix}:{at}"),
            known: AtomicU64::new(0),
            asked: AtomicU64::new(0),
        };
        Counters {
            list: (0..count).map(counter).collect(),
            nodes: [const { AtomicU64::new(0) }; NODES],
            refused: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            flaws: Mutex::default(),
        }
    }

    /// Whether it goes on.
    pub fn goes_on(&self) -> bool {
        !self.ended.load(SeqCst)
    }

    /// Everybody is to stop.
    pub fn stop(&self) {
        self.ended.store(true, SeqCst);
    }

    /// Looks at what a node said of a counter of which `floor` was known before.
    pub fn check(&self, counter: &Counter, floor: u64, value: u64, node: usize) {
        let most = counter.asked.load(SeqCst);
        if !(floor..=most).contains(&value) {
            let name = &counter.name;
            let flaw = format!("node {node} read {value} of {name}, not {floor} to {most}");
            let mut flaws = self.flaws.lock().expect("nobody panics with it");
            if flaws.len() < FLAWS_MAX && flaws.last() != Some(&flaw) {
                flaws.push(flaw);
            }
        }
        counter.stands(value);
    }

    /// What was found.
    pub fn flaws(&self) -> Vec<String> {
        self.flaws.lock().expect("nobody panics with it").clone()
    }
}

#[test]
fn what_is_older_than_known_or_was_never_written_is_seen() {
    for (value, sound) in [(1, false), (2, true), (3, true), (4, false)] {
        let counters = Counters::new("c", 1);
        let counter = &counters.list[0];
        (0..3).for_each(|_| counter.asks());
        counter.stands(2);
        counters.check(counter, counter.floor(), value, 0);
        assert_eq!(counters.flaws().is_empty(), sound, "{value}");
        assert_eq!(counter.floor(), value.max(2));
    }
}
