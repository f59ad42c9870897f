//! The sections Stats, Commandstats, Errorstats, Latencystats and Keyspace.

use std::sync::atomic::{AtomicU64, Ordering};

use super::page::Page;
use crate::Node;
use crate::config::Setting;
use crate::users::Reason;

pub(super) fn fill(node: &Node, page: &mut Page) {
    let counted = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let counters = &node.connections.counters;
    let traffic = &node.connections.traffic;
    let rates = node.stats.per_second();
    let keys = node.shards.key_stats();
    page.line("total_connections_received", counted(&counters.accepted));
    page.line("total_commands_processed", node.stats.commands_processed());
    page.line("instantaneous_ops_per_sec", rates.commands.round() as u64);
    page.line("total_net_input_bytes", counted(&traffic.bytes_in));
    page.line("total_net_output_bytes", counted(&traffic.bytes_out));
    page.zeros(&["total_net_repl_input_bytes", "total_net_repl_output_bytes"]);
    page.line("instantaneous_input_kbps", kilobytes(rates.bytes_in));
    page.line("instantaneous_output_kbps", kilobytes(rates.bytes_out));
    page.line("instantaneous_input_repl_kbps", kilobytes(0.0));
    page.line("instantaneous_output_repl_kbps", kilobytes(0.0));
    page.line("rejected_connections", counted(&counters.rejected));
    page.zeros(&["sync_full", "sync_partial_ok", "sync_partial_err"]);
    page.line("expired_keys", keys.expired);
    page.line("expired_subkeys", 0);
    page.line("expired_stale_perc", "0.00");
    page.zeros(&["expired_time_cap_reached_count", "expire_cycle_cpu_milliseconds"]);
    page.line("evicted_keys", keys.evicted);
    page.line("evicted_clients", counted(&counters.evicted));
    page.line("evicted_scripts", 0);
    page.zeros(&["total_eviction_exceeded_time", "current_eviction_exceeded_time"]);
    // Where another node leads, copies answer.
    let [hits, misses] = node.cache.keyspace();
    page.line("keyspace_hits", keys.hits + hits);
    page.line("keyspace_misses", keys.misses + misses);
    let listened = node.pubsub.tables();
    page.line("pubsub_channels", listened.channel_count(false));
    page.line("pubsub_patterns", listened.pattern_count());
    page.line("pubsubshard_channels", listened.channel_count(true));
    page.zeros(NEVER);
    let tracked = node.tracking.counts();
    page.line("tracking_total_keys", tracked.keys);
    page.line("tracking_total_items", tracked.items);
    page.line("tracking_total_prefixes", tracked.prefixes);
    page.zeros(NEVER_EITHER);
    page.line("total_error_replies", node.stats.errors_total());
    page.line("unexpected_error_replies", 0);
    page.line("dump_payload_sanitizations", 0);
    page.line("client_query_buffer_limit_disconnections", counted(&counters.query_buffer_limit));
    page.line("client_output_buffer_limit_disconnections", counted(&counters.output_buffer_limit));
    page.line("protocol_errors", counted(&counters.protocol_errors));
    page.line("idle_disconnections", counted(&counters.idle));
    let denied = |reason| node.users.log.count(reason);
    page.line("acl_access_denied_auth", denied(Reason::Auth));
    page.line("acl_access_denied_cmd", denied(Reason::Command));
    page.line("acl_access_denied_key", denied(Reason::Key));
    page.line("acl_access_denied_channel", denied(Reason::Channel));
}

/// What never happens here but is looked for.
const NEVER: &[&str] = &[
    "latest_fork_usec",
    "total_forks",
    "migrate_cached_sockets",
    "slave_expires_tracked_keys",
    "active_defrag_hits",
    "active_defrag_misses",
    "active_defrag_key_hits",
    "active_defrag_key_misses",
    "total_active_defrag_time",
    "current_active_defrag_time",
];

/// The same, further down.
const NEVER_EITHER: &[&str] = &[
    "io_threaded_reads_processed",
    "io_threaded_writes_processed",
    "reply_buffer_shrinks",
    "reply_buffer_expands",
];

fn kilobytes(per_second: f64) -> String {
    format!("{:.2}", per_second / 1024.0)
}

pub(super) fn fill_commands(node: &Node, page: &mut Page) {
    for (command, usage) in node.stats.commands() {
        let micros = usage.nanos / 1000;
        let per_call = micros as f64 / usage.calls.max(1) as f64;
        page.line(
            format_args!("cmdstat_{}", command.spec.name),
            format_args!(
                "calls={},usec={micros},usec_per_call={per_call:.2},rejected_calls={},failed_calls={}",
                usage.calls, usage.rejected, usage.failed
            ),
        );
    }
}

pub(super) fn fill_errors(node: &Node, page: &mut Page) {
    for (code, count) in node.stats.errors() {
        page.line(format_args!("errorstat_{code}"), format_args!("count={count}"));
    }
}

pub(super) fn fill_latencies(node: &Node, page: &mut Page) {
    if !node.settings.flag(Setting::LatencyTracking) {
        return;
    }
    let percentiles = node.settings.text(Setting::LatencyTrackingInfoPercentiles);
    let percentiles: Vec<f64> =
        percentiles.split_ascii_whitespace().filter_map(|word| word.parse().ok()).collect();
    for (command, usage) in node.stats.commands().into_iter().filter(|(_, it)| it.calls > 0) {
        let values: Vec<String> = percentiles
            .iter()
            .map(|percent| format!("p{percent}={:.3}", usage.histogram.percentile_micros(*percent)))
            .collect();
        page.line(format_args!("latency_percentiles_usec_{}", command.spec.name), values.join(","));
    }
}

pub(super) fn fill_keyspace(node: &Node, page: &mut Page) {
    let counts = node.shards.key_counts();
    for (db, counts) in counts.into_iter().filter(|(_, counts)| counts.keys > 0) {
        page.line(
            format_args!("db{db}"),
            format_args!(
                "keys={},expires={},avg_ttl={}",
                counts.keys, counts.with_deadline, counts.average_ttl_ms
            ),
        );
    }
}
