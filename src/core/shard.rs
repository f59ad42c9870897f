//! The state machine of one shard.

use crate::{Op, Outcome};

/// What a read gave.
#[derive(Debug, PartialEq)]
pub enum Read {
    /// The result.
    Done(Outcome),
    /// Something met its end by the reader's clock but not yet by the shard's:
    /// propose a [`Op::Tick`] and read again.
    TickFirst,
}

/// The state of one shard.
#[derive(Debug, Default)]
pub struct Shard;

impl Shard {
    /// Reads.
    pub fn read(&self, _now_ms: u64, _op: &Op<'_>) -> Read {
        Read::TickFirst
    }
}
