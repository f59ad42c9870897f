//! What a new home may show while older leases last.
//!
//! A node that read the whole shard from its replica was told of every write when it was
//! proposed, and when it was open. When its session ends, what it knows is kept: of each key
//! whether a write of it may still be on its way, and how far all writes are known. If that
//! node is the next home, its state holds everything that was committed. What was written
//! and is not known to be open is the limbo: some may have read it already, some may still
//! read what was there before. All other keys are the same for everybody, wherever they are
//! read, so that home shows them at once (R28).
//!
//! What is known counts operations of the log as its home wrote it. Another home that led
//! in between wrote other entries under the same numbers, so only a session with the very
//! last home counts (R29).

use crate::{At, Epoch, Replica, View};

/// What a node knew of the writes of a home when its session ended.
#[derive(Clone, Debug, Hash)]
pub struct Limbo {
    epoch: Epoch,
    view: View,
}

impl Limbo {
    pub(crate) fn new(epoch: Epoch, view: View) -> Self {
        Limbo { epoch, view }
    }

    /// Whether it is of a home of that term.
    pub(crate) fn is_of(&self, term: u64) -> bool {
        self.epoch.term == term
    }

    /// Whether a state that has come so far shows of these keys what all show. It has to hold
    /// all that was committed before its home was elected, and nothing that was proposed since.
    pub(crate) fn shows<'a>(&self, replica: Replica, names: impl Iterator<Item = At<'a>>) -> bool {
        self.view.shows(replica, names)
    }
}
