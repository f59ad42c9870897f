//! The index of deadlines of a database.

use std::collections::BTreeSet;

use super::{Name, Place};

/// Which items are due when. Holds hashes instead of keys: an entry stands for
/// all items of its slot with its hash and its deadline.
#[derive(Clone, Debug, Default)]
pub(super) struct Deadlines {
    due: BTreeSet<(u64, u16, u64)>,
}

impl Deadlines {
    pub(super) fn add(&mut self, deadline: u64, name: &Name<'_>) {
        self.due.insert((deadline, name.slot, name.hash));
    }

    pub(super) fn remove(&mut self, deadline: u64, name: &Name<'_>) {
        self.due.remove(&(deadline, name.slot, name.hash));
    }

    /// The nearest deadline.
    pub(super) fn next(&self) -> Option<u64> {
        self.due.first().map(|(deadline, _, _)| *deadline)
    }

    /// The nearest deadline and where its items are.
    pub(super) fn first(&self) -> Option<(u64, Place)> {
        self.due
            .first()
            .map(|(deadline, slot, hash)| (*deadline, Place { slot: *slot, hash: *hash }))
    }

    /// Places with deadlines from `from` on.
    pub(super) fn from(&self, from: u64) -> impl Iterator<Item = (u64, Place)> {
        let range = self.due.range((from, 0, 0)..);
        range.map(|(deadline, slot, hash)| (*deadline, Place { slot: *slot, hash: *hash }))
    }

    /// How many are due.
    pub(super) fn due(&self, now_ms: u64) -> usize {
        self.due.range(..=(now_ms, u16::MAX, u64::MAX)).count()
    }

    /// The nearest and the farthest deadline.
    pub(super) fn span(&self) -> Option<(u64, u64)> {
        Some((self.due.first()?.0, self.due.last()?.0))
    }
}
