//! What the host of the groups knows, as a [`Topology`].

use lockstep_core::ShardId;
use lockstep_core::cluster::{NodeInfo, NodeState};
use lockstep_raft::Host;

use super::show::{Link, Traffic};
use super::topology::{Member, Seat, Topology};
use crate::Node;
use crate::config::Setting;

impl Topology {
    /// The cluster as this node sees it now.
    pub fn seen_by(node: &Node) -> Self {
        let me = node.identity.node_id;
        let seat = |shard: ShardId| {
            let leads = node.shards.replica(shard).is_some_and(|group| group.leads());
            Seat { leader: leads.then_some(me), served: leads, replicas: vec![me] }
        };
        Topology {
            me,
            epoch: 1,
            applied: node.shards.applied(),
            nodes: vec![Member { info: myself(node), reachable: true }],
            shards: node.shards.ids().map(seat).collect(),
        }
    }
}

fn myself(node: &Node) -> NodeInfo {
    NodeInfo {
        id: node.identity.node_id,
        host: "127.0.0.1".to_owned(),
        port: node.settings.port(Setting::Port),
        peer_port: node.settings.port(Setting::PeerPort),
        zone: node.settings.text(Setting::Zone).to_string(),
        state: NodeState::Up,
        version: 1,
    }
}

/// The node that leads a shard, if it is another one and can be reached.
pub(super) fn leader_elsewhere(_: &Node, _: ShardId) -> Option<NodeInfo> {
    None
}

/// The links to other nodes and from them.
pub fn links(node: &Node) -> Vec<Link> {
    let _ = node;
    Vec::new()
}

/// What went over the links to other nodes.
pub fn traffic(node: &Node) -> Traffic {
    let _ = node;
    Traffic::default()
}

/// All groups of this node.
pub(super) fn host(_: &Node) -> Option<Host> {
    None
}
