//! The section Queues: those of the shards that this node leads, all together.

use lockstep_core::queues::EVENTS;

use super::page::Page;
use crate::Node;

pub(super) fn fill(node: &Node, page: &mut Page) {
    let sum = crate::queues::totals(node);
    for (name, number) in [
        ("queues", sum.queues),
        ("queue_ready", sum.ready),
        ("queue_delayed", sum.delayed),
        ("queue_inflight", sum.inflight),
        ("queue_dead", sum.dead),
        ("queue_bytes", sum.bytes),
        ("queue_waiting", sum.waiting),
        ("queue_pushed", sum.pushed),
        ("queue_delivered", sum.delivered),
        ("queue_redelivered", sum.redelivered),
        ("queue_acked", sum.acked),
        ("queue_expired_leases", sum.expired),
        ("queue_dead_total", sum.died),
    ] {
        page.line(name, number);
    }
    for (name, number) in EVENTS.into_iter().zip(sum.events) {
        page.line(format_args!("queue_{}", name.replace('-', "_")), number);
    }
    let bodies = node.shards.host().bodies().stats();
    for (name, number) in [
        ("queue_memory", bodies.memory_max),
        ("queue_resident_bytes", bodies.resident_bytes),
        ("queue_stored_bytes", bodies.stored_bytes),
        ("queue_disk_bytes", bodies.disk_bytes),
        ("queue_disk_reads", bodies.reads),
        ("queue_disk_failures", bodies.failures),
    ] {
        page.line(name, number);
    }
}
