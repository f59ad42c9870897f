//! Snapshots: the state of a shard at an index, on disk and on its way to
//! other nodes.
//!
//! A snapshot travels as the bytes of its file, piece by piece, each with the
//! digest of the file it is of. The receiver says which byte it wants next, so a
//! transfer goes on where it stopped: after a lost link, and from another leader
//! when its file is the same. What was received is read whole and checked before
//! the state of the shard is touched.

mod image;
mod inbound;
mod outbound;
#[cfg(test)]
mod tests;
mod wire;

pub(crate) use image::{Builder, Image, current, load};
#[cfg(test)]
pub(crate) use inbound::Target;
pub(crate) use inbound::{Inbound, Installer};
pub(crate) use outbound::send;

use std::io;

use lockstep_storage::Snapshots;

use crate::store::blocking;

/// Runs something that waits for the disk: on a thread where it may wait, or here
/// when the node is driven by hand.
async fn on_disk<T: Send + 'static>(
    snapshots: &Snapshots,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if snapshots.is_by_hand() { work() } else { blocking(work).await }
}
