//! Writes a snapshot.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::Snapshots;
use super::format::{CHUNK_BYTES_MAX, END, FORMAT, Head, Name, frame};
use crate::{DiskFile, StorageError};

/// Bytes are gathered up to this many before they are written.
const BUFFER_BYTES: usize = 1 << 20;

/// Writes a snapshot. Dropped without a commit it leaves nothing behind.
#[derive(Debug)]
pub struct Writer {
    snapshots: Snapshots,
    name: Name,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    buf: Vec<u8>,
    written: u64,
    crc: u32,
    chunks: u64,
    committed: bool,
}

impl Writer {
    pub(super) fn new(
        snapshots: Snapshots,
        name: Name,
        meta: &[u8],
    ) -> Result<Writer, StorageError> {
        check("the meta bytes of a snapshot", meta)?;
        let path = snapshots.path(name);
        let created = snapshots.disk.create(&path);
        let file = created.map_err(StorageError::io("making a snapshot", &path))?;
        let mut writer = Writer {
            snapshots,
            name,
            path,
            file,
            buf: Vec::with_capacity(BUFFER_BYTES),
            written: 0,
            crc: 0,
            chunks: 0,
            committed: false,
        };
        let head = Head { format: FORMAT, shard: name.shard, meta_bytes: meta.len() as u32 };
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
        self.written + self.buf.len() as u64
    }

    /// Makes the snapshot the newest one, durably, and removes the older one.
    /// Gives its size in bytes.
    pub fn commit(mut self) -> Result<u64, StorageError> {
        let chunks = self.chunks.to_le_bytes();
        self.put_frame(END, &chunks)?;
        self.flush()?;
        self.file.sync_data().map_err(self.failed("syncing a snapshot"))?;
        self.publish().map_err(self.failed("naming a snapshot"))?;
        self.committed = true;
        self.remove_older()?;
        Ok(self.written)
    }

    fn publish(&self) -> io::Result<()> {
        let name = Name { temporary: false, ..self.name };
        self.snapshots.disk.rename(&self.path, &self.snapshots.path(name))?;
        self.snapshots.disk.sync_dir(&self.snapshots.dir)
    }

    fn remove_older(&self) -> Result<(), StorageError> {
        for name in self.snapshots.committed(self.name.shard)? {
            if name.number < self.name.number {
                let path = self.snapshots.path(name);
                let removed = self.snapshots.disk.remove(&path);
                removed.map_err(StorageError::io("removing an older snapshot", &path))?;
            }
        }
        Ok(())
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
        self.write(bytes)
    }

    fn flush(&mut self) -> Result<(), StorageError> {
        let mut buf = std::mem::take(&mut self.buf);
        let written = self.write(&buf);
        buf.clear();
        self.buf = buf;
        written
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), StorageError> {
        let written = self.file.write_at(bytes, self.written);
        written.map_err(self.failed("writing a snapshot"))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn failed(&self, doing: &'static str) -> impl FnOnce(io::Error) -> StorageError {
        StorageError::io(doing, &self.path)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if !self.committed {
            // If it stays it is removed at the next start.
            let _ = self.snapshots.disk.remove(&self.path);
        }
    }
}

fn check(what: &'static str, bytes: &[u8]) -> Result<(), StorageError> {
    if bytes.len() <= CHUNK_BYTES_MAX {
        return Ok(());
    }
    Err(StorageError::TooLarge { what, bytes: bytes.len() as u64, max: CHUNK_BYTES_MAX as u64 })
}
