//! The lock table of a shard.

use super::Op;
use crate::wire::Malformed;
use crate::{Effects, NodeId, Origin, Outcome, Read, Stamp};

/// The locks of a shard.
#[derive(Debug, Default)]
pub struct Table {}

/// The table as it was at one moment.
#[derive(Debug)]
pub struct Frozen {}

impl Table {
    /// A table without locks.
    pub fn new() -> Self {
        Table::default()
    }

    /// Carries out an operation. One that only reads changes nothing.
    pub fn apply(&mut self, _at: &Stamp, _op: &Op<'_>, _fx: &mut Effects) -> Outcome {
        Outcome::Nil
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    pub fn read(&self, _now_ms: u64, _clock_ms: u64, _op: &Op<'_>) -> Read {
        Read::TickFirst
    }

    /// Ends what is due, at most `budget` of it, and says how much that was.
    pub fn expire(&mut self, _at: &Stamp, _budget: usize, _fx: &mut Effects) -> usize {
        0
    }

    /// When the next thing is due.
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }

    /// Ends what a connection held and waited for (`Op::Gone`).
    pub fn end_connection(&mut self, _at: &Stamp, _origin: Origin, _fx: &mut Effects) {}

    /// Ends what the connections of a node's lives before `boot` held and
    /// waited for, and takes no requests of them any more (`Op::Boot`).
    pub fn end_lives(&mut self, _at: &Stamp, _node: NodeId, _boot: u64, _fx: &mut Effects) {}

    /// The table as it is now, for a snapshot. Cheap: what is not changed
    /// afterwards is shared.
    pub fn freeze(&self) -> Frozen {
        Frozen {}
    }

    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a
    /// new table.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, _chunk: &[u8]) -> Result<(), Malformed> {
        Ok(())
    }

    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        0
    }
}

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        std::iter::empty()
    }
}
