//! Moves the bodies of a shard to disk and back.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::queues::BodyKey;
use tokio::time::Instant;

use super::gone::Gone;
use super::{Shelf, fetch, scan};
use crate::group::Inner;

/// How often the keeper looks, while there is something to keep.
const ROUND: Duration = Duration::from_millis(250);
/// What is younger stays in memory, if there is room: most messages do not live that
/// long, and cost no write beside the log's.
const AGE_MS: u64 = 2_000;
/// So much is written at once.
const PUT_BYTES: usize = 4 << 20;
/// So much is read ahead at once, unless that is too much for the memory.
const READ_BYTES: usize = 8 << 20;
/// How long the disk is left alone when it did not take what it was given.
const RETRY: Duration = Duration::from_secs(1);
/// How long after its start a shard looks through what is on disk.
const SCAN_AFTER: Duration = Duration::from_secs(5);

/// Keeps the bodies of a shard where they should be, until the group stops.
pub(crate) async fn keep(inner: Arc<Inner>) {
    let mut stop = inner.stop.subscribe();
    let shelf = inner.shelf.clone();
    let mut keeper = Keeper { inner, shelf, gone: Gone::default(), began: Instant::now() };
    keeper.begin();
    loop {
        let pause = if keeper.has_nothing() { Duration::MAX } else { ROUND };
        let rung = async {
            keeper.shelf.bell.notified().await;
        };
        tokio::select! {
            biased;
            _ = stop.changed() => return,
            () = rung => {}
            () = sleep(pause) => {}
        }
        if let Err(why) = keeper.round().await {
            let shard = keeper.shelf.shard.0;
            tracing::error!(shard, %why, id = "LS-2015", "bodies of messages cannot be kept on disk");
            tokio::select! {
                biased;
                _ = stop.changed() => return,
                () = tokio::time::sleep(RETRY) => {}
            }
        }
    }
}

/// Sleeps, if that is not for ever.
async fn sleep(pause: Duration) {
    if pause == Duration::MAX {
        return std::future::pending().await;
    }
    tokio::time::sleep(pause).await;
}

struct Keeper {
    inner: Arc<Inner>,
    shelf: Arc<Shelf>,
    gone: Gone,
    began: Instant,
}

impl Keeper {
    fn begin(&self) {
        let shard = crate::runtime::read(&self.inner.shard);
        self.shelf.look(&shard);
        let stored = shard.queues().stored_keys().map(|key| u64::from(key.bytes)).sum();
        self.shelf.set_stored(stored);
        self.shelf.store.share_out();
    }

    fn has_nothing(&self) -> bool {
        !self.shelf.is_used() && self.gone.is_empty() && !self.shelf.needs_scan()
    }

    async fn round(&mut self) -> io::Result<()> {
        self.shelf.store.share_out();
        let stored = self.store().await;
        let ahead = self.read_ahead().await;
        self.gone.gather(&self.inner, &self.shelf);
        stored?;
        ahead?;
        self.gone.remove(&self.inner, &self.shelf).await?;
        if self.shelf.needs_scan() && self.began.elapsed() >= SCAN_AFTER {
            scan::scan(&self.inner, &self.shelf, &mut self.gone).await?;
        }
        Ok(())
    }

    /// Brings to disk what is old, or too much for the memory.
    async fn store(&mut self) -> io::Result<()> {
        loop {
            let part = self.shelf.goal();
            // First what is on disk already.
            let crowded = self.settle(&[], part) > part;
            let older = (!crowded).then_some(AGE_MS);
            let batch = {
                let shard = crate::runtime::read(&self.inner.shard);
                shard.queues().to_store(PUT_BYTES, self.inner.clock.now_ms(), older)
            };
            let keys: Vec<BodyKey> = batch.iter().map(|(key, _)| *key).collect();
            let bytes: usize = batch.iter().map(|(_, body)| body.len()).sum();
            if !batch.is_empty() {
                self.put(batch).await?;
                self.gone.are_kept(&keys);
            }
            let resident = self.settle(&keys, part);
            if keys.is_empty() || resident <= part && (crowded || bytes < PUT_BYTES) {
                self.shelf.made_room(resident);
                return Ok(());
            }
        }
    }

    async fn put(&self, batch: Vec<(BodyKey, Arc<[u8]>)>) -> io::Result<()> {
        let (shard, store) = (self.shelf.shard, &self.shelf.store);
        let put = store.on_disk(move |disk| {
            let bodies: Vec<_> =
                batch.into_iter().map(|(key, body)| (fetch::id(&key), body)).collect();
            disk.put(shard, &bodies)
        });
        if let Err(why) = put.await {
            store.works.store(false, std::sync::atomic::Ordering::Relaxed);
            store.did_not_take(&why);
            return Err(why);
        }
        let synced = store.on_disk(|disk| disk.sync()).await;
        // Whoever asks again is told that all is well, though it is not.
        synced.inspect_err(|why| store.has_failed(why))?;
        store.took();
        Ok(())
    }

    /// These are on disk: memory lets go of what is too much, and a little more. Gives
    /// what is left there.
    fn settle(&self, keys: &[BodyKey], part: usize) -> usize {
        let resident = crate::runtime::read(&self.inner.shard).queues().resident_bytes();
        if keys.is_empty() && resident <= part {
            return resident;
        }
        let mut shard = crate::runtime::write(&self.inner.shard);
        let queues = shard.queues_mut_local();
        queues.stored(keys);
        let resident = queues.resident_bytes();
        if resident > part {
            queues.release(resident - (part - part / 8));
        }
        self.shelf.look(&shard);
        self.shelf.add_stored(keys.iter().map(|key| u64::from(key.bytes)).sum());
        shard.queues().resident_bytes()
    }

    /// Brings back to memory what is delivered next.
    async fn read_ahead(&self) -> io::Result<()> {
        loop {
            let part = self.shelf.goal();
            let keys = {
                let shard = crate::runtime::read(&self.inner.shard);
                let room = part.saturating_sub(shard.queues().resident_bytes());
                shard.queues().wanted(READ_BYTES.min(part / 4).min(room))
            };
            if keys.is_empty() {
                return Ok(());
            }
            let mut found = fetch::read(&self.shelf, keys.clone()).await?;
            let mut shard = crate::runtime::write(&self.inner.shard);
            let mut missing = None;
            for key in &keys {
                match found.remove(key) {
                    Some(body) => shard.queues_mut_local().arrived(key, body),
                    // That is as it should be if its message is gone.
                    None if shard.queues().body(key).is_none() => {}
                    None => missing = missing.or(Some(key)),
                }
            }
            self.shelf.look(&shard);
            if let Some(key) = missing {
                // It would be wanted again at once, and as often as it is asked for.
                self.shelf.store.is_damaged(&scan::missing(self.shelf.shard, key));
                return Ok(());
            }
        }
    }
}
