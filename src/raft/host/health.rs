//! How the cluster looks from this node.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockstep_core::cluster::{NodeInfo, NodeState};
use lockstep_core::{NodeId, ShardId};

use super::Host;
use crate::BodyStore;

/// How one shard looks from this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardHealth {
    /// Which shard.
    pub shard: ShardId,
    /// Its leader, as far as this node knows.
    pub leader: Option<NodeId>,
    /// Its voters.
    pub voters: Vec<NodeId>,
}

/// How the cluster looks from this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Health {
    /// Whether there is a cluster: it was founded, and this node belongs to it.
    pub founded: bool,
    /// The data shards, in order.
    pub shards: Vec<ShardHealth>,
    /// The nodes that this one cannot reach.
    pub missing: Vec<NodeInfo>,
    /// Whether every shard has a leader that can be reached from here.
    pub quorum: bool,
    /// Whether this node is on its way out.
    pub draining: bool,
    /// Whether this node was removed from the cluster: it serves nothing any more.
    pub removed: bool,
}

impl Host {
    /// Whether a message to the node would probably arrive now.
    pub fn reaches(&self, node: NodeId) -> bool {
        node == self.inner.me() || self.inner.options.peers.reaches(node)
    }

    /// The addresses, among those it was told to ask, where nobody answered when
    /// it last looked for a cluster (`host:peer-port`).
    pub fn silent_seeds(&self) -> Vec<String> {
        self.inner.seeds.lock().silent()
    }

    /// Where this node keeps bodies of messages.
    pub fn bodies(&self) -> &Arc<BodyStore> {
        &self.inner.options.bodies
    }

    /// Whether this node was removed from the cluster, as far as it was told.
    pub fn is_removed(&self) -> bool {
        self.inner.removed.load(Ordering::Acquire)
    }

    /// How the cluster looks from this node.
    pub fn health(&self) -> Health {
        let me = self.inner.me();
        let map = self.map();
        let shards: Vec<_> =
            (0..map.shards()).map(|shard| self.shard_health(ShardId(shard))).collect();
        let reaches = |node: NodeId| node == me || self.inner.options.peers.reaches(node);
        // A leader that has lost its majority goes on believing in itself.
        let leads = |shard| self.group(shard).is_some_and(|group| group.leads());
        let serves = |shard, leader| if leader == me { leads(shard) } else { reaches(leader) };
        let led =
            |shard: &ShardHealth| shard.leader.is_some_and(|leader| serves(shard.shard, leader));
        Health {
            founded: map.id().is_some(),
            quorum: map.id().is_some() && shards.iter().all(led),
            shards,
            missing: map.nodes().filter(|node| !reaches(node.id)).cloned().collect(),
            draining: map.node(me).is_some_and(|node| node.state == NodeState::Draining),
            removed: self.is_removed(),
        }
    }

    fn shard_health(&self, shard: ShardId) -> ShardHealth {
        let voters = self.inner.voters(shard);
        ShardHealth { shard, leader: self.leader_of(shard), voters }
    }
}
