//! Gives out a snapshot file, for another node.

use std::sync::Arc;

use super::draft::Draft;
use super::{Digest, Reader};
use crate::StorageError;

/// An open snapshot file whose bytes are checked before they are given out. It
/// can be read to its end though a newer one takes its place.
#[derive(Debug)]
pub struct Export {
    meta: Vec<u8>,
    digest: Digest,
    reader: Reader,
    /// The file, if it is nobody else's.
    _own: Option<Draft>,
}

impl Export {
    pub(super) fn new(meta: Vec<u8>, mut reader: Reader) -> Result<Export, StorageError> {
        let digest = reader.digest()?;
        Ok(Export { meta, digest, reader, _own: None })
    }

    /// A file that was written for this.
    pub(super) fn of(meta: &[u8], draft: Draft) -> Result<Export, StorageError> {
        let file = Arc::clone(draft.file());
        let (_, mut reader) = Reader::of(file, draft.path(), draft.shard())?;
        let digest = reader.digest()?;
        Ok(Export { meta: meta.to_vec(), digest, reader, _own: Some(draft) })
    }

    /// What was said about the snapshot.
    pub fn meta(&self) -> &[u8] {
        &self.meta
    }

    /// Which file it is.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The bytes from `offset` on, up to `bytes_max` of them; none at the end.
    ///
    /// # Errors
    /// They, or what stands before them, are damaged, or the disk fails.
    pub fn piece(&mut self, offset: u64, bytes_max: usize) -> Result<Vec<u8>, StorageError> {
        let end = offset.saturating_add(bytes_max as u64).min(self.digest.bytes);
        while self.reader.checked() < end && self.reader.check_chunk()? {}
        let count = end.saturating_sub(offset);
        self.reader.raw(offset, count as usize)
    }
}
