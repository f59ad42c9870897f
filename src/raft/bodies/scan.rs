//! Compares what is on disk with what should be there.

use std::io;
use std::sync::Arc;

use lockstep_core::ShardId;
use lockstep_core::queues::BodyKey;
use lockstep_storage::BodyId;

use super::gone::Gone;
use super::{Shelf, fetch};
use crate::group::Inner;

/// So many names are read at once.
const PAGE: usize = 4096;

/// Looks through the bodies of a shard once: those of no message go, and one that is
/// missing is damage.
pub(super) async fn scan(inner: &Inner, shelf: &Arc<Shelf>, gone: &mut Gone) -> io::Result<()> {
    let Some(held) = shelf.unheld() else { return Ok(()) };
    if !shelf.take_scan() {
        return Ok(());
    }
    let (mut keys, bytes) = {
        let shard = inner.shard.read();
        let keys: Vec<BodyKey> = shard.queues().stored_keys().collect();
        let bytes = keys.iter().map(|key| u64::from(key.bytes)).sum();
        (keys, bytes)
    };
    shelf.set_stored(bytes);
    // All on disk that no message has is found here.
    gone.clear(shelf);
    keys.sort_unstable();
    let ours = shelf.clone();
    let scanned = shelf.store.on_disk(move |disk| {
        let mut named = keys.iter().peekable();
        let mut after: Option<BodyId> = None;
        let mut lost: Vec<BodyKey> = Vec::new();
        loop {
            let page = disk.list(ours.shard, after, PAGE)?;
            let Some(last) = page.last().copied() else { break };
            let mut orphans = Vec::new();
            for id in page {
                while let Some(key) = named.next_if(|key| fetch::id(key) < id) {
                    lost.push(*key);
                }
                if named.next_if(|key| fetch::id(key) == id).is_none() {
                    orphans.push(id);
                }
            }
            after = Some(last);
            let removed = ours.while_unheld(held, || disk.remove(ours.shard, &orphans));
            if removed.transpose()?.is_none() {
                ours.scan_later();
                return Ok(Vec::new());
            }
        }
        lost.extend(named);
        Ok(lost)
    });
    let lost = scanned.await.inspect_err(|_| shelf.scan_later())?;
    let shard = inner.shard.read();
    // Those that left meanwhile, and were never there any more, are not missed.
    if let Some(key) =
        lost.iter().find(|key| shard.queues().body(key).is_some_and(|b| b.here.is_none()))
    {
        shelf.store.is_damaged(&missing(shelf.shard, key));
    }
    Ok(())
}

/// What is wrong when a body is not where it should be.
pub(super) fn missing(shard: ShardId, key: &BodyKey) -> String {
    let BodyKey { queue, seq, .. } = key;
    format!("that of message {seq} of queue {queue} in shard {} is missing on disk", shard.0)
}
