//! The lines about shards and other nodes in the section Lockstep.

use lockstep_core::NodeId;
use lockstep_net::peers::{LinkKind, LinkState, LinkStatus};
use lockstep_raft::{Group, Role};

use super::page::Page;
use crate::Node;

/// A line for each shard of the cluster.
pub(super) fn fill_shards(node: &Node, page: &mut Page) {
    for shard in node.shards.host().health().shards {
        let leader = shard.leader.map_or_else(|| "none".to_owned(), hex);
        let number = shard.shard.0;
        match node.shards.replica(shard.shard) {
            Some(group) => {
                let status = group.status();
                page.line(
                    format_args!("shard{number}"),
                    format_args!(
                        "role={},leader={leader},term={},applied={},snapshot={},voters={},\
                         learners={},lag={}",
                        role(&status.role, status.leads),
                        status.term,
                        status.applied,
                        status.snapshot,
                        status.voters,
                        status.learners,
                        lag(&group),
                    ),
                );
            }
            None => page.line(
                format_args!("shard{number}"),
                format_args!("role=none,leader={leader},voters={}", shard.voters.len()),
            ),
        }
    }
}

/// A leader that has not taken up its work yet serves nobody.
fn role(role: &Role, leads: bool) -> &'static str {
    match role {
        Role::Leader if leads => "leader",
        Role::Leader => "leader-elect",
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::Learner => "learner",
        Role::Stopped => "stopped",
    }
}

/// How many entries the replica that is furthest behind lacks, as the leader knows.
pub(super) fn lag(group: &Group) -> u64 {
    let standing = group.watch().borrow().clone();
    let replicas = standing.voters.iter().chain(&standing.learners);
    replicas.filter_map(|node| group.lag(*node)).max().unwrap_or(0)
}

/// A line for each other node.
pub(super) fn fill_peers(node: &Node, page: &mut Page) {
    let map = node.shards.host().map();
    let links = node.links.as_ref().map(crate::links::Links::list).unwrap_or_default();
    let others = map.nodes().filter(|other| other.id != node.identity.node_id);
    for (at, other) in others.enumerate() {
        let to_it = |link: &&LinkStatus| link.node == other.id && !link.inbound;
        let link = links.iter().filter(to_it).find(|link| link.kind == LinkKind::Rest);
        let state = link.map_or("none", |link| state_word(link.state));
        let sum = |of: fn(&LinkStatus) -> u64| links.iter().filter(to_it).map(of).sum::<u64>();
        page.line(
            format_args!("node{at}"),
            format_args!(
                "id={},address={},zone={},state={:?},link={state},rtt_usec={},queue_bytes={},\
                 failures={}",
                hex(other.id),
                other.client_address(),
                other.zone,
                other.state,
                link.map_or(0, |link| link.rtt_us),
                sum(|link| link.queue_bytes),
                sum(|link| link.failures),
            ),
        );
    }
}

/// The state of a link in a word. A circuit that is open lets nothing through.
pub(crate) fn state_word(state: LinkState) -> &'static str {
    match state {
        LinkState::Up => "up",
        LinkState::Connecting => "connecting",
        LinkState::Open => "open",
        LinkState::NoCluster => "no-cluster",
    }
}

/// A node's id as people read it.
pub(crate) fn hex(node: NodeId) -> String {
    crate::cluster::names::short(node)
}
