//! What the detector of this node has done.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the buckets, in milliseconds.
pub const BOUNDS_MS: [u64; 12] = [2, 5, 10, 15, 20, 30, 50, 100, 150, 300, 1_000, 3_000];

/// Counters since the start.
#[derive(Debug, Default)]
pub struct Stats {
    /// Waits that were ended.
    broken: AtomicU64,
    /// Cycles that were gone when they were looked at once more.
    refuted: AtomicU64,
    /// Reports of shards that were taken.
    reports: AtomicU64,
    /// From a cycle's last wait to its end.
    buckets: [AtomicU64; BOUNDS_MS.len()],
    sum_ms: AtomicU64,
}

/// The counters as they were at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Waits that were ended.
    pub broken: u64,
    /// Cycles that were gone when they were looked at once more.
    pub refuted: u64,
    /// Reports of shards that were taken.
    pub reports: u64,
    /// How many of the ended took at most so long, for each of [`BOUNDS_MS`].
    pub within: [u64; BOUNDS_MS.len()],
    /// How long all took together.
    pub sum_ms: u64,
}

impl Stats {
    /// A wait was ended so long after its cycle was complete.
    pub(super) fn broken(&self, took_ms: u64) {
        self.broken.fetch_add(1, Ordering::Relaxed);
        self.sum_ms.fetch_add(took_ms, Ordering::Relaxed);
        if let Some(bucket) = BOUNDS_MS.iter().position(|bound_ms| took_ms <= *bound_ms) {
            self.buckets[bucket].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn refuted(&self) {
        self.refuted.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn reported(&self) {
        self.reports.fetch_add(1, Ordering::Relaxed);
    }

    /// All counters.
    pub fn counts(&self) -> Counts {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut seen = 0;
        let within = std::array::from_fn(|bucket| {
            seen += load(&self.buckets[bucket]);
            seen
        });
        Counts {
            broken: load(&self.broken),
            refuted: load(&self.refuted),
            reports: load(&self.reports),
            within,
            sum_ms: load(&self.sum_ms),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_duration_counts_in_all_buckets_above_it() {
        let stats = Stats::default();
        [1, 12, 5_000].into_iter().for_each(|took_ms| stats.broken(took_ms));
        let counts = stats.counts();
        assert_eq!((counts.broken, counts.sum_ms), (3, 5_013));
        assert_eq!(counts.within, [1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
    }
}
