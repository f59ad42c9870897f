//! What follows from a queue: the ways to its messages by state and order.
//!
//! It is no part of an image and is built anew when one is read.

use std::collections::{BTreeMap, BTreeSet};

use super::groups::Members;
use super::op::Reason;
use crate::image::{Name, SeqSet};

/// The ways to what a queue has.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Shape {
    /// The ranks of messages without a group that are ready, by priority.
    pub levels: Levels,
    /// The ranks of messages of groups that are ready.
    pub grouped: SeqSet,
    /// Until when, and which.
    pub delayed: BTreeSet<(u64, u64)>,
    pub inflight: SeqSet,
    /// By the number of their death.
    pub dead: BTreeMap<u64, u64>,
    pub died_of: [usize; Reason::ALL.len()],
    /// Bytes of all bodies, and of those of the dead.
    pub bytes: u64,
    pub dead_bytes: u64,
    /// How many that are ready have an end.
    pub mortal: usize,
    /// Messages whose rank is not their number, by rank.
    pub ranks: BTreeMap<u64, u64>,
    /// By number.
    pub groups: BTreeMap<u64, Members>,
    pub group_names: BTreeMap<Name, u64>,
    /// The groups that can be served, by turn.
    pub ring: BTreeSet<((u64, u64), u64)>,
    /// What is known, by hash and by end.
    pub known: BTreeMap<u128, u64>,
    pub fading: BTreeSet<(u64, u64)>,
    pub consumers: BTreeMap<Name, u64>,
    /// What consumers have, by their numbers.
    pub pending: BTreeMap<u64, BTreeSet<u64>>,
    pub asked: BTreeMap<Name, u64>,
    /// How many of the deliveries each was answered with last.
    pub asked_left: BTreeMap<u64, usize>,
    /// Who waits, by what they take.
    pub line: BTreeMap<Filter, BTreeSet<u64>>,
    pub waiting: usize,
    /// When something happens to the queue as a whole, by what.
    pub timers: [Option<u64>; super::index::Timer::ALL.len()],
}

/// What somebody who waits takes.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Filter {
    /// Only of this group.
    pub group: Option<Name>,
    /// Only of this priority or a higher one.
    pub priority_min: u8,
}

/// Ranks by priority.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Levels {
    /// Invariant: none is empty.
    sets: BTreeMap<u8, SeqSet>,
    len: usize,
}

impl Levels {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Adds one.
    pub fn insert(&mut self, priority: u8, rank: u64) {
        self.sets.entry(priority).or_default().insert(rank);
        self.len += 1;
    }

    /// Takes one out.
    pub fn remove(&mut self, priority: u8, rank: u64) {
        let Some(set) = self.sets.get_mut(&priority) else { return };
        set.remove(rank);
        self.len -= 1;
        if set.is_empty() {
            self.sets.remove(&priority);
        }
    }

    /// The lowest rank of this priority or a higher one.
    pub fn oldest(&self, priority_min: u8) -> Option<u64> {
        self.sets.range(priority_min..).filter_map(|(_, set)| set.first()).min()
    }

    /// The highest rank of this priority or a higher one.
    pub fn newest(&self, priority_min: u8) -> Option<u64> {
        self.sets.range(priority_min..).filter_map(|(_, set)| set.last()).max()
    }

    /// The lowest rank of the highest priority, if that is at least this.
    pub fn highest(&self, priority_min: u8) -> Option<(u8, u64)> {
        let (priority, set) = self.sets.range(priority_min..).next_back()?;
        Some((*priority, set.first()?))
    }

    /// Each priority with its ranks, lowest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u8, &SeqSet)> {
        self.sets.iter().map(|(priority, set)| (*priority, set))
    }
}

impl Shape {
    /// How many messages are ready.
    pub fn ready(&self) -> usize {
        self.levels.len() + self.grouped.len()
    }

    /// How many messages are not dead.
    pub fn living(&self) -> usize {
        self.ready() + self.delayed.len() + self.inflight.len()
    }

    /// The number of the message with this rank.
    pub fn seq_of(&self, rank: u64) -> u64 {
        self.ranks.get(&rank).copied().unwrap_or(rank)
    }
}
