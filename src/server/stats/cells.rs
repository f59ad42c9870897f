//! One cell of counters per command, several times over, so that threads seldom
//! write to the same one.

use std::cell::Cell as ThreadCell;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use lockstep_commands::index;

use super::histogram::{BUCKETS, Histogram, bucket};

const STRIPES_MAX: usize = 16;

static NEXT_STRIPE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// Which stripe this thread writes to.
    static STRIPE: ThreadCell<usize> = const { ThreadCell::new(usize::MAX) };
}

/// The counters of all commands.
#[derive(Debug)]
pub(super) struct Cells {
    stripes: Box<[Box<[Cell]>]>,
}

/// The counters of one command on one stripe.
#[derive(Debug)]
#[repr(align(64))]
pub(super) struct Cell {
    calls: AtomicU64,
    nanos: AtomicU64,
    failed: AtomicU64,
    rejected: AtomicU64,
    buckets: [AtomicU64; BUCKETS],
}

/// What was counted of one command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// How often it was executed.
    pub calls: u64,
    /// How long that took together.
    pub nanos: u64,
    /// How often it was refused before it was executed.
    pub rejected: u64,
    /// How often it was answered with an error.
    pub failed: u64,
    /// How long each took.
    pub histogram: Histogram,
}

impl Usage {
    /// Whether anything was counted.
    pub fn any(&self) -> bool {
        self.calls > 0 || self.rejected > 0
    }
}

impl Default for Cells {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let stripes = threads.next_power_of_two().min(STRIPES_MAX);
        let stripe = || (0..index::count()).map(|_| Cell::default()).collect();
        Cells { stripes: (0..stripes).map(|_| stripe()).collect() }
    }
}

impl Default for Cell {
    fn default() -> Self {
        Cell {
            calls: AtomicU64::new(0),
            nanos: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
            buckets: [const { AtomicU64::new(0) }; BUCKETS],
        }
    }
}

impl Cells {
    /// The cell of a command to write to.
    pub(super) fn of(&self, index: usize) -> &Cell {
        &self.stripes[own_stripe() & (self.stripes.len() - 1)][index]
    }

    pub(super) fn calls(&self, index: usize) -> u64 {
        self.sum(index, |cell| &cell.calls)
    }

    pub(super) fn usage(&self, index: usize) -> Usage {
        let mut histogram = Histogram::default();
        for (at, count) in histogram.counts.iter_mut().enumerate() {
            *count = self.sum(index, |cell| &cell.buckets[at]);
        }
        Usage {
            calls: self.calls(index),
            nanos: self.sum(index, |cell| &cell.nanos),
            rejected: self.sum(index, |cell| &cell.rejected),
            failed: self.sum(index, |cell| &cell.failed),
            histogram,
        }
    }

    pub(super) fn reset(&self) {
        self.stripes.iter().flatten().for_each(Cell::reset);
    }

    fn sum(&self, index: usize, counter: impl Fn(&Cell) -> &AtomicU64) -> u64 {
        self.stripes.iter().map(|stripe| counter(&stripe[index]).load(Ordering::Relaxed)).sum()
    }
}

fn own_stripe() -> usize {
    STRIPE.with(|stripe| {
        if stripe.get() == usize::MAX {
            stripe.set(NEXT_STRIPE.fetch_add(1, Ordering::Relaxed) % STRIPES_MAX);
        }
        stripe.get()
    })
}

impl Cell {
    pub(super) fn add_call(&self, nanos: u64) {
        self.add_calls(1, nanos);
    }

    pub(super) fn add_calls(&self, calls: u64, nanos: u64) {
        if calls == 0 {
            return;
        }
        self.calls.fetch_add(calls, Ordering::Relaxed);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
        self.buckets[bucket(nanos / calls)].fetch_add(calls, Ordering::Relaxed);
    }

    pub(super) fn add_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn add_rejected(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    fn reset(&self) {
        let counters = [&self.calls, &self.nanos, &self.failed, &self.rejected];
        counters.into_iter().chain(&self.buckets).for_each(|it| it.store(0, Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_threads_count_is_added_up() {
        let cells = Cells::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..1000).for_each(|_| cells.of(1).add_call(2_000)));
            }
        });
        let usage = cells.usage(1);
        assert_eq!((usage.calls, usage.nanos), (4_000, 8_000_000));
        assert_eq!(usage.histogram.count(), 4_000);
        assert!(!cells.usage(0).any());
    }
}
