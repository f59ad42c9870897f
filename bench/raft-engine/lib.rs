//! The storage crate with raft-engine for a log, to measure what the own log is
//! worth in the whole server.
//!
//! Everything but the log is the files of the real crate, and so are the parts of
//! the log that have nothing to do with files: the queue in front of the writer,
//! the map of the entries, options and numbers. What differs is what is measured.

#[path = "../../src/storage/disk/mod.rs"]
pub mod disk;
pub mod log;
#[path = "../../src/storage/snapshots/mod.rs"]
pub mod snapshots;

#[path = "../../src/storage/error.rs"]
mod error;
#[path = "../../src/storage/identity.rs"]
mod identity;

pub use disk::{Disk, DiskFile, Held, RealDisk, SimDisk};
pub use error::StorageError;
pub use identity::{Identity, LOG_DIR, SNAPSHOT_DIR};
pub use log::{
    Done, EntryId, FSYNC_BOUNDS_MICROS, Fsync, Log, LogOptions, LogStats, Record, Recovered,
};
pub use snapshots::Snapshots;
