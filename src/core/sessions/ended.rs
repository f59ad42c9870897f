//! The sessions that have ended, so that nothing brings them back.

use super::roll::{Entry, Roll};
use super::{ENDED_MAX, ENDED_MS};
use crate::Stamp;
use crate::image::Name;

/// A session that has ended.
#[derive(Clone, Debug)]
pub(super) struct Tombstone {
    pub id: Name,
    /// The number of the operation that ended it here.
    pub seq: u64,
    pub at_ms: u64,
}

impl Entry for Tombstone {
    fn id(&self) -> &Name {
        &self.id
    }
}

/// The sessions that have ended in this shard, the oldest first.
#[derive(Debug)]
pub(super) struct Ended {
    pub roll: Roll<Tombstone>,
    /// The highest number of an operation that ended a session of which that is not
    /// known any more.
    pub forgotten_seq: u64,
    pub max: usize,
}

impl Ended {
    pub fn new() -> Self {
        Ended { roll: Roll::new(), forgotten_seq: 0, max: ENDED_MAX }
    }

    pub fn has(&self, id: &[u8]) -> bool {
        self.roll.has(id)
    }

    pub fn add(&mut self, at: &Stamp, id: &Name) {
        if self.has(id) {
            return;
        }
        let tombstone = Tombstone { id: id.clone(), seq: at.seq, at_ms: at.now_ms };
        self.roll.add(at.seq, tombstone);
        while self.roll.len() > self.max {
            self.forget_oldest();
        }
    }

    /// Whether nothing here is old enough to be forgotten.
    #[inline]
    pub fn is_young(&self, now_ms: u64) -> bool {
        let oldest = self.roll.first().map(|(_, tombstone)| tombstone.at_ms);
        oldest.is_none_or(|at_ms| at_ms.saturating_add(ENDED_MS) > now_ms)
    }

    /// Forgets at most `budget` of what is old.
    pub fn age(&mut self, now_ms: u64, budget: usize) {
        for _ in 0..budget {
            if self.is_young(now_ms) {
                return;
            }
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((place, tombstone)) = self.roll.first() else { return };
        self.forgotten_seq = tombstone.seq.max(self.forgotten_seq);
        self.roll.remove(place);
    }
}
