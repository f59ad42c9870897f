//! What one replica has applied at an index, every replica applies there.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::{Invariant, Sight};

/// What was applied at which index: term, leader, content.
#[derive(Default)]
pub struct CommittedStays {
    applied: BTreeMap<(ShardId, u64), (u64, u64, u64)>,
}

impl Invariant for CommittedStays {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        for entry in sight.fresh.iter().filter(|entry| entry.applied) {
            let shard = sight.replicas[entry.replica].shard;
            let this = (entry.term, entry.node, entry.digest);
            let first = self.applied.entry((shard, entry.index)).or_insert(this);
            if *first != this {
                let node = sight.replicas[entry.replica].node;
                return Err(format!(
                    "n{node} applied {this:?} at {} of {shard:?}, another node {first:?}",
                    entry.index
                ));
            }
        }
        Ok(())
    }
}
