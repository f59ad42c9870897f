//! The map itself and what can be read from it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::{ClusterId, NodeInfo, NodeState, Placement};
use crate::{NodeId, ShardId};

/// How many nodes a cluster has at most.
pub const NODES_MAX: usize = 64;

/// How many shards for data a cluster has at most.
pub const SHARDS_MAX: u16 = 256;

/// How many removed nodes are remembered.
pub const TOMBSTONES_MAX: usize = 1024;

/// The map of the cluster. A clone costs one counter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Map {
    pub(super) inner: Arc<Inner>,
}

/// What the map holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Inner {
    /// None before the founding; all else is empty then.
    pub id: Option<ClusterId>,
    /// Grows with every change.
    pub epoch: u64,
    pub factor: u8,
    pub cluster_mode: bool,
    pub seed: u64,
    pub founded_ms: u64,
    pub nodes: BTreeMap<NodeId, NodeInfo>,
    /// By the number of the shard.
    pub placements: Vec<Placement>,
    pub meta: Placement,
    /// The nodes removed last, the oldest first.
    pub removed: VecDeque<NodeId>,
    /// The newest life of each node, as it told.
    pub lives: BTreeMap<NodeId, u64>,
    /// The last life of each node that was given up.
    pub ended: BTreeMap<NodeId, u64>,
}

impl Map {
    /// The map of no cluster.
    pub fn new() -> Self {
        Map::default()
    }

    /// The cluster; none before the founding.
    pub fn id(&self) -> Option<ClusterId> {
        self.inner.id
    }

    /// Grows with every change of the map.
    pub fn epoch(&self) -> u64 {
        self.inner.epoch
    }

    /// How many shards there are for data.
    pub fn shards(&self) -> u16 {
        u16::try_from(self.inner.placements.len()).expect("a map has at most SHARDS_MAX shards")
    }

    /// The replication factor that was asked for.
    pub fn replicas(&self) -> u8 {
        self.inner.factor
    }

    /// Whether keys spread over the shards by slot.
    pub fn cluster_mode(&self) -> bool {
        self.inner.cluster_mode
    }

    /// The seed of the hashes of every data shard.
    pub fn seed(&self) -> u64 {
        self.inner.seed
    }

    /// When the cluster was founded, in milliseconds since the Unix epoch.
    pub fn founded_ms(&self) -> u64 {
        self.inner.founded_ms
    }

    /// The nodes in the order of their ids.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = &NodeInfo> {
        self.inner.nodes.values()
    }

    /// How many nodes there are.
    pub fn node_count(&self) -> usize {
        self.inner.nodes.len()
    }

    /// A node of the cluster.
    pub fn node(&self, node: NodeId) -> Option<&NodeInfo> {
        self.inner.nodes.get(&node)
    }

    /// Whether the node was removed, as far as that is remembered.
    pub fn removed(&self, node: NodeId) -> bool {
        self.inner.removed.contains(&node)
    }

    /// The nodes that were removed, as far as that is remembered.
    pub fn removed_nodes(&self) -> impl Iterator<Item = NodeId> {
        self.inner.removed.iter().copied()
    }

    /// The newest life a node has told of ([`Origin::boot`](crate::Origin)).
    pub fn life(&self, node: NodeId) -> Option<u64> {
        self.inner.lives.get(&node).copied()
    }

    /// The last life of a node that is over because nothing was heard of it.
    pub fn ended(&self, node: NodeId) -> Option<u64> {
        self.inner.ended.get(&node).copied()
    }

    /// The same for all nodes that this ever happened to.
    pub fn all_ended(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.inner.ended.iter().map(|(node, boot)| (*node, *boot))
    }

    /// Where the replicas of a shard, or the voters of the meta group, shall be.
    pub fn placement(&self, shard: ShardId) -> Option<&Placement> {
        if shard.is_meta() {
            return self.inner.id.map(|_| &self.inner.meta);
        }
        self.inner.placements.get(usize::from(shard.0))
    }

    /// The placements of the data shards in the order of the shards.
    pub fn placements(&self) -> impl DoubleEndedIterator<Item = (ShardId, &Placement)> {
        let all = self.inner.placements.iter().enumerate();
        all.map(|(at, placement)| (ShardId(at as u16), placement))
    }

    /// Where the voters of the meta group shall be, the preferred leader first.
    pub fn wanted_meta(&self) -> &[NodeId] {
        &self.inner.meta.replicas
    }

    /// Whether a replica of any group, that of the meta group included, shall be
    /// on the node.
    pub fn in_use(&self, node: NodeId) -> bool {
        self.groups().any(|placement| placement.has(node))
    }

    /// How many replicas of data shards shall be on the node.
    pub fn load(&self, node: NodeId) -> usize {
        self.inner.placements.iter().filter(|placement| placement.has(node)).count()
    }

    /// The highest behaviour version that all nodes can apply.
    pub fn version(&self) -> Option<u32> {
        self.nodes().map(|node| node.version).min()
    }

    /// All placements, that of the meta group first.
    pub(super) fn groups(&self) -> impl Iterator<Item = &Placement> {
        std::iter::once(&self.inner.meta).chain(&self.inner.placements)
    }

    /// Whether replicas may stay on the node: it is there and not on its way out.
    pub(super) fn stays(&self, node: NodeId) -> bool {
        self.node(node).is_some_and(|info| info.state != NodeState::Draining)
    }

    /// Whether replicas may be given to the node.
    pub(super) fn takes(&self, node: NodeId) -> bool {
        self.node(node).is_some_and(|info| info.state == NodeState::Up)
    }

    pub(super) fn zone(&self, node: NodeId) -> &str {
        self.node(node).map_or("", |info| &info.zone)
    }
}
