//! What a plan is made from, counted once.

use std::collections::{BTreeMap, BTreeSet};

use crate::cluster::placement::replicas_for;
use crate::cluster::{META_VOTERS_MAX, Map, Placement};
use crate::{NodeId, ShardId};

/// The nodes and what they bear.
pub(super) struct Census<'a> {
    map: &'a Map,
    alive: BTreeSet<NodeId>,
    /// How many data shards have a replica on each node.
    loads: BTreeMap<NodeId, usize>,
    /// How many data shards prefer each node as leader.
    leads: BTreeMap<NodeId, usize>,
    /// How many nodes may keep what they hold.
    staying: usize,
    /// Who votes in a group, where that is not as the map says.
    voters: &'a dyn Fn(ShardId) -> Option<Vec<NodeId>>,
}

impl<'a> Census<'a> {
    pub(super) fn of(
        map: &'a Map,
        alive: &dyn Fn(NodeId) -> bool,
        voters: &'a dyn Fn(ShardId) -> Option<Vec<NodeId>>,
    ) -> Self {
        let ids = || map.nodes().map(|node| node.id);
        let (mut loads, mut leads) = (BTreeMap::new(), BTreeMap::new());
        for (_, placement) in map.placements() {
            for node in &placement.replicas {
                *loads.entry(*node).or_default() += 1;
            }
            if let Some(leader) = placement.preferred_leader() {
                *leads.entry(leader).or_default() += 1;
            }
        }
        Census {
            map,
            alive: ids().filter(|node| alive(*node)).collect(),
            loads,
            leads,
            staying: ids().filter(|node| map.stays(*node)).count(),
            voters,
        }
    }

    /// The nodes that answer.
    pub(super) fn alive(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.alive.iter().copied()
    }

    pub(super) fn is_alive(&self, node: NodeId) -> bool {
        self.alive.contains(&node)
    }

    pub(super) fn load(&self, node: NodeId) -> usize {
        self.loads.get(&node).copied().unwrap_or_default()
    }

    pub(super) fn leads(&self, node: NodeId) -> usize {
        self.leads.get(&node).copied().unwrap_or_default()
    }

    /// The nodes that answer and take replicas.
    pub(super) fn takers(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.alive().filter(|node| self.map.takes(*node))
    }

    /// How many replicas a group should have.
    pub(super) fn wanted(&self, shard: ShardId) -> usize {
        let factor = if shard.is_meta() { META_VOTERS_MAX } else { self.map.replicas() };
        replicas_for(self.staying, usize::from(factor))
    }

    /// Whether a group can go from the replicas that it has to those without ever
    /// being without a majority that answers.
    pub(super) fn is_safe(&self, shard: ShardId, placement: &Placement, to: &[NodeId]) -> bool {
        let voters = (self.voters)(shard);
        self.has_quorum(voters.as_ref().unwrap_or(&placement.replicas)) && self.has_quorum(to)
    }

    /// Whether every replica answers and stays where it is.
    pub(super) fn is_whole(&self, placement: &Placement) -> bool {
        placement.replicas.iter().all(|node| self.is_alive(*node) && self.map.stays(*node))
    }

    fn has_quorum(&self, replicas: &[NodeId]) -> bool {
        let alive = replicas.iter().filter(|node| self.is_alive(**node)).count();
        alive > replicas.len() / 2
    }

    /// How many of the replicas, that on `node` itself left out, are in the zone
    /// of `node`.
    pub(super) fn neighbours(&self, node: NodeId, replicas: &[NodeId]) -> usize {
        let zone = self.map.zone(node);
        let others = replicas.iter().filter(|other| **other != node);
        others.filter(|other| self.map.zone(**other) == zone).count()
    }
}
