//! The metrics of queues with several partitions, as this node serves them.

use metrics::{counter, gauge};

use crate::Node;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    (
        "lockstep_queue_partition_pops_total",
        "Requests to partitions, each for all clients of this node that waited for one.",
    ),
    ("lockstep_queue_partition_looks_total", "Times that a shard was asked what partitions have."),
    (
        "lockstep_queue_partition_steals_total",
        "Messages that this node took from partitions that other nodes lead.",
    ),
    (
        "lockstep_queue_partition_demands_total",
        "Times that this node told the home of a queue what its clients wait for.",
    ),
    (
        "lockstep_queue_partition_serves_total",
        "Times that this node, as the home of a queue, sent a node to a partition.",
    ),
    (
        "lockstep_queue_partition_empty_serves_total",
        "Times that this node was sent to a partition and found nothing.",
    ),
    (
        "lockstep_queue_partition_announcements_total",
        "Times that this node told the home of a queue that a partition has something.",
    ),
];

pub(super) const GAUGES: &[(&str, &str)] = &[(
    "lockstep_queue_partition_waiting",
    "Messages that clients of this node wait for, of queues with several partitions.",
)];

pub(super) fn publish(node: &Node) {
    let partitions = &node.queues.partitions;
    let counts = partitions.stats.counts();
    for ((name, _), count) in COUNTERS.iter().zip([
        counts.pops,
        counts.looks,
        counts.steals,
        counts.demands,
        counts.serves,
        counts.empty_serves,
        counts.announced,
    ]) {
        counter!(*name).absolute(count);
    }
    gauge!("lockstep_queue_partition_waiting").set(partitions.waiting() as f64);
}
