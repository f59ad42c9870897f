//! The seam to the disk: what the storage asks of a file system, and its bodies.
//!
//! A write is safe after `sync_data` of its file; a name (created, renamed,
//! removed) is safe after `sync_dir` of its directory. Nothing else is promised,
//! and the simulated body takes away everything that is not.

mod real;
mod sim;
mod through;

use std::any::Any;
use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::sync::Arc;

pub use real::RealDisk;
pub use sim::{HeldSyncs, SECTOR_BYTES, SimDisk, SimOp};

/// Pages are written whole.
pub const PAGE_BYTES: u64 = 4096;

/// A lock on a file, held until it is dropped.
pub type Held = Box<dyn Any + Send + Sync>;

/// A file system.
pub trait Disk: Send + Sync + Debug {
    /// Opens a file that exists, for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Makes a new empty file; an old one of that name loses its content.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>>;
    /// Gives a file another name, whose earlier file goes, in one step.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Handles that are open keep their bytes.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// The names of the files in a directory, sorted. Directories are left out.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// The names of the directories in a directory, sorted.
    fn list_dirs(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Makes a directory and those above it, durably, where they are missing.
    fn create_dir_all(&self, dir: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes the exclusive lock on a file, made when missing; `None` when
    /// another process or handle has it.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Held>>;
    /// Opens a file that exists for writes that are safe when they return; `None`
    /// where only `sync_data` makes them so.
    fn open_through(&self, _path: &Path) -> Option<Box<dyn Through>> {
        None
    }
}

/// A file whose writes are safe when they return.
pub trait Through: Send + Debug {
    /// Writes whole pages of [`PAGE_BYTES`]. What was written otherwise, with
    /// `write_at`, is not made safe. False: such writes do not work here, and
    /// nothing is promised.
    fn write(&mut self, pages: &[u8], offset: u64) -> io::Result<bool>;
}

/// An open file.
pub trait DiskFile: Send + Sync + Debug {
    /// Reads up to `buf.len()` bytes; 0 at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes all of `bytes`; the file grows where needed.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;
    /// The length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file has no bytes.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Cuts the file or fills it up with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes all bytes written before durable, with what is needed to read them.
    fn sync_data(&self) -> io::Result<()>;
}

/// Reads until `buf` is full or the file ends; says how many bytes came.
pub(crate) fn read_full(file: &dyn DiskFile, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buf.len() {
        match file.read_at(&mut buf[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}
