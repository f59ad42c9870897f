//! Writes a snapshot.

use lockstep_core::ShardId;

use super::draft::Draft;
use super::format::{CHUNK_BYTES_MAX, END, FORMAT, Head, frame};
use super::{Export, Snapshots};
use crate::StorageError;

/// Bytes are gathered up to this many before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes a snapshot. Dropped without a commit it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    draft: Draft,
    buf: Vec<u8>,
    crc: u32,
    chunks: u64,
}

impl Writer {
    pub(super) fn new(
        snapshots: &Snapshots,
        shard: ShardId,
        meta: &[u8],
    ) -> Result<Writer, StorageError> {
        check("the meta bytes of a snapshot", meta)?;
        let draft = Draft::new(snapshots, shard)?;
        let mut writer = Writer { draft, buf: Vec::with_capacity(BUFFER_BYTES), crc: 0, chunks: 0 };
        let head = Head { format: FORMAT, shard, meta_bytes: meta.len() as u32 };
        writer.put(&head.to_bytes(), meta)?;
        writer.put_frame(0, &[])?;
        Ok(writer)
    }

    /// Adds a chunk. Empty chunks are left out.
    pub fn append(&mut self, chunk: &[u8]) -> Result<(), StorageError> {
        check("a chunk of a snapshot", chunk)?;
        if chunk.is_empty() {
            return Ok(());
        }
        self.chunks += 1;
        self.put_frame(chunk.len() as u32, chunk)
    }

    /// Bytes so far.
    pub fn bytes(&self) -> u64 {
        self.draft.bytes() + self.buf.len() as u64
    }

    /// Makes the snapshot the newest one, durably, and removes the older one.
    /// Gives its size in bytes.
    pub fn commit(self) -> Result<u64, StorageError> {
        let bytes = self.commit_if(|_| true)?;
        Ok(bytes.expect("it was to be published in any case"))
    }

    /// As [`Writer::commit`], unless `newer` says of the meta bytes of the newest
    /// snapshot there is that this one does not supersede it: then it is gone.
    pub fn commit_if(
        mut self,
        newer: impl FnOnce(&[u8]) -> bool,
    ) -> Result<Option<u64>, StorageError> {
        let chunks = self.chunks.to_le_bytes();
        self.put_frame(END, &chunks)?;
        self.flush()?;
        let bytes = self.draft.bytes();
        Ok(self.draft.publish(newer)?.then_some(bytes))
    }

    /// Ends a snapshot that never becomes one of this node: another node gets it. The
    /// file goes with the export.
    pub fn export(mut self, meta: &[u8]) -> Result<Export, StorageError> {
        let chunks = self.chunks.to_le_bytes();
        self.put_frame(END, &chunks)?;
        self.flush()?;
        Export::of(meta, self.draft)
    }

    fn put_frame(&mut self, length: u32, bytes: &[u8]) -> Result<(), StorageError> {
        let (crc, front) = frame(length, bytes, self.crc);
        self.push(&front)?;
        self.push(bytes)?;
        self.crc = crc;
        Ok(())
    }

    /// Puts bytes that have no frame of their own; the next one speaks for them.
    fn put(&mut self, head: &[u8], rest: &[u8]) -> Result<(), StorageError> {
        for bytes in [head, rest] {
            self.push(bytes)?;
            self.crc = crc32c::crc32c_append(self.crc, bytes);
        }
        Ok(())
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        if self.buf.len() + bytes.len() > BUFFER_BYTES {
            self.flush()?;
        }
        if bytes.len() < BUFFER_BYTES {
            self.buf.extend_from_slice(bytes);
            return Ok(());
        }
        self.draft.write(bytes)
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        let mut buf = std::mem::take(&mut self.buf);
        let written = self.draft.write(&buf);
        buf.clear();
        self.buf = buf;
        written
    }
}

fn check(what: &'static str, bytes: &[u8]) -> Result<(), StorageError> {
    if bytes.len() <= CHUNK_BYTES_MAX {
        return Ok(());
    }
    Err(StorageError::TooLarge { what, bytes: bytes.len() as u64, max: CHUNK_BYTES_MAX as u64 })
}
