//! The table as bytes: snapshots and digests.

mod record;
mod restore;

use record::{Record, bytes};

use super::Stats;
use super::deadlock::Ring;
use super::fence::Fence;
use super::latch::Latch;
use super::lock::Lock;
use super::memo::{Age, Memo};
use super::mutant::Mutant;
use super::table::Table;
use crate::image::{Named, Paged, digest, pack};
use crate::lives::Lives;

/// The table as it was at one moment.
#[derive(Debug)]
pub struct Frozen {
    locks: Named<Lock>,
    latches: Named<Latch>,
    fences: Named<Fence>,
    memos: Paged<Memo>,
    ages: Paged<Age>,
    deadlocks: Ring,
    last_token: u64,
    last_id: u64,
    lives: Lives,
    stats: Stats,
    /// A mistake for tests: who was there first is left out.
    no_turns: bool,
}

impl Table {
    /// The table as it is now, for a snapshot. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {
            locks: self.locks.clone(),
            latches: self.latches.clone(),
            fences: self.fences.clone(),
            memos: self.memos.clone(),
            ages: self.ages.clone(),
            deadlocks: self.deadlocks.clone(),
            last_token: self.last_token,
            last_id: self.last_id,
            lives: self.lives.clone(),
            stats: self.stats,
            no_turns: self.is_broken(Mutant::TurnsNotInImage),
        }
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        digest(self.freeze().records())
    }
}

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        pack(self.records())
    }

    fn records(self) -> impl Iterator<Item = Vec<u8>> + Send {
        let head = Record::Head {
            last_token: self.last_token,
            last_id: self.last_id,
            stats: self.stats.numbers().to_vec(),
            lives: self.lives.list(),
        };
        let no_turns = self.no_turns;
        let head = bytes(&head);
        let locks = self.locks.into_entries();
        let locks = locks.flat_map(move |(name, lock)| record::lock(&name, lock, no_turns));
        let latches = self.latches.into_entries();
        let latches = latches.flat_map(|(name, latch)| record::latch(&name, latch));
        let fences = self.fences.into_entries();
        let fences = fences.map(|(name, fence)| record::fence(&name, &fence));
        let memos = self.memos.into_pages().flat_map(|(base, page)| {
            page.iter().map(|(slot, memo)| record::memo(base + slot, memo)).collect::<Vec<_>>()
        });
        let ages = self.ages.into_pages().flat_map(|(base, page)| {
            page.iter().map(|(slot, age)| record::age(base + slot, age)).collect::<Vec<_>>()
        });
        let deadlocks: Vec<Vec<u8>> =
            self.deadlocks.iter().map(|deadlock| record::deadlock(deadlock)).collect();
        std::iter::once(head)
            .chain(locks)
            .chain(latches)
            .chain(fences)
            .chain(memos)
            .chain(ages)
            .chain(deadlocks)
    }
}
