//! What is committed, and a follower said it has on disk, it has as long as it
//! goes by the same id: Raft counts on its log to be stable storage.

use std::collections::BTreeMap;

use lockstep_core::{NodeId, ShardId};

use super::{Invariant, Replica, Sight};

/// How far each node has said to be, of what its leader knew to be committed.
#[derive(Default)]
pub struct AcknowledgedStays {
    said: BTreeMap<(ShardId, NodeId), u64>,
}

impl Invariant for AcknowledgedStays {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        for replica in &sight.replicas {
            let has = replica.status.last_index.max(replica.status.snapshot);
            let said = self.said.get(&(replica.shard, replica.id)).copied().unwrap_or(0);
            // A replica that was taken away and given back begins anew.
            if has < said && has > 0 {
                let (node, shard) = (replica.node, replica.shard);
                return Err(format!("n{node} had {said} of {shard:?} on disk, now it has {has}"));
            }
        }
        for leader in sight.replicas.iter().filter(|replica| replica.leads) {
            self.listen(leader, sight);
        }
        Ok(())
    }
}

impl AcknowledgedStays {
    /// Notes what a leader was told.
    fn listen(&mut self, leader: &Replica<'_>, sight: &Sight<'_>) {
        let followers = sight.replicas.iter().filter(|replica| replica.shard == leader.shard);
        for follower in followers.filter(|replica| replica.id != leader.id) {
            let key = (leader.shard, follower.id);
            let Some(behind) = leader.group.lag(follower.id) else {
                self.said.remove(&key);
                continue;
            };
            let acknowledged = leader.status.last_index.saturating_sub(behind);
            self.said.insert(key, acknowledged.min(leader.status.applied));
        }
    }
}
