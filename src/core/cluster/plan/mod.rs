//! Where replicas should be: at the founding, and one step at a time afterwards.
//!
//! Every step makes the map better by a measure that is compared in this order:
//! nodes that wait to be taken in, replicas missing or on nodes that leave,
//! replicas too many, replicas in one zone, uneven loads, uneven leaders. So
//! whatever stands still is reached in finitely many steps and none is undone.

mod balance;
mod census;
mod founding;
mod leaders;
mod repair;

use self::census::Census;
use super::{Map, NodeState, Op, Placement};
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

    fn place(shard: ShardId, placement: &Placement, replicas: Vec<NodeId>) -> Move {
        Move::Place { shard, replicas, expected_epoch: placement.epoch }
    }
}

impl Map {
    /// The next step towards a better placement; none when there is none, or none
    /// as long as nodes are away. `alive` says which nodes answer.
    ///
    /// A step counts on the one before: ask again when the groups are as the map
    /// wants them.
    pub fn next_move(&self, alive: &dyn Fn(NodeId) -> bool) -> Option<Move> {
        self.next_move_from(alive, &|_| None)
    }

    /// The next step where some groups are not as the map wants them, because a node
    /// that they wait for will never come: `voters` says who votes in them now.
    pub fn next_move_from(
        &self,
        alive: &dyn Fn(NodeId) -> bool,
        voters: &dyn Fn(ShardId) -> Option<Vec<NodeId>>,
    ) -> Option<Move> {
        self.id()?;
        let census = Census::of(self, alive, voters);
        self.admit(&census)
            .or_else(|| leaders::evacuate(self, &census))
            .or_else(|| repair::next(self, &census))
            .or_else(|| balance::next(self, &census))
            .or_else(|| leaders::even_out(self, &census))
    }

    fn admit(&self, census: &Census<'_>) -> Option<Move> {
        let state = |node| self.node(node).map(|info| info.state);
        let node = census.alive().find(|node| state(*node) == Some(NodeState::Joining))?;
        Some(Move::Admit { node })
    }
}
