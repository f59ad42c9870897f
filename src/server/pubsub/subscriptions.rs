//! What one connection listens to.

use std::collections::BTreeSet;

use lockstep_commands::here::Subscription;

/// What one connection listens to.
#[derive(Debug, Default)]
pub struct Subscriptions {
    channels: BTreeSet<Box<[u8]>>,
    patterns: BTreeSet<Box<[u8]>>,
    shards: BTreeSet<Box<[u8]>>,
    /// Invariant: those of all names, and what it takes to find them.
    bytes: usize,
}

/// What a name costs beside itself, here and among all listeners.
const NAME_BYTES: usize = 96;

impl Subscriptions {
    /// Begins to listen to a name; whether that is new.
    pub(super) fn add(&mut self, kind: Subscription, name: &[u8]) -> bool {
        let is_new = self.of(kind).insert(name.into());
        self.bytes += if is_new { NAME_BYTES + name.len() } else { 0 };
        is_new
    }

    /// Listens to a name no longer; whether it did.
    pub(super) fn remove(&mut self, kind: Subscription, name: &[u8]) -> bool {
        let was_there = self.of(kind).remove(name);
        self.bytes -= if was_there { NAME_BYTES + name.len() } else { 0 };
        was_there
    }

    /// All names of a kind.
    pub(super) fn names(&mut self, kind: Subscription) -> Vec<Box<[u8]>> {
        self.of(kind).iter().cloned().collect()
    }

    /// The number that a confirmation shows: channels and patterns count together,
    /// shard channels by themselves.
    pub(super) fn shown(&self, kind: Subscription) -> i64 {
        let count = match kind {
            Subscription::Shard => self.shards.len(),
            _ => self.channels.len() + self.patterns.len(),
        };
        i64::try_from(count).unwrap_or(i64::MAX)
    }

    /// How many of channels, patterns and shard channels.
    pub(super) fn counts(&self) -> [u32; 3] {
        [self.channels.len(), self.patterns.len(), self.shards.len()]
            .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// What they take in memory.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn of(&mut self, kind: Subscription) -> &mut BTreeSet<Box<[u8]>> {
        match kind {
            Subscription::Channel => &mut self.channels,
            Subscription::Pattern => &mut self.patterns,
            Subscription::Shard => &mut self.shards,
        }
    }
}
