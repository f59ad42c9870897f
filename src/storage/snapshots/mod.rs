//! Snapshot files: one per shard, written whole or not at all.
//!
//! A snapshot is written under a temporary name, synced, and renamed; the one
//! before goes only after that. Every chunk is checked together with all that
//! stands before it. A damaged snapshot is an error: an older one is never used
//! in its place, because the log behind it is gone.

mod format;
mod reader;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_core::ShardId;

use crate::log::Driver;
use crate::{Disk, Mutants, StorageError};
use format::Name;

pub use format::CHUNK_BYTES_MAX;
pub use reader::Reader;
pub use writer::Writer;

/// The snapshot files of the node. Clones are handles to the same directory.
#[derive(Clone, Debug)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: SnapshotOptions,
    next_number: Arc<AtomicU64>,
}

/// The settings of the snapshots.
#[derive(Clone, Copy, Debug, Default)]
pub struct SnapshotOptions {
    /// Whether whoever works with snapshots may use threads for it.
    pub driver: Driver,
    /// Mistakes on purpose.
    #[doc(hidden)]
    pub mutants: Mutants,
}

impl Snapshots {
    /// Opens the directory, which is made when missing, and removes what an
    /// interrupted writer left.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path) -> Result<Snapshots, StorageError> {
        Snapshots::open_with(disk, dir, SnapshotOptions::default())
    }

    /// As [`Snapshots::open`], with settings.
    pub fn open_with(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: SnapshotOptions,
    ) -> Result<Snapshots, StorageError> {
        let opening = || StorageError::io("opening the snapshots", dir);
        disk.create_dir_all(dir).map_err(opening())?;
        let names = names(disk.as_ref(), dir)?;
        for name in names.iter().filter(|name| name.temporary) {
            let path = dir.join(name.to_text());
            disk.remove(&path).map_err(StorageError::io("removing half a snapshot", &path))?;
        }
        // What is read from now on is there for good.
        disk.sync_dir(dir).map_err(opening())?;
        let last = names.iter().map(|name| name.number).max().unwrap_or(0);
        let next_number = Arc::new(AtomicU64::new(last + 1));
        Ok(Snapshots { disk, dir: dir.to_path_buf(), options, next_number })
    }

    /// Whether nobody may use threads for work with snapshots.
    pub fn is_by_hand(&self) -> bool {
        self.options.driver == Driver::ByHand
    }

    /// The shards that have a snapshot, in order.
    pub fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        let names = names(self.disk.as_ref(), &self.dir)?;
        let committed = names.iter().filter(|name| !name.temporary).map(|name| name.shard);
        Ok(committed.collect::<BTreeSet<_>>().into_iter().collect())
    }

    /// Removes all snapshots of a shard, durably.
    pub fn remove(&self, shard: ShardId) -> Result<(), StorageError> {
        for name in self.committed(shard)? {
            // The newest one last, and when the others are surely gone: an older
            // one must not come to light again.
            self.sync()?;
            let path = self.path(name);
            let removed = self.disk.remove(&path);
            removed.map_err(StorageError::io("removing a snapshot", &path))?;
        }
        self.sync()
    }

    fn sync(&self) -> Result<(), StorageError> {
        let synced = self.disk.sync_dir(&self.dir);
        synced.map_err(StorageError::io("syncing the snapshots", &self.dir))
    }

    /// Starts a new snapshot of a shard. `meta` is what the caller wants to know
    /// about it without reading it.
    pub fn begin(&self, shard: ShardId, meta: &[u8]) -> Result<Writer, StorageError> {
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        Writer::new(self.clone(), Name { shard, number, temporary: true }, meta)
    }

    /// The newest snapshot of a shard and what was said about it.
    pub fn latest(&self, shard: ShardId) -> Result<Option<(Vec<u8>, Reader)>, StorageError> {
        let Some(name) = self.committed(shard)?.pop() else { return Ok(None) };
        Reader::open(self.disk.as_ref(), &self.path(name), shard).map(Some)
    }

    /// The snapshots of a shard, oldest first.
    fn committed(&self, shard: ShardId) -> Result<Vec<Name>, StorageError> {
        let mut names = names(self.disk.as_ref(), &self.dir)?;
        names.retain(|name| name.shard == shard && !name.temporary);
        names.sort_by_key(|name| name.number);
        Ok(names)
    }

    fn path(&self, name: Name) -> PathBuf {
        self.dir.join(name.to_text())
    }
}

fn names(disk: &dyn Disk, dir: &Path) -> Result<Vec<Name>, StorageError> {
    let texts = disk.list(dir).map_err(StorageError::io("listing the snapshots", dir))?;
    Ok(texts.iter().filter_map(|text| Name::from_text(text)).collect())
}
