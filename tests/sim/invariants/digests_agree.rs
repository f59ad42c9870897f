//! Replicas that applied the same entries have the same state, with the lock
//! table (S18) in it.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::{Invariant, Replica, Sight};

/// How often the states are looked at: it means to read all of them.
const EVERY_MS: u64 = 1_000;

/// The state at each index that was looked at.
#[derive(Default)]
pub struct DigestsAgree {
    digests: BTreeMap<(ShardId, u64), u64>,
    /// By node, process and shard: where its state was read last.
    read: BTreeMap<(usize, u64, ShardId), u64>,
    next_ms: u64,
}

impl Invariant for DigestsAgree {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        for replica in &sight.replicas {
            let applied = replica.status.applied;
            // What nobody can be compared with need not be read.
            let same = |other: &&Replica<'_>| {
                other.shard == replica.shard && other.status.applied == applied
            };
            let known = self.digests.contains_key(&(replica.shard, applied));
            if !known && sight.replicas.iter().filter(same).count() < 2 {
                continue;
            }
            // What nothing was applied to since is as it was.
            let place = (replica.node, replica.life, replica.shard);
            if self.read.insert(place, applied) == Some(applied) {
                continue;
            }
            let digest = replica.group.state().state_digest();
            let first = *self.digests.entry((replica.shard, applied)).or_insert(digest);
            if applied > 0 && first != digest {
                let (node, shard) = (replica.node, replica.shard);
                return Err(format!("n{node} has another state of {shard:?} at {applied}"));
            }
        }
        Ok(())
    }
}
