//! Commands against a whole node without a socket.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Instant;

use lockstep_commands::{Args, Context, Protocol, Reply, Request, table};
use lockstep_core::Origin;
use lockstep_net::{Connections, Output};
use tempfile::TempDir;

use super::{Answer, run};
use crate::Node;
use crate::session::Session;

/// A node with one shard in a directory of its own, and a client.
struct Bench {
    node: Arc<Node>,
    session: Session,
    _dir: TempDir,
}

impl Bench {
    async fn new() -> Self {
        let (node, dir) = crate::testing::node().await;
        let session = Self::connect(&node);
        Bench { node, session, _dir: dir }
    }

    fn connect(node: &Node) -> Session {
        let connections: &Arc<Connections> = &node.connections;
        let peer = format!("127.0.0.1:{}", 50_000 + connections.len()).parse().unwrap();
        Session::open(node, connections.open(peer, "127.0.0.1:6379".parse().unwrap()))
    }

    async fn ask(&mut self, line: &str) -> Reply {
        let mut session = std::mem::replace(&mut self.session, Self::connect(&self.node));
        let reply = ask(&self.node, &mut session, line).await;
        self.session.close(&self.node);
        self.session = session;
        reply
    }

    /// The lines of a reply that is text.
    async fn text(&mut self, line: &str) -> String {
        match self.ask(line).await {
            Reply::Verbatim(text) => text,
            other => panic!("{line}: {other:?}"),
        }
    }

    async fn refusal(&mut self, line: &str) -> String {
        match self.ask(line).await {
            Reply::Error(bad) => bad.0.into_owned(),
            other => panic!("{line}: {other:?}"),
        }
    }
}

/// Executes a line of words split at blanks, `_` for the empty word.
async fn ask(node: &Arc<Node>, session: &mut Session, line: &str) -> Reply {
    let words: Vec<&[u8]> =
        line.split(' ').map(|word| if word == "_" { "" } else { word }.as_bytes()).collect();
    let (command, used) = match table::find(&words) {
        Ok(found) => found,
        Err(bad) => return bad.into(),
    };
    session.began(command, &words);
    let ctx = Context {
        db: session.db,
        origin: Origin::default(),
        request: 1,
        protocol: session.protocol,
        string_bytes_max: 1 << 20,
        sparse_bytes_max: 3_000,
        lfu: false,
        seed: 1,
        locks: Default::default(),
        queues: Default::default(),
        streams: Default::default(),
        scripts: Default::default(),
    };
    let begun = Instant::now();
    let reply = match (command.parse)(&ctx, Args::new(&words, used)) {
        Err(bad) => bad.into(),
        Ok(Request::Op(op)) => panic!("{op:?} is not for here"),
        Ok(Request::Here(here)) => match run(node, session, here) {
            Answer::Reply(reply) => reply,
            Answer::Later(later) => later.await,
            Answer::Close(reply) => reply.unwrap_or(Reply::Silence),
            Answer::Op(op) => Reply::Line(format!("{op:?}")),
        },
    };
    node.stats.record(command, begun.elapsed(), &reply);
    node.slowlog.offer(node, session, begun.elapsed(), &words);
    reply
}

/// What redis_exporter and RedisInsight look for.
const FIELDS: &str = "redis_version redis_mode os arch_bits process_id run_id tcp_port \
    uptime_in_seconds uptime_in_days executable config_file server_name lockstep_version \
    connected_clients blocked_clients maxclients tracking_clients pubsub_clients \
    client_recent_max_output_buffer client_recent_max_input_buffer clients_in_timeout_table \
    total_blocking_keys used_memory used_memory_human used_memory_rss used_memory_peak \
    used_memory_peak_human used_memory_lua used_memory_overhead used_memory_startup \
    used_memory_dataset used_memory_scripts used_memory_vm_total number_of_functions \
    number_of_cached_scripts maxmemory maxmemory_policy mem_fragmentation_ratio \
    mem_fragmentation_bytes mem_clients_normal mem_clients_slaves mem_aof_buffer \
    mem_replication_backlog mem_not_counted_for_evict mem_total_replication_buffers \
    mem_allocator allocator_active allocator_allocated allocator_resident allocator_muzzy \
    allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio allocator_rss_bytes \
    total_system_memory lazyfree_pending_objects lazyfreed_objects active_defrag_running \
    loading async_loading rdb_changes_since_last_save rdb_bgsave_in_progress \
    rdb_last_save_time rdb_last_bgsave_status rdb_last_bgsave_time_sec \
    rdb_current_bgsave_time_sec rdb_saves rdb_last_cow_size aof_enabled \
    aof_rewrite_in_progress aof_rewrite_scheduled aof_last_rewrite_time_sec \
    aof_current_rewrite_time_sec aof_last_bgrewrite_status aof_last_write_status \
    aof_last_cow_size aof_current_size aof_base_size aof_pending_rewrite aof_buffer_length \
    aof_delayed_fsync module_fork_in_progress total_connections_received \
    total_commands_processed instantaneous_ops_per_sec total_net_input_bytes \
    total_net_output_bytes instantaneous_input_kbps instantaneous_output_kbps \
    rejected_connections sync_full sync_partial_ok sync_partial_err expired_keys \
    expired_stale_perc expired_time_cap_reached_count expire_cycle_cpu_milliseconds \
    evicted_keys evicted_clients total_eviction_exceeded_time current_eviction_exceeded_time \
    keyspace_hits keyspace_misses pubsub_channels pubsub_patterns pubsubshard_channels \
    latest_fork_usec total_forks migrate_cached_sockets slave_expires_tracked_keys \
    active_defrag_hits active_defrag_misses active_defrag_key_hits active_defrag_key_misses \
    tracking_total_keys tracking_total_items tracking_total_prefixes unexpected_error_replies \
    total_error_replies dump_payload_sanitizations io_threaded_reads_processed \
    io_threaded_writes_processed acl_access_denied_auth \
    client_query_buffer_limit_disconnections client_output_buffer_limit_disconnections role \
    connected_slaves master_failover_state master_replid master_repl_offset \
    second_repl_offset repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset \
    repl_backlog_histlen used_cpu_sys used_cpu_user used_cpu_sys_children \
    used_cpu_user_children used_cpu_sys_main_thread used_cpu_user_main_thread cluster_enabled";

#[tokio::test]
async fn info_has_every_field_that_tools_read() {
    let mut bench = Bench::new().await;
    let info = bench.text("INFO").await;
    for field in FIELDS.split(' ') {
        assert!(info.contains(&format!("\n{field}:")), "{field} is missing");
    }
    for line in info.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        assert!(line.contains(':'), "{line}");
    }
    assert!(info.contains("\r\nredis_version:7.4.0\r\nserver_name:lockstep\r\n"), "{info}");
    assert!(
        info.contains("\r\nnode_id:0000000000000007\r\nboot:2\r\ndurability:always\r\n"),
        "{info}"
    );
}

#[tokio::test]
async fn info_counts_commands_errors_and_times() {
    let mut bench = Bench::new().await;
    bench.ask("PING").await;
    bench.ask("SELECT 99").await;
    let info = bench.text("INFO commandstats errorstats latencystats").await;
    assert!(info.contains("\r\ncmdstat_ping:calls=1,usec="), "{info}");
    assert!(info.contains(",rejected_calls=0,failed_calls=1\r\n"), "{info}");
    assert!(info.contains("\r\nerrorstat_ERR:count=1\r\n"), "{info}");
    assert!(info.contains("\r\nlatency_percentiles_usec_ping:p50="), "{info}");
    bench.ask("CONFIG RESETSTAT").await;
    let info = bench.text("INFO errorstats commandstats").await;
    assert!(!info.contains("cmdstat_ping"), "{info}");
    assert!(!info.contains("errorstat_"), "{info}");
}

#[tokio::test]
async fn hello_changes_nothing_unless_all_of_it_can_be_done() {
    let mut bench = Bench::new().await;
    bench.ask("CONFIG SET requirepass secret").await;
    let mut session = Bench::connect(&bench.node);
    assert!(!session.authenticated);
    let node = bench.node.clone();
    let refused = ask(&node, &mut session, "HELLO 3 SETNAME me").await;
    assert_eq!(refused, lockstep_commands::error::HELLO_UNAUTHENTICATED.into());
    let refused = ask(&node, &mut session, "HELLO 3 AUTH default wrong SETNAME me").await;
    assert_eq!(refused, lockstep_commands::error::WRONG_PASSWORD.into());
    assert_eq!(session.protocol, Protocol::Resp2);
    assert!(session.client.names().name.is_empty());
    let reply = ask(&node, &mut session, "HELLO 3 AUTH default secret SETNAME me").await;
    let Reply::Map(fields) = reply else { panic!("{reply:?}") };
    assert!(fields.contains(&(Reply::bulk("proto"), Reply::Int(3))));
    assert!(fields.contains(&(Reply::bulk("version"), Reply::bulk("7.4.0"))));
    assert!(session.authenticated);
    assert_eq!(session.client.names().name, b"me");
    ask(&node, &mut session, "RESET").await;
    assert!(!session.authenticated);
    assert_eq!(session.protocol, Protocol::Resp2);
}

#[tokio::test]
async fn auth_tells_a_wrong_password_from_none_at_all() {
    let mut bench = Bench::new().await;
    assert!(bench.refusal("AUTH x").await.starts_with("ERR AUTH <password> called without"));
    assert_eq!(bench.ask("AUTH default x").await, Reply::Ok);
    assert!(bench.refusal("AUTH me x").await.starts_with("WRONGPASS"));
    bench.ask("CONFIG SET requirepass secret").await;
    assert!(bench.refusal("AUTH x").await.starts_with("WRONGPASS"));
    assert_eq!(bench.ask("AUTH secret").await, Reply::Ok);
}

#[tokio::test]
async fn clients_are_listed_named_and_killed() {
    let mut bench = Bench::new().await;
    let mut other = Bench::connect(&bench.node);
    let id = other.client.id();
    let node = bench.node.clone();
    ask(&node, &mut other, "CLIENT SETNAME other").await;
    let list = bench.text(&format!("CLIENT LIST ID {id} 999")).await;
    assert_eq!(list.lines().count(), 1, "{list}");
    assert!(list.contains(" name=other ") && list.contains(" cmd=client|setname "), "{list}");
    assert_eq!(bench.ask("CLIENT LIST TYPE master").await, Reply::Verbatim(String::new()));
    assert_eq!(bench.ask("CLIENT KILL ID 999").await, Reply::Int(0));
    assert_eq!(bench.ask(&format!("CLIENT KILL ID {id}")).await, Reply::Int(1));
    assert!(other.client.has(crate::clients::Flag::Closing));
    other.close(&node);
    assert_eq!(bench.refusal("CLIENT KILL 1.2.3.4:5").await, "ERR No such client");
}

#[tokio::test]
async fn a_waiting_client_can_be_unblocked() {
    let mut bench = Bench::new().await;
    let mut waiting = Bench::connect(&bench.node);
    let id = waiting.client.id();
    let node = bench.node.clone();
    let unblock = async {
        while bench.ask(&format!("CLIENT UNBLOCK {id} ERROR")).await == Reply::Int(0) {
            tokio::task::yield_now().await;
        }
    };
    let (reply, ()) = tokio::join!(ask(&node, &mut waiting, "WAIT 1 0"), unblock);
    assert_eq!(
        reply,
        lockstep_commands::error::of_fault(lockstep_core::Fault::Unblocked, "").into()
    );
}

#[tokio::test]
async fn waits_that_are_over_answer_at_once() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask("WAIT 0 0").await, Reply::Int(0));
    assert_eq!(bench.ask("WAIT 1 1").await, Reply::Int(0));
    let both = Reply::Array(vec![Reply::Int(1), Reply::Int(0)]);
    assert_eq!(bench.ask("WAITAOF 1 0 0").await, both);
    bench.session.denies_waiting = true;
    assert_eq!(bench.ask("WAIT 1 0").await, Reply::Int(0));
}

#[tokio::test]
async fn replies_can_be_switched_off_or_skipped() {
    let mut bench = Bench::new().await;
    let mut out = Output::default();
    for (line, sent) in [
        ("CLIENT REPLY SKIP", ""),
        ("PING", ""),
        ("PING", "+PONG\r\n"),
        ("CLIENT REPLY OFF", ""),
        ("PING", ""),
        ("CLIENT REPLY SKIP", ""),
        ("PING", ""),
        ("CLIENT REPLY ON", "+OK\r\n"),
        ("PING", "+PONG\r\n"),
    ] {
        let reply = bench.ask(line).await;
        bench.session.send(&reply, &mut out);
        assert_eq!(out.bytes(), sent.as_bytes(), "{line}");
        out.truncate(0);
    }
}

#[tokio::test]
async fn monitors_see_commands_but_no_secrets_and_nothing_administrative() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask("MONITOR").await, Reply::Ok);
    let node = bench.node.clone();
    let mut other = Bench::connect(&node);
    for line in ["GET x", "CONFIG GET *", "AUTH pw", "EVAL_NOT"] {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        if let Ok((command, _)) = table::find(&words) {
            node.monitors.feed(&other, command, &words);
        }
    }
    let mut out = Output::default();
    bench.session.client.interrupted(&mut out).await;
    let seen = String::from_utf8(out.bytes().to_vec()).unwrap();
    assert_eq!(seen.lines().count(), 2, "{seen}");
    assert!(seen.contains("] \"GET\" \"x\"\r\n"), "{seen}");
    assert!(seen.ends_with("] \"AUTH\" \"(redacted)\"\r\n"), "{seen}");
    bench.ask("RESET").await;
    assert!(node.monitors.is_empty());
    other.close(&node);
}

#[tokio::test]
async fn slow_commands_are_kept_with_who_sent_them() {
    let mut bench = Bench::new().await;
    bench.ask("CLIENT SETNAME me").await;
    assert_eq!(bench.ask("SLOWLOG LEN").await, Reply::Int(0));
    bench.ask("CONFIG SET slowlog-log-slower-than 0").await;
    bench.ask("ECHO hello").await;
    let Reply::Array(entries) = bench.ask("SLOWLOG GET 1").await else { panic!("no list") };
    let Reply::Array(entry) = &entries[0] else { panic!("no entry") };
    assert_eq!(entry.len(), 6);
    assert_eq!(entry[3], Reply::Array(vec![Reply::bulk("ECHO"), Reply::bulk("hello")]));
    assert_eq!(entry[5], Reply::bulk("me"));
    bench.ask("CONFIG SET slowlog-log-slower-than -1").await;
    bench.ask("SLOWLOG RESET").await;
    bench.ask("ECHO hello").await;
    assert_eq!(bench.ask("SLOWLOG LEN").await, Reply::Int(0));
}

#[tokio::test]
async fn latency_events_are_taken_note_of_above_the_threshold() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask("LATENCY LATEST").await, Reply::Array(Vec::new()));
    bench.node.latency.offer(&bench.node, "fsync", 9_000);
    assert!(bench.node.latency.all().is_empty(), "nothing is watched yet");
    bench.ask("CONFIG SET latency-monitor-threshold 5").await;
    bench.node.latency.offer(&bench.node, "fsync", 4_999);
    bench.node.latency.offer(&bench.node, "fsync", 9_000);
    let Reply::Array(history) = bench.ask("LATENCY HISTORY fsync").await else { panic!() };
    assert_eq!(history.len(), 1);
    assert!(bench.text("LATENCY GRAPH fsync").await.starts_with("fsync - high 9 ms"));
    assert_eq!(
        bench.refusal("LATENCY GRAPH nope").await,
        "ERR No samples available for event 'nope'"
    );
    assert_eq!(bench.ask("LATENCY RESET fsync").await, Reply::Int(1));
}

#[tokio::test]
async fn latency_histograms_are_cumulative_and_by_command() {
    let mut bench = Bench::new().await;
    bench.ask("CLIENT ID").await;
    bench.ask("PING").await;
    let Reply::Map(all) = bench.ask("LATENCY HISTOGRAM client ping nope").await else { panic!() };
    let names: Vec<&Reply> = all.iter().map(|(name, _)| name).collect();
    assert_eq!(names, [&Reply::bulk("client|id"), &Reply::bulk("ping")]);
    let Reply::Map(fields) = &all[1].1 else { panic!() };
    assert_eq!(fields[0], (Reply::bulk("calls"), Reply::Int(1)));
}

#[tokio::test]
async fn settings_are_shown_and_changed_all_or_none() {
    let mut bench = Bench::new().await;
    let refusal = bench.refusal("CONFIG SET maxmemory 1mb databases 3").await;
    assert!(refusal.ends_with("argument 'databases') - can't set immutable config"), "{refusal}");
    let unchanged = vec![(Reply::bulk("maxmemory"), Reply::bulk("0"))];
    assert_eq!(bench.ask("CONFIG GET maxmemory").await, Reply::Map(unchanged));
    assert_eq!(
        bench.refusal("CONFIG SET nope 1").await,
        "ERR Unknown option or number of arguments for CONFIG SET - 'nope'"
    );
}

#[tokio::test]
async fn debug_is_closed_unless_it_is_opened() {
    let mut bench = Bench::new().await;
    assert!(bench.refusal("DEBUG SLEEP 0").await.starts_with("ERR DEBUG command not allowed."));
}

#[tokio::test]
async fn a_snapshot_can_be_asked_for() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.ask("SAVE").await, Reply::Ok);
    assert_eq!(bench.node.stats.saves.count(), 1);
    let info = bench.text("INFO persistence").await;
    assert!(info.contains("\r\nrdb_saves:1\r\n"), "{info}");
    let Reply::Int(at) = bench.ask("LASTSAVE").await else { panic!() };
    assert!(at > 1_600_000_000);
}

#[tokio::test]
async fn a_shutdown_stops_the_node() {
    let mut bench = Bench::new().await;
    assert_eq!(bench.refusal("SHUTDOWN ABORT").await, "ERR No shutdown in progress.");
    assert!(!*bench.node.stop.borrow());
    assert_eq!(bench.ask("SHUTDOWN NOSAVE").await, Reply::Silence);
    assert!(*bench.node.stop.borrow());
}
