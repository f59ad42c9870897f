//! CONFIG.

use std::sync::Arc;

use lockstep_commands::here::Config;
use lockstep_commands::{BadArgs, Reply};

use super::Answer;
use crate::Node;
use crate::config::Setting;
use crate::pubsub::keyspace;
use crate::users::change;

/// Executes a subcommand of CONFIG. `may_wait`: the reply may take time.
pub(super) fn run<'a>(node: &Arc<Node>, config: Config<'_>, may_wait: bool) -> Answer<'a> {
    match config {
        Config::Get(patterns) => {
            let found = node.settings.get(&patterns).into_iter();
            Reply::Map(found.map(|(name, value)| (Reply::bulk(name), Reply::bulk(value))).collect())
        }
        Config::Set(pairs) => return set(node, &pairs, may_wait),
        Config::ResetStat => {
            reset(node);
            Reply::Ok
        }
        Config::Rewrite => match node.settings.rewrite() {
            Ok(()) => Reply::Ok,
            Err(why) => refused(&format!("ERR Rewriting config file: {why}")),
        },
    }
    .into()
}

/// CONFIG SET. The password is that of the default user, in the whole cluster; of which
/// events are published, all nodes are told.
fn set<'a>(node: &Arc<Node>, pairs: &[(&[u8], &[u8])], may_wait: bool) -> Answer<'a> {
    let before = node.settings.text(Setting::Requirepass);
    if let Err(why) = node.settings.set_all(pairs) {
        return refused(&why.to_string()).into();
    }
    let has = |name: &str| pairs.iter().any(|(of, _)| of.eq_ignore_ascii_case(name.as_bytes()));
    let told = if has("notify-keyspace-events") {
        keyspace::tell_others(node, may_wait && !has("requirepass"))
    } else {
        None
    };
    if let Some(told) = told {
        return Answer::Later(Box::pin(async move {
            told.await;
            Reply::Ok
        }));
    }
    if !has("requirepass") {
        return Reply::Ok.into();
    }
    let (node, password) = (node.clone(), node.settings.text(Setting::Requirepass).to_string());
    Answer::Later(Box::pin(async move {
        match change::set_password(node.clone(), password).await {
            Ok(()) => Reply::Ok,
            Err(bad) => {
                // It was valid before.
                let _ = node.settings.set("requirepass", &*before);
                Reply::Error(bad)
            }
        }
    }))
}

fn refused(text: &str) -> Reply {
    Reply::Error(BadArgs(text.replace(['\r', '\n'], " ").into()))
}

/// CONFIG RESETSTAT: everything INFO counts begins anew.
fn reset(node: &Node) {
    node.stats.reset();
    node.users.log.reset_counts();
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
        &counters.evicted,
        &counters.idle,
        &counters.accept_errors,
    ] {
        counter.store(0, std::sync::atomic::Ordering::Relaxed);
    }
}
