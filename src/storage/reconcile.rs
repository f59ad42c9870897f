//! The log and the snapshots of a node have to fit together.

use std::path::PathBuf;

use lockstep_core::ShardId;

use crate::{Log, Snapshots, StorageError};

const ADVICE: &str = "part of the data directory is missing: \
    empty it and let this node rejoin from its peers, or restore a backup";

/// Removes the snapshots of shards that the log has forgotten (whoever erased them
/// was interrupted), and sees that every other snapshot has its log and every log
/// that was cut its snapshot. To be called before any group starts.
///
/// # Errors
/// Something is missing, which counts as damage, or the disk fails.
pub fn reconcile(log: &Log, snapshots: &Snapshots) -> Result<(), StorageError> {
    for shard in log.forgotten() {
        snapshots.remove(shard)?;
    }
    let (known, kept) = (log.shards(), snapshots.shards()?);
    // The vote would be forgotten, and could be given twice.
    if let Some(shard) = kept.iter().find(|shard| !known.contains(shard)) {
        return Err(unknown(log.dir(), *shard));
    }
    for shard in known {
        let (purged, _) = log.first_last(shard);
        if let Some(purged) = purged.filter(|_| !kept.contains(&shard)) {
            return Err(snapshots.missing(shard, purged.index));
        }
    }
    Ok(())
}

fn unknown(path: PathBuf, shard: ShardId) -> StorageError {
    let what = format!("there is a snapshot of shard {}, and nothing about it here", shard.0);
    StorageError::Damaged { path, offset: 0, what, advice: ADVICE }
}
