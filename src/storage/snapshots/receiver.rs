//! Takes in a snapshot file of another node.

use std::sync::Arc;

use super::draft::Draft;
use super::{Digest, Reader, Snapshots};
use crate::StorageError;
use lockstep_core::ShardId;

/// The front part of a snapshot file of another node. Dropped before it is
/// committed it leaves nothing behind.
#[derive(Debug)]
pub struct Receiver {
    draft: Draft,
    digest: Digest,
}

impl Receiver {
    pub(super) fn new(
        snapshots: &Snapshots,
        shard: ShardId,
        digest: Digest,
    ) -> Result<Receiver, StorageError> {
        Ok(Receiver { draft: Draft::new(snapshots, shard)?, digest })
    }

    /// Which file it is.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// How many bytes are here; the next ones follow there.
    pub fn offset(&self) -> u64 {
        self.draft.bytes()
    }

    /// Whether all bytes are here.
    pub fn is_complete(&self) -> bool {
        self.offset() == self.digest.bytes
    }

    /// Adds the next bytes.
    ///
    /// # Errors
    /// There are more than there should be, or the disk fails.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let room = self.digest.bytes - self.offset();
        if bytes.len() as u64 > room {
            let what = "a piece of a snapshot";
            return Err(StorageError::TooLarge { what, bytes: bytes.len() as u64, max: room });
        }
        self.draft.write(bytes)
    }

    /// Makes all that was received safe, so that nothing but a name is left to be
    /// written when it is committed.
    ///
    /// # Errors
    /// The disk fails.
    pub fn sync(&mut self) -> Result<(), StorageError> {
        self.draft.settle()
    }

    /// Opens what was received, for reading and checking all of it. Gives the meta
    /// bytes and the chunks.
    ///
    /// # Errors
    /// It is not the file that was announced, or the disk fails.
    pub fn open(&self) -> Result<(Vec<u8>, Reader), StorageError> {
        let file = Arc::clone(self.draft.file());
        let opened = Reader::of(file, self.draft.path(), self.draft.shard())?;
        let (meta, mut reader) = opened;
        let digest = reader.digest()?;
        if digest != self.digest {
            return Err(reader.damaged(0, "it is not the snapshot that was announced"));
        }
        Ok((meta, reader))
    }

    /// Makes it the newest snapshot of the shard, durably, unless `newer` says of
    /// the meta bytes of the one that is there that it does not supersede it. False
    /// when it does not. Only after all of it was read and found intact.
    ///
    /// # Errors
    /// The disk fails.
    pub fn commit(self, newer: impl FnOnce(&[u8]) -> bool) -> Result<bool, StorageError> {
        assert!(self.is_complete(), "part of a snapshot is never made one");
        self.draft.publish(newer)
    }
}
