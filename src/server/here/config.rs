//! CONFIG.

use lockstep_commands::here::Config;
use lockstep_commands::{BadArgs, Reply};

use crate::Node;

/// Executes a subcommand of CONFIG.
pub(super) fn run(node: &Node, config: Config<'_>) -> Reply {
    match config {
        Config::Get(patterns) => {
            let found = node.settings.get(&patterns).into_iter();
            Reply::Map(found.map(|(name, value)| (Reply::bulk(name), Reply::bulk(value))).collect())
        }
        Config::Set(pairs) => match node.settings.set_all(&pairs) {
            Ok(()) => Reply::Ok,
            Err(why) => refused(&why.to_string()),
        },
        Config::ResetStat => {
            reset(node);
            Reply::Ok
        }
        Config::Rewrite => match node.settings.rewrite() {
            Ok(()) => Reply::Ok,
            Err(why) => refused(&format!("ERR Rewriting config file: {why}")),
        },
    }
}

fn refused(text: &str) -> Reply {
    Reply::Error(BadArgs(text.replace(['\r', '\n'], " ").into()))
}

/// CONFIG RESETSTAT: everything INFO counts begins anew.
fn reset(node: &Node) {
    node.stats.reset();
    node.shards.reset_key_stats();
    node.cache.reset_keyspace();
    let traffic = &node.connections.traffic;
    let counters = &node.connections.counters;
    for counter in [
        &traffic.bytes_in,
        &traffic.bytes_out,
        &counters.accepted,
        &counters.rejected,
        &counters.denied,
        &counters.cross_protocol,
        &counters.protocol_errors,
        &counters.query_buffer_limit,
        &counters.output_buffer_limit,
        &counters.idle,
        &counters.accept_errors,
    ] {
        counter.store(0, std::sync::atomic::Ordering::Relaxed);
    }
}
