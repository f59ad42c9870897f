//! One write-ahead log for all shards of the node.
//!
//! Callers hand records in; one thread writes all that waits with one write and
//! one fdatasync, then answers in order. The first write or sync that fails is
//! the end: from then on every call fails, because after a failed sync nobody
//! can say what the disk holds.

mod options;
mod stats;

use std::io;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::ShardId;

use crate::{Disk, StorageError};
pub use options::{Driver, Fsync, LogOptions};
pub use stats::{FSYNC_BOUNDS_MICROS, LogStats, Recovered, RecoveredShard};

/// The largest payload of an entry.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// The largest vote.
pub const VOTE_BYTES_MAX: usize = 4096;

/// Which entry: the leader's term and node, and the place in the shard's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EntryId {
    /// The term of the leader that proposed it.
    pub term: u64,
    /// That leader.
    pub node: u64,
    /// The place in the log.
    pub index: u64,
}

/// An entry of a shard's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which one.
    pub id: EntryId,
    /// What it says.
    pub payload: Bytes,
}

/// Called once, when the work is as safe as the mode promises, or has failed.
/// It may run on the log's writer thread: keep it short.
pub type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// The log of the node. Clones are handles to the same log.
#[derive(Clone, Debug)]
pub struct Log {
    options: Arc<LogOptions>,
}

impl Log {
    /// Opens the log in `dir`, which is made when missing, and reads what it
    /// holds. A torn tail is cut; damage before the last synced record is an error.
    pub fn open(
        _disk: Arc<dyn Disk>,
        _dir: &Path,
        options: LogOptions,
    ) -> Result<(Log, Recovered), StorageError> {
        Ok((Log { options: Arc::new(options) }, Recovered::default()))
    }

    /// Appends entries. Their indexes rise by one each and follow the last one of
    /// the shard; an index that exists is overwritten and what follows it dropped.
    /// They can be read at once, before `done` is called.
    pub fn append(&self, _shard: ShardId, _records: Vec<Record>, _done: Done) {}

    /// Drops the entries from index `from` on.
    pub fn truncate(&self, _shard: ShardId, _from: u64, _done: Done) {}

    /// Drops the entries up to and including `upto`, which may lie beyond the last
    /// one. Segment files that no shard needs are freed once that is safe.
    pub fn purge(&self, _shard: ShardId, _upto: EntryId, _done: Done) {}

    /// The entries from `from` up to before `to_exclusive`, as far as they exist.
    pub fn read(&self, shard: ShardId, from: u64, to_exclusive: u64) -> io::Result<Vec<Record>> {
        self.read_up_to(shard, from, to_exclusive, usize::MAX)
    }

    /// As [`Log::read`], but stops after `bytes_max` payload bytes (one entry at least).
    pub fn read_up_to(
        &self,
        _shard: ShardId,
        _from: u64,
        _to_exclusive: u64,
        _bytes_max: usize,
    ) -> io::Result<Vec<Record>> {
        Ok(Vec::new())
    }

    /// The id of an entry that is held, or of the last purged one.
    pub fn id_at(&self, _shard: ShardId, _index: u64) -> Option<EntryId> {
        None
    }

    /// The last purged entry and the last entry of a shard (which is the last
    /// purged one when none is held).
    pub fn first_last(&self, _shard: ShardId) -> (Option<EntryId>, Option<EntryId>) {
        (None, None)
    }

    /// Saves a vote. It is durable when this returns, whatever the mode. Blocks.
    pub fn save_vote(&self, _shard: ShardId, _vote: &[u8]) -> io::Result<()> {
        Ok(())
    }

    /// Saves a vote, and calls `done` when it is durable, whatever the mode.
    pub fn save_vote_then(&self, _shard: ShardId, _vote: &[u8], _done: Done) {}

    /// The vote saved last.
    pub fn vote(&self, _shard: ShardId) -> Option<Vec<u8>> {
        None
    }

    /// Calls `done` when everything handed in before is durable, whatever the mode.
    pub fn sync_then(&self, _done: Done) {}

    /// Changes when callers are answered. What waits already keeps its promise.
    pub fn set_mode(&self, _mode: Fsync) {}

    /// When callers are answered.
    pub fn mode(&self) -> Fsync {
        self.options.fsync
    }

    /// Whether a write or sync failed, which is final, and how.
    pub fn failed(&self) -> Option<io::Error> {
        None
    }

    /// Numbers about the log.
    pub fn stats(&self) -> LogStats {
        LogStats::default()
    }

    /// Does the work that waits, for a log that is driven by hand. False when
    /// there was none.
    pub fn step(&self) -> bool {
        false
    }

    /// Writes and syncs everything handed in, and stops the threads. Later calls fail.
    pub fn close(&self) {}
}
