//! The metrics of the coherent cache, as this node counts.

use metrics::{counter, gauge};

use crate::Node;

pub(super) const COUNTERS: &[(&str, &str)] = &[
    ("lockstep_cache_reads_total", "Reads that a copy could answer, by what came of it."),
    ("lockstep_cache_coalesced_total", "Misses that joined a request on its way."),
    ("lockstep_cache_forwarded_total", "Misses for which there was no copy to be had."),
    ("lockstep_cache_requests_total", "Requests for copies that were sent."),
    ("lockstep_cache_reattested_total", "Copies of leases that were over, good still."),
    ("lockstep_cache_probes_total", "Caches that were told something about their copies."),
    ("lockstep_cache_pushes_total", "Copies that were sent unasked."),
    ("lockstep_cache_gates_total", "Writes that waited for those who have copies."),
    ("lockstep_cache_held_seconds_total", "How long these waited behind their apply."),
    ("lockstep_cache_hidden_total", "Reads at the home that waited behind such a write."),
    ("lockstep_cache_local_writes_total", "Writes of keys that are lent to this node."),
    ("lockstep_cache_flushes_total", "Values of such keys that came to the homes here."),
    ("lockstep_cache_callbacks_total", "Keys that were lent and had to be called back."),
    ("lockstep_cache_writes_lost_total", "Keys whose last write here never came into the log."),
    ("lockstep_cache_messages_total", "Messages about copies to other nodes."),
];

pub(super) const GAUGES: &[(&str, &str)] = &[
    ("lockstep_cache_entries", "Keys that this node keeps copies of, or places for."),
    ("lockstep_cache_dirty", "Keys written here of which the log may not have the value."),
    ("lockstep_cache_lent", "Keys that the homes here have lent."),
    ("lockstep_cache_bytes", "Bytes of these copies."),
];

pub(super) fn publish(node: &Node) {
    for (name, number) in node.cache.numbers() {
        match name {
            "hit_local" | "hit_replica" | "hit_home" | "miss_cold" | "miss_coherence"
            | "miss_lease" => {
                counter!("lockstep_cache_reads_total", "result" => name).absolute(number);
            }
            "coalesced" => counter!("lockstep_cache_coalesced_total").absolute(number),
            "forwarded" => counter!("lockstep_cache_forwarded_total").absolute(number),
            "requests" => counter!("lockstep_cache_requests_total").absolute(number),
            "reattested" => counter!("lockstep_cache_reattested_total").absolute(number),
            "probes" => counter!("lockstep_cache_probes_total").absolute(number),
            "pushes" => counter!("lockstep_cache_pushes_total").absolute(number),
            "gates" => counter!("lockstep_cache_gates_total").absolute(number),
            "held_us" => {
                counter!("lockstep_cache_held_seconds_total").absolute(number / 1_000_000);
            }
            "hidden" => counter!("lockstep_cache_hidden_total").absolute(number),
            "local_writes" => counter!("lockstep_cache_local_writes_total").absolute(number),
            "flushes" => counter!("lockstep_cache_flushes_total").absolute(number),
            "callbacks" => counter!("lockstep_cache_callbacks_total").absolute(number),
            "writes_lost" => counter!("lockstep_cache_writes_lost_total").absolute(number),
            "dirty" => gauge!("lockstep_cache_dirty").set(number as f64),
            "lent" => gauge!("lockstep_cache_lent").set(number as f64),
            "wire_messages" => counter!("lockstep_cache_messages_total").absolute(number),
            "entries" => gauge!("lockstep_cache_entries").set(number as f64),
            "bytes" => gauge!("lockstep_cache_bytes").set(number as f64),
            _ => {}
        }
    }
}
