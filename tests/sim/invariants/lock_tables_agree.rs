//! S18: replicas that applied the same entries have the same lock table.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::lock_view::EVERY_MS;
use super::{Invariant, Sight};

/// The table at each index that was looked at.
#[derive(Default)]
pub struct LockTablesAgree {
    digests: BTreeMap<(ShardId, u64), u64>,
    next_ms: u64,
}

impl Invariant for LockTablesAgree {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        for replica in sight.replicas.iter().filter(|replica| !replica.shard.is_meta()) {
            let applied = replica.status.applied;
            let digest = replica.group.state().locks().state_digest();
            let first = *self.digests.entry((replica.shard, applied)).or_insert(digest);
            if applied > 0 && first != digest {
                let (node, shard) = (replica.node, replica.shard);
                return Err(format!("n{node} has other locks of {shard:?} at {applied}"));
            }
        }
        Ok(())
    }
}
