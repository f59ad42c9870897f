//! Which keys go when memory is short. Decided by the leader, by samples.

use std::collections::BTreeSet;

use super::Keyspace;
use super::read::random;
use super::store::{Database, Item, mix};
use crate::Db;

/// How many samples are taken for each key that goes.
const SAMPLES_PER_KEY: usize = 5;

/// How many more samples are tried when they should have deadlines.
const TRIES_PER_SAMPLE: usize = 8;

/// Which keys make room when memory is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The least recently used of all.
    AllKeysLru,
    /// The least frequently used of all.
    AllKeysLfu,
    /// Any.
    AllKeysRandom,
    /// The least recently used with a deadline.
    VolatileLru,
    /// The least frequently used with a deadline.
    VolatileLfu,
    /// Any with a deadline.
    VolatileRandom,
    /// The one with the nearest deadline.
    VolatileTtl,
}

impl Policy {
    fn is_volatile(self) -> bool {
        use Policy::{VolatileLfu, VolatileLru, VolatileRandom, VolatileTtl};
        matches!(self, VolatileLru | VolatileLfu | VolatileRandom | VolatileTtl)
    }

    /// How gladly an item is let go.
    fn score(self, item: &Item, now_ms: u64) -> u64 {
        match self {
            Policy::AllKeysLru | Policy::VolatileLru => item.access.idle_s(now_ms).into(),
            Policy::AllKeysLfu | Policy::VolatileLfu => {
                let unused = 255 - u64::from(item.access.count(now_ms));
                unused << 32 | u64::from(item.access.idle_s(now_ms))
            }
            Policy::VolatileTtl => u64::MAX - item.deadline().unwrap_or(u64::MAX),
            Policy::AllKeysRandom | Policy::VolatileRandom => 0,
        }
    }
}

impl Keyspace {
    /// Notes that a key is used somewhere else, where it was looked up and counted: it is one
    /// that eviction spares.
    pub fn note_use(&self, db: Db, key: &[u8], now_ms: u64) {
        let name = self.hasher.name(key);
        if let Some(item) = self.database(db).and_then(|database| database.get(&name)) {
            item.access.touch(now_ms, name.hash);
        }
    }

    /// At most `n` keys to evict, the best ones of some samples; fewer, or none,
    /// when the policy finds no more.
    pub fn evict_candidates(
        &self,
        policy: Policy,
        now_ms: u64,
        seed: u64,
        n: usize,
    ) -> Vec<(Db, Vec<u8>)> {
        let mut samples = self.samples(policy, seed, n.saturating_mul(SAMPLES_PER_KEY));
        // The sort is stable: among equals chance decides, as it drew them.
        samples.sort_by_key(|(_, item)| std::cmp::Reverse(policy.score(item, now_ms)));
        let mut seen = BTreeSet::new();
        let fresh = samples.into_iter().filter(|(db, item)| seen.insert((*db, item.key.bytes())));
        fresh.take(n).map(|(db, item)| (db, item.key.bytes().to_vec())).collect()
    }

    fn samples(&self, policy: Policy, seed: u64, count: usize) -> Vec<(Db, &Item)> {
        if policy == Policy::VolatileTtl {
            return self.nearest(count);
        }
        let volatile = policy.is_volatile();
        let tries = if volatile { count.saturating_mul(TRIES_PER_SAMPLE) } else { count };
        let random = (0..tries as u64).filter_map(|at| self.random_item(mix(seed ^ at)));
        let fitting = random.filter(|(_, item)| !volatile || item.deadline().is_some());
        let mut samples: Vec<_> = fitting.take(count).collect();
        if volatile && samples.len() < count {
            // Few keys have deadlines: take some from the index of deadlines.
            let lacking = count - samples.len();
            samples.extend(self.indexed(mix(seed), lacking));
        }
        samples
    }

    fn random_item(&self, random_number: u64) -> Option<(Db, &Item)> {
        let total: usize = self.in_use().map(|(_, database)| database.slots().len()).sum();
        let mut at = (random_number % (total as u64).max(1)) as usize;
        let (db, database) = self.in_use().find(|(_, database)| {
            let len = database.slots().len();
            let here = at < len;
            at -= if here { 0 } else { len };
            here
        })?;
        Some((db, random(database, random_number)?))
    }

    /// The keys with the nearest deadlines of each database.
    fn nearest(&self, count: usize) -> Vec<(Db, &Item)> {
        self.in_use().flat_map(|(db, database)| first(db, database, 0, count)).collect()
    }

    /// Keys with deadlines from somewhere in the middle on, and from the first.
    fn indexed(&self, random_number: u64, count: usize) -> Vec<(Db, &Item)> {
        let mut found = Vec::new();
        for (db, database) in self.in_use() {
            let Some((from, to)) = database.deadline_span() else { continue };
            let middle = from + random_number % (to - from).saturating_add(1);
            found.extend(first(db, database, middle, count));
            found.extend(first(db, database, 0, count));
        }
        found
    }
}

fn first(db: Db, database: &Database, from: u64, count: usize) -> Vec<(Db, &Item)> {
    database.by_deadline(from).take(count).map(|item| (db, item)).collect()
}
