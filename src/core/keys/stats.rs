//! What happened to keys in this process. Not replicated.

use std::sync::atomic::{AtomicU64, Ordering};

use super::store::Garbage;

/// Counters of this process since its start or the last reset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys removed at their deadline.
    pub expired: u64,
    /// Keys removed to make room.
    pub evicted: u64,
    /// Large values, and those that were flushed, which are freed bit by bit.
    pub freed: u64,
}

/// The counters while they count; readers share them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub hits: Counter,
    pub misses: Counter,
    pub expired: Counter,
    pub evicted: Counter,
    /// What changes there had been when the last snapshot was begun.
    pub saved: Counter,
}

/// A number that readers may add to.
#[derive(Debug, Default)]
pub(in crate::keys) struct Counter(AtomicU64);

impl Counter {
    pub(in crate::keys) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    pub(in crate::keys) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(in crate::keys) fn set(&self, count: u64) {
        self.0.store(count, Ordering::Relaxed);
    }
}

impl Counters {
    /// All of them; what is freed is counted by the garbage.
    pub(super) fn get(&self, garbage: &Garbage) -> Stats {
        Stats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            expired: self.expired.get(),
            evicted: self.evicted.get(),
            freed: garbage.values().get(),
        }
    }

    pub(super) fn reset(&self, garbage: &Garbage) {
        let counters = [&self.hits, &self.misses, &self.expired, &self.evicted, garbage.values()];
        counters.into_iter().for_each(|counter| counter.set(0));
    }
}
