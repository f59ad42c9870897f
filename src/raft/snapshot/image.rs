//! Snapshots of this node: written, read, installed.

use std::fmt;
use std::io;
use std::sync::Arc;

use lockstep_core::shard::{Frozen, Restoring};
use lockstep_core::{Shard, ShardId};
use lockstep_storage::snapshots::{Export, Reader, Receiver};
use lockstep_storage::{Log, Snapshots};
use openraft::storage::RaftSnapshotBuilder;
use openraft::type_config::alias::SnapshotOf;

use super::on_disk;
use crate::bodies::{Hold, Loading, Reading, Shelf};
use crate::codec;
use crate::machine::Progress;
use crate::types::{SnapshotMeta, Types};

/// A snapshot on disk.
pub(crate) struct Image {
    shard: ShardId,
    snapshots: Snapshots,
    received: Option<Received>,
    /// What it is made of when it goes to another node.
    whole: Option<Box<Whole>>,
}

/// A snapshot of another node, read and found intact.
struct Received {
    receiver: Receiver,
    state: Shard,
    hold: Hold,
}

/// A state that names bodies on disk.
pub(super) struct Whole {
    meta: SnapshotMeta,
    frozen: Frozen,
    reading: Reading,
}

impl Whole {
    /// Writes it with all bodies in it. Waits for the disk.
    pub(super) fn export(self, shard: ShardId, snapshots: &Snapshots) -> io::Result<Export> {
        let Whole { meta, frozen, mut reading } = self;
        let meta = codec::meta_bytes(&meta);
        let mut writer = snapshots.begin(shard, &meta)?;
        let mut all = true;
        for chunk in frozen.whole(|key| reading.read(key)) {
            match chunk {
                Some(chunk) => writer.append(&chunk)?,
                None => {
                    all = false;
                    break;
                }
            }
        }
        match reading.failed {
            None if all => Ok(writer.export(&meta)?),
            failed => Err(failed.unwrap_or_else(|| unreadable(shard))),
        }
    }
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({:?})", self.shard)
    }
}

impl Image {
    /// The newest snapshot of a shard.
    fn newest(shard: ShardId, snapshots: Snapshots) -> Image {
        Image { shard, snapshots, received: None, whole: None }
    }

    /// One for another node, made of a state that names bodies on disk.
    pub(crate) fn whole(
        shard: ShardId,
        snapshots: Snapshots,
        meta: SnapshotMeta,
        frozen: Frozen,
        reading: Reading,
    ) -> Image {
        let whole = Some(Box::new(Whole { meta, frozen, reading }));
        Image { shard, snapshots, received: None, whole }
    }

    pub(super) fn take_whole(&mut self) -> Option<Box<Whole>> {
        self.whole.take()
    }

    /// One that came from another node. It is gone unless it is installed.
    pub(super) fn received(
        shard: ShardId,
        snapshots: Snapshots,
        receiver: Receiver,
        state: Shard,
        hold: Hold,
    ) -> Image {
        let received = Some(Received { receiver, state, hold });
        Image { shard, snapshots, received, whole: None }
    }

    pub(super) fn shard(&self) -> ShardId {
        self.shard
    }

    pub(super) fn snapshots(&self) -> &Snapshots {
        &self.snapshots
    }

    /// Makes it the newest snapshot of this node; gives the state, and what keeps its
    /// bodies until that is the group's.
    pub(crate) async fn install(
        self,
        meta: &SnapshotMeta,
        into: Snapshots,
    ) -> io::Result<(Shard, Option<Hold>)> {
        let meta = meta.clone();
        let disk = into.clone();
        on_disk(&disk, move || match self.received {
            Some(received) => {
                let committed = received.receiver.commit(|there| supersedes(&meta, there))?;
                // The state stands for what is on disk, never for more or less.
                assert!(committed, "only what is newer than the state is installed");
                Ok((received.state, Some(received.hold)))
            }
            None => Ok((self.copy(&meta, &into)?, None)),
        })
        .await
    }

    /// Copies a snapshot of another store, while its state is read.
    fn copy(self, meta: &SnapshotMeta, into: &Snapshots) -> io::Result<Shard> {
        let missing = || io::Error::new(io::ErrorKind::NotFound, "the snapshot is gone");
        let (_, mut reader) = self.snapshots.latest(self.shard)?.ok_or_else(missing)?;
        let mut shard = Restoring::default();
        let mut writer = into.begin(self.shard, &codec::meta_bytes(meta))?;
        while let Some(chunk) = reader.next_chunk()? {
            shard.add(&chunk).map_err(|_| unreadable(self.shard))?;
            writer.append(&chunk)?;
        }
        let shard = shard.finish().map_err(|_| unreadable(self.shard))?;
        writer.commit_if(|there| supersedes(meta, there))?;
        Ok(shard)
    }
}

/// Whether a snapshot is at least as new as the one that says this of itself.
fn supersedes(meta: &SnapshotMeta, there: &[u8]) -> bool {
    // What nobody can read stands for nothing.
    codec::meta(there).map_or(true, |there| there.last_log_id <= meta.last_log_id)
}

/// Reads the newest snapshot of a shard, if there is one.
///
/// What is damaged is also reported to the snapshots. A log whose front part is
/// gone, without the snapshot that stands for it, counts as damage as well: the
/// shard must not begin empty.
pub(crate) fn load(
    id: ShardId,
    snapshots: &Snapshots,
    log: &Log,
    shelf: &Shelf,
) -> io::Result<Option<(SnapshotMeta, Shard)>> {
    let found = snapshots.latest(id).inspect_err(|why| snapshots.report(why))?;
    let found = found.map(|(meta, reader)| read(id, snapshots, shelf, &meta, reader));
    let found = found.transpose()?;
    let covered = found.as_ref().and_then(|(meta, _)| meta.last_log_id);
    let (purged, _) = log.first_last(id);
    if let Some(purged) = purged
        && covered.is_none_or(|last| last.index() < purged.index)
    {
        let missing = snapshots.missing(id, purged.index);
        snapshots.report(&missing);
        return Err(missing.into());
    }
    if let Some((_, shard)) = &found {
        shelf.check_some(shard)?;
    }
    Ok(found)
}

fn read(
    id: ShardId,
    snapshots: &Snapshots,
    shelf: &Shelf,
    meta: &[u8],
    mut reader: Reader,
) -> io::Result<(SnapshotMeta, Shard)> {
    let meta = codec::meta(meta).map_err(|_| unreadable(id))?;
    let (mut shard, mut loading) = (Restoring::default(), Loading::new(shelf));
    while let Some(chunk) = reader.next_chunk().inspect_err(|why| snapshots.report(why))? {
        shard.add(&chunk).map_err(|_| unreadable(id))?;
        loading.spill(&mut shard)?;
    }
    Ok((meta, shard.finish().map_err(|_| unreadable(id))?))
}

fn unreadable(id: ShardId) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the snapshot of shard {} is of another version", id.0),
    )
}

/// The newest snapshot, as openraft asks for it. None also when it is damaged:
/// then one has to be written from the state in memory.
pub(crate) fn current(
    id: ShardId,
    snapshots: &Snapshots,
) -> io::Result<Option<SnapshotOf<Types, Image>>> {
    if snapshots.is_suspect(id)? {
        return Ok(None);
    }
    let meta = match snapshots.latest(id) {
        Ok(Some((meta, _))) => meta,
        Ok(None) => return Ok(None),
        Err(why) if why.is_damage() => {
            snapshots.report(&why);
            return Ok(None);
        }
        Err(why) => return Err(why.into()),
    };
    let meta = codec::meta(&meta).map_err(|_| unreadable(id))?;
    let snapshot = Image::newest(id, snapshots.clone());
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
        progress.build_begun();
        Builder { shard, meta, frozen: Some(frozen), snapshots, progress, log_bytes }
    }

    /// False when a newer one came meanwhile.
    async fn write(&mut self) -> io::Result<bool> {
        let frozen = self.frozen.take().ok_or_else(|| io::Error::other("built already"))?;
        let (shard, snapshots) = (self.shard, self.snapshots.clone());
        let meta = self.meta.clone();
        on_disk(&self.snapshots, move || {
            let mut writer = snapshots.begin(shard, &codec::meta_bytes(&meta))?;
            for chunk in frozen.chunks() {
                writer.append(&chunk)?;
            }
            Ok(writer.commit_if(|there| supersedes(&meta, there))?.is_some())
        })
        .await
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        self.progress.build_over();
    }
}

impl RaftSnapshotBuilder<Types> for Builder {
    type SnapshotData = Image;

    /// A snapshot that cannot be written is no reason to stop: nothing is lost,
    /// the log is only cut later. The older one stands, and openraft finds
    /// nothing new in it.
    async fn build_snapshot(&mut self) -> Result<SnapshotOf<Types, Image>, io::Error> {
        let mut meta = self.meta.clone();
        match self.write().await {
            Ok(true) => {}
            Ok(false) => meta = SnapshotMeta::default(),
            Err(why) => {
                tracing::error!(
                    shard = self.shard.0,
                    %why,
                    id = "LS-2002",
                    "the snapshot could not be written; the log grows until one can"
                );
                self.progress.snapshot_failed(self.log_bytes, &why);
                meta = SnapshotMeta::default();
            }
        }
        let snapshot = Image::newest(self.shard, self.snapshots.clone());
        Ok(openraft::storage::Snapshot { meta, snapshot })
    }
}
