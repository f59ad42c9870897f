//! Reads a snapshot.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::ShardId;

use super::Digest;
use super::format::{
    CHUNK_BYTES_MAX, END, END_BYTES, FORMAT, FRAME_BYTES, HEAD_BYTES, Head, frame,
};
use crate::disk::read_full;
use crate::{Disk, DiskFile, StorageError};

pub(super) const ADVICE: &str = "it cannot be used, and the log behind it is gone: empty this node's \
    data directory and let it rejoin from its peers, or restore a backup";

/// What is only checked is read in pieces of this size.
const PIECE_BYTES: usize = 1 << 20;

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
        let file = disk.open(path).map_err(StorageError::io("opening a snapshot", path))?;
        Reader::of(file, path, shard)
    }

    /// Reads an open file up to the first chunk.
    pub(super) fn of(
        file: Arc<dyn DiskFile>,
        path: &Path,
        shard: ShardId,
    ) -> Result<(Vec<u8>, Reader), StorageError> {
        let bytes = file.len().map_err(StorageError::io("opening a snapshot", path))?;
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
        self.check_length(start, length)?;
        let chunk = self.take(length as usize)?;
        self.check(start, length, &chunk, crc)?;
        self.chunks += 1;
        Ok(Some(chunk))
    }

    /// Which file this is, by what stands at its end.
    pub(super) fn digest(&mut self) -> Result<Digest, StorageError> {
        let end = (FRAME_BYTES + END_BYTES) as u64;
        let start = self.bytes.checked_sub(end);
        let start = start.ok_or_else(|| self.damaged(self.bytes, "it ends too early"))?;
        let front = self.raw(start, FRAME_BYTES)?;
        let front = front.split_first_chunk().and_then(|(length, crc)| {
            Some((u32::from_le_bytes(*length), u32::from_le_bytes(*crc.first_chunk()?)))
        });
        match front {
            Some((END, crc)) => Ok(Digest { bytes: self.bytes, crc }),
            _ => Err(self.damaged(start, "it does not end as a snapshot")),
        }
    }

    /// Up to where the bytes are known to be intact.
    pub(super) fn checked(&self) -> u64 {
        if self.ended { self.bytes } else { self.at }
    }

    /// Checks the next chunk, piece by piece: it does not stand in memory. False
    /// behind the last one, when the file as a whole was found intact.
    pub(super) fn check_chunk(&mut self) -> Result<bool, StorageError> {
        if self.ended {
            return Ok(false);
        }
        let start = self.at;
        let (length, crc) = self.front()?;
        if length == END {
            self.end(start, crc)?;
            return Ok(false);
        }
        self.check_length(start, length)?;
        let mut left = length as usize;
        let mut now = crc32c::crc32c_append(self.crc, &length.to_le_bytes());
        while left > 0 {
            let piece = self.take(left.min(PIECE_BYTES))?;
            left -= piece.len();
            now = crc32c::crc32c_append(now, &piece);
        }
        if crc != now {
            return Err(self.damaged(start, "a chunk does not match its checksum"));
        }
        self.crc = now;
        self.chunks += 1;
        Ok(true)
    }

    /// Bytes as they stand in the file.
    pub(super) fn raw(&self, offset: u64, count: usize) -> Result<Vec<u8>, StorageError> {
        let mut buf = vec![0; count];
        let got = read_full(self.file.as_ref(), &mut buf, offset);
        let got = got.map_err(StorageError::io("reading a snapshot", &self.path))?;
        if got < count {
            return Err(self.damaged(offset, "it ends too early"));
        }
        Ok(buf)
    }

    fn check_length(&self, start: u64, length: u32) -> Result<(), StorageError> {
        if length == 0 || length as usize > CHUNK_BYTES_MAX {
            return Err(self.damaged(start, "the length of a chunk makes no sense"));
        }
        Ok(())
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
        let taken = self.raw(self.at, count)?;
        self.at += count as u64;
        Ok(taken)
    }

    pub(super) fn damaged(&self, offset: u64, what: &str) -> StorageError {
        let path = self.path.clone();
        StorageError::Damaged { path, offset, what: what.into(), advice: ADVICE }
    }
}
