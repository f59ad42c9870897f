//! WAIT and WAITAOF. Every write that was answered is on a majority already, and
//! on disk as the fsync setting says; there is little left to wait for.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use lockstep_commands::{Reply, error};
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
    node: &Node,
    session: &Session,
    wanted: i64,
    timeout_ms: u64,
) -> Answer<'a> {
    let have = other_replicas(node);
    if wanted <= have || session.denies_waiting {
        return Reply::Int(have).into();
    }
    later(session, timeout_ms, std::future::pending::<()>(), move |_| Reply::Int(have))
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
    let have = if mode == "always" { other_replicas(node) } else { 0 };
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

/// How many others surely have every write that was answered: a majority has,
/// this node included.
fn other_replicas(node: &Node) -> i64 {
    let voters = node.shards.keys().iter().map(|group| group.status().voters).min().unwrap_or(0);
    i64::try_from(voters / 2).unwrap_or(i64::MAX)
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
