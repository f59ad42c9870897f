//! WAIT and WAITAOF. Every write that was answered is on a majority already, and
//! on disk as the fsync setting says; there is little left to wait for.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::{Reply, error};
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::ShardHealth;
use tokio::time::{Instant, sleep_until};

use super::Answer;
use crate::Node;
use crate::clients::Client;
use crate::config::Setting;
use crate::session::Session;

/// Waits without a timeout wait this long, a hundred years.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// How often the disk is asked.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// WAIT.
pub(super) fn replicas<'a>(
    node: &Arc<Node>,
    session: &Session,
    wanted: i64,
    timeout_ms: u64,
) -> Answer<'a> {
    let goals = goals(node);
    let have = acknowledged(node, &goals);
    if wanted <= have || session.denies_waiting {
        return Reply::Int(have).into();
    }
    let (watched, asked) = (node.clone(), node.clone());
    let seen = goals.clone();
    let done = async move {
        while acknowledged(&watched, &seen) < wanted {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    later(session, timeout_ms, done, move |_| Reply::Int(acknowledged(&asked, &goals)))
}

/// How far every shard that is led here has got: what this connection has been
/// answered stands before that.
fn goals(node: &Node) -> Vec<(ShardId, u64)> {
    let led = node.shards.led();
    led.iter().map(|group| (group.id(), group.status().applied)).collect()
}

/// How many others have all that was answered, in the shard that fewest have: where
/// this node leads, those that have acknowledged it; elsewhere surely a majority.
fn acknowledged(node: &Node, goals: &[(ShardId, u64)]) -> i64 {
    let of_shard = |shard: &ShardHealth| {
        let majority = shard.voters.len() / 2;
        let goal = goals.iter().find(|(led, _)| *led == shard.shard);
        let counted = goal.and_then(|(shard, goal)| {
            let group = node.shards.replica(*shard).filter(|group| group.leads())?;
            let last = group.status().last_index;
            let voters = group.watch().borrow().voters.clone();
            let has = |voter: &&NodeId| {
                let lag = group.lag(**voter);
                **voter != node.identity.node_id
                    && lag.is_some_and(|lag| last.saturating_sub(lag) >= *goal)
            };
            Some(voters.iter().filter(has).count())
        });
        counted.unwrap_or(majority).max(majority)
    };
    let fewest = node.shards.host().health().shards.iter().map(of_shard).min().unwrap_or(0);
    i64::try_from(fewest).unwrap_or(i64::MAX)
}

/// WAITAOF.
pub(super) fn disk<'a>(
    node: &Arc<Node>,
    session: &Session,
    local: bool,
    wanted: i64,
    timeout_ms: u64,
) -> Answer<'a> {
    let mode = node.settings.word(Setting::Fsync);
    if local && mode == "never" {
        return Reply::from(error::WAITAOF_WITHOUT_FSYNC).into();
    }
    let have = if mode == "always" { acknowledged(node, &[]) } else { 0 };
    let reply = move |safe: bool| Reply::Array(vec![Reply::Int(safe.into()), Reply::Int(have)]);
    let safe = is_safe(node);
    if (safe || !local) && wanted <= have || session.denies_waiting {
        return reply(safe).into();
    }
    let watched = node.clone();
    let done = async move {
        while !is_safe(&watched) || wanted > have {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let asked = node.clone();
    later(session, timeout_ms, done, move |_| reply(is_safe(&asked)))
}

/// Whether all that was written here is on disk, as far as fsync is asked for at all.
fn is_safe(node: &Node) -> bool {
    node.settings.word(Setting::Fsync) != "never" && node.shards.log_stats().unsynced_bytes == 0
}

/// Answers when `done` is, when time is up, or when the client is unblocked.
fn later<'a>(
    session: &Session,
    timeout_ms: u64,
    done: impl Future<Output = ()> + Send + 'static,
    reply: impl FnOnce(&Client) -> Reply + Send + 'static,
) -> Answer<'a> {
    let client = session.client.clone();
    client.set_waiting(&[]);
    let timeout = match timeout_ms {
        0 => FOREVER,
        ms => Duration::from_millis(ms).min(FOREVER),
    };
    let end = Instant::now() + timeout;
    Answer::Later(Box::pin(async move {
        let error = tokio::select! {
            () = done => false,
            () = sleep_until(end) => false,
            error = client.unblocked() => error,
        };
        if error {
            error::of_fault(lockstep_core::Fault::Unblocked, "wait").into()
        } else {
            reply(&client)
        }
    }))
}
