//! What happened to keys in this process. Not replicated.

use std::sync::atomic::{AtomicU64, Ordering};

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
}

/// The counters while they count; readers share them.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub hits: Counter,
    pub misses: Counter,
    pub expired: Counter,
    pub evicted: Counter,
}

/// A number that readers may add to.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

impl Counters {
    pub(super) fn get(&self) -> Stats {
        let read = |counter: &Counter| counter.0.load(Ordering::Relaxed);
        Stats {
            hits: read(&self.hits),
            misses: read(&self.misses),
            expired: read(&self.expired),
            evicted: read(&self.evicted),
        }
    }

    pub(super) fn reset(&self) {
        for counter in [&self.hits, &self.misses, &self.expired, &self.evicted] {
            counter.0.store(0, Ordering::Relaxed);
        }
    }
}
