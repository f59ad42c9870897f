//! What a group does by itself, beside proposing what it is handed.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_core::Op;
use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::batch::Ops;
use crate::group::{Inner, Standing};
use crate::mailbox::{Delivery, Mailbox};
use crate::office::{Members, Serve};
use crate::types::LeaderId;

/// When something is due and this replica could not tick, it looks again after
/// this time.
const TICK_RETRY: Duration = Duration::from_millis(100);
/// How often the size of the log is looked at, and while nothing is written.
const SNAPSHOT_LOOK: Duration = Duration::from_millis(200);
const SNAPSHOT_LOOK_IDLE: Duration = Duration::from_secs(1);
/// How long the disk is left alone when a snapshot could not be written.
const SNAPSHOT_RETRY: Duration = Duration::from_secs(5);

/// How long followers find entries in the log that a snapshot stands for.
const TAIL_KEPT: Duration = Duration::from_secs(60);

/// How long a group whose task has ended stands still before the process ends.
const ABORT_DELAY: Duration = Duration::from_millis(200);

/// While very much is due, ticks rest as long as they took, but no longer than this:
/// half of the time is for the clients.
const TICK_REST_MAX: Duration = Duration::from_millis(5);

/// Proposes a tick when something is due and nothing else is written.
pub(crate) async fn tick(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    loop {
        let deadline = inner.progress.next_deadline_ms();
        let now = inner.clock.now_ms();
        let mut wait = Duration::from_millis(deadline.saturating_sub(now).clamp(1, 60_000));
        if deadline <= now {
            // Where another replica leads it is not ours to tick.
            wait = TICK_RETRY;
            if inner.office.takes() {
                let begun = Instant::now();
                let mailbox = Arc::new(Mailbox::default());
                let mut ops = Ops::default();
                ops.write(&Op::Tick {});
                if inner.inbox.put_always(ops, mailbox.clone()).is_ok()
                    && matches!(mailbox.take().await, Delivery::Done(_))
                {
                    if inner.progress.next_deadline_ms() > inner.clock.now_ms() {
                        continue;
                    }
                    wait = begun.elapsed().min(TICK_REST_MAX);
                }
            }
        }
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            () = tokio::time::sleep(wait) => {}
            () = inner.progress.deadline_moved.notified() => {}
        }
    }
}

/// Takes up the office when Raft says that this replica leads, and leaves it.
pub(crate) async fn watch_office(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    let mut metrics = inner.raft.server_metrics();
    let mut led_by = None;
    loop {
        drop(metrics.borrow_and_update());
        let leading = inner.observe();
        let not_before = leading.and_then(|leader| inner.serve_soon(leader));
        tell(&inner);
        if let Some(leader) = inner.standing.borrow().leader
            && led_by.replace(leader).is_some_and(|before| before != leader)
        {
            inner.pulse.turnover().led_anew();
        }
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            changed = metrics.changed() => {
                if changed.is_err() {
                    inner.office.close();
                    tell(&inner);
                    return;
                }
            }
            () = inner.progress.leader_moved.notified() => {}
            () = tokio::time::sleep_until(not_before.unwrap_or_else(Instant::now)),
                if not_before.is_some() => {}
        }
    }
}

impl Inner {
    /// Tells the office what Raft says; gives as which leader this replica leads.
    pub(crate) fn observe(&self) -> Option<LeaderId> {
        // One at a time: what was read earlier must not be told later.
        let _one = self.observing.lock();
        let watched = self.raft.server_metrics();
        let (leading, members) = {
            let metrics = watched.borrow_watched();
            let leads = metrics.state == ServerState::Leader && metrics.vote.committed;
            let membership = metrics.membership_config.membership();
            let configs = membership.get_joint_config().clone();
            let others = membership.nodes().any(|(id, _)| *id != self.node.0);
            (leads.then_some(metrics.vote.leader_id), Members { configs, others })
        };
        self.office.observe(leading, members);
        self.pulse.wake();
        leading
    }

    /// Serves if everything that earlier leaders committed is applied, and none of
    /// them can still answer; says how long to wait for the latter.
    fn serve_soon(self: &Arc<Self>, leader: LeaderId) -> Option<Instant> {
        if self.progress.applied_as() != Some(leader) || *self.stop.borrow() {
            return None;
        }
        if let Some(until) = self.kept_from_serving(leader) {
            return Some(until);
        }
        match self.office.try_serve(leader) {
            Serve::NotBefore(at) => Some(at),
            Serve::Now | Serve::Never => None,
        }
    }
}

/// Tells whoever watches how the group stands.
fn tell(inner: &Inner) {
    let leads = inner.office.leads();
    let now = Standing { leads, ..inner.standing_now() };
    inner.standing.send_if_modified(|before| {
        let changed = *before != now;
        *before = now;
        changed
    });
}

/// Takes a snapshot whenever enough was written since the last one, and cuts the
/// log behind it.
pub(crate) async fn take_snapshots(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    let (mut failures, mut before) = (0, 0);
    let mut not_before = Instant::now();
    let mut cut = Cut::default();
    loop {
        let log_bytes = inner.progress.log_bytes();
        let pause = if log_bytes == before { SNAPSHOT_LOOK_IDLE } else { SNAPSHOT_LOOK };
        before = log_bytes;
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            () = tokio::time::sleep(pause) => {}
        }
        if let Some(upto) = cut.next(inner.snapshot_index(), inner.office.is_alone()) {
            inner.cut_log(upto).await;
        }
        let failed = inner.progress.snapshots.failures();
        if failed != failures {
            failures = failed;
            not_before = Instant::now() + SNAPSHOT_RETRY;
        }
        let limit = inner.snapshot_log_bytes.load(Ordering::Relaxed);
        let is_due = inner.progress.log_bytes() >= limit && Instant::now() >= not_before;
        inner.shelf.set_lean(is_due);
        if !is_due || inner.progress.is_snapshotting() {
            continue;
        }
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            () = inner.shelf.wait_until_lean() => {}
        }
        // Fails only when the group has, which others notice.
        let _ = inner.raft.trigger().snapshot().await;
    }
}

/// Up to where the log is cut. Alone, a node cuts it behind the newest snapshot.
/// Where there are followers, one that was away for a moment must not need a whole
/// snapshot: the entries since the snapshot before are kept for a while.
#[derive(Debug, Default)]
struct Cut {
    snapshot: u64,
    /// Up to where the log was cut.
    upto: u64,
    /// When it is cut behind the newest snapshot.
    due: Option<Instant>,
}

impl Cut {
    /// Where to cut now, if anywhere.
    fn next(&mut self, snapshot: u64, alone: bool) -> Option<u64> {
        let before = self.snapshot;
        if snapshot != before {
            self.snapshot = snapshot;
            self.due = Some(Instant::now() + TAIL_KEPT);
        }
        let over = self.due.is_some_and(|due| due <= Instant::now());
        let upto = if alone || over {
            self.due = None;
            snapshot
        } else if snapshot != before {
            before
        } else {
            return None;
        };
        let more = upto > self.upto;
        self.upto = upto.max(self.upto);
        more.then_some(upto)
    }
}

impl Inner {
    /// The last index that the newest snapshot covers.
    pub(crate) fn snapshot_index(&self) -> u64 {
        let watched = self.raft.metrics();
        let metrics = watched.borrow_watched();
        metrics.snapshot.map_or(0, |id| id.index())
    }

    /// Lets go of the entries up to there; a snapshot stands for them.
    pub(crate) async fn cut_log(&self, upto: u64) {
        // Fails only when the group has, which others notice.
        let _ = self.raft.trigger().purge_log(upto).await;
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
        inner.office.close();
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
            crate::runtime::give_up();
        }
    });
}
