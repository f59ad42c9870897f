//! Bodies whose messages are gone, until nobody can ask for them any more.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::queues::BodyKey;
use lockstep_storage::BodyId;
use tokio::time::Instant;

use super::{Shelf, fetch};
use crate::group::Inner;

/// So long whoever was given a message that is settled has to bring its body.
const KEPT: Duration = Duration::from_secs(10);
/// So many are removed at once.
const REMOVED_MAX: usize = 4096;

/// Bodies whose messages are gone. The newest snapshot may name them: they are needed
/// until one stands that does not.
#[derive(Debug, Default)]
pub(super) struct Gone {
    batches: VecDeque<Batch>,
    orphans: Option<Orphans>,
}

/// Bodies that were found on disk without a message that says so. A snapshot may name
/// them, and a message that is in memory only may come to have one of them.
#[derive(Debug)]
pub(super) struct Orphans {
    pub(super) ids: BTreeSet<BodyId>,
    /// No message of the state behind this entry has them.
    pub(super) index: u64,
    /// Nobody may have held since.
    pub(super) held: u64,
}

#[derive(Debug)]
struct Batch {
    /// They are in no snapshot of this entry or a later one.
    index: u64,
    since: Instant,
    keys: Vec<BodyKey>,
}

impl Gone {
    pub(super) fn is_empty(&self) -> bool {
        self.batches.is_empty() && self.orphans.is_none()
    }

    /// These were found.
    pub(super) fn found(&mut self, orphans: Orphans) {
        self.orphans = Some(orphans).filter(|orphans| !orphans.ids.is_empty());
    }

    /// These are on disk for a message.
    pub(super) fn are_kept(&mut self, keys: &[BodyKey]) {
        if let Some(orphans) = &mut self.orphans {
            for key in keys {
                orphans.ids.remove(&fetch::id(key));
            }
        }
    }

    /// Asks the queues which messages left.
    pub(super) fn gather(&mut self, inner: &Inner, shelf: &Shelf) {
        let (keys, index) = {
            let mut shard = crate::runtime::write(&inner.shard);
            (shard.queues_mut_local().take_gone(), shelf.applied())
        };
        if keys.is_empty() {
            return;
        }
        shelf.are_gone(keys.iter().map(|key| u64::from(key.bytes)).sum());
        self.batches.push_back(Batch { index, since: Instant::now(), keys });
    }

    /// Removes those that nobody can ask for.
    pub(super) async fn remove(&mut self, inner: &Inner, shelf: &Arc<Shelf>) -> io::Result<()> {
        let snapshot = inner.snapshot_index();
        let mut removed = self.remove_orphans(snapshot, shelf).await?;
        while let Some(batch) = self.batches.front_mut() {
            if batch.index > snapshot || batch.since.elapsed() < KEPT {
                break;
            }
            let Some(held) = shelf.unheld() else { break };
            let from = batch.keys.len().saturating_sub(REMOVED_MAX);
            let ids: Vec<_> = batch.keys[from..].iter().map(fetch::id).collect();
            let ours = shelf.clone();
            let done = shelf.store.on_disk(move |disk| {
                ours.while_unheld(held, || disk.remove(ours.shard, &ids)).transpose()
            });
            if done.await.inspect_err(|why| shelf.store.did_not_take(why))?.is_none() {
                break;
            }
            removed = true;
            batch.keys.truncate(from);
            if batch.keys.is_empty() {
                self.batches.pop_front();
            }
        }
        if removed {
            self.tell(shelf).await?;
        }
        Ok(())
    }

    async fn remove_orphans(&mut self, snapshot: u64, shelf: &Arc<Shelf>) -> io::Result<bool> {
        let Some(orphans) = self.orphans.take_if(|orphans| orphans.index <= snapshot) else {
            return Ok(false);
        };
        let ours = shelf.clone();
        let work = shelf.store.on_disk(move |disk| {
            let ids: Vec<_> = orphans.ids.into_iter().collect();
            for some in ids.chunks(REMOVED_MAX) {
                let done = ours.while_unheld(orphans.held, || disk.remove(ours.shard, some));
                if done.transpose()?.is_none() {
                    // Whoever holds may have brought some of them.
                    ours.scan_later();
                    break;
                }
            }
            Ok(())
        });
        work.await.inspect_err(|why| shelf.store.did_not_take(why))?;
        Ok(true)
    }

    /// Says what is left, and gives space back.
    async fn tell(&self, shelf: &Arc<Shelf>) -> io::Result<()> {
        let left = self.batches.iter().flat_map(|batch| &batch.keys);
        shelf.set_gone(left.map(|key| u64::from(key.bytes)).sum());
        let live = shelf.store.live_bytes();
        let compacted = shelf.store.on_disk(move |disk| disk.compact(live)).await;
        // What is written from now on might go where nobody looks for it after the next
        // start: nobody knows which of the two files the name leads to.
        compacted.inspect_err(|why| shelf.store.did_not_take(why))
    }
}
