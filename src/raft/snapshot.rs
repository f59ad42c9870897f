//! Snapshots: the state of a shard at an index, on disk.

use std::fmt;
use std::io;
use std::sync::Arc;

use lockstep_core::shard::{Frozen, Restoring};
use lockstep_core::{Shard, ShardId};
use lockstep_storage::Snapshots;
use openraft::storage::RaftSnapshotBuilder;
use openraft::type_config::alias::SnapshotOf;

use crate::codec;
use crate::machine::Progress;
use crate::store::blocking;
use crate::types::{SnapshotMeta, Types};

/// A snapshot on disk.
pub(crate) struct Image {
    shard: ShardId,
    snapshots: Snapshots,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({:?})", self.shard)
    }
}

impl Image {
    /// Makes it the newest snapshot of another store and reads the state back.
    pub(crate) async fn install(self, meta: &SnapshotMeta, into: Snapshots) -> io::Result<Shard> {
        let meta = codec::meta_bytes(meta);
        blocking(move || {
            let missing = || io::Error::new(io::ErrorKind::NotFound, "the snapshot is gone");
            let (_, mut reader) =
                self.snapshots.latest(self.shard).map_err(io::Error::other)?.ok_or_else(missing)?;
            let mut shard = Restoring::default();
            let mut writer = into.begin(self.shard, &meta).map_err(io::Error::other)?;
            while let Some(chunk) = reader.next_chunk().map_err(io::Error::other)? {
                shard.add(&chunk).map_err(|_| unreadable(self.shard))?;
                writer.append(&chunk).map_err(io::Error::other)?;
            }
            let shard = shard.finish().map_err(|_| unreadable(self.shard))?;
            writer.commit().map_err(io::Error::other)?;
            Ok(shard)
        })
        .await
    }
}

/// Reads the newest snapshot of a shard, if there is one.
pub(crate) fn load(
    id: ShardId,
    snapshots: &Snapshots,
) -> io::Result<Option<(SnapshotMeta, Shard)>> {
    let Some((meta, mut reader)) = snapshots.latest(id).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let meta = codec::meta(&meta).map_err(|_| unreadable(id))?;
    let mut shard = Restoring::default();
    while let Some(chunk) = reader.next_chunk().map_err(io::Error::other)? {
        shard.add(&chunk).map_err(|_| unreadable(id))?;
    }
    Ok(Some((meta, shard.finish().map_err(|_| unreadable(id))?)))
}

fn unreadable(id: ShardId) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the snapshot of shard {} is of another version or damaged", id.0),
    )
}

/// The newest snapshot, as openraft asks for it.
pub(crate) fn current(
    id: ShardId,
    snapshots: &Snapshots,
) -> io::Result<Option<SnapshotOf<Types, Image>>> {
    let Some((meta, _)) = snapshots.latest(id).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let meta = codec::meta(&meta).map_err(|_| unreadable(id))?;
    let snapshot = Image { shard: id, snapshots: snapshots.clone() };
    Ok(Some(openraft::storage::Snapshot { meta, snapshot }))
}

/// Writes one image to disk, beside the running shard.
pub(crate) struct Builder {
    shard: ShardId,
    meta: SnapshotMeta,
    frozen: Option<Frozen>,
    snapshots: Snapshots,
    progress: Arc<Progress>,
    /// Bytes of the entries since the snapshot before.
    log_bytes: u64,
}

impl Builder {
    pub(crate) fn new(
        shard: ShardId,
        meta: SnapshotMeta,
        frozen: Frozen,
        snapshots: Snapshots,
        progress: Arc<Progress>,
        log_bytes: u64,
    ) -> Self {
        Builder { shard, meta, frozen: Some(frozen), snapshots, progress, log_bytes }
    }

    async fn write(&mut self) -> io::Result<()> {
        let frozen = self.frozen.take().ok_or_else(|| io::Error::other("built already"))?;
        let (shard, snapshots) = (self.shard, self.snapshots.clone());
        let meta = codec::meta_bytes(&self.meta);
        blocking(move || {
            let mut writer = snapshots.begin(shard, &meta).map_err(io::Error::other)?;
            for chunk in frozen.chunks() {
                writer.append(&chunk).map_err(io::Error::other)?;
            }
            writer.commit().map_err(io::Error::other)
        })
        .await?;
        Ok(())
    }
}

impl RaftSnapshotBuilder<Types> for Builder {
    type SnapshotData = Image;

    /// A snapshot that cannot be written is no reason to stop: nothing is lost,
    /// the log is only cut later. The older one stands, and openraft finds
    /// nothing new in it.
    async fn build_snapshot(&mut self) -> Result<SnapshotOf<Types, Image>, io::Error> {
        let mut meta = self.meta.clone();
        if let Err(why) = self.write().await {
            tracing::error!(
                shard = self.shard.0,
                %why,
                id = "LS-2002",
                "the snapshot could not be written; the log grows until one can"
            );
            self.progress.snapshot_failed(self.log_bytes, &why);
            meta = SnapshotMeta::default();
        }
        let snapshot = Image { shard: self.shard, snapshots: self.snapshots.clone() };
        Ok(openraft::storage::Snapshot { meta, snapshot })
    }
}
