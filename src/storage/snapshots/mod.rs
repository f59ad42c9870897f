//! Snapshot files: one per shard, written whole or not at all.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::ShardId;

use crate::{Disk, StorageError};

/// The snapshot files of the node. Clones are handles to the same directory.
#[derive(Clone, Debug)]
pub struct Snapshots;

/// Writes a snapshot. Dropped without a commit it leaves nothing behind.
#[derive(Debug)]
pub struct Writer;

/// Reads a snapshot, chunk by chunk, each one checked.
#[derive(Debug)]
pub struct Reader;

impl Snapshots {
    /// Opens the directory, which is made when missing, and removes what an
    /// interrupted writer left.
    pub fn open(_disk: Arc<dyn Disk>, _dir: &Path) -> Result<Snapshots, StorageError> {
        Ok(Snapshots)
    }

    /// Starts a new snapshot of a shard. `meta` is what the caller wants to know
    /// about it without reading it.
    pub fn begin(&self, _shard: ShardId, _meta: &[u8]) -> Result<Writer, StorageError> {
        Ok(Writer)
    }

    /// The newest snapshot of a shard and what was said about it.
    pub fn latest(&self, _shard: ShardId) -> Result<Option<(Vec<u8>, Reader)>, StorageError> {
        Ok(None)
    }
}

impl Writer {
    /// Adds a chunk. Empty chunks are left out.
    pub fn append(&mut self, _chunk: &[u8]) -> Result<(), StorageError> {
        Ok(())
    }

    /// Makes the snapshot the newest one, durably, and removes the older one.
    /// Gives its size in bytes.
    pub fn commit(self) -> Result<u64, StorageError> {
        Ok(0)
    }
}

impl Reader {
    /// The next chunk; `None` after the last one, when the file as a whole was
    /// found intact. Use nothing of it before.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(None)
    }
}
