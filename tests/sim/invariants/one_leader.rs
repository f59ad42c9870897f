//! Of two leaders of a shard, the older one never serves after the younger one.
//!
//! Leaders are ordered by their term, and within a term by their node: a voter
//! that voted for one may vote for a greater one in the same term, and then
//! follows the smaller one no more.

use std::collections::BTreeMap;

use lockstep_core::{NodeId, ShardId};

use super::{Invariant, Sight};

/// The youngest leader that ever served a shard.
#[derive(Default)]
pub struct OneLeader {
    youngest: BTreeMap<ShardId, (u64, NodeId)>,
}

impl Invariant for OneLeader {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        for replica in sight.replicas.iter().filter(|replica| replica.leads) {
            let this = (replica.status.term, replica.id);
            let youngest = self.youngest.entry(replica.shard).or_insert(this);
            if this < *youngest {
                let shard = replica.shard;
                return Err(format!("{this:?} serves {shard:?} after {youngest:?}"));
            }
            *youngest = this;
        }
        Ok(())
    }
}
