//! What a group does by itself, beside proposing what it is handed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_core::Op;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::{ReadPolicy, ServerState};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior};

use crate::batch::Ops;
use crate::group::{Inner, Standing};
use crate::mailbox::Mailbox;

/// How often the size of the log is looked at.
const SNAPSHOT_LOOK: Duration = Duration::from_millis(200);
/// How long the disk is left alone when a snapshot could not be written.
const SNAPSHOT_RETRY: Duration = Duration::from_secs(5);

/// How long a group whose task has ended stands still before the process ends.
const ABORT_DELAY: Duration = Duration::from_millis(200);

/// Proposes a tick when something is due and nothing else is written.
pub(crate) async fn tick(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    loop {
        let deadline = inner.progress.next_deadline_ms();
        let now = inner.clock.now_ms();
        if deadline <= now && inner.leads.load(Ordering::Acquire) {
            let mailbox = Arc::new(Mailbox::default());
            let mut ops = Ops::default();
            ops.write(&Op::Tick {});
            if inner.inbox.put_always(ops, mailbox.clone()).is_ok() {
                mailbox.take().await;
                continue;
            }
        }
        let wait = Duration::from_millis(deadline.saturating_sub(now).clamp(1, 60_000));
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = inner.progress.deadline_moved.notified() => {}
            _ = stop.changed() => return,
        }
    }
}

/// Keeps `leads` true to what Raft says.
pub(crate) async fn watch_office(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    let mut metrics = inner.raft.server_metrics();
    loop {
        let leader = metrics.borrow_watched().state == ServerState::Leader;
        if !leader {
            inner.leads.store(false, Ordering::Release);
        } else if !inner.leads.load(Ordering::Acquire) {
            // Only behind everything that earlier leaders committed.
            let ready = inner.raft.ensure_linearizable(ReadPolicy::ReadIndex).await.is_ok();
            inner.leads.store(ready && !*inner.stop.borrow(), Ordering::Release);
        }
        tell(&inner);
        tokio::select! {
            changed = metrics.changed() => {
                if changed.is_err() {
                    inner.leads.store(false, Ordering::Release);
                    tell(&inner);
                    return;
                }
            }
            _ = stop.changed() => return,
        }
    }
}

/// Tells whoever watches how the group stands.
fn tell(inner: &Inner) {
    let leads = inner.leads.load(Ordering::Acquire);
    let now = Standing { leads, ..inner.standing_now() };
    inner.standing.send_if_modified(|before| {
        let changed = *before != now;
        *before = now;
        changed
    });
}

/// Takes a snapshot whenever enough was written since the last one.
pub(crate) async fn take_snapshots(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    let mut clock = tokio::time::interval(SNAPSHOT_LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failures = 0;
    let mut not_before = Instant::now();
    loop {
        tokio::select! {
            _ = clock.tick() => {}
            _ = stop.changed() => return,
        }
        let failed = inner.progress.snapshots.failures();
        if failed != failures {
            failures = failed;
            not_before = Instant::now() + SNAPSHOT_RETRY;
        }
        let limit = inner.snapshot_log_bytes.load(Ordering::Relaxed);
        if inner.progress.log_bytes() < limit || Instant::now() < not_before {
            continue;
        }
        // Fails only when the group has, which others notice.
        let _ = inner.raft.trigger().snapshot().await;
    }
}

/// A task of the group that ends before its group takes the node down: what is
/// left may be wrong, or never answer. Where the log has failed, the node stops
/// in order instead.
pub(crate) fn notice_end(task: JoinHandle<()>, inner: Arc<Inner>) {
    tokio::spawn(async move {
        match task.await {
            Ok(()) if *inner.stop.borrow() => return,
            // Else the process ends and takes its tasks along.
            Err(why) if !why.is_panic() => return,
            _ => {}
        }
        // Nothing is answered from here on.
        inner.leads.store(false, Ordering::Release);
        inner.inbox.close();
        // A runtime that is just ending, and takes this task along, needs no abort;
        // a log that has failed is noticed meanwhile.
        tokio::time::sleep(ABORT_DELAY).await;
        if inner.log.failed().is_none() && !*inner.stop.borrow() {
            tracing::error!(
                shard = inner.id.0,
                id = "LS-2003",
                "a task of the shard broke; the node stops"
            );
            std::process::abort();
        }
    });
}
