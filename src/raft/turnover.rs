//! How often the groups of a node had to look for leaders.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// Counters of a node since its start, over all its groups.
#[derive(Debug, Default)]
pub(crate) struct Turnover {
    elections: AtomicU64,
    leader_changes: AtomicU64,
    retries: AtomicU64,
}

/// What they said when they were looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TurnoverCounts {
    /// How often this node asked for votes.
    pub elections: u64,
    /// How often a group here learnt of a leader that was not the one before.
    pub leader_changes: u64,
    /// How often a share had to be tried again, because its leader was not where
    /// it was looked for.
    pub retries: u64,
}

impl Turnover {
    pub(crate) fn asked_votes(&self) {
        self.elections.fetch_add(1, Relaxed);
    }

    pub(crate) fn led_anew(&self) {
        self.leader_changes.fetch_add(1, Relaxed);
    }

    pub(crate) fn tried_again(&self) {
        self.retries.fetch_add(1, Relaxed);
    }

    pub(crate) fn counts(&self) -> TurnoverCounts {
        TurnoverCounts {
            elections: self.elections.load(Relaxed),
            leader_changes: self.leader_changes.load(Relaxed),
            retries: self.retries.load(Relaxed),
        }
    }
}
