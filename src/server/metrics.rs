//! The names of all metrics, with unit and meaning.
//!
//! Nothing on the road of a command touches this module: the parts of a node
//! count for themselves, and their numbers are read when a scraper asks.
//! Labels have few values (shard, command, state), never a key, a name of a
//! lock or queue, or a client.

mod cache;
mod cluster;
mod deadlocks;
mod locks;
mod partitions;
mod process;
mod queues;
mod sessions;
mod text;

use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_commands::Group as Family;
use lockstep_storage::LogStats;
use metrics::{Unit, counter, gauge};
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::Node;
use crate::stats::{Histogram as Times, Usage};
use text::Histogram;

pub(crate) use process::files_max;

/// The text of `/metrics`.
pub fn render(node: &Node) -> String {
    // A recorder of its own for each scrape: counters that CONFIG RESETSTAT has
    // set back may go down, which a lasting recorder would hide.
    let recorder = PrometheusBuilder::new().build_recorder();
    let page = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        describe();
        publish(node);
    });
    let mut page = page.render();
    process::publish(&mut page, node.identity.started_at);
    histograms(node, &mut page);
    page
}

const COUNTERS: &[(&str, &str)] = &[
    (
        "lockstep_commands_total",
        "Commands by result: ok, failed (an error was answered), rejected (not executed).",
    ),
    ("lockstep_connections_total", "Connections that were accepted."),
    ("lockstep_connections_rejected_total", "Connections that were turned away, by reason."),
    ("lockstep_connections_closed_total", "Connections that the node closed, by reason."),
    ("lockstep_network_received_bytes_total", "Bytes from clients."),
    ("lockstep_network_sent_bytes_total", "Bytes to clients."),
    ("lockstep_errors_total", "Errors that were answered, all commands together."),
    ("lockstep_raft_proposed_entries_total", "Entries this node has proposed."),
    ("lockstep_raft_proposed_operations_total", "Operations in these entries."),
    ("lockstep_log_written_bytes_total", "Bytes of records written to the log."),
    ("lockstep_log_writes_total", "Writes to the log; each takes all that waits."),
    ("lockstep_key_hits_total", "Reads that found their key."),
    ("lockstep_key_misses_total", "Reads that did not find their key."),
    ("lockstep_keys_expired_total", "Keys removed at their deadline."),
    ("lockstep_keys_evicted_total", "Keys removed to make room."),
];

const GAUGES: &[(&str, &str)] = &[
    ("lockstep_build_info", "Always 1; the labels say what runs."),
    ("lockstep_connections", "Clients that are connected."),
    ("lockstep_connections_limit", "Clients that may be connected (maxclients)."),
    ("lockstep_clients_blocked", "Clients that wait for something."),
    ("lockstep_requests_per_second", "Commands per second at the moment."),
    ("lockstep_raft_is_leader", "1 where this node leads the shard."),
    ("lockstep_raft_has_leader", "1 where a leader of the shard is known."),
    ("lockstep_raft_term", "The term of the shard."),
    ("lockstep_raft_last_index", "The last entry of the shard in the log."),
    ("lockstep_raft_applied_index", "The last entry of the shard that was applied."),
    ("lockstep_snapshot_index", "The last entry of the shard that its newest snapshot covers."),
    ("lockstep_log_entries", "Entries in the log, all shards together."),
    ("lockstep_log_segments", "Files of the log that hold records."),
    ("lockstep_log_in_flight_bytes", "Bytes handed to the log and not yet written."),
    ("lockstep_log_unsynced_bytes", "Bytes written and not yet known to be safe."),
    ("lockstep_log_failed", "1 when the log takes no more writes."),
    ("lockstep_storage_bytes", "Bytes on disk, by kind."),
    ("lockstep_keys", "Keys, by database."),
    ("lockstep_keys_with_deadline", "Keys that will expire, by database."),
    ("lockstep_memory_used_bytes", "Memory of the keys, estimated."),
    ("lockstep_memory_limit_bytes", "Memory that keys may take (maxmemory); 0 for no limit."),
    ("lockstep_slowlog_entries", "Commands in SLOWLOG."),
];

const FSYNC_SECONDS: (&str, &str) =
    ("lockstep_log_fsync_duration_seconds", "How long the disk took to make writes safe.");
const COMMAND_SECONDS: (&str, &str) =
    ("lockstep_command_duration_seconds", "How long commands took, by class.");

fn describe() {
    let counters = COUNTERS.iter().chain(cluster::COUNTERS).chain(deadlocks::COUNTERS);
    let of_queues = queues::COUNTERS.iter().chain(partitions::COUNTERS).chain(cache::COUNTERS);
    for (name, meaning) in
        counters.chain(locks::COUNTERS).chain(of_queues).chain(sessions::COUNTERS)
    {
        metrics::describe_counter!(*name, *meaning);
    }
    let gauges = GAUGES.iter().chain(cluster::GAUGES).chain(locks::GAUGES);
    let of_queues = queues::GAUGES.iter().chain(partitions::GAUGES).chain(cache::GAUGES);
    for (name, meaning) in gauges.chain(of_queues).chain(sessions::GAUGES) {
        metrics::describe_gauge!(*name, Unit::Count, *meaning);
    }
}

/// Reads the numbers of every part of the node.
fn publish(node: &Node) {
    build();
    commands(node);
    connections(node);
    raft(node);
    cluster::publish(node);
    log(node);
    keys(node);
    locks::publish(node);
    sessions::publish(node);
    deadlocks::publish(node);
    queues::publish(node);
    cache::publish(node);
    partitions::publish(node);
}

fn build() {
    let commit = option_env!("LOCKSTEP_COMMIT").unwrap_or("unknown");
    let version = env!("CARGO_PKG_VERSION");
    gauge!("lockstep_build_info", "version" => version, "commit" => commit).set(1);
}

fn commands(node: &Node) {
    for (command, usage) in node.stats.commands() {
        let failed = usage.failed.min(usage.calls);
        let results =
            [("ok", usage.calls - failed), ("failed", failed), ("rejected", usage.rejected)];
        for (result, count) in results {
            let name = command.spec.name;
            counter!("lockstep_commands_total", "command" => name, "result" => result)
                .absolute(count);
        }
    }
    counter!("lockstep_errors_total").absolute(node.stats.errors_total());
    gauge!("lockstep_requests_per_second").set(node.stats.per_second().commands);
    gauge!("lockstep_slowlog_entries").set(node.slowlog.len() as f64);
}

fn connections(node: &Node) {
    use crate::clients::Flag;
    use crate::config::Setting;
    let (counters, traffic) = (&node.connections.counters, &node.connections.traffic);
    gauge!("lockstep_connections").set(node.connections.len() as f64);
    let limit = node.settings.number(Setting::Maxclients);
    gauge!("lockstep_connections_limit").set(limit as f64);
    gauge!("lockstep_clients_blocked").set(node.clients.count(Flag::Blocked) as f64);
    counter!("lockstep_connections_total").absolute(load(&counters.accepted));
    for (reason, count) in [
        ("maxclients", &counters.rejected),
        ("protected_mode", &counters.denied),
        ("accept_failed", &counters.accept_errors),
    ] {
        counter!("lockstep_connections_rejected_total", "reason" => reason).absolute(load(count));
    }
    for (reason, count) in [
        ("cross_protocol", &counters.cross_protocol),
        ("protocol_error", &counters.protocol_errors),
        ("query_buffer", &counters.query_buffer_limit),
        ("output_buffer", &counters.output_buffer_limit),
        ("maxmemory_clients", &counters.evicted),
        ("idle", &counters.idle),
    ] {
        counter!("lockstep_connections_closed_total", "reason" => reason).absolute(load(count));
    }
    counter!("lockstep_network_received_bytes_total").absolute(load(&traffic.bytes_in));
    counter!("lockstep_network_sent_bytes_total").absolute(load(&traffic.bytes_out));
}

fn raft(node: &Node) {
    for group in node.shards.here() {
        let shard = group.id().0.to_string();
        let status = group.status();
        let (entries, operations) = group.proposed();
        for (name, value) in [
            ("lockstep_raft_is_leader", u64::from(group.leads())),
            ("lockstep_raft_has_leader", u64::from(status.leader.is_some())),
            ("lockstep_raft_term", status.term),
            ("lockstep_raft_last_index", status.last_index),
            ("lockstep_raft_applied_index", status.applied),
            ("lockstep_snapshot_index", status.snapshot),
        ] {
            gauge!(name, "shard" => shard.clone()).set(value as f64);
        }
        counter!("lockstep_raft_proposed_entries_total", "shard" => shard.clone())
            .absolute(entries);
        counter!("lockstep_raft_proposed_operations_total", "shard" => shard).absolute(operations);
    }
}

fn log(node: &Node) {
    let stats = node.shards.log_stats();
    counter!("lockstep_log_written_bytes_total").absolute(stats.written_bytes);
    counter!("lockstep_log_writes_total").absolute(stats.writes);
    gauge!("lockstep_log_entries").set(stats.entries as f64);
    gauge!("lockstep_log_segments").set(stats.segments as f64);
    gauge!("lockstep_log_in_flight_bytes").set(stats.in_flight_bytes as f64);
    gauge!("lockstep_log_unsynced_bytes").set(stats.unsynced_bytes as f64);
    let failed = node.shards.log().failed().is_some();
    gauge!("lockstep_log_failed").set(f64::from(u8::from(failed)));
    gauge!("lockstep_storage_bytes", "kind" => "log").set(stats.disk_bytes as f64);
}

fn keys(node: &Node) {
    use crate::config::Setting;
    for (number, counts) in node.shards.key_counts() {
        if counts.keys == 0 && number > 0 {
            continue;
        }
        let db = number.to_string();
        gauge!("lockstep_keys", "db" => db.clone()).set(counts.keys as f64);
        gauge!("lockstep_keys_with_deadline", "db" => db).set(counts.with_deadline as f64);
    }
    let (stats, memory) = (node.shards.key_stats(), node.shards.key_memory());
    let [hits, misses] = node.cache.keyspace();
    counter!("lockstep_key_hits_total").absolute(stats.hits + hits);
    counter!("lockstep_key_misses_total").absolute(stats.misses + misses);
    counter!("lockstep_keys_expired_total").absolute(stats.expired);
    counter!("lockstep_keys_evicted_total").absolute(stats.evicted);
    gauge!("lockstep_memory_used_bytes").set(memory as f64);
    let limit = node.settings.number(Setting::Maxmemory);
    gauge!("lockstep_memory_limit_bytes").set(limit as f64);
}

fn histograms(node: &Node, page: &mut String) {
    let (name, meaning) = FSYNC_SECONDS;
    text::histogram(page, name, meaning, &[fsyncs(&node.shards.log_stats())]);
    let (name, meaning) = COMMAND_SECONDS;
    text::histogram(page, name, meaning, &by_class(&node.stats.commands()));
    deadlocks::histogram(node, page);
}

fn fsyncs(stats: &LogStats) -> Histogram {
    let bounds = lockstep_storage::FSYNC_BOUNDS_MICROS.iter();
    let buckets =
        bounds.zip(stats.fsync_buckets).map(|(bound, count)| (*bound as f64 / 1e6, count));
    Histogram {
        label: None,
        buckets: buckets.collect(),
        sum: stats.fsync_micros as f64 / 1e6,
        count: stats.fsyncs,
    }
}

/// What kind of work a command is.
fn class(family: Family) -> &'static str {
    match family {
        Family::Locks => "lock",
        Family::Queues => "queue",
        Family::Generic | Family::String | Family::Transactions => "cache",
        _ => "other",
    }
}

const CLASSES: [&str; 4] = ["lock", "queue", "cache", "other"];

fn by_class(usages: &[(&'static lockstep_commands::Command, Usage)]) -> Vec<Histogram> {
    CLASSES
        .iter()
        .map(|wanted| {
            let of_class =
                usages.iter().filter(|(command, _)| class(command.spec.group) == *wanted);
            times(wanted, of_class.map(|(_, usage)| usage))
        })
        .collect()
}

/// The first and the last bound that are shown: 2 us and 4 s, in powers of two.
const BOUNDS_NANOS: std::ops::RangeInclusive<u64> = 1 << 11..=1 << 32;

fn times<'u>(class: &'static str, usages: impl Iterator<Item = &'u Usage>) -> Histogram {
    let mut counts = std::collections::BTreeMap::new();
    let mut nanos = 0u64;
    for usage in usages {
        nanos = nanos.saturating_add(usage.nanos);
        for (bound, count) in usage.histogram.buckets() {
            *counts.entry(bound).or_insert(0) += count;
        }
    }
    for bound in Times::default().buckets().map(|(bound, _)| bound) {
        counts.entry(bound).or_insert(0);
    }
    let mut seen = 0;
    let mut buckets = Vec::new();
    for (bound, count) in counts {
        seen += count;
        if BOUNDS_NANOS.contains(&bound) {
            buckets.push((bound as f64 / 1e9, seen));
        }
    }
    Histogram { label: Some(("class", class)), buckets, sum: nanos as f64 / 1e9, count: seen }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
