//! The sections Replication, Cluster, Lockstep and Locks.

use lockstep_core::cluster::NodeInfo;

use super::page::Page;
use super::shards::{fill_peers, fill_shards, hex};
use crate::Node;
use crate::config::Setting;

/// Every node takes reads and writes, so every node calls itself a master; what
/// replicates behind it stands in the section Lockstep.
pub(super) fn fill(node: &Node, page: &mut Page) {
    let applied = node.shards.applied();
    let replicas = replicas(node);
    page.line("role", "master");
    page.line("connected_slaves", replicas.len());
    for (at, replica) in replicas.iter().enumerate() {
        page.line(
            format_args!("slave{at}"),
            format_args!(
                "ip={},port={},state=online,offset={applied},lag=0",
                replica.host, replica.port
            ),
        );
    }
    page.line("master_failover_state", "no-failover");
    page.line("master_replid", &node.identity.run_id);
    page.line("master_replid2", "0".repeat(40));
    page.line("master_repl_offset", applied);
    page.line("second_repl_offset", -1);
    page.line("repl_backlog_active", 0);
    page.line("repl_backlog_size", node.settings.number(Setting::ReplBacklogSize));
    page.zeros(&["repl_backlog_first_byte_offset", "repl_backlog_histlen"]);
}

/// The other nodes that keep replicas and can be reached.
pub fn replicas(node: &Node) -> Vec<NodeInfo> {
    let host = node.shards.host();
    let missing = host.health().missing;
    let there = |other: &&NodeInfo| {
        other.id != node.identity.node_id && !missing.iter().any(|gone| gone.id == other.id)
    };
    host.map().nodes().filter(there).cloned().collect()
}

pub(super) fn fill_cluster(node: &Node, page: &mut Page) {
    page.line("cluster_enabled", u8::from(node.settings.flag(Setting::ClusterEnabled)));
}

pub(super) fn fill_lockstep(node: &Node, page: &mut Page) {
    let shards = node.shards.here();
    let host = node.shards.host();
    let (map, health) = (host.map(), host.health());
    let statuses: Vec<_> = shards.iter().map(|group| group.status()).collect();
    let log = node.shards.log_stats();
    page.line("lockstep_version", env!("CARGO_PKG_VERSION"));
    page.line("node_id", hex(node.identity.node_id));
    page.line("boot", node.identity.boot);
    page.line("durability", node.settings.word(Setting::Fsync));
    page.line("data_dir", node.identity.dir.display());
    page.line("cluster_id", format_args!("{:016x}", map.id().unwrap_or_default().0));
    page.line("cluster_founded", u8::from(health.founded));
    page.line("cluster_quorum", u8::from(health.quorum));
    page.line("cluster_epoch", map.epoch());
    page.line("nodes", map.nodes().count());
    page.line("nodes_missing", health.missing.len());
    page.line("draining", u8::from(health.draining));
    page.line("shards", node.shards.count());
    page.line("replicas_here", shards.len());
    page.line("shards_led", shards.iter().filter(|group| group.leads()).count());
    page.line("voters", statuses.iter().map(|status| status.voters).max().unwrap_or_default());
    page.line("term", statuses.iter().map(|status| status.term).max().unwrap_or_default());
    page.line("applied_index", statuses.iter().map(|status| status.applied).sum::<u64>());
    page.line("snapshot_index", statuses.iter().map(|status| status.snapshot).sum::<u64>());
    let (forwarded, forwarded_bytes) = host.forwarded();
    page.line("forwarded_in_flight", forwarded);
    page.line("forwarded_bytes", forwarded_bytes);
    let turnover = host.turnover();
    page.line("elections", turnover.elections);
    page.line("leader_changes", turnover.leader_changes);
    page.line("forward_retries", turnover.retries);
    page.line("waiting_requests", node.waits.len());
    page.line("log_entries", log.entries);
    page.line("log_segments", log.segments);
    page.line("log_disk_bytes", log.disk_bytes);
    page.line("log_unsynced_bytes", log.unsynced_bytes);
    page.line("log_fsyncs", log.fsyncs);
    page.line("log_fsync_usec", log.fsync_micros);
    page.line("log_last_fsync_usec", log.last_fsync_micros);
    fill_shards(node, page);
    fill_peers(node, page);
}

pub(super) fn fill_locks(node: &Node, page: &mut Page) {
    let [mut grants, mut handed_over, mut timeouts, mut expirations] = [0; 4];
    for group in node.shards.here() {
        let stats = group.state().locks().stats();
        grants += stats.grants;
        handed_over += stats.handed_over;
        timeouts += stats.timeouts;
        expirations += stats.expirations;
    }
    page.line("lock_grants", grants);
    page.line("lock_handed_over", handed_over);
    page.line("lock_timeouts", timeouts);
    page.line("lock_leases_expired", expirations);
}
