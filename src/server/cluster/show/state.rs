//! CLUSTER INFO.

use lockstep_core::slot::SLOTS;

use crate::cluster::Topology;

/// What went over the links to other nodes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
}

/// The state is `ok` only while every shard is served.
pub fn info(seen: &Topology, traffic: Traffic) -> String {
    let state = if seen.is_whole() { "ok" } else { "fail" };
    let assigned = if seen.shards.is_empty() { 0 } else { u32::from(SLOTS) };
    let served = seen.slots_where(|seat| seat.served);
    let leaderless = seen.slots_where(|seat| seat.leader.is_none());
    let leading = seen.nodes.iter().filter(|member| !seen.led_by(member.info.id).is_empty());
    let fields = [
        ("cluster_slots_assigned", u64::from(assigned)),
        ("cluster_slots_ok", u64::from(served)),
        ("cluster_slots_pfail", u64::from(assigned - served - leaderless)),
        ("cluster_slots_fail", u64::from(leaderless)),
        ("cluster_known_nodes", seen.nodes.len() as u64),
        ("cluster_size", leading.count() as u64),
        ("cluster_current_epoch", seen.epoch),
        ("cluster_my_epoch", seen.epoch),
        ("cluster_stats_messages_sent", traffic.sent),
        ("cluster_stats_messages_received", traffic.received),
        ("total_cluster_links_buffer_limit_exceeded", 0),
    ];
    let lines = fields.iter().map(|(name, number)| format!("{name}:{number}\r\n"));
    std::iter::once(format!("cluster_state:{state}\r\n")).chain(lines).collect()
}
