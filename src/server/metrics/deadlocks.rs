//! The metrics of the detector of deadlocks.

use metrics::counter;

use super::text::{self, Histogram};
use crate::Node;
use crate::deadlocks::BOUNDS_MS;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        "lockstep_lock_deadlocks_broken_total",
        "Deadlocks over several shards that this node, as the detector, has broken.",
    ),
    (
        "lockstep_lock_deadlocks_refuted_total",
        "Deadlocks that were gone when the detector looked once more.",
    ),
    (
        "lockstep_lock_contention_reports_total",
        "Reports of waits that the detector on this node has taken.",
    ),
];

const SECONDS: (&str, &str) = (
    "lockstep_lock_deadlock_detection_seconds",
    "From the last wait of a deadlock over several shards to its end.",
);

pub(super) fn publish(node: &Node) {
    let counts = node.deadlocks.stats.counts();
    counter!("lockstep_lock_deadlocks_broken_total").absolute(counts.broken);
    counter!("lockstep_lock_deadlocks_refuted_total").absolute(counts.refuted);
    counter!("lockstep_lock_contention_reports_total").absolute(counts.reports);
}

pub(super) fn histogram(node: &Node, page: &mut String) {
    let counts = node.deadlocks.stats.counts();
    let buckets = BOUNDS_MS.iter().zip(counts.within);
    let buckets = buckets.map(|(bound_ms, count)| (*bound_ms as f64 / 1e3, count)).collect();
    let (sum, count) = (counts.sum_ms as f64 / 1e3, counts.broken);
    let (name, meaning) = SECONDS;
    text::histogram(page, name, meaning, &[Histogram { label: None, buckets, sum, count }]);
}
