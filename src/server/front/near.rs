//! The replicas that a connection reads from.

use lockstep_core::ShardId;
use lockstep_raft::Group;

use crate::shards::Shards;

/// The replicas here that a connection has read from, so that it need not look
/// for them with every command.
#[derive(Default)]
pub(super) struct Near {
    list: Vec<Option<Group>>,
}

impl Near {
    /// This node's replica of a shard, if it leads it.
    pub(super) fn leader(&mut self, shards: &Shards, shard: ShardId) -> Option<&Group> {
        let at = usize::from(shard.0);
        if self.list.len() <= at {
            self.list.resize(at + 1, None);
        }
        let near = &mut self.list[at];
        // Also what was moved away and came back is another replica.
        if !near.as_ref().is_some_and(Group::leads) {
            *near = shards.replica(shard).filter(Group::leads);
        }
        near.as_ref()
    }

    /// This node's replica of a shard, whoever leads it.
    pub(super) fn replica(&mut self, shards: &Shards, shard: ShardId) -> Option<&Group> {
        let at = usize::from(shard.0);
        if self.list.len() <= at {
            self.list.resize(at + 1, None);
        }
        let near = &mut self.list[at];
        if near.as_ref().is_none_or(Group::has_stopped) {
            *near = shards.replica(shard);
        }
        near.as_ref()
    }
}
