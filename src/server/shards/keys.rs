//! What this node tells of the keys.

use lockstep_core::Db;
use lockstep_core::ids::DATABASES;
use lockstep_core::keys::{Counts, Keyspace, Stats};
use lockstep_raft::Group;

use super::Shards;

impl Shards {
    /// The memory of the keys here, estimated, and of what they stand in: that is there
    /// without keys, too.
    pub fn key_memory(&self) -> u64 {
        let of = |group: &Group| group.state().keys().memory() + size_of::<Keyspace>() as u64;
        self.keys().iter().map(of).sum()
    }

    /// How often keys were changed here since the last snapshots were begun.
    pub fn key_changes(&self) -> u64 {
        self.keys().iter().map(|group| group.state().keys().changes()).sum()
    }

    /// What happened to the keys here.
    pub fn key_stats(&self) -> Stats {
        let mut sum = Stats::default();
        for group in self.keys() {
            let stats = group.state().keys().stats();
            sum.hits += stats.hits;
            sum.misses += stats.misses;
            sum.expired += stats.expired;
            sum.evicted += stats.evicted;
            sum.freed += stats.freed;
        }
        sum
    }

    /// Begins to count anew what happens to the keys here.
    pub fn reset_key_stats(&self) {
        for group in self.keys() {
            group.state().keys().reset_stats();
        }
    }

    /// How many keys each database has here.
    pub fn key_counts(&self) -> Vec<(u8, Counts)> {
        let (groups, now_ms) = (self.keys(), self.now_ms());
        let of = |db| {
            let mut sum = Counts::default();
            let mut ttls_ms = 0_u128;
            for group in &groups {
                let counts = group.state().keys().counts(Db(db), now_ms);
                sum.keys += counts.keys;
                sum.with_deadline += counts.with_deadline;
                ttls_ms += u128::from(counts.average_ttl_ms) * u128::from(counts.with_deadline);
            }
            let mean_ms = ttls_ms / u128::from(sum.with_deadline.max(1));
            sum.average_ttl_ms = u64::try_from(mean_ms).unwrap_or(u64::MAX);
            sum
        };
        (0..DATABASES).map(|db| (db, of(db))).collect()
    }

    /// How many keys there are here.
    pub fn key_count(&self) -> u64 {
        self.key_counts().iter().map(|(_, counts)| counts.keys).sum()
    }
}
