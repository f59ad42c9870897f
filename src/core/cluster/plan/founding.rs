//! Where the replicas of a new cluster are.

use std::collections::BTreeMap;

use crate::NodeId;
use crate::cluster::placement::replicas_for;
use crate::cluster::{Map, NodeInfo};

/// What the shards placed so far put on a node.
#[derive(Clone, Copy, Default)]
struct Burden {
    replicas: usize,
    leaders: usize,
}

impl Map {
    /// The replicas of each shard of a new cluster, the preferred leader first:
    /// in different zones where that can be, then on the least busy nodes.
    ///
    /// Part of the meaning of [`Op::Found`](crate::cluster::Op::Found): what it
    /// gives for the same nodes never changes.
    pub fn plan_founding(nodes: &[NodeInfo], shards: u16, factor: u8) -> Vec<Vec<NodeId>> {
        let count = replicas_for(nodes.len(), usize::from(factor));
        let mut burdens = BTreeMap::new();
        (0..shards).map(|_| plan_shard(nodes, count, &mut burdens)).collect()
    }
}

fn plan_shard(
    nodes: &[NodeInfo],
    count: usize,
    burdens: &mut BTreeMap<NodeId, Burden>,
) -> Vec<NodeId> {
    let burden = |burdens: &BTreeMap<NodeId, Burden>, node: NodeId| {
        burdens.get(&node).copied().unwrap_or_default()
    };
    let mut chosen: Vec<&NodeInfo> = Vec::new();
    while chosen.len() < count {
        let free = nodes.iter().filter(|node| chosen.iter().all(|other| other.id != node.id));
        let next = free.min_by_key(|node| {
            let neighbours = chosen.iter().filter(|other| other.zone == node.zone).count();
            let Burden { replicas, leaders } = burden(burdens, node.id);
            (neighbours, replicas, leaders, node.id)
        });
        let Some(next) = next else { break };
        chosen.push(next);
    }
    let mut replicas: Vec<NodeId> = chosen.iter().map(|node| node.id).collect();
    replicas.sort_by_key(|node| (burden(burdens, *node).leaders, *node));
    for (place, node) in replicas.iter().enumerate() {
        let burden = burdens.entry(*node).or_default();
        burden.replicas += 1;
        burden.leaders += usize::from(place == 0);
    }
    replicas
}
