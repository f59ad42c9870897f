//! Deadlocks across shards.
//!
//! A shard finds the cycles that lie within it when a wait begins. For those that
//! lie across shards one node looks: the detector, which is the node that leads the
//! meta group. The leaders of the shards tell it of locks that somebody has waited
//! for longer than a moment (`reporter`); it keeps the newest word of each
//! (`picture`), looks who is stuck and chooses one wait of each deadlock to end
//! (`plan`, with core's `knots`). Before it ends one it asks the leaders whether all of
//! the deadlock is still there (`detector`). Nothing of this is replicated: a new
//! detector is told everything anew.

mod detector;
mod reporter;
mod seen;
mod wire;

mod judge;
mod picture;
mod plan;

mod stats;
#[cfg(test)]
mod tests;

use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;
use lockstep_core::NodeId;
use lockstep_core::locks::knots::Rules;
use lockstep_raft::Served;
use tokio::sync::mpsc::{Sender, channel};

pub use stats::{BOUNDS_MS, Counts, Stats};

use crate::Node;
use crate::exchange::{Listener, Topic};
use detector::Word;

/// So many messages wait for the detector at most. More are dropped: everything is
/// told again.
const WORDS_MAX: usize = 1_024;

/// A node's part in looking for deadlocks.
#[derive(Debug, Default)]
pub struct Deadlocks {
    /// What was done.
    pub stats: Stats,
    words: OnceLock<Sender<Word>>,
}

/// Begins to look for deadlocks.
pub fn start(node: &Arc<Node>) {
    let (sender, words) = channel(WORDS_MAX);
    if node.deadlocks.words.set(sender.clone()).is_err() {
        return;
    }
    node.exchange.listen(Topic::Deadlocks, Reports(Arc::downgrade(node)));
    tokio::spawn(detector::run(node.clone(), words, sender));
    tokio::spawn(reporter::run(node.clone()));
}

impl Deadlocks {
    /// Takes reports of shards.
    fn told(&self, message: &[u8]) {
        if let Some(words) = self.words.get() {
            // Where there is no room it is dropped, and told again.
            let _ = words.try_send(Word::Message(message.to_vec()));
        }
    }
}

/// Takes what other nodes report.
struct Reports(Weak<Node>);

impl Listener for Reports {
    fn told(&self, _: NodeId, message: &[u8]) {
        if let Some(node) = self.0.upgrade() {
            node.deadlocks.told(message);
        }
    }

    fn asked(&self, _: NodeId, _: &[u8]) -> Served {
        Served::Now(Bytes::new())
    }
}

/// What keeps the detector right. All of it is on; a test that switches one off
/// has to find out what it was good for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guards {
    /// How deadlocks are looked for.
    pub rules: Rules,
    /// What a leader says counts, not what one before it said.
    pub newest_term_only: bool,
    /// What nobody repeats is forgotten.
    pub old_forgotten: bool,
    /// An older report does not take the place of a newer one.
    pub newest_report_only: bool,
    /// A cycle is looked at once more before a wait is ended.
    pub confirm: bool,
    /// A wait that was ended closes no further cycle.
    pub doomed_left_out: bool,
}

impl Default for Guards {
    fn default() -> Self {
        Guards {
            rules: Rules::default(),
            newest_term_only: true,
            old_forgotten: true,
            newest_report_only: true,
            confirm: true,
            doomed_left_out: true,
        }
    }
}
