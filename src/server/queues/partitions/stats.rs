//! What is counted of queues with several partitions.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What this node did for such queues since it started.
#[derive(Debug, Default)]
pub struct Stats {
    pops: AtomicU64,
    looks: AtomicU64,
    steals: AtomicU64,
    demands: AtomicU64,
    serves: AtomicU64,
    empty_serves: AtomicU64,
    announced: AtomicU64,
}

/// The numbers at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests to partitions, each for all clients that wanted the same.
    pub pops: u64,
    /// Times that partitions were looked at.
    pub looks: u64,
    /// Messages that were taken from partitions that other nodes lead.
    pub steals: u64,
    /// Times that a home was told that clients wait here.
    pub demands: u64,
    /// Times that this node, as a home, has sent a node to a partition.
    pub serves: u64,
    /// Times that this node was sent to a partition and found nothing.
    pub empty_serves: u64,
    /// Times that a home was told that a partition has something.
    pub announced: u64,
}

impl Stats {
    pub(super) fn popped(&self) {
        self.pops.fetch_add(1, Relaxed);
    }

    pub(super) fn looked(&self) {
        self.looks.fetch_add(1, Relaxed);
    }

    pub(super) fn stolen(&self, messages: usize) {
        self.steals.fetch_add(messages as u64, Relaxed);
    }

    pub(super) fn demanded(&self) {
        self.demands.fetch_add(1, Relaxed);
    }

    pub(super) fn served(&self) {
        self.serves.fetch_add(1, Relaxed);
    }

    pub(super) fn served_empty(&self) {
        self.empty_serves.fetch_add(1, Relaxed);
    }

    pub(super) fn announced(&self) {
        self.announced.fetch_add(1, Relaxed);
    }

    /// The numbers now.
    pub fn counts(&self) -> Counts {
        Counts {
            pops: self.pops.load(Relaxed),
            looks: self.looks.load(Relaxed),
            steals: self.steals.load(Relaxed),
            demands: self.demands.load(Relaxed),
            serves: self.serves.load(Relaxed),
            empty_serves: self.empty_serves.load(Relaxed),
            announced: self.announced.load(Relaxed),
        }
    }
}
