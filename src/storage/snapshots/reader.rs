//! Reads a snapshot.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::ShardId;

use super::format::{
    CHUNK_BYTES_MAX, END, END_BYTES, FORMAT, FRAME_BYTES, HEAD_BYTES, Head, frame,
};
use crate::disk::read_full;
use crate::{Disk, DiskFile, StorageError};

const ADVICE: &str = "it cannot be used, and the log behind it is gone: empty this node's \
    data directory and let it rejoin from its peers, or restore a backup";

/// Reads a snapshot, chunk by chunk, each one checked.
#[derive(Debug)]
pub struct Reader {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    bytes: u64,
    at: u64,
    crc: u32,
    chunks: u64,
    ended: bool,
}

impl Reader {
    /// Opens the file and reads up to the first chunk.
    pub(super) fn open(
        disk: &dyn Disk,
        path: &Path,
        shard: ShardId,
    ) -> Result<(Vec<u8>, Reader), StorageError> {
        let opened = disk.open(path).and_then(|file| Ok((file.len()?, file)));
        let (bytes, file) = opened.map_err(StorageError::io("opening a snapshot", path))?;
        let path = path.to_path_buf();
        let mut reader = Reader { file, path, bytes, at: 0, crc: 0, chunks: 0, ended: false };
        let meta = reader.head(shard)?;
        Ok((meta, reader))
    }

    /// The size of the file.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next chunk; `None` after the last one, when the file as a whole was
    /// found intact. Use nothing of it before.
    pub fn next_chunk(&mut self) -> Result<Option<Vec<u8>>, StorageError> {
        if self.ended {
            return Ok(None);
        }
        let start = self.at;
        let (length, crc) = self.front()?;
        if length == END {
            return self.end(start, crc);
        }
        if length == 0 || length as usize > CHUNK_BYTES_MAX {
            return Err(self.damaged(start, "the length of a chunk makes no sense"));
        }
        let chunk = self.take(length as usize)?;
        self.check(start, length, &chunk, crc)?;
        self.chunks += 1;
        Ok(Some(chunk))
    }

    fn head(&mut self, shard: ShardId) -> Result<Vec<u8>, StorageError> {
        let bytes = self.take(HEAD_BYTES)?;
        let head = bytes.first_chunk().and_then(Head::from_bytes);
        let head = head.ok_or_else(|| self.damaged(0, "it does not begin as a snapshot"))?;
        if u64::from(head.meta_bytes) > self.bytes - self.at {
            return Err(self.damaged(16, "the length of its meta bytes makes no sense"));
        }
        let meta = self.take(head.meta_bytes as usize)?;
        let crc = crc32c::crc32c_append(crc32c::crc32c(&bytes), &meta);
        let (_, expected) = frame(0, &[], crc);
        let closing = self.take(FRAME_BYTES)?;
        if closing != expected {
            return Err(self.damaged(0, "its head does not match its checksum"));
        }
        if head.format != FORMAT {
            let (path, found) = (self.path.clone(), head.format);
            return Err(StorageError::Version { path, found, known: FORMAT });
        }
        if head.shard != shard {
            return Err(self.damaged(12, "it is that of another shard"));
        }
        (self.crc, _) = frame(0, &[], crc);
        Ok(meta)
    }

    /// Reads the length and the checksum of a frame.
    fn front(&mut self) -> Result<(u32, u32), StorageError> {
        let front = self.take(FRAME_BYTES)?;
        let word = |at: usize| u32::from_le_bytes([0, 1, 2, 3].map(|byte| front[at + byte]));
        Ok((word(0), word(4)))
    }

    fn end(&mut self, start: u64, crc: u32) -> Result<Option<Vec<u8>>, StorageError> {
        let count = self.take(END_BYTES)?;
        self.check(start, END, &count, crc)?;
        if count != self.chunks.to_le_bytes() {
            return Err(self.damaged(start, "chunks are missing"));
        }
        if self.at != self.bytes {
            return Err(self.damaged(self.at, "something follows behind its end"));
        }
        self.ended = true;
        Ok(None)
    }

    fn check(
        &mut self,
        start: u64,
        length: u32,
        bytes: &[u8],
        crc: u32,
    ) -> Result<(), StorageError> {
        let (expected, _) = frame(length, bytes, self.crc);
        if crc != expected {
            return Err(self.damaged(start, "a chunk does not match its checksum"));
        }
        self.crc = crc;
        Ok(())
    }

    fn take(&mut self, count: usize) -> Result<Vec<u8>, StorageError> {
        // Before the memory is taken: the length may be damaged.
        if self.bytes - self.at < count as u64 {
            return Err(self.damaged(self.at, "it ends too early"));
        }
        let mut buf = vec![0; count];
        let got = read_full(self.file.as_ref(), &mut buf, self.at);
        let got = got.map_err(StorageError::io("reading a snapshot", &self.path))?;
        if got < count {
            return Err(self.damaged(self.at, "it ends too early"));
        }
        self.at += count as u64;
        Ok(buf)
    }

    fn damaged(&self, offset: u64, what: &str) -> StorageError {
        let path = self.path.clone();
        StorageError::Damaged { path, offset, what: what.into(), advice: ADVICE }
    }
}
