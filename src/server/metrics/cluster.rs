//! The metrics of other nodes and of the links to them.

use lockstep_core::NodeId;
use lockstep_net::peers::{LinkKind, LinkState, LinkStatus};
use metrics::{counter, gauge};

use crate::Node;
use crate::info::shards::hex;

/// So many other nodes have series of their own at most.
const PEERS_MAX: usize = 9;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    ("lockstep_elections_total", "How often this node asked for votes, over all its groups."),
    (
        "lockstep_leader_changes_total",
        "How often a group of this node learnt of a leader that was not the one before.",
    ),
    (
        "lockstep_forward_retries_total",
        "How often commands were tried again, because the leader was not where it was looked for.",
    ),
    ("lockstep_peer_sent_bytes_total", "Bytes sent to another node."),
    ("lockstep_peer_received_bytes_total", "Bytes received from another node."),
    ("lockstep_peer_sent_frames_total", "Frames sent to another node."),
    (
        "lockstep_peer_failures_total",
        "Attempts to connect to another node that failed, breaks, and calls without a sign.",
    ),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    ("lockstep_nodes", "Nodes of the cluster."),
    ("lockstep_nodes_missing", "Nodes of the cluster that this one cannot reach."),
    ("lockstep_cluster_quorum", "1 where every shard has a leader that can be reached."),
    ("lockstep_cluster_epoch", "How often the map of the cluster has changed."),
    ("lockstep_node_draining", "1 when the node is on its way out."),
    ("lockstep_shards_led", "Shards that this node leads."),
    ("lockstep_forwarded_in_flight", "Shares of connections on their way to other leaders."),
    ("lockstep_forwarded_bytes", "Bytes of these shares."),
    ("lockstep_peer_up", "1 where messages to the other node arrive."),
    ("lockstep_peer_circuit_open", "1 where the link is given up for now and probed."),
    ("lockstep_peer_round_trip_seconds", "The time of a round trip to the other node."),
    ("lockstep_peer_queue_bytes", "Bytes that wait to be sent to the other node."),
    (
        "lockstep_raft_replication_lag_entries",
        "Entries that another replica lacks, as the shard's leader knows.",
    ),
];

pub(super) fn publish(node: &Node) {
    let host = node.shards.host();
    let (map, health) = (host.map(), host.health());
    gauge!("lockstep_nodes").set(map.nodes().count() as f64);
    gauge!("lockstep_nodes_missing").set(health.missing.len() as f64);
    gauge!("lockstep_cluster_quorum").set(f64::from(u8::from(health.quorum)));
    gauge!("lockstep_cluster_epoch").set(map.epoch() as f64);
    gauge!("lockstep_node_draining").set(f64::from(u8::from(health.draining)));
    let (shares, bytes) = host.forwarded();
    gauge!("lockstep_forwarded_in_flight").set(shares as f64);
    gauge!("lockstep_forwarded_bytes").set(bytes as f64);
    let turnover = host.turnover();
    counter!("lockstep_elections_total").absolute(turnover.elections);
    counter!("lockstep_leader_changes_total").absolute(turnover.leader_changes);
    counter!("lockstep_forward_retries_total").absolute(turnover.retries);
    gauge!("lockstep_shards_led").set(node.shards.led().len() as f64);
    let me = node.identity.node_id;
    let others = map.nodes().map(|other| other.id).filter(|other| *other != me);
    let others: Vec<NodeId> = others.take(PEERS_MAX).collect();
    let links = node.links.as_ref().map(crate::links::Links::list).unwrap_or_default();
    for other in &others {
        peer(*other, links.iter().filter(|link| link.node == *other).collect());
    }
    lags(node, &others);
}

fn peer(other: NodeId, links: Vec<&LinkStatus>) {
    let name = hex(other);
    let sum = |of: fn(&LinkStatus) -> u64| links.iter().map(|link| of(link)).sum::<u64>();
    let own = links.iter().find(|link| !link.inbound && link.kind == LinkKind::Rest);
    let is = |state| f64::from(u8::from(own.is_some_and(|link| link.state == state)));
    let seconds = own.map_or(0.0, |link| link.rtt_us as f64 / 1e6);
    let waiting = sum(|link| link.queue_bytes) as f64;
    gauge!("lockstep_peer_up", "peer" => name.clone()).set(is(LinkState::Up));
    gauge!("lockstep_peer_circuit_open", "peer" => name.clone()).set(is(LinkState::Open));
    gauge!("lockstep_peer_round_trip_seconds", "peer" => name.clone()).set(seconds);
    gauge!("lockstep_peer_queue_bytes", "peer" => name.clone()).set(waiting);
    for (metric, value) in [
        ("lockstep_peer_sent_bytes_total", sum(|link| link.sent_bytes)),
        ("lockstep_peer_received_bytes_total", sum(|link| link.received_bytes)),
        ("lockstep_peer_sent_frames_total", sum(|link| link.sent_frames)),
        ("lockstep_peer_failures_total", sum(|link| link.failures)),
    ] {
        counter!(metric, "peer" => name.clone()).absolute(value);
    }
}

fn lags(node: &Node, others: &[NodeId]) {
    for group in node.shards.led() {
        let shard = group.id().0.to_string();
        for other in others {
            if let Some(lag) = group.lag(*other) {
                let (shard, peer) = (shard.clone(), hex(*other));
                gauge!("lockstep_raft_replication_lag_entries", "shard" => shard, "peer" => peer)
                    .set(lag as f64);
            }
        }
    }
}
