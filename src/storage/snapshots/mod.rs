//! Snapshot files: one per shard, written whole or not at all.
//!
//! A snapshot is written under a temporary name, synced, and renamed; the one
//! before goes only after that. Every chunk is checked together with all that
//! stands before it. A damaged snapshot is an error: an older one is never used
//! in its place, because the log behind it is gone.

mod draft;
mod export;
mod format;
mod reader;
mod receiver;
mod writer;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_core::ShardId;
use parking_lot::Mutex;

use crate::log::Driver;
use crate::{Disk, Mutants, StorageError};
use format::Name;

pub use export::Export;
pub use format::CHUNK_BYTES_MAX;
pub use reader::Reader;
pub use receiver::Receiver;
pub use writer::Writer;

/// The snapshot files of the node. Clones are handles to the same directory.
#[derive(Clone, Debug)]
pub struct Snapshots {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    options: SnapshotOptions,
    next_number: Arc<AtomicU64>,
    /// Held by whoever makes a file the newest snapshot.
    publishing: Arc<Mutex<()>>,
    suspects: Arc<Mutex<Suspects>>,
}

/// What was found damaged since the start.
#[derive(Debug, Default)]
struct Suspects {
    first: Option<String>,
    paths: BTreeSet<PathBuf>,
}

/// Which file a snapshot is: two are the same when their digests and their meta
/// bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest {
    /// Its length.
    pub bytes: u64,
    /// The checksum of all of it.
    pub crc: u32,
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
        let (publishing, suspects) = Default::default();
        let dir = dir.to_path_buf();
        Ok(Snapshots { disk, dir, options, next_number, publishing, suspects })
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
        Writer::new(self, shard, meta)
    }

    /// Starts to take in a snapshot file of another node.
    pub fn receive(&self, shard: ShardId, digest: Digest) -> Result<Receiver, StorageError> {
        Receiver::new(self, shard, digest)
    }

    /// The newest snapshot of a shard and what was said about it.
    pub fn latest(&self, shard: ShardId) -> Result<Option<(Vec<u8>, Reader)>, StorageError> {
        let Some(name) = self.committed(shard)?.pop() else { return Ok(None) };
        Reader::open(self.disk.as_ref(), &self.path(name), shard).map(Some)
    }

    /// The newest snapshot of a shard as a file, for another node.
    pub fn export(&self, shard: ShardId) -> Result<Option<Export>, StorageError> {
        let Some((meta, reader)) = self.latest(shard)? else { return Ok(None) };
        Export::new(meta, reader).map(Some)
    }

    /// Reads all snapshots and sees that they are intact.
    ///
    /// # Errors
    /// One is damaged, or the disk fails.
    pub fn check(&self) -> Result<(), StorageError> {
        for shard in self.shards()? {
            if let Some((_, mut reader)) = self.latest(shard)? {
                while reader.check_chunk()? {}
            }
        }
        Ok(())
    }

    /// Notes that a snapshot was found damaged while the node ran: nobody is to
    /// read it again. Other errors are none of this business.
    pub fn report(&self, error: &StorageError) {
        let StorageError::Damaged { path, .. } = error else { return };
        let mut suspects = self.suspects.lock();
        suspects.first.get_or_insert_with(|| error.to_string());
        suspects.paths.insert(path.clone());
    }

    /// The damage that there is no snapshot of a shard that covers its log up to
    /// `index`, where the log was cut.
    pub fn missing(&self, shard: ShardId, index: u64) -> StorageError {
        let what = format!(
            "the snapshot of shard {} that stands for its log up to entry {index} is missing",
            shard.0
        );
        let (path, advice) = (self.dir.clone(), reader::ADVICE);
        StorageError::Damaged { path, offset: 0, what, advice }
    }

    /// What was found damaged first since the start, if anything.
    pub fn damage(&self) -> Option<String> {
        self.suspects.lock().first.clone()
    }

    /// Whether the newest snapshot of a shard was found damaged.
    pub fn is_suspect(&self, shard: ShardId) -> Result<bool, StorageError> {
        let newest = self.committed(shard)?.pop();
        Ok(newest.is_some_and(|name| self.suspects.lock().paths.contains(&self.path(name))))
    }

    /// The snapshots of a shard, oldest first.
    fn committed(&self, shard: ShardId) -> Result<Vec<Name>, StorageError> {
        let mut names = names(self.disk.as_ref(), &self.dir)?;
        names.retain(|name| name.shard == shard && !name.temporary);
        names.sort_by_key(|name| name.number);
        Ok(names)
    }

    fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    fn path(&self, name: Name) -> PathBuf {
        self.dir.join(name.to_text())
    }
}

fn names(disk: &dyn Disk, dir: &Path) -> Result<Vec<Name>, StorageError> {
    let texts = disk.list(dir).map_err(StorageError::io("listing the snapshots", dir))?;
    Ok(texts.iter().filter_map(|text| Name::from_text(text)).collect())
}
