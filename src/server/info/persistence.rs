//! The section Persistence. Redis' RDB stands for snapshots, its AOF for the log.

use super::page::Page;
use crate::Node;

pub(super) fn fill(node: &Node, page: &mut Page) {
    let saves = &node.stats.saves;
    let status = |failed: bool| if failed { "err" } else { "ok" };
    let log = node.shards.log_stats();
    page.line("loading", u8::from(!node.shards.ready()));
    page.zeros(&["async_loading", "current_cow_peak", "current_cow_size", "current_cow_size_age"]);
    page.line("current_fork_perc", "0.00");
    page.zeros(&["current_save_keys_processed", "current_save_keys_total"]);
    page.line("rdb_changes_since_last_save", node.shards.key_changes());
    page.line("rdb_bgsave_in_progress", u8::from(saves.in_progress()));
    page.line("rdb_last_save_time", saves.last_seconds(node.identity.started_at));
    page.line("rdb_last_bgsave_status", status(saves.last_failed()));
    page.line("rdb_last_bgsave_time_sec", saves.last_took_seconds());
    page.line("rdb_current_bgsave_time_sec", -1);
    page.line("rdb_saves", saves.count());
    page.zeros(&["rdb_last_cow_size", "rdb_last_load_keys_expired", "rdb_last_load_keys_loaded"]);
    page.line("aof_enabled", 1);
    page.zeros(&["aof_rewrite_in_progress", "aof_rewrite_scheduled"]);
    page.line("aof_last_rewrite_time_sec", -1);
    page.line("aof_current_rewrite_time_sec", -1);
    page.line("aof_last_bgrewrite_status", "ok");
    page.zeros(&["aof_rewrites", "aof_rewrites_consecutive_failures"]);
    page.line("aof_last_write_status", status(log.disk_full));
    page.line("aof_last_cow_size", 0);
    page.line("aof_current_size", log.disk_bytes);
    page.line("aof_base_size", 0);
    page.line("aof_pending_rewrite", 0);
    page.line("aof_buffer_length", log.in_flight_bytes);
    page.zeros(&["aof_rewrite_buffer_length", "aof_pending_bio_fsync", "aof_delayed_fsync"]);
    page.zeros(&["module_fork_in_progress", "module_fork_last_cow_size"]);
}
