//! Bytes that survive: the node's log, its snapshots and its identity.
//!
//! Everything stands on the [`Disk`] seam, which has a real body and a simulated
//! one that can lose power, fill up and fail. The [`Log`] is one write-ahead log
//! for all shards of the node, the [`Snapshots`] hold one checked file per shard,
//! the [`Bodies`] what messages carry that stay for longer, the [`Identity`] says whose data directory this is. What is damaged is never
//! used; [`quarantine()`] puts it aside where other nodes have it.

pub mod bodies;
pub mod disk;
pub mod log;
pub mod snapshots;

pub mod peers;

mod error;
mod founding;
#[doc(hidden)]
pub mod fuzz;
mod identity;
mod mutants;
mod quarantine;
mod reconcile;
#[cfg(test)]
mod tests;

pub use bodies::{Bodies, BodyId, SimBodies, SledBodies};
pub use disk::{Disk, DiskFile, Held, HeldSyncs, RealDisk, SimDisk, SimOp, Through};
pub use error::{StorageError, is_damage};
pub use founding::{found, founded};
pub use identity::{BODIES_DIR, Identity, LOG_DIR, SNAPSHOT_DIR};
pub use log::{
    Done, EntryId, FSYNC_BOUNDS_MICROS, Fsync, Log, LogOptions, LogStats, Record, Recovered,
};
#[doc(hidden)]
pub use mutants::Mutants;
pub use quarantine::{QUARANTINES_MAX, Quarantined, quarantine};
pub use reconcile::reconcile;
pub use snapshots::{SnapshotOptions, Snapshots};
