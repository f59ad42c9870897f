//! Bodies of messages on disk: those that stay longer than memory wants them.
//!
//! A body is named by the number of its queue and of its message; the same name is
//! the same body on every replica. What was put is safe after [`Bodies::sync`], and
//! not before. A body that comes back changed is never given out: it is damage, as
//! is a store that cannot be opened. What was removed may come back after the loss
//! of power, until the next sync; whoever owns the store looks for such orphans
//! with [`Bodies::list`].

mod real;
mod record;
mod sim;

use std::fmt::Debug;
use std::sync::Arc;

use lockstep_core::ShardId;

use crate::StorageError;

pub use real::{SledBodies, mark_damaged, put_aside};
pub use sim::SimBodies;

/// Which body: the number of its queue, and of its message in that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyId {
    /// The queue's entry.
    pub queue: u64,
    /// The message.
    pub seq: u64,
}

/// The largest body.
pub const BODY_BYTES_MAX: usize = 64 << 20;

/// Where a node keeps bodies. All of it waits for the disk.
pub trait Bodies: Send + Sync + Debug {
    /// Puts bodies, in place of what had their names; some of them where it fails.
    ///
    /// # Errors
    /// The disk is full, fails, or the store is damaged. What was put since the
    /// last sync counts as not put.
    fn put(&self, shard: ShardId, bodies: &[(BodyId, Arc<[u8]>)]) -> Result<(), StorageError>;

    /// Makes all that was put and removed safe.
    ///
    /// # Errors
    /// The disk failed: nobody knows what is safe, and no later sync can tell.
    fn sync(&self) -> Result<(), StorageError>;

    /// The bodies of these names, in this order; `None` where there is none.
    ///
    /// # Errors
    /// One is not what was put, or the disk fails.
    fn get(&self, shard: ShardId, ids: &[BodyId]) -> Result<Vec<Option<Arc<[u8]>>>, StorageError>;

    /// Removes bodies; names without one are passed over.
    ///
    /// # Errors
    /// The disk fails, or the store is damaged.
    fn remove(&self, shard: ShardId, ids: &[BodyId]) -> Result<(), StorageError>;

    /// The names behind `after`, in order, about as many as asked for; none at the
    /// end. May give names of bodies that were removed, as long as others stand
    /// beside them.
    ///
    /// # Errors
    /// The disk fails, or the store is damaged.
    fn list(
        &self,
        shard: ShardId,
        after: Option<BodyId>,
        count: usize,
    ) -> Result<Vec<BodyId>, StorageError>;

    /// Removes all bodies of a shard, durably.
    ///
    /// # Errors
    /// The disk fails, or the store is damaged.
    fn erase(&self, shard: ShardId) -> Result<(), StorageError>;

    /// Bytes on disk.
    fn disk_bytes(&self) -> u64;

    /// Gives space back when that is worth it: all that is wanted is `live_bytes`.
    ///
    /// # Errors
    /// The disk fails, or the store is damaged.
    fn compact(&self, live_bytes: u64) -> Result<(), StorageError>;
}

/// Whether a store of `disk_bytes` that holds `live_bytes` is written anew.
fn is_worth_it(disk_bytes: u64, live_bytes: u64, small_bytes: u64) -> bool {
    disk_bytes > small_bytes && disk_bytes / 8 > live_bytes
}
