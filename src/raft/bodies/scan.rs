//! Compares what is on disk with what should be there.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;

use lockstep_core::ShardId;
use lockstep_core::queues::BodyKey;
use lockstep_storage::BodyId;

use super::gone::{Gone, Orphans};
use super::{Shelf, fetch};
use crate::group::Inner;

/// So many names are read at once.
const PAGE: usize = 4096;

/// Looks through the bodies of a shard once: those of no message go sooner or
/// later, and one that is missing is damage.
pub(super) async fn scan(inner: &Inner, shelf: &Arc<Shelf>, gone: &mut Gone) -> io::Result<()> {
    let Some(held) = shelf.unheld() else { return Ok(()) };
    if !shelf.take_scan() {
        return Ok(());
    }
    let (mut keys, index) = {
        let shard = crate::runtime::read(&inner.shard);
        let keys: Vec<BodyKey> = shard.queues().stored_keys().collect();
        (keys, shelf.applied())
    };
    shelf.set_stored(keys.iter().map(|key| u64::from(key.bytes)).sum());
    keys.sort_unstable();
    let shard = shelf.shard;
    let scanned = shelf.store.run(move |disk| {
        let mut named = keys.iter().peekable();
        let mut after: Option<BodyId> = None;
        let mut lost: Vec<BodyKey> = Vec::new();
        let mut ids = BTreeSet::new();
        loop {
            let page = disk.list(shard, after, PAGE)?;
            let Some(last) = page.last().copied() else { break };
            for id in page {
                while let Some(key) = named.next_if(|key| fetch::id(key) < id) {
                    lost.push(*key);
                }
                if named.next_if(|key| fetch::id(key) == id).is_none() {
                    ids.insert(id);
                }
            }
            after = Some(last);
        }
        lost.extend(named);
        Ok((lost, ids))
    });
    let (lost, ids) = scanned.await.inspect_err(|_| shelf.scan_later())?;
    gone.found(Orphans { ids, index, held });
    let shard = crate::runtime::read(&inner.shard);
    // Those that left meanwhile are not missed.
    if let Some(key) = lost.iter().find(|key| shard.queues().body(key).is_some()) {
        shelf.store.is_damaged(&missing(shelf.shard, key));
    }
    Ok(())
}

/// What is wrong when a body is not where it should be.
pub(super) fn missing(shard: ShardId, key: &BodyKey) -> String {
    let BodyKey { queue, seq, .. } = key;
    format!("that of message {seq} of queue {queue} in shard {} is missing on disk", shard.0)
}
