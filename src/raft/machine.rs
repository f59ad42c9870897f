//! The state machine of a shard, as openraft wants to see it.

mod run;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::{Stream, StreamExt};
use lockstep_core::{Effect, Effects, NodeId, Shard, ShardId};
use lockstep_storage::Snapshots;
use openraft::EntryPayload;
use openraft::OptionalSend;
use openraft::storage::{EntryResponder, RaftSnapshotBuilder, RaftStateMachine};
use openraft::type_config::alias::SnapshotOf;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;

use crate::batch::Batch;
use crate::bodies::{Fetch, Reading, Shelf};
use crate::group::{EffectSink, Watched};
use crate::guards::Guards;
use crate::inbox::Limits;
use crate::office::{Office, Phase};
use crate::runtime::write;
use crate::snapshot::{self, Builder, Image};
use crate::touches::{Notes, Touch, Touches};
use crate::types::{LeaderId, LogId, Outcomes, SnapshotMeta, StoredMembership, Types};
use crate::watcher::Former;

/// How far a shard has come; read by many, written by its machine.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    applied: AtomicU64,
    /// Milliseconds; `u64::MAX`: nothing is due ever.
    next_deadline_ms: AtomicU64,
    /// Bytes of entries applied since the newest snapshot was begun.
    log_bytes: AtomicU64,
    /// Of which leader the last applied entry is.
    applied_as: Mutex<Option<LeaderId>>,
    /// Of which other leader the last one before that is.
    applied_before: Mutex<Option<LeaderId>>,
    /// Rung when that changes.
    pub leader_moved: Notify,
    /// Rung when the next deadline came nearer.
    pub deadline_moved: Notify,
    /// How many snapshots are being written.
    builds: AtomicUsize,
    /// What became of snapshots.
    pub snapshots: Snapshotting,
    /// How many snapshots of other replicas took the place of entries.
    installed: AtomicU64,
    /// Requests that wait for a lock.
    waiting: AtomicUsize,
    /// Rung when one waits and none did before.
    contended: Notify,
}

/// What became of the snapshots of a shard.
#[derive(Debug, Default)]
pub(crate) struct Snapshotting {
    failures: AtomicU64,
    last_failure: Mutex<String>,
}

impl Snapshotting {
    /// How many could not be written.
    pub(crate) fn failures(&self) -> u64 {
        self.failures.load(Ordering::Acquire)
    }

    /// Why the last one of these could not.
    pub(crate) fn last_failure(&self) -> String {
        self.last_failure.lock().clone()
    }

    pub(crate) fn failed(&self, why: &io::Error) {
        *self.last_failure.lock() = why.to_string();
        self.failures.fetch_add(1, Ordering::AcqRel);
    }
}

impl Progress {
    pub(crate) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Acquire)
    }

    /// How many snapshots of other replicas took the place of entries: what these
    /// would have answered, nobody here was told.
    pub(crate) fn installed(&self) -> u64 {
        self.installed.load(Ordering::Acquire)
    }

    /// Of which leader the last applied entry is.
    pub(crate) fn applied_as(&self) -> Option<LeaderId> {
        *self.applied_as.lock()
    }

    /// The last leader before that one of which an entry was committed: nobody else can
    /// have served since.
    pub(crate) fn led_before(&self, leader: LeaderId) -> Option<Former> {
        let before = self.applied_before.lock().filter(|before| *before < leader);
        before.map(|before| Former { node: NodeId(before.node_id), term: before.term })
    }

    fn applies_as(&self, before: Option<LeaderId>, leader: LeaderId) {
        *self.applied_before.lock() = before;
        *self.applied_as.lock() = Some(leader);
        self.leader_moved.notify_one();
    }

    /// How many requests wait for a lock.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Acquire)
    }

    /// Waits until a request waits for a lock.
    pub(crate) async fn contended(&self) {
        while self.waiting() == 0 {
            self.contended.notified().await;
        }
    }

    fn publish_waiting(&self, shard: &Shard) {
        let waiting = shard.locks().waiting();
        if self.waiting.swap(waiting, Ordering::AcqRel) == 0 && waiting > 0 {
            self.contended.notify_one();
        }
    }

    pub(crate) fn next_deadline_ms(&self) -> u64 {
        self.next_deadline_ms.load(Ordering::Acquire)
    }

    pub(crate) fn log_bytes(&self) -> u64 {
        self.log_bytes.load(Ordering::Relaxed)
    }

    /// Gives the bytes that the snapshot is about.
    pub(crate) fn snapshot_begun(&self) -> u64 {
        self.log_bytes.swap(0, Ordering::Relaxed)
    }

    /// Somebody is writing one.
    pub(crate) fn build_begun(&self) {
        self.builds.fetch_add(1, Ordering::AcqRel);
    }

    /// It is written, or will not be.
    pub(crate) fn build_over(&self) {
        self.builds.fetch_sub(1, Ordering::AcqRel);
    }

    /// Whether a snapshot is being written: until it is there is no other.
    pub(crate) fn is_snapshotting(&self) -> bool {
        self.builds.load(Ordering::Acquire) > 0
    }

    /// A snapshot did not come about: the entries still wait for one.
    pub(crate) fn snapshot_failed(&self, log_bytes: u64, why: &io::Error) {
        self.log_bytes.fetch_add(log_bytes, Ordering::Relaxed);
        self.snapshots.failed(why);
    }

    fn publish(&self, applied: u64, deadline: Option<u64>, bytes: usize) {
        self.log_bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let deadline = deadline.unwrap_or(u64::MAX);
        let before = self.next_deadline_ms.swap(deadline, Ordering::AcqRel);
        self.applied.store(applied, Ordering::Release);
        if deadline < before {
            self.deadline_moved.notify_one();
        }
    }
}

/// The state machine of a shard.
pub(crate) struct Machine {
    id: ShardId,
    shard: Arc<RwLock<Shard>>,
    applied: Option<LogId>,
    membership: StoredMembership,
    progress: Arc<Progress>,
    snapshots: Snapshots,
    effects: EffectSink,
    office: Arc<Office>,
    limits: Arc<Limits>,
    guards: Guards,
    shelf: Arc<Shelf>,
    fetch: Arc<Fetch>,
    watched: Arc<Watched>,
    touches: Touches,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Machine({:?}, applied {:?})", self.id, self.applied)
    }
}

impl Machine {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        id: ShardId,
        shard: Arc<RwLock<Shard>>,
        meta: SnapshotMeta,
        progress: Arc<Progress>,
        snapshots: Snapshots,
        effects: EffectSink,
        office: Arc<Office>,
        limits: Arc<Limits>,
        guards: Guards,
        shelf: Arc<Shelf>,
        watched: Arc<Watched>,
        touches: Touches,
    ) -> Self {
        let applied = meta.last_log_id;
        let deadline = shard.read().next_deadline();
        progress.publish_waiting(&shard.read());
        progress.publish(applied.map_or(0, |id| id.index()), deadline, 0);
        progress.snapshot_begun();
        shelf.look_behind(&shard.read(), applied.map_or(0, |id| id.index()));
        watched.came_with(shard.read().seq());
        let fetch = Fetch::new(shelf.clone(), shard.clone());
        Machine {
            id,
            shard,
            applied,
            membership: meta.last_membership,
            progress,
            snapshots,
            effects,
            office,
            limits,
            guards,
            shelf,
            fetch,
            watched,
            touches,
        }
    }

    fn apply_batch(&self, index: u64, batch: &Batch, wanted: bool) -> (Outcomes, Option<u64>) {
        let _stops = AbortOnPanic(self.id);
        let leads = self.office.phase() != Phase::Away;
        // Only the node that proposed the entry, and only once: a log that is read again, or
        // on another node, tells of nothing twice.
        let classes = if wanted { self.limits.key_events.load(Ordering::Relaxed) } else { 0 };
        let mut fx = Effects::new(leads && self.limits.lock_events.load(Ordering::Relaxed))
            .with_key_events(classes);
        let mut shard = write(&self.shard);
        let mut notes = Notes::new(&self.touches, wanted && self.watched.wants_names());
        let remembers = self.guards.requests_remembered;
        let begins = |seq| self.watched.begun_at(seq);
        let outcomes = run::run(&mut shard, batch, wanted, remembers, &mut notes, &begins, &mut fx);
        let deadline = shard.next_deadline();
        self.progress.publish_waiting(&shard);
        self.shelf.look_behind(&shard, index);
        drop(shard);
        let (written, told) = notes.into_parts();
        self.watched.put_written(written);
        self.tell_touched(told, wanted);
        if !fx.is_empty() {
            self.carry_out(fx.take(), leads, wanted, batch);
        }
        (outcomes, deadline)
    }

    /// Says which keys changed; of an entry of this node that is held back, when it may be
    /// known.
    fn tell_touched(&self, list: Vec<Touch>, wanted: bool) {
        if list.is_empty() {
            return;
        }
        let put_aside = |list| self.watched.put_touched(&self.touches, list);
        if let Some(list) = if wanted { put_aside(list) } else { Some(list) } {
            self.touches.say(self.id, list);
        }
    }

    /// Answers those who wait; of an entry of this node that is held back, when it may
    /// be known.
    fn carry_out(&self, effects: Vec<Effect>, leads: bool, wanted: bool, batch: &Batch) {
        let effects = if wanted { self.watched.put_aside(effects, leads) } else { Some(effects) };
        let Some(effects) = effects else { return };
        let sink = self.effects.clone();
        let sink = move |effects| sink(effects, leads);
        match if wanted { None } else { self.watched.rest(batch) } {
            None => self.fetch.carry_out(effects, sink),
            Some(rest) => {
                let fetch = self.fetch.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(rest).await;
                    fetch.carry_out(effects, sink);
                });
            }
        }
    }
}

/// Takes the process down when the state machine breaks: what it was about to
/// change is half changed, and nobody may see it.
struct AbortOnPanic(ShardId);

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(
                shard = self.0.0,
                id = "LS-2003",
                "the state machine of the shard broke; the node stops"
            );
            crate::runtime::give_up();
        }
    }
}

impl RaftStateMachine<Types> for Machine {
    type SnapshotData = Image;
    type SnapshotBuilder = Builder;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, StoredMembership), io::Error> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<Strm>(&mut self, mut entries: Strm) -> Result<(), io::Error>
    where
        Strm: Stream<Item = Result<EntryResponder<Types>, io::Error>> + Unpin + OptionalSend,
    {
        while let Some(next) = entries.next().await {
            let (entry, responder) = next?;
            let of = self.applied.map(|id| *id.committed_leader_id());
            self.applied = Some(entry.log_id);
            let index = entry.log_id.index();
            let outcomes = match &entry.payload {
                EntryPayload::Normal(batch) => {
                    self.shelf.wait_for_room().await;
                    let (outcomes, deadline) = self.apply_batch(index, batch, responder.is_some());
                    self.progress.publish(index, deadline, batch.payload().len());
                    outcomes
                }
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(entry.log_id), membership.clone());
                    self.publish_only(index);
                    Outcomes::default()
                }
                EntryPayload::Blank => {
                    self.publish_only(index);
                    Outcomes::default()
                }
            };
            if of != Some(*entry.log_id.committed_leader_id()) {
                self.progress.applies_as(of, *entry.log_id.committed_leader_id());
            }
            if let Some(responder) = responder {
                responder.send(outcomes);
            }
        }
        Ok(())
    }

    async fn try_create_snapshot_builder(&mut self, _force: bool) -> Option<Builder> {
        Some(self.get_snapshot_builder().await)
    }

    async fn get_snapshot_builder(&mut self) -> Builder {
        let _stops = AbortOnPanic(self.id);
        let log_bytes = self.progress.snapshot_begun();
        let meta =
            SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() };
        // The machine's own task: nothing is applied between the image and its index.
        let frozen = self.shard.read().freeze();
        let progress = self.progress.clone();
        Builder::new(self.id, meta, frozen, self.snapshots.clone(), progress, log_bytes)
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta,
        image: Image,
    ) -> Result<(), io::Error> {
        // Its bodies are nobody's before the state is.
        let (mut shard, _hold) = image.install(meta, self.snapshots.clone()).await?;
        if !self.guards.requests_in_snapshot {
            shard.forget_requests();
        }
        if self.guards.rules_checked {
            shard.check_always();
        }
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        let deadline = shard.next_deadline();
        self.progress.publish_waiting(&shard);
        let mut here = write(&self.shard);
        shard.use_engine_of(&here);
        self.watched.came_with(shard.seq());
        *here = shard;
        self.shelf.was_replaced(&here, self.applied.map_or(0, |id| id.index()));
        drop(here);
        self.progress.installed.fetch_add(1, Ordering::AcqRel);
        self.progress.publish(self.applied.map_or(0, |id| id.index()), deadline, 0);
        Ok(())
    }

    async fn get_current_snapshot(
        &mut self,
    ) -> Result<Option<SnapshotOf<Types, Image>>, io::Error> {
        if let Some(whole) = self.whole() {
            return Ok(Some(whole));
        }
        if let Some(current) = snapshot::current(self.id, &self.snapshots)? {
            return Ok(Some(current));
        }
        if !self.snapshots.is_suspect(self.id)? {
            return Ok(None);
        }
        // It is damaged. The state in memory is not: it is written anew.
        Ok(Some(self.get_snapshot_builder().await.build_snapshot().await?))
    }
}

impl Machine {
    /// The state as another node has to get it, if the newest snapshot here names
    /// bodies that are not in it.
    fn whole(&self) -> Option<SnapshotOf<Types, Image>> {
        let _stops = AbortOnPanic(self.id);
        let reading = Reading::new(&self.shelf);
        let frozen = self.shard.read().freeze();
        if !frozen.names_stored() {
            return None;
        }
        let meta =
            SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() };
        let snapshots = self.snapshots.clone();
        let snapshot = Image::whole(self.id, snapshots, meta.clone(), frozen, reading);
        Some(openraft::storage::Snapshot { meta, snapshot })
    }

    fn publish_only(&self, index: u64) {
        let deadline = self.shard.read().next_deadline();
        self.progress.publish(index, deadline, 0);
    }
}
