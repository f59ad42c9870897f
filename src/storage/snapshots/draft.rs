//! A snapshot file that is not one yet.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use lockstep_core::ShardId;

use super::Snapshots;
use super::format::Name;
use crate::{DiskFile, StorageError};

/// What is written is made safe in steps of this size: the log's syncs queue
/// behind one step and not behind a whole snapshot.
const SYNC_BYTES: u64 = 16 << 20;

/// A file under a temporary name. Dropped before it is published it is gone.
#[derive(Debug)]
pub(super) struct Draft {
    snapshots: Snapshots,
    name: Name,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    bytes: u64,
    synced: u64,
    published: bool,
}

impl Draft {
    pub(super) fn new(snapshots: &Snapshots, shard: ShardId) -> Result<Draft, StorageError> {
        let name = Name { shard, number: snapshots.next_number(), temporary: true };
        let path = snapshots.path(name);
        let created = snapshots.disk.create(&path);
        let file = created.map_err(StorageError::io("making a snapshot", &path))?;
        let snapshots = snapshots.clone();
        Ok(Draft { snapshots, name, path, file, bytes: 0, synced: 0, published: false })
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn path(&self) -> &PathBuf {
        &self.path
    }

    pub(super) fn file(&self) -> &Arc<dyn DiskFile> {
        &self.file
    }

    pub(super) fn shard(&self) -> ShardId {
        self.name.shard
    }

    /// Writes behind what is there.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let written = self.file.write_at(bytes, self.bytes);
        written.map_err(self.failed("writing a snapshot"))?;
        self.bytes += bytes.len() as u64;
        if self.bytes - self.synced >= SYNC_BYTES && !self.careless() {
            self.sync()?;
        }
        Ok(())
    }

    /// Makes the file the newest snapshot of its shard, durably, and removes the
    /// older ones, unless `newer` says of the meta bytes of the one that is there
    /// that the file does not supersede it. False when it does not.
    pub(super) fn publish(
        mut self,
        newer: impl FnOnce(&[u8]) -> bool,
    ) -> Result<bool, StorageError> {
        let snapshots = self.snapshots.clone();
        self.settle()?;
        // Two that are written at the same time must not overtake each other.
        let _one = snapshots.publishing.lock();
        match snapshots.latest(self.name.shard) {
            Ok(Some((meta, _))) if !newer(&meta) => return Ok(false),
            Err(error) if !error.is_damage() => return Err(error),
            _ => {}
        }
        let name = Name { number: snapshots.next_number(), temporary: false, ..self.name };
        let named = self.rename(name);
        named.map_err(self.failed("naming a snapshot"))?;
        self.published = true;
        if self.careless() {
            self.sync()?;
        }
        self.remove_older(name)?;
        Ok(true)
    }

    /// Makes all that was written safe, unless that is so already.
    pub(super) fn settle(&mut self) -> Result<(), StorageError> {
        if self.careless() || self.synced == self.bytes {
            return Ok(());
        }
        self.sync()
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.file.sync_data().map_err(self.failed("syncing a snapshot"))?;
        self.synced = self.bytes;
        Ok(())
    }

    fn rename(&self, name: Name) -> io::Result<()> {
        self.snapshots.disk.rename(&self.path, &self.snapshots.path(name))?;
        self.snapshots.disk.sync_dir(&self.snapshots.dir)
    }

    fn remove_older(&self, published: Name) -> Result<(), StorageError> {
        for name in self.snapshots.committed(published.shard)? {
            if name.number < published.number {
                let path = self.snapshots.path(name);
                let removed = self.snapshots.disk.remove(&path);
                removed.map_err(StorageError::io("removing an older snapshot", &path))?;
            }
        }
        Ok(())
    }

    fn careless(&self) -> bool {
        self.snapshots.options.mutants.snapshot_named_before_sync
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StorageError {
        StorageError::io(doing, &self.path)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // If it stays it is removed at the next start.
            let _ = self.snapshots.disk.remove(&self.path);
        }
    }
}
