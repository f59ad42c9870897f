//! Where a simulated node keeps bodies: its disk may be full.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_core::ShardId;
use lockstep_storage::{Bodies, BodyId, SimBodies, StorageError};

/// What is broken on purpose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flaws {
    /// Bodies count as safe before they are synced.
    pub not_synced: bool,
    /// What a full disk does not take counts as written.
    pub not_written: bool,
}

/// The bodies of a node.
#[derive(Debug)]
pub struct Shelf {
    pub bodies: SimBodies,
    /// The disk takes no more.
    pub full: Arc<AtomicBool>,
    pub flaws: Flaws,
}

impl Bodies for Shelf {
    fn put(&self, shard: ShardId, bodies: &[(BodyId, Arc<[u8]>)]) -> Result<(), StorageError> {
        if !self.full.load(Ordering::Relaxed) {
            return self.bodies.put(shard, bodies);
        }
        if self.flaws.not_written {
            return Ok(());
        }
        let (doing, path) = ("writing the body of a message", PathBuf::from("/data/bodies"));
        let source = io::Error::from(ErrorKind::StorageFull);
        Err(StorageError::Io { doing, path, source })
    }

    fn sync(&self) -> Result<(), StorageError> {
        if self.flaws.not_synced { Ok(()) } else { self.bodies.sync() }
    }

    fn get(&self, shard: ShardId, ids: &[BodyId]) -> Result<Vec<Option<Arc<[u8]>>>, StorageError> {
        self.bodies.get(shard, ids)
    }

    fn remove(&self, shard: ShardId, ids: &[BodyId]) -> Result<(), StorageError> {
        self.bodies.remove(shard, ids)
    }

    fn list(
        &self,
        shard: ShardId,
        after: Option<BodyId>,
        count: usize,
    ) -> Result<Vec<BodyId>, StorageError> {
        self.bodies.list(shard, after, count)
    }

    fn erase(&self, shard: ShardId) -> Result<(), StorageError> {
        self.bodies.erase(shard)
    }

    fn disk_bytes(&self) -> u64 {
        self.bodies.disk_bytes()
    }

    fn compact(&self, live_bytes: u64) -> Result<(), StorageError> {
        self.bodies.compact(live_bytes)
    }
}
