//! Replicas that are missing, too many, or on nodes that leave.

use std::cmp::Reverse;

use super::{Census, Move};
use crate::cluster::{Map, Placement};
use crate::{NodeId, ShardId};

/// The next step, the meta group first.
pub(super) fn next(map: &Map, census: &Census<'_>) -> Option<Move> {
    let meta = map.placement(ShardId::META).map(|meta| (ShardId::META, meta));
    let mut groups = meta.into_iter().chain(map.placements());
    groups.find_map(|(shard, placement)| {
        let repair = Repair { map, census, shard, placement };
        let replicas = placement.founded.then(|| repair.step()).flatten()?;
        Some(Move::place(shard, placement, replicas))
    })
}

/// One group.
struct Repair<'a> {
    map: &'a Map,
    census: &'a Census<'a>,
    shard: ShardId,
    placement: &'a Placement,
}

impl Repair<'_> {
    /// The replicas after the next step.
    fn step(&self) -> Option<Vec<NodeId>> {
        let wanted = self.census.wanted(self.shard);
        let replicas = &self.placement.replicas;
        let leaving: Vec<NodeId> = self.leaving();
        let staying = replicas.len() - leaving.len();
        if staying < wanted {
            return self.fill_up(leaving.first().copied());
        }
        let spare = if leaving.is_empty() && staying > wanted { self.spare() } else { leaving };
        spare.into_iter().map(|node| self.without(node)).find(|to| self.is_safe(to))
    }

    /// The replicas that cannot stay, those that do not answer first.
    fn leaving(&self) -> Vec<NodeId> {
        let replicas = self.placement.replicas.iter().copied();
        let mut leaving: Vec<NodeId> = replicas.filter(|node| !self.map.stays(*node)).collect();
        leaving.sort_by_key(|node| (self.census.is_alive(*node), *node));
        leaving
    }

    /// One more replica, in the place of one that cannot stay if there is one.
    fn fill_up(&self, leaving: Option<NodeId>) -> Option<Vec<NodeId>> {
        let rest: Vec<NodeId> = match leaving {
            Some(node) => self.without(node),
            None => self.placement.replicas.clone(),
        };
        let load = |node| if self.shard.is_meta() { 0 } else { self.census.load(node) };
        let free = self.census.takers().filter(|node| !self.placement.has(*node));
        let best =
            free.min_by_key(|node| (self.census.neighbours(*node, &rest), load(*node), *node));
        let to = [&rest[..], &[best?]].concat();
        self.is_safe(&to).then_some(to)
    }

    /// The replicas in the order in which they can be spared: those that do not
    /// answer, those that share their zone, those on the busiest nodes.
    fn spare(&self) -> Vec<NodeId> {
        let mut replicas = self.placement.replicas.clone();
        replicas.sort_by_key(|node| {
            let neighbours = self.census.neighbours(*node, &self.placement.replicas);
            let load = self.census.load(*node);
            (self.census.is_alive(*node), Reverse(neighbours), Reverse(load), Reverse(*node))
        });
        replicas
    }

    fn without(&self, node: NodeId) -> Vec<NodeId> {
        self.placement.replicas.iter().copied().filter(|other| *other != node).collect()
    }

    fn is_safe(&self, to: &[NodeId]) -> bool {
        self.census.is_safe(self.shard, self.placement, to)
    }
}
