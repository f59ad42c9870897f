//! WAIT and WAITAOF. Every write that was answered is on a majority already, and
//! on disk as the fsync setting says; there is little left to wait for.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lockstep_cache::Time;
use lockstep_commands::{Reply, error};
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::ShardHealth;
use tokio::time::{Instant, sleep_until};

use super::Answer;
use crate::Node;
use crate::cache::Cache;
use crate::clients::Client;
use crate::config::Setting;
use crate::session::Session;

/// Waits without a timeout wait this long, a hundred years.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
/// How often the disk is asked.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// What a client was answered that may rest at this node (`cache-write-mode back`).
#[derive(Clone, Copy, Debug)]
struct Rests {
    /// It was answered before.
    asked_at: Time,
    /// Of how many keys the last writes here were lost before that; none: it wrote nothing here.
    losses: Option<u64>,
}

impl Rests {
    /// Asked once: a loss that a client has been told of is past.
    fn of(node: &Node, session: &mut Session) -> (Self, bool) {
        let rests = Rests { asked_at: Cache::now(), losses: session.written_here };
        // In this order: what is lost does not rest any more.
        let is_over = node.cache.is_written_back(rests.asked_at);
        let is_lost = rests.is_lost(node);
        if is_over || is_lost {
            session.written_here = None;
        }
        (rests, is_lost)
    }

    /// Whether some of it may never come into the log.
    fn is_lost(&self, node: &Node) -> bool {
        self.losses.is_some_and(|before| node.cache.losses() > before)
    }

    /// Whether all of it is in the log.
    fn is_over(&self, node: &Node) -> bool {
        let none = self.losses.is_none();
        none || node.cache.is_written_back(self.asked_at) && !self.is_lost(node)
    }
}

/// WAIT.
pub(super) fn replicas<'a>(
    node: &Arc<Node>,
    session: &mut Session,
    wanted: i64,
    timeout_ms: u64,
) -> Answer<'a> {
    let goals = goals(node);
    let (rests, is_lost) = Rests::of(node, session);
    let have = acknowledged(node, &goals, rests);
    if wanted <= have || is_lost || session.denies_waiting {
        return Reply::Int(have).into();
    }
    let (watched, asked) = (node.clone(), node.clone());
    let seen = goals.clone();
    let done = async move {
        while acknowledged(&watched, &seen, rests) < wanted && !rests.is_lost(&watched) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    later(session, timeout_ms, done, move |_| Reply::Int(acknowledged(&asked, &goals, rests)))
}

/// How far every shard that is led here has got: what this connection has been
/// answered stands before that.
fn goals(node: &Node) -> Vec<(ShardId, u64)> {
    let led = node.shards.led();
    led.iter().map(|group| (group.id(), group.status().applied)).collect()
}

/// How many others have all that was answered, in the shard that fewest have: where
/// this node leads, those that have acknowledged it; elsewhere surely a majority. None
/// while anything rests here that was written back, nor where some of it was lost.
fn acknowledged(node: &Node, goals: &[(ShardId, u64)], rests: Rests) -> i64 {
    if !rests.is_over(node) {
        return 0;
    }
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
    session: &mut Session,
    local: bool,
    wanted: i64,
    timeout_ms: u64,
) -> Answer<'a> {
    let mode = node.settings.word(Setting::Fsync);
    if local && mode == "never" {
        return Reply::from(error::WAITAOF_WITHOUT_FSYNC).into();
    }
    let (rests, is_lost) = Rests::of(node, session);
    let always = mode == "always";
    let look = move |node: &Node| {
        let have = if always { acknowledged(node, &[], rests) } else { 0 };
        (is_safe(node, rests), have)
    };
    let reply =
        |(safe, have): (bool, i64)| Reply::Array(vec![Reply::Int(safe.into()), Reply::Int(have)]);
    let is_enough = move |(safe, have): (bool, i64)| (safe || !local) && wanted <= have;
    let found = look(node);
    if is_enough(found) || is_lost || session.denies_waiting {
        return reply(found).into();
    }
    let (watched, asked) = (node.clone(), node.clone());
    let done = async move {
        while !is_enough(look(&watched)) && !rests.is_lost(&watched) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    later(session, timeout_ms, done, move |_| reply(look(&asked)))
}

/// Whether all that was written here is on disk, as far as fsync is asked for at all.
fn is_safe(node: &Node, rests: Rests) -> bool {
    rests.is_over(node)
        && node.settings.word(Setting::Fsync) != "never"
        && node.shards.log_stats().unsynced_bytes == 0
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
