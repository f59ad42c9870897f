//! What the host of the groups knows, as a [`Topology`].

use lockstep_core::cluster::NodeInfo;
use lockstep_core::{NodeId, ShardId};
use lockstep_net::peers::{LinkState, LinkStatus};
use lockstep_raft::{Host, ShardHealth};

use super::show::{Link, Traffic};
use super::topology::{Member, Seat, Topology};
use crate::Node;
use crate::clock::wall_ms;

impl Topology {
    /// The cluster as this node sees it now.
    pub fn seen_by(node: &Node) -> Self {
        let host = node.shards.host();
        let (map, health) = (host.map(), host.health());
        let serves = |shard: ShardId, leader: NodeId| {
            if leader == host.node() { node.shards.leads(shard) } else { host.reaches(leader) }
        };
        let seat = |shard: ShardHealth| Seat {
            leader: shard.leader,
            served: shard.leader.is_some_and(|leader| serves(shard.shard, leader)),
            replicas: shard.voters,
        };
        let member =
            |info: &NodeInfo| Member { info: info.clone(), reachable: host.reaches(info.id) };
        Topology {
            me: host.node(),
            epoch: map.epoch(),
            applied: node.shards.applied(),
            nodes: map.nodes().map(member).collect(),
            shards: health.shards.into_iter().map(seat).collect(),
        }
    }
}

/// The node that leads a shard, if it is another one and can be reached.
pub(crate) fn leader_elsewhere(node: &Node, shard: ShardId) -> Option<NodeInfo> {
    let host = node.shards.host();
    let leader = host.leader_of(shard).filter(|leader| *leader != host.node())?;
    if host.reaches(leader) { host.map().node(leader).cloned() } else { None }
}

/// The connections to other nodes and from them.
pub fn links(node: &Node) -> Vec<Link> {
    let now_ms = wall_ms();
    let link = |link: LinkStatus| Link {
        node: link.node,
        inbound: link.inbound,
        created_ms: now_ms.saturating_sub(u64::try_from(link.since.as_millis()).unwrap_or(0)),
        waiting_bytes: link.queue_bytes,
    };
    listed(node).into_iter().filter(|link| link.state == LinkState::Up).map(link).collect()
}

/// What went over the links to other nodes.
pub fn traffic(node: &Node) -> Traffic {
    let all = listed(node);
    Traffic {
        sent: all.iter().map(|link| link.sent_frames).sum(),
        received: all.iter().map(|link| link.received_frames).sum(),
    }
}

fn listed(node: &Node) -> Vec<LinkStatus> {
    node.links.as_ref().map(|links| links.list()).unwrap_or_default()
}

/// All groups of this node, once the cluster is founded.
pub(super) fn host(node: &Node) -> Option<Host> {
    let host = node.shards.host();
    host.cluster().map(|_| host.clone())
}
