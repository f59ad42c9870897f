//! The position up to which the log is safe, kept beside the segments.
//!
//! Each record names such a position as well. But whether the last records are
//! missing because they were never safe, or because they were damaged beyond
//! recognition, nothing in the segments themselves can tell.
//!
//! The file is overwritten in place after every sync, before anybody is answered,
//! and not synced itself: it may say less than is safe, never more.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::record::Position;
use crate::disk::read_full;
use crate::{Disk, DiskFile, StorageError};

const FILE: &str = "SAFE";
const TEMPORARY: &str = "SAFE.tmp";
const MAGIC: [u8; 8] = *b"lockstSF";
const FORMAT: u32 = 1;
/// Magic, format, position, checksum of all before. Less than a sector: it is
/// written whole or not at all.
const BYTES: usize = 24;
const ADVICE: &str = "nobody can tell any more whether the log is complete: \
    empty this node's data directory and let it rejoin from its peers, or restore a backup";

/// The file.
#[derive(Debug)]
pub(super) struct Safe {
    file: Arc<dyn DiskFile>,
    /// What stands in it. Whoever has an older position has nothing to say.
    noted: Mutex<Position>,
}

impl Safe {
    /// Opens the file; none when it is missing.
    pub(super) fn open(disk: &dyn Disk, dir: &Path) -> Result<Option<Safe>, StorageError> {
        let path = dir.join(FILE);
        let failed = || StorageError::io("reading how far the log is safe", &path);
        let file = match disk.open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(failed())?,
        };
        let mut buf = [0; BYTES + 1];
        let got = read_full(file.as_ref(), &mut buf, 0).map_err(failed())?;
        let position = parse(&buf[..got]).ok_or_else(|| damaged(&path, "it is not intact"))?;
        Ok(Some(Safe { file, noted: Mutex::new(position) }))
    }

    /// Makes the file of a log that has none yet.
    pub(super) fn make(disk: &dyn Disk, dir: &Path) -> Result<Safe, StorageError> {
        let made = Safe::make_in(disk, dir);
        made.map_err(StorageError::io("noting how far the log is safe", &dir.join(FILE)))
    }

    /// What stands in it.
    pub(super) fn position(&self) -> Position {
        *self.noted.lock()
    }

    fn make_in(disk: &dyn Disk, dir: &Path) -> io::Result<Safe> {
        let temporary = dir.join(TEMPORARY);
        let file = disk.create(&temporary)?;
        file.write_at(&bytes(Position::default()), 0)?;
        file.sync_data()?;
        disk.rename(&temporary, &dir.join(FILE))?;
        disk.sync_dir(dir)?;
        Ok(Safe { file, noted: Mutex::default() })
    }

    /// Everything before this position is safe.
    pub(super) fn note(&self, position: Position) -> io::Result<()> {
        let mut noted = self.noted.lock();
        if position > *noted {
            self.file.write_at(&bytes(position), 0)?;
            *noted = position;
        }
        Ok(())
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

/// The file is missing though the log has been used since there is one.
pub(super) fn missing(dir: &Path) -> StorageError {
    damaged(&dir.join(FILE), "it is missing")
}

/// The file names a position, and there are no segments at all.
pub(super) fn alone(dir: &Path) -> StorageError {
    damaged(&dir.join(FILE), "the segments that it speaks of are missing")
}

fn damaged(path: &Path, what: &str) -> StorageError {
    let (path, what) = (path.to_path_buf(), what.into());
    StorageError::Damaged { path, offset: 0, what, advice: ADVICE }
}

fn bytes(position: Position) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
    bytes[12..20].copy_from_slice(&position.0.to_le_bytes());
    let crc = crc32c::crc32c(&bytes[..20]);
    bytes[20..].copy_from_slice(&crc.to_le_bytes());
    bytes
}

fn parse(bytes: &[u8]) -> Option<Position> {
    let bytes: &[u8; BYTES] = bytes.try_into().ok()?;
    let (body, crc) = bytes.split_last_chunk::<4>()?;
    let format = u32::from_le_bytes(*body[8..].first_chunk()?);
    let intact = crc32c::crc32c(body) == u32::from_le_bytes(*crc);
    let position = Position(u64::from_le_bytes(*body[12..].first_chunk()?));
    (intact && body.starts_with(&MAGIC) && format == FORMAT).then_some(position)
}
