//! The metrics of queues, all shards together that this node leads.
//!
//! Queues come and go, and what happened in them goes with them: the counters may fall,
//! which scrapers take for a restart.

use lockstep_core::queues::{EVENTS, Totals};
use metrics::{counter, gauge};

use crate::Node;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    ("lockstep_queue_pushed_total", "Messages that were pushed."),
    ("lockstep_queue_delivered_total", "Deliveries of messages."),
    ("lockstep_queue_redelivered_total", "Deliveries of messages that were delivered before."),
    ("lockstep_queue_acked_total", "Messages that were settled."),
    ("lockstep_queue_dead_lettered_total", "Messages that are dead, or were, by reason."),
    ("lockstep_queue_leases_expired_total", "Deliveries whose time ran out."),
    ("lockstep_queue_nacked_total", "Deliveries that were given back."),
    ("lockstep_queue_late_acks_total", "Acks behind the end of the lease that still counted."),
    ("lockstep_queue_stale_acks_total", "Acks that came behind the next delivery."),
    ("lockstep_queue_dedup_hits_total", "Messages that were pushed once more and known."),
    (
        "lockstep_queue_dedup_evicted_total",
        "Ids of messages that were forgotten early, because there were too many.",
    ),
    ("lockstep_queue_dropped_total", "Messages that were dropped, by reason."),
    ("lockstep_queue_removed_total", "Messages that were taken away by hand, by kind."),
    ("lockstep_queue_disk_reads_total", "Bodies of messages that were read from disk."),
    ("lockstep_queue_disk_failures_total", "Times that bodies could not be written or read."),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    ("lockstep_queues", "Queues."),
    ("lockstep_queue_messages", "Messages, by state."),
    ("lockstep_queue_bytes", "Bytes of all messages."),
    ("lockstep_queue_waiters", "Requests that wait for a message."),
    ("lockstep_queue_resident_bytes", "Bodies of messages in the memory of this node."),
    ("lockstep_queue_stored_bytes", "Bodies of messages on the disk of this node."),
    ("lockstep_queue_memory_bytes", "Memory that bodies of messages may take (queue-memory)."),
];

pub(super) fn publish(node: &Node) {
    let sum = crate::queues::totals(node);
    for (state, count) in [
        ("ready", sum.ready),
        ("delayed", sum.delayed),
        ("inflight", sum.inflight),
        ("dead", sum.dead),
    ] {
        gauge!("lockstep_queue_messages", "state" => state).set(count as f64);
    }
    gauge!("lockstep_queues").set(sum.queues as f64);
    gauge!("lockstep_queue_bytes").set(sum.bytes as f64);
    gauge!("lockstep_queue_waiters").set(sum.waiting as f64);
    counter!("lockstep_queue_pushed_total").absolute(sum.pushed);
    counter!("lockstep_queue_delivered_total").absolute(sum.delivered);
    counter!("lockstep_queue_redelivered_total").absolute(sum.redelivered);
    counter!("lockstep_queue_acked_total").absolute(sum.acked);
    counter!("lockstep_queue_leases_expired_total").absolute(sum.expired);
    events(&sum);
    bodies(node);
}

/// Where bodies are: of all replicas here.
fn bodies(node: &Node) {
    let stats = node.shards.host().bodies().stats();
    gauge!("lockstep_queue_resident_bytes").set(stats.resident_bytes as f64);
    gauge!("lockstep_queue_stored_bytes").set(stats.stored_bytes as f64);
    gauge!("lockstep_queue_memory_bytes").set(stats.memory_max as f64);
    gauge!("lockstep_storage_bytes", "kind" => "bodies").set(stats.disk_bytes as f64);
    counter!("lockstep_queue_disk_reads_total").absolute(stats.reads);
    counter!("lockstep_queue_disk_failures_total").absolute(stats.failures);
}

fn events(sum: &Totals) {
    for (name, count) in EVENTS.into_iter().zip(sum.events) {
        match name.split_once('-') {
            Some(("dead", reason)) => {
                counter!("lockstep_queue_dead_lettered_total", "reason" => reason).absolute(count);
            }
            Some(("dropped", reason)) => {
                counter!("lockstep_queue_dropped_total", "reason" => reason).absolute(count);
            }
            _ => alone(name, count),
        }
    }
}

fn alone(name: &'static str, count: u64) {
    match name {
        "purged" | "deleted" | "moved" => {
            counter!("lockstep_queue_removed_total", "kind" => name).absolute(count);
        }
        name => {
            counter!(format!("lockstep_queue_{}_total", name.replace('-', "_"))).absolute(count);
        }
    }
}
