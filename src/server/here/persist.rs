//! SAVE, BGSAVE, BGREWRITEAOF, LASTSAVE and SHUTDOWN.

use std::future::Future;
use std::sync::Arc;

use lockstep_commands::here::Shutdown;
use lockstep_commands::{Reply, error};

use super::Answer;
use crate::Node;

/// LASTSAVE.
pub(super) fn last_save(node: &Node) -> Reply {
    let at = node.stats.saves.last_seconds(node.identity.started_at);
    Reply::Int(i64::try_from(at).unwrap_or(i64::MAX))
}

/// SAVE. Others are served meanwhile.
pub(super) fn save<'a>(node: &Arc<Node>) -> Answer<'a> {
    if !node.stats.saves.begin() {
        return Reply::from(error::SAVE_IN_PROGRESS).into();
    }
    let node = node.clone();
    later(async move {
        match finish_save(&node).await {
            Ok(()) => Reply::Ok,
            Err(why) => error::save_failed(&why).into(),
        }
    })
}

/// Answers when `work` is done, which goes on when the client has gone away.
fn later<'a>(work: impl Future<Output = Reply> + Send + 'static) -> Answer<'a> {
    let task = tokio::spawn(work);
    Answer::Later(Box::pin(async move {
        task.await.unwrap_or_else(|why| error::save_failed(&why.to_string()).into())
    }))
}

/// BGSAVE.
pub(super) fn save_in_background(node: &Arc<Node>) -> Reply {
    if spawn_save(node) {
        Reply::Simple("Background saving started")
    } else {
        error::SAVE_IN_PROGRESS.into()
    }
}

/// BGREWRITEAOF: a snapshot is what lets the log be cut.
pub(super) fn rewrite_log(node: &Arc<Node>) -> Reply {
    spawn_save(node);
    Reply::Simple("Background append only file rewriting started")
}

fn spawn_save(node: &Arc<Node>) -> bool {
    if !node.stats.saves.begin() {
        return false;
    }
    let node = node.clone();
    tokio::spawn(async move {
        if let Err(why) = finish_save(&node).await {
            tracing::error!(why, "the snapshot could not be written");
        }
    });
    true
}

async fn finish_save(node: &Node) -> Result<(), String> {
    let running = node.stats.saves.running();
    let result = node.shards.save().await;
    running.end(result.is_ok());
    result
}

/// SHUTDOWN. What was acknowledged is as safe as it will be, so nothing needs to
/// be written first; with SAVE the next start is quicker.
pub(super) fn shutdown<'a>(node: &Arc<Node>, shutdown: Shutdown) -> Answer<'a> {
    if shutdown.abort {
        return Reply::from(error::NO_SHUTDOWN).into();
    }
    if !shutdown.save {
        node.stop.send_replace(true);
        return Answer::Close(None);
    }
    let node = node.clone();
    later(async move {
        match node.shards.save().await {
            Err(why) if !shutdown.force => error::save_failed(&why).into(),
            _ => {
                node.stop.send_replace(true);
                Reply::Silence
            }
        }
    })
}
