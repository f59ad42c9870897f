//! What the detector has been told: the contended locks of each shard.

use std::collections::BTreeMap;

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;

use super::{Guards, plan};

/// An older report is not believed any more: who wrote it leads no longer, or else
/// it would have been repeated.
pub(super) const REPORT_LIFE_MS: u64 = 1_000;

/// A lock that somebody waits for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// Its name.
    pub name: Vec<u8>,
    /// Who holds it.
    pub holders: Vec<Party>,
    /// Who waits for it, in the order of the line.
    pub line: Vec<Waiter>,
}

/// An owner at a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct Party {
    /// The owner, as all shards write it.
    pub owner: Vec<u8>,
    /// The number of the hold or wait in its shard, never used again.
    pub id: u64,
    /// How it holds the lock, or wants to.
    pub mode: Mode,
    /// When the owner began, as far as the shard knows.
    pub birth_ms: u64,
}

/// An owner in a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Waiter {
    /// Who, and for what.
    pub party: Party,
    /// The higher, the sooner others have to give way.
    pub prio: u8,
    /// Since when it waits, by the detector's clock.
    pub since_ms: u64,
}

/// What the leader of a shard says about its contended locks: all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    /// The term in which it leads.
    pub term: u64,
    /// Grows with every report of the term.
    pub number: u64,
    /// The locks.
    pub locks: Vec<Lock>,
}

/// The newest report of each shard.
#[derive(Debug, Default)]
pub struct Picture {
    guards: Guards,
    shards: BTreeMap<ShardId, Told>,
}

#[derive(Debug)]
struct Told {
    report: Report,
    at_ms: u64,
}

impl Picture {
    /// Nothing is known.
    pub fn new(guards: Guards) -> Self {
        Picture { guards, ..Picture::default() }
    }

    /// Takes over a report, unless it is older than what is known. Says whether it
    /// was taken.
    pub fn report(&mut self, shard: ShardId, report: Report, now_ms: u64) -> bool {
        let position = |report: &Report| (report.term, report.number);
        let known = self.shards.get(&shard).map(|told| position(&told.report));
        let older = known.is_some_and(|known| match self.guards.newest_term_only {
            true => position(&report) < known,
            false => report.number < known.1,
        });
        if older && self.guards.newest_report_only {
            return false;
        }
        self.shards.insert(shard, Told { report, at_ms: now_ms });
        true
    }

    /// Forgets what nobody has repeated for too long.
    pub fn forget_old(&mut self, now_ms: u64) {
        if !self.guards.old_forgotten {
            return;
        }
        self.shards.retain(|_, told| now_ms.saturating_sub(told.at_ms) <= REPORT_LIFE_MS);
    }

    /// Whether there can be a deadlock at all.
    pub fn is_entangled(&self) -> bool {
        plan::is_entangled(self.locks().map(|(_, lock)| lock))
    }

    /// The contended locks with their shards.
    pub fn locks(&self) -> impl Iterator<Item = (ShardId, &Lock)> + Clone {
        let shards = self.shards.iter();
        shards.flat_map(|(shard, told)| told.report.locks.iter().map(|lock| (*shard, lock)))
    }
}
