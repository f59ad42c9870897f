//! The key space of a shard.

use super::Op;
use crate::wire::Malformed;
use crate::{Db, Outcome, Read, Stamp};

/// Which keys make room when memory is short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Policy {
    /// The least recently used of all.
    AllKeysLru,
    /// The least frequently used of all.
    AllKeysLfu,
    /// Any.
    AllKeysRandom,
    /// The least recently used with a deadline.
    VolatileLru,
    /// The least frequently used with a deadline.
    VolatileLfu,
    /// Any with a deadline.
    VolatileRandom,
    /// The one with the nearest deadline.
    VolatileTtl,
}

/// What a database holds (INFO keyspace).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Keys.
    pub keys: u64,
    /// Keys with a deadline.
    pub with_deadline: u64,
    /// The mean time to the deadlines.
    pub average_ttl_ms: u64,
}

/// Counters of this process since its start or the last reset; not replicated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Reads that found their key.
    pub hits: u64,
    /// Reads that did not.
    pub misses: u64,
    /// Keys removed at their deadline.
    pub expired: u64,
    /// Keys removed to make room.
    pub evicted: u64,
}

/// The keys of a shard.
#[derive(Debug, Default)]
pub struct Keyspace {}

/// The key space as it was at one moment.
#[derive(Debug)]
pub struct Frozen {}

impl Keyspace {
    /// An empty key space that hashes with `seed`.
    pub fn new(_seed: u64) -> Self {
        Keyspace::default()
    }
    /// Carries out an operation. One that only reads changes nothing.
    pub fn apply(&mut self, _at: &Stamp, _op: &Op<'_>) -> Outcome {
        Outcome::Nil
    }
    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    pub fn read(&self, _now_ms: u64, _clock_ms: u64, _op: &Op<'_>) -> Read {
        Read::TickFirst
    }
    /// Removes what is due, at most `budget` keys, and says how many.
    pub fn expire(&mut self, _at: &Stamp, _budget: usize) -> usize {
        0
    }
    /// When the next key is due.
    pub fn next_deadline(&self) -> Option<u64> {
        None
    }
    /// The version of a key for WATCH; 0 when it is not there.
    pub fn version_of(&self, _db: Db, _key: &[u8], _now_ms: u64) -> u64 {
        0
    }
    /// The key space as it is now, for a snapshot.
    pub fn freeze(&self) -> Frozen {
        Frozen {}
    }
    /// Adds what a chunk of a snapshot holds. The chunks come in order, into a
    /// new key space.
    ///
    /// # Errors
    /// The bytes are no chunk, or it does not fit to those before.
    pub fn restore(&mut self, _chunk: &[u8]) -> Result<(), Malformed> {
        Ok(())
    }
    /// A digest of what clients can see, over all databases (DEBUG DIGEST).
    pub fn digest(&self) -> [u8; 20] {
        [0; 20]
    }
    /// A digest of the state: equal states have equal ones.
    pub fn state_digest(&self) -> u64 {
        0
    }
    /// Bytes of memory, estimated.
    pub fn memory(&self) -> u64 {
        0
    }
    /// What a database holds, with times to live as of `now_ms`.
    pub fn counts(&self, _db: Db, _now_ms: u64) -> Counts {
        Counts::default()
    }
    /// The counters.
    pub fn stats(&self) -> Stats {
        Stats::default()
    }
    /// Sets the counters to zero (CONFIG RESETSTAT).
    pub fn reset_stats(&self) {}
    /// At most `n` keys to evict, the best first.
    pub fn evict_candidates(
        &self,
        _policy: Policy,
        _now_ms: u64,
        _seed: u64,
        _n: usize,
    ) -> Vec<(Db, Vec<u8>)> {
        Vec::new()
    }
}

impl Frozen {
    /// The chunks of the snapshot, in order.
    pub fn chunks(self) -> impl Iterator<Item = Vec<u8>> + Send {
        std::iter::empty()
    }
}
