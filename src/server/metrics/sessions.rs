//! The metrics of sessions, by the shard they are at home in. The leader tells them;
//! they are part of the state, so that they go on when another node leads.

use metrics::{counter, gauge};

use crate::Node;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    ("lockstep_sessions_created_total", "Sessions that were created, by shard."),
    ("lockstep_sessions_destroyed_total", "Sessions that a client ended, by shard."),
    ("lockstep_sessions_expired_total", "Sessions whose time to live was over, by shard."),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    (
        "lockstep_sessions",
        "Sessions, by shard; those counted of whose end other shards have to be told.",
    ),
    ("lockstep_session_guests", "Sessions at home elsewhere whose requests a shard lets in."),
];

pub(super) fn publish(node: &Node) {
    for group in node.shards.led() {
        let shard = group.id().0.to_string();
        let state = group.state();
        let (sessions, guests) = (state.sessions().len(), state.sessions().guests());
        let stats = state.sessions().stats();
        drop(state);
        gauge!("lockstep_sessions", "shard" => shard.clone()).set(sessions as f64);
        gauge!("lockstep_session_guests", "shard" => shard.clone()).set(guests as f64);
        for (name, count) in [
            ("lockstep_sessions_created_total", stats.created),
            ("lockstep_sessions_destroyed_total", stats.destroyed),
            ("lockstep_sessions_expired_total", stats.expired),
        ] {
            counter!(name, "shard" => shard.clone()).absolute(count);
        }
    }
}
