//! Which nodes may have which keys. Never fewer than have them, and never more keys
//! than there is room for.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::NodeId;

use crate::{Label, Name};

/// What one node has of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Share {
    /// With which message it came.
    pub q: u64,
    /// As which of the copies.
    pub label: Label,
    /// Whether it was not asked for.
    pub pushed: bool,
}

/// What is known of a key.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Entry {
    pub sharers: BTreeMap<NodeId, Share>,
    /// Who had it before the last write, and has not got it again.
    pub previous: BTreeSet<NodeId>,
    /// Who did not read the last copy that it was sent.
    pub uninterested: BTreeSet<NodeId>,
    /// After how many writes in a row several came back.
    pub hot: u8,
    age: u64,
    recalled: bool,
}

#[derive(Clone, Debug, Hash)]
pub(super) struct Directory {
    entries: BTreeMap<Name, Entry>,
    /// The same, those first that were granted least lately.
    ages: BTreeMap<u64, Name>,
    last: u64,
    most: usize,
}

impl Directory {
    /// An empty one, of so many keys at most.
    pub(super) fn new(most: usize) -> Self {
        Directory { entries: BTreeMap::new(), ages: BTreeMap::new(), last: 0, most }
    }

    /// From now on so many keys at most. What is too much goes as others come.
    pub(super) fn set_most(&mut self, most: usize) {
        self.most = most;
    }

    /// How many keys there are more than there should be, and are not called back yet.
    pub(super) fn surplus(&self) -> usize {
        let recalled = self.entries.len() - self.ages.len();
        self.entries.len().saturating_sub(self.most.saturating_add(recalled))
    }

    pub(super) fn sharer_counts(&self) -> BTreeMap<usize, usize> {
        let mut counts = BTreeMap::new();
        for entry in self.entries.values() {
            *counts.entry(entry.sharers.len()).or_default() += 1;
        }
        counts
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn get(&self, name: &Name) -> Option<&Entry> {
        self.entries.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &Name) -> Option<&mut Entry> {
        self.entries.get_mut(name)
    }

    /// What is known of a key, which becomes the youngest; none where there is no room
    /// for it.
    pub(super) fn enter(&mut self, name: &Name) -> Option<&mut Entry> {
        if !self.entries.contains_key(name) && self.entries.len() >= self.most {
            return None;
        }
        self.last += 1;
        let entry = self.entries.entry(name.clone()).or_default();
        if entry.age == 0 || !entry.recalled {
            self.ages.remove(&entry.age);
            entry.age = self.last;
            self.ages.insert(self.last, name.clone());
        }
        Some(entry)
    }

    /// The key that was granted least lately, and is not being called back already.
    pub(super) fn oldest(&mut self) -> Option<Name> {
        let (age, name) = self.ages.pop_first()?;
        let entry = self.entries.get_mut(&name)?;
        debug_assert_eq!(entry.age, age);
        entry.recalled = true;
        Some(name)
    }

    /// Forgets a key that nobody has or had.
    pub(super) fn tidy(&mut self, name: &Name) {
        let idle = |entry: &&Entry| entry.sharers.is_empty() && entry.previous.is_empty();
        if self.entries.get(name).filter(idle).is_some() {
            self.remove(name);
        }
    }

    /// Forgets a key.
    pub(super) fn remove(&mut self, name: &Name) {
        if let Some(entry) = self.entries.remove(name) {
            self.ages.remove(&entry.age);
        }
    }

    /// Forgets all keys.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.ages.clear();
    }

    /// Forgets a node.
    pub(super) fn forget(&mut self, node: NodeId) {
        let ages = &mut self.ages;
        self.entries.retain(|_, entry| {
            entry.sharers.remove(&node);
            entry.previous.remove(&node);
            entry.uninterested.remove(&node);
            let idle = entry.sharers.is_empty() && entry.previous.is_empty();
            if idle {
                ages.remove(&entry.age);
            }
            !idle
        });
    }
}
