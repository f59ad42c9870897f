//! The seam for who has to agree before what was written is shown to anybody.

use std::fmt::Debug;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use lockstep_core::wire::Wire;
use lockstep_core::{NodeId, Op, Shard, ShardId};
use parking_lot::{RwLock, RwLockReadGuard};
use tokio::time::Instant;

use crate::Group;
use crate::batch::Batch;
use crate::touches::Written;

/// Knows who has copies of what a shard holds. It is told of entries of the groups
/// that it watches ([`Group::begin_watch`]), and holds back what came of them until it
/// may be known; what is written and held back is read by nobody.
pub trait Watcher: Send + Sync + Debug + 'static {
    /// An entry is about to be proposed; the one before it is applied.
    fn proposed(&self, shard: ShardId, entry: &Entry<'_>) -> Proposed;

    /// Something was written to keys that are lent, and goes into the log ahead of everything
    /// else, at once: shows the operations that carry it out. None: nothing was.
    fn ahead(&self, shard: ShardId, write: &mut dyn FnMut(&Op<'_>)) -> Option<Gate>;

    /// Another node is to lead a shard: what is lent is called back, and nothing more is lent
    /// for a while.
    fn yields(&self, shard: ShardId);

    /// An entry with a gate is applied. `deliver` is to be called when it may be known,
    /// or dropped when this node does not lead any more. `written`: what it wrote, where
    /// [`Gate::names`] asked for that.
    fn applied(&self, shard: ShardId, gate: u64, written: Option<Written>, deliver: Deliver);

    /// An entry with a gate will never be applied.
    fn dropped(&self, shard: ShardId, gate: u64);

    /// Whether a read may be answered from a state that has seen so many operations.
    /// Asked only while something is held back.
    fn shows(&self, shard: ShardId, op: &Op<'_>, seq: u64) -> bool;

    /// Whether a read may be answered though this node, which leads, does not serve yet:
    /// because an older leader might still answer, or for what [`Watcher::leads`] says.
    /// `quorum`: when it sent what a quorum has acknowledged last.
    fn shows_early(&self, shard: ShardId, op: &Op<'_>, come: Come, quorum: Instant) -> bool;

    /// This node leads a shard and is ready to serve. Says until when it must not; it
    /// is asked again then, or when [`Group::look_again`] is called.
    fn leads(&self, group: &Group, reign: Reign) -> Option<Instant>;

    /// How long those who have copies may still use them when a leader is lost.
    fn grace(&self) -> Duration;

    /// This node is about to ask for votes, to lead a shard in that term.
    fn campaigns(&self, shard: ShardId, term: u64);
}

/// What is done with the outcomes of an entry when they may be known.
pub type Deliver = Box<dyn FnOnce() + Send>;

/// What is said of an entry that is about to be proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proposed {
    /// Its outcomes are delivered when it is applied.
    Open,
    /// They wait for this.
    Gated(Gate),
    /// It must not be proposed yet: keys that it touches are lent, and were called back.
    /// Whoever rings ([`Group::lends`]) has it asked again.
    Later,
}

/// What an entry waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its number.
    pub number: u64,
    /// Whether it may still be shut when the entry is applied, so that reads have to
    /// ask. One that is not opens at that very moment.
    pub hides: bool,
    /// Whether it is to be told which keys the entry wrote.
    pub names: bool,
}

/// A time that this node leads a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reign {
    /// The term.
    pub term: u64,
    /// It did not begin later than then.
    pub since: Instant,
    /// The last one that led the shard before, and may have granted anything.
    pub before: Option<Former>,
}

/// Who led a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Former {
    /// The node.
    pub node: NodeId,
    /// In which term.
    pub term: u64,
}

/// How far a state had come when it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Come {
    /// How many operations it had seen.
    pub seq: u64,
    /// As [`Group::touched_at`] says.
    pub touched_at: u64,
}

/// An entry that is about to be proposed.
#[derive(Debug)]
pub struct Entry<'a> {
    batch: &'a Batch,
    state: &'a RwLock<Shard>,
}

impl<'a> Entry<'a> {
    pub(crate) fn new(batch: &'a Batch, state: &'a RwLock<Shard>) -> Self {
        Entry { batch, state }
    }

    /// The state that it will be applied to. Whoever has something locked that others
    /// lock before they look at the state must have looked before.
    pub fn state(&self) -> RwLockReadGuard<'_, Shard> {
        self.state.read()
    }

    /// Shows its operations in their order, those that name requests among them.
    pub fn each(&self, mut show: impl FnMut(&Op<'_>)) {
        let (header, mut rest) = self.batch.open().expect("it was made by this process");
        for _ in 0..header.count {
            show(&Op::take(&mut rest).expect("encoded by this process, or checked"));
        }
    }
}

impl Entry<'_> {
    /// Shows the reads that are carried out with it.
    pub fn each_read(&self, mut show: impl FnMut(&Op<'_>)) {
        for (_, read) in self.batch.reads() {
            show(&Op::take(&mut &read[..]).expect("encoded by this process, or checked"));
        }
    }
}

/// Whether an entry may write keys.
pub(crate) fn writes_keys(batch: &Batch) -> bool {
    let (header, mut rest) = batch.open().expect("checked when the entry was read or made");
    (0..header.count).any(|_| {
        let op = Op::take(&mut rest).expect("an entry holds operations of this version");
        matches!(op, Op::Key { .. } | Op::Transaction { .. } | Op::Script { .. })
    })
}

/// The watcher of a node's groups, once there is one.
#[derive(Clone, Debug, Default)]
pub struct Watching(Arc<OnceLock<Arc<dyn Watcher>>>, bool);

impl Watching {
    /// There will be a watcher, and nobody serves before there is.
    pub fn awaited() -> Self {
        Watching(Arc::default(), true)
    }

    /// Whether there will be one, and is not.
    pub(crate) fn is_awaited(&self) -> bool {
        self.1 && self.0.get().is_none()
    }

    /// From now on `watcher` watches. The first one that is named stays.
    pub fn begin(&self, watcher: Arc<dyn Watcher>) {
        let _ = self.0.set(watcher);
    }

    pub(crate) fn get(&self) -> Option<&Arc<dyn Watcher>> {
        self.0.get()
    }
}
