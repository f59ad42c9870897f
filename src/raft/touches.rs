//! The names of keys that entries change, for whoever keeps copies of values.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use lockstep_core::keys::{self, Touched};
use lockstep_core::{Op, Origin, Shard, ShardId};

/// Keys that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touch {
    /// The connection that changed them; none: nobody did, or it is not known.
    pub by: Option<Origin>,
    /// Their names.
    pub touched: Touched,
}

/// Takes what an entry changed, in the order of the entries of each shard. Called on
/// machines' tasks, behind the change and before anybody is told of it; must not wait.
pub type Taker = Box<dyn Fn(ShardId, Vec<Touch>) + Send + Sync>;

/// Whether a node wants to know which keys change, and where it is told.
#[derive(Clone, Default)]
pub struct Touches(Arc<Inner>);

#[derive(Default)]
struct Inner {
    wanted: AtomicBool,
    taker: OnceLock<Taker>,
}

impl Touches {
    /// From now on `taker` is told, while it wants to be. The first one that is named
    /// stays.
    pub fn tell(&self, taker: Taker) {
        let _ = self.0.taker.set(taker);
    }

    /// Whether anybody wants to know. What is read from the state behind this and
    /// changes later is told.
    pub fn want(&self, wanted: bool) {
        self.0.wanted.store(wanted, Ordering::SeqCst);
    }

    fn wanted(&self) -> bool {
        self.0.wanted.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Touches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Touches({})", self.wanted())
    }
}

/// What one entry changes.
pub(crate) struct Notes<'a> {
    touches: &'a Touches,
    on: bool,
    list: Vec<Touch>,
}

impl<'a> Notes<'a> {
    pub(crate) fn new(touches: &'a Touches) -> Self {
        Notes { touches, on: false, list: Vec::new() }
    }

    /// To be called whenever the state was taken for changes: others may have read it
    /// meanwhile, having said before that they want to know.
    pub(crate) fn begin(&mut self, shard: &mut Shard) {
        self.on = self.touches.wanted();
        shard.note_touched(self.on);
    }

    /// An operation of `by` was applied.
    pub(crate) fn gather(&mut self, shard: &mut Shard, op: &Op<'_>, by: Option<Origin>) {
        if !self.on {
            return;
        }
        let Some(touched) = shard.take_touched() else { return };
        // Evictions ride in the share of somebody who needs room.
        let evicts = matches!(op, Op::Key { op: keys::Op::Evict { .. } });
        let by = by.filter(|_| !evicts);
        match self.list.last_mut().filter(|last| last.by == by) {
            Some(last) => last.touched.append(&touched),
            None => self.list.push(Touch { by, touched }),
        }
    }

    /// Tells who wants to know. To be called when the state is free again.
    pub(crate) fn tell(self, shard: ShardId) {
        if !self.list.is_empty()
            && let Some(taker) = self.touches.0.taker.get()
        {
            taker(shard, self.list);
        }
    }
}
