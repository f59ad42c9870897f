//! What is left of shards that are not here any more.

use crate::{Log, Snapshots, StorageError};

/// Removes the snapshots of the shards that the log has forgotten: whoever erased
/// them may have been interrupted. To be called before any group starts.
///
/// # Errors
/// The disk fails.
pub fn clear_forgotten(log: &Log, snapshots: &Snapshots) -> Result<(), StorageError> {
    for shard in log.forgotten() {
        snapshots.remove(shard)?;
    }
    Ok(())
}
