//! A process never goes back behind what it has applied, unless its log still has
//! all of it: a replica that stops and begins again applies the log once more.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::{Invariant, Sight};

/// How far each process was.
#[derive(Default)]
pub struct AppliedGrows {
    applied: BTreeMap<(usize, u64, ShardId), u64>,
}

impl Invariant for AppliedGrows {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        for replica in &sight.replicas {
            let key = (replica.node, replica.life, replica.shard);
            let now = replica.status.applied;
            let before = self.applied.insert(key, now).unwrap_or(0);
            // A replica that was taken away and given back begins anew.
            if now < before && now > 0 && replica.status.last_index < before {
                let (node, shard) = (replica.node, replica.shard);
                return Err(format!("n{node} went from {before} back to {now} of {shard:?}"));
            }
        }
        Ok(())
    }
}
