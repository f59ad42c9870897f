//! Replicas that would stand better on another node.

use std::cmp::Reverse;

use super::{Census, Move};
use crate::cluster::{Map, Placement};
use crate::{NodeId, ShardId};

/// A replica that moves from one node to another.
struct Swap {
    shard: ShardId,
    from: NodeId,
    to: NodeId,
    /// How many replicas of the shard stand nearer to each other, less those
    /// that stand farther apart.
    crowding: isize,
    /// By how much the node that is left is busier.
    relief: isize,
    /// Whether the preferred leader would move.
    leader: bool,
}

/// The next step: out of a shared zone if there is one, else from a busy node to
/// an idle one. Only groups whose replicas all answer are touched.
pub(super) fn next(map: &Map, census: &Census<'_>) -> Option<Move> {
    let groups = map.placement(ShardId::META).map(|meta| (ShardId::META, meta));
    let groups = groups.into_iter().chain(map.placements());
    let whole = groups.filter(|(_, placement)| placement.founded && census.is_whole(placement));
    let swaps = whole.flat_map(|(shard, placement)| swaps(census, shard, placement));
    let best = swaps.filter(Swap::is_better).min_by_key(Swap::order)?;
    let placement = map.placement(best.shard)?;
    let stay = placement.replicas.iter().copied().filter(|node| *node != best.from);
    let replicas = stay.chain([best.to]).collect();
    Some(Move::place(best.shard, placement, replicas))
}

impl Swap {
    fn is_better(&self) -> bool {
        self.crowding < 0 || (self.crowding == 0 && self.relief >= 2)
    }

    fn order(&self) -> impl Ord + use<> {
        (self.crowding, Reverse(self.relief), self.leader, self.shard, self.from, self.to)
    }
}

/// All ways to move one replica of a group.
fn swaps<'a>(
    census: &'a Census<'_>,
    shard: ShardId,
    placement: &'a Placement,
) -> impl Iterator<Item = Swap> + use<'a> {
    let replicas = &placement.replicas;
    replicas.iter().flat_map(move |from| {
        let from = *from;
        let before = census.neighbours(from, replicas);
        let rest: Vec<NodeId> = replicas.iter().copied().filter(|node| *node != from).collect();
        let free = census.takers().filter(|node| !placement.has(*node));
        free.map(move |to| Swap {
            shard,
            from,
            to,
            crowding: census.neighbours(to, &rest) as isize - before as isize,
            // The meta group is small: its voters move for better zones only.
            relief: match shard.is_meta() {
                true => 0,
                false => census.load(from) as isize - census.load(to) as isize,
            },
            leader: placement.preferred_leader() == Some(from),
        })
    })
}
