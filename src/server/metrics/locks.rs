//! The metrics of the locks, by shard. The leader tells them; they are part of the
//! state, so that they go on when another node leads.

use metrics::{counter, gauge};

use crate::Node;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    ("lockstep_lock_grants_total", "Locks that were granted, by shard."),
    (
        "lockstep_lock_handovers_total",
        "Locks that were granted to a request that had waited, by shard.",
    ),
    ("lockstep_lock_wait_timeouts_total", "Requests for a lock that waited in vain, by shard."),
    ("lockstep_lock_leases_expired_total", "Holds that ended with their lease, by shard."),
    ("lockstep_lock_deadlocks_total", "Waits that were ended to break a deadlock, by shard."),
    ("lockstep_lock_kills_total", "Holds that LOCKKILL revoked, by shard."),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    ("lockstep_locks_held", "Holds of locks, by shard."),
    ("lockstep_lock_waiters", "Requests that wait for a lock, by shard."),
];

pub(super) fn publish(node: &Node) {
    for group in node.shards.led() {
        let shard = group.id().0.to_string();
        let state = group.state();
        let (held, waiting) = (state.locks().held(), state.locks().waiting());
        let stats = state.locks().stats();
        drop(state);
        gauge!("lockstep_locks_held", "shard" => shard.clone()).set(held as f64);
        gauge!("lockstep_lock_waiters", "shard" => shard.clone()).set(waiting as f64);
        for (name, count) in [
            ("lockstep_lock_grants_total", stats.grants),
            ("lockstep_lock_handovers_total", stats.handed_over),
            ("lockstep_lock_wait_timeouts_total", stats.timeouts),
            ("lockstep_lock_leases_expired_total", stats.expirations),
            ("lockstep_lock_deadlocks_total", stats.deadlocks),
            ("lockstep_lock_kills_total", stats.killed),
        ] {
            counter!(name, "shard" => shard.clone()).absolute(count);
        }
    }
}
