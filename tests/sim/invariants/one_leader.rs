//! A term of a shard has at most one leader.

use std::collections::BTreeMap;

use lockstep_core::{NodeId, ShardId};
use lockstep_raft::Role;

use super::{Invariant, Sight};

/// Who led in which term.
#[derive(Default)]
pub struct OneLeader {
    leaders: BTreeMap<(ShardId, u64), NodeId>,
}

impl Invariant for OneLeader {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        for replica in sight.replicas.iter().filter(|replica| replica.status.role == Role::Leader) {
            let term = replica.status.term;
            let first = self.leaders.entry((replica.shard, term)).or_insert(replica.id);
            if *first != replica.id {
                let (shard, id) = (replica.shard, replica.id);
                return Err(format!("{first:?} and {id:?} led {shard:?} in term {term}"));
            }
        }
        Ok(())
    }
}
