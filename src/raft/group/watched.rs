//! What of a group is watched, and what is held back.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::time::Duration;

use lockstep_core::{Effect, Op, Shard, ShardId};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{EffectSink, Group, Inner};
use crate::batch::Batch;
use crate::bodies::Fetch;
use crate::touches::{Touch, Touches, Written};
use crate::types::LeaderId;
use crate::watcher::{Come, Deliver, Entry, Gate, Proposed, Reign, Watching, writes_keys};

/// After that it is looked again for a watcher that is still to come.
const WATCHER_REST: Duration = Duration::from_millis(5);

/// What of a group is watched, and what is held back.
#[derive(Debug)]
pub(crate) struct Watched {
    shard: ShardId,
    watching: Watching,
    /// Whether the watcher is told of entries.
    on: AtomicBool,
    /// The number of the last entry that was begun.
    begun: AtomicU64,
    /// The number of the last one that was applied, or given up.
    ended: AtomicU64,
    /// The last one of which the watcher may not have been told.
    unseen: AtomicU64,
    /// How many entries are held back, or will be when they are applied.
    held: Arc<AtomicUsize>,
    /// What the entry that is just applied says to others, if it is held back.
    aside: Mutex<Option<Said>>,
    /// How many operations the state had seen when the newest entry that may touch keys
    /// began to be carried out, and one more; changed and read under the lock of the state.
    touched_at: AtomicU64,
    /// Counts what is lent as held back, all of it as one.
    lent: Mutex<Option<Held>>,
    /// A state that has seen fewer operations may lack what was written where it was lent.
    back_at: AtomicU64,
    /// Whether something goes into the log ahead of what waits.
    pub(super) has_ahead: AtomicBool,
    /// Rung when less is lent, or something goes ahead.
    bell: Notify,
}

/// What an entry says to others than those who asked for it.
#[derive(Debug, Default)]
struct Said {
    /// To those who wait, and whether this node led then.
    effects: Vec<(Vec<Effect>, bool)>,
    /// To those who keep copies of their own: which keys changed.
    touched: Vec<(Touches, Vec<Touch>)>,
    /// Which keys it wrote, if the watcher wants to know.
    written: Option<Written>,
}

/// An entry on its way.
#[derive(Debug)]
pub(crate) struct Underway {
    watched: Arc<Watched>,
    number: u64,
    gate: Option<u64>,
    held: Option<Held>,
    ended: bool,
}

/// Counts an entry that is held back.
#[derive(Debug)]
struct Held(Arc<AtomicUsize>);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}

impl Watched {
    pub(crate) fn new(shard: ShardId, watching: Watching) -> Arc<Self> {
        Arc::new(Watched {
            shard,
            watching,
            on: AtomicBool::new(false),
            begun: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            unseen: AtomicU64::new(0),
            held: Arc::default(),
            aside: Mutex::default(),
            touched_at: AtomicU64::new(0),
            lent: Mutex::default(),
            back_at: AtomicU64::new(0),
            has_ahead: AtomicBool::new(false),
            bell: Notify::new(),
        })
    }

    /// An entry that may touch keys begins to be carried out by a state that has seen so
    /// many operations.
    pub(crate) fn begun_at(&self, seq: u64) {
        self.touched_at.store(seq + 1, SeqCst);
    }

    /// The state came as a whole, with so many operations: any of them may be such an entry.
    pub(crate) fn came_with(&self, seq: u64) {
        self.touched_at.store(seq, SeqCst);
    }

    /// An entry is about to be proposed. One that nobody watches costs two counters. None: it
    /// has to wait.
    pub(crate) fn begin(
        self: &Arc<Self>,
        batch: &Batch,
        state: &RwLock<Shard>,
    ) -> Option<Underway> {
        // In this order: whoever begins to watch looks for it behind `on`.
        let number = self.begun.fetch_add(1, SeqCst) + 1;
        let mut proposed = Proposed::Open;
        if let Some(watcher) = self.watching.get().filter(|_| self.on.load(SeqCst)) {
            proposed = watcher.proposed(self.shard, &Entry::new(batch, state));
        }
        let gate = match proposed {
            Proposed::Open => None,
            Proposed::Gated(gate) => Some(gate),
            Proposed::Later => {
                self.ended.fetch_max(number, SeqCst);
                return None;
            }
        };
        Some(self.underway(number, gate))
    }

    /// The same for an entry whose gate is known.
    pub(super) fn begin_with(self: &Arc<Self>, gate: Option<Gate>) -> Underway {
        let number = self.begun.fetch_add(1, SeqCst) + 1;
        self.underway(number, gate)
    }

    fn underway(self: &Arc<Self>, number: u64, gate: Option<Gate>) -> Underway {
        let held = gate.filter(|gate| gate.hides).map(|_| {
            self.held.fetch_add(1, SeqCst);
            Held(self.held.clone())
        });
        if let Some(gate) = gate {
            let written = gate.names.then(Written::default);
            *self.aside.lock() = Some(Said { written, ..Said::default() });
        }
        let gate = gate.map(|gate| gate.number);
        Underway { watched: self.clone(), number, gate, held, ended: false }
    }

    /// See [`Group::lends`].
    pub(super) fn lends(&self, lends: bool, ahead: bool, back_at: u64) {
        // Before it counts as open: whoever looked at the state before asks behind that.
        self.back_at.fetch_max(back_at, SeqCst);
        let mut lent = self.lent.lock();
        let before = lent.is_some();
        if lends && !before {
            self.held.fetch_add(1, SeqCst);
            *lent = Some(Held(self.held.clone()));
        } else if !lends {
            *lent = None;
        }
        if ahead {
            self.has_ahead.store(true, SeqCst);
        }
        // Only for what is new: whoever waits asks again at once, and that comes here.
        if ahead || (before && !lends) {
            self.bell.notify_one();
        }
    }

    /// See [`Group::lends_less`].
    pub(super) fn lends_less(&self) {
        self.bell.notify_one();
    }

    /// Whether any key is lent.
    pub(super) fn lends_any(&self) -> bool {
        self.lent.lock().is_some()
    }

    /// Waits until less is lent, or something goes ahead.
    pub(super) async fn rung(&self) {
        self.bell.notified().await;
    }

    /// What goes into the log ahead of everything else: its operations, and its gate.
    pub(super) fn ahead(&self, write: &mut dyn FnMut(&Op<'_>)) -> Option<Gate> {
        self.has_ahead.store(false, SeqCst);
        self.watching.get()?.ahead(self.shard, write)
    }

    /// Another node is to lead.
    pub(super) fn yields(&self) {
        if let Some(watcher) = self.watching.get() {
            watcher.yields(self.shard);
        }
    }

    /// Keeps what an entry says to those who wait, if it is held back. Given back: it
    /// is not.
    pub(crate) fn put_aside(&self, effects: Vec<Effect>, leads: bool) -> Option<Vec<Effect>> {
        match &mut *self.aside.lock() {
            Some(aside) => {
                aside.effects.push((effects, leads));
                None
            }
            None => Some(effects),
        }
    }

    /// The same of the keys that it changed: whoever is told reads them anew, and until
    /// it is open others may still find the old values. Given back: it is not held back.
    pub(crate) fn put_touched(&self, touches: &Touches, list: Vec<Touch>) -> Option<Vec<Touch>> {
        match &mut *self.aside.lock() {
            Some(aside) => {
                aside.touched.push((touches.clone(), list));
                None
            }
            None => Some(list),
        }
    }

    /// Whether the watcher wants to know which keys the entry writes that is just applied.
    pub(crate) fn wants_names(&self) -> bool {
        self.aside.lock().as_ref().is_some_and(|aside| aside.written.is_some())
    }

    /// Keeps which keys it wrote.
    pub(crate) fn put_written(&self, written: Option<Written>) {
        if let (Some(written), Some(aside)) = (written, &mut *self.aside.lock()) {
            aside.written = Some(written);
        }
    }

    /// How long what an entry says to those who wait has to rest, where this node does
    /// not hold it back: whoever is answered may look for what was written beside it.
    /// The leader, which knows when that may be seen, mostly answers before.
    pub(crate) fn rest(&self, batch: &Batch) -> Option<Duration> {
        let watcher = self.watching.get()?;
        writes_keys(batch).then(|| watcher.grace())
    }

    /// Whether nothing is held back.
    pub(crate) fn is_all_open(&self) -> bool {
        self.held.load(SeqCst) == 0
    }

    /// Whether any read of a state may be told that has seen so many operations. To be asked
    /// behind the look.
    fn shows_any(&self, seq: u64) -> bool {
        self.is_all_open() && self.is_back(seq)
    }

    /// Whether a state that had seen so many operations lacks nothing that was written to keys
    /// that were lent and are back. To be asked behind the look.
    pub(crate) fn is_back(&self, seq: u64) -> bool {
        seq >= self.back_at.load(SeqCst)
    }

    /// The same of a single read.
    pub(crate) fn shows(&self, op: &Op<'_>, seq: u64) -> bool {
        self.shows_any(seq)
            || self.watching.get().is_none_or(|watcher| watcher.shows(self.shard, op, seq))
    }

    /// Whether reads may be told that were answered before this leader serves.
    pub(crate) fn shows_early<'a>(
        &self,
        mut ops: impl Iterator<Item = Op<'a>>,
        come: Come,
        quorum: Instant,
    ) -> bool {
        let watcher = self.watching.get();
        watcher
            .is_some_and(|watcher| ops.all(|op| watcher.shows_early(self.shard, &op, come, quorum)))
    }

    /// See [`Group::touched_at`].
    pub(crate) fn touched_at(&self) -> u64 {
        self.touched_at.load(SeqCst)
    }

    /// This node asks for votes.
    pub(crate) fn campaigns(&self, leader: LeaderId) {
        if let Some(watcher) = self.watching.get() {
            watcher.campaigns(self.shard, leader.term);
        }
    }
}

impl Underway {
    /// It was applied: takes what it says to those who wait. To be called before the
    /// next entry may be begun.
    pub(crate) fn applied(mut self, sink: &EffectSink, fetch: &Arc<Fetch>) -> Applied {
        self.end();
        let watched = self.watched.clone();
        let gate = self.gate.take().map(|gate| {
            let mut said = watched.aside.lock().take().unwrap_or_default();
            let written = said.written.take();
            let (shard, sink, fetch) = (watched.shard, sink.clone(), fetch.clone());
            (gate, written, self.held.take(), Aside { said, shard, sink, fetch })
        });
        Applied { watched, gate }
    }

    /// It will never be applied.
    pub(crate) fn refused(mut self) {
        self.end();
        let watcher = self.watched.watching.get();
        if let (Some(gate), Some(watcher)) = (self.gate.take(), watcher) {
            self.watched.aside.lock().take();
            watcher.dropped(self.watched.shard, gate);
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.watched.ended.fetch_max(self.number, SeqCst);
    }
}

impl Drop for Underway {
    /// Nobody knows what became of it: this node does not lead any more. Its gate stays
    /// shut; who leads next opens everything or nothing.
    fn drop(&mut self) {
        if !self.ended {
            self.end();
            self.watched.aside.lock().take();
        }
    }
}

/// An entry that was applied.
pub(crate) struct Applied {
    watched: Arc<Watched>,
    gate: Option<(u64, Option<Written>, Option<Held>, Aside)>,
}

impl Applied {
    /// Calls `deliver` when what came of the entry may be known, behind what it says to
    /// those who wait.
    pub(crate) fn deliver(self, deliver: impl FnOnce() + Send + 'static) {
        let Some((gate, written, held, aside)) = self.gate else { return deliver() };
        let watcher = self.watched.watching.get().expect("it gave the gate");
        let open: Deliver = Box::new(move || {
            drop(held);
            drop(aside);
            deliver();
        });
        watcher.applied(self.watched.shard, gate, written, open);
    }
}

/// What an entry that is held back says to others. It is said at the latest when
/// nobody holds it back any more: nobody else might.
struct Aside {
    said: Said,
    shard: ShardId,
    sink: EffectSink,
    fetch: Arc<Fetch>,
}

impl Drop for Aside {
    fn drop(&mut self) {
        for (touches, list) in self.said.touched.drain(..) {
            touches.say(self.shard, list);
        }
        for (effects, leads) in self.said.effects.drain(..) {
            let sink = self.sink.clone();
            self.fetch.carry_out(effects, move |effects| sink(effects, leads));
        }
    }
}

impl Group {
    /// From now on the watcher is told of every entry. False: one is still on its way
    /// that it was not told of; whoever asks later may be told otherwise.
    pub fn begin_watch(&self) -> bool {
        let watched = &self.inner.watched;
        if !watched.on.swap(true, SeqCst) {
            watched.unseen.store(watched.begun.load(SeqCst), SeqCst);
        }
        watched.ended.load(SeqCst) >= watched.unseen.load(SeqCst)
    }

    /// From now on the watcher is told of nothing. Two that call this and
    /// [`Group::begin_watch`] at the same time have to agree between themselves.
    pub fn end_watch(&self) {
        self.inner.watched.on.store(false, SeqCst);
    }

    /// Whether nothing of the state is held back.
    pub fn is_all_open(&self) -> bool {
        self.inner.watched.is_all_open()
    }

    /// Whether what a read found in a state that had seen so many operations
    /// ([`Shard::seq`]) may be told: asked behind the look.
    pub fn shows(&self, op: &Op<'_>, seq: u64) -> bool {
        self.inner.watched.shows(op, seq)
    }

    /// How many operations the state had seen when the newest entry began that may have
    /// touched keys ([`Op::may_touch_keys`]), and one more; 0: none did. To be asked while
    /// the state is held.
    pub fn touched_at(&self) -> u64 {
        self.inner.watched.touched_at()
    }

    /// Looks again whether this node may serve ([`Watcher::leads`](crate::Watcher)).
    pub fn look_again(&self) {
        self.inner.progress.leader_moved.notify_one();
    }

    /// When this node sent what a quorum has acknowledged last, as the leader that it
    /// is; none: it does not serve.
    pub fn quorum_since(&self) -> Option<Instant> {
        self.inner.office.quorum_since()
    }
}

impl Inner {
    /// Until when the watcher keeps this leader from serving.
    pub(crate) fn kept_from_serving(self: &Arc<Self>, leader: LeaderId) -> Option<Instant> {
        let watching = &self.watched.watching;
        if watching.is_awaited() {
            return Some(Instant::now() + WATCHER_REST);
        }
        let watcher = watching.get()?;
        let since = self.office.leading_since(leader)?;
        let before = self.progress.led_before(leader);
        let reign = Reign { term: leader.term, since, before };
        let until = watcher.leads(&Group { inner: self.clone() }, reign)?;
        (until > Instant::now()).then_some(until)
    }
}
