//! Bodies whose messages are gone, until nobody can ask for them any more.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::queues::BodyKey;
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
        self.batches.is_empty()
    }

    /// They were those of another state.
    pub(super) fn clear(&mut self, shelf: &Shelf) {
        self.batches.clear();
        shelf.set_gone(0);
    }

    /// Asks the queues which messages left.
    pub(super) fn gather(&mut self, inner: &Inner, shelf: &Shelf) {
        let (keys, index) = {
            let mut shard = inner.shard.write();
            let keys = shard.queues_mut_local().take_gone();
            // It is told after the entry was applied, so there may be one more.
            (keys, inner.progress.applied() + 1)
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
        let mut removed = false;
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
            if done.await?.is_none() {
                break;
            }
            removed = true;
            batch.keys.truncate(from);
            if batch.keys.is_empty() {
                self.batches.pop_front();
            }
        }
        if removed {
            let left = self.batches.iter().flat_map(|batch| &batch.keys);
            shelf.set_gone(left.map(|key| u64::from(key.bytes)).sum());
            let live = shelf.store.live_bytes();
            shelf.store.on_disk(move |disk| disk.compact(live)).await?;
        }
        Ok(())
    }
}
