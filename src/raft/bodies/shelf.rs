//! The bodies of one shard on this node.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use lockstep_core::{Shard, ShardId};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::{BodyStore, scan};

/// How long an entry waits at most for room for its bodies, or a snapshot for theirs.
const ROOM_WAIT: Duration = Duration::from_secs(2);
const ROOM_LOOK: Duration = Duration::from_millis(10);
/// Bodies have this part of the memory at least, however many messages there are.
const BODIES_LEAST: usize = 8;
/// A body takes a fifth of its room for what memory is rounded up to: one of 1 KB has a
/// block of 1,280 bytes.
const ROUNDED_UP: usize = 5;
/// While the keeper is at work there may be this part more in memory.
const AHEAD_OF_KEEPER: usize = 8;
/// To this part of what may be in memory bodies are brought before a snapshot.
const LEFT_TO_SNAPSHOT: usize = 4;

/// The bodies of one shard on this node.
pub(crate) struct Shelf {
    pub(crate) store: Arc<BodyStore>,
    pub(crate) shard: ShardId,
    resident: AtomicUsize,
    /// What the messages take beside their bodies.
    known: AtomicUsize,
    /// So much the keeper could not take out of memory.
    stuck: AtomicUsize,
    stored: AtomicU64,
    /// The entry behind which the queues are; written under the lock of the shard.
    applied: AtomicU64,
    /// Bytes on disk that no message has any more.
    gone: AtomicU64,
    holds: Mutex<Holds>,
    /// What is on disk has to be compared with what should be.
    rescan: AtomicBool,
    /// A snapshot is about to be written.
    lean: AtomicBool,
    /// Rung when the keeper has something to do.
    pub(super) bell: Notify,
    room: Notify,
}

/// Who needs bodies that no message of the state here has.
#[derive(Default)]
struct Holds {
    count: usize,
    /// How often somebody began to.
    begun: u64,
}

/// As long as it lives nothing is removed from the shelf.
pub(crate) struct Hold(Arc<Shelf>);

impl Shelf {
    pub(super) fn new(store: Arc<BodyStore>, shard: ShardId) -> Arc<Shelf> {
        Arc::new(Shelf {
            store,
            shard,
            resident: AtomicUsize::new(0),
            known: AtomicUsize::new(0),
            stuck: AtomicUsize::new(0),
            stored: AtomicU64::new(0),
            applied: AtomicU64::new(0),
            gone: AtomicU64::new(0),
            holds: Mutex::default(),
            rescan: AtomicBool::new(true),
            lean: AtomicBool::new(false),
            bell: Notify::new(),
            room: Notify::new(),
        })
    }

    /// Bytes in memory.
    pub(super) fn resident(&self) -> usize {
        self.resident.load(Ordering::Relaxed)
    }

    /// Bytes of bodies that may be in memory.
    pub(super) fn part(&self) -> usize {
        self.part_beside(self.known.load(Ordering::Relaxed))
    }

    /// The same where the messages themselves take so much: bodies have the rest, but
    /// never less than a part of the whole.
    pub(super) fn part_beside(&self, known: usize) -> usize {
        let part = self.store.part();
        let rest = part.saturating_sub(known).max(part / BODIES_LEAST);
        rest - rest / ROUNDED_UP
    }

    /// Bytes of bodies that the keeper leaves in memory.
    pub(super) fn goal(&self) -> usize {
        let lean = self.lean.load(Ordering::Relaxed);
        if lean { self.part() / LEFT_TO_SNAPSHOT } else { self.part() }
    }

    /// Bytes on disk.
    pub(super) fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    pub(super) fn gone(&self) -> u64 {
        self.gone.load(Ordering::Relaxed)
    }

    pub(super) fn is_used(&self) -> bool {
        self.resident() > 0 || self.stored() > 0
    }

    /// Whether there is more in memory than the keeper can be waited for with.
    pub(super) fn is_crowded(&self) -> bool {
        let part = self.part();
        let stuck = self.stuck.load(Ordering::Relaxed);
        self.resident() > part.max(stuck).saturating_add(part / AHEAD_OF_KEEPER)
    }

    /// Looks how much is in memory behind an entry. Under the lock of the shard.
    pub(crate) fn look_behind(&self, shard: &Shard, index: u64) {
        self.applied.store(index, Ordering::Relaxed);
        self.look(shard);
    }

    /// The entry behind which the queues are, for whoever has the lock of the shard.
    pub(super) fn applied(&self) -> u64 {
        self.applied.load(Ordering::Relaxed)
    }

    /// Looks how much is in memory.
    pub(super) fn look(&self, shard: &Shard) {
        let now = shard.queues().resident_bytes();
        let before = self.resident.swap(now, Ordering::Relaxed);
        self.known.store(shard.queues().known_bytes(), Ordering::Relaxed);
        let part = self.part();
        if before == 0 && now > 0 || now > part && before <= part {
            self.bell.notify_one();
        }
    }

    /// Waits until there is room for the bodies of an entry, though not for ever.
    pub(crate) async fn wait_for_room(&self) {
        if !self.is_crowded() {
            return;
        }
        self.wait_while(|| self.is_crowded()).await;
    }

    /// Whether a snapshot is about to be written. What is in memory then is in it, and
    /// stays in memory until it is written, also when the keeper lets go of it meanwhile:
    /// so most of it is brought to disk before.
    pub(crate) fn set_lean(&self, lean: bool) {
        self.lean.store(lean, Ordering::Relaxed);
    }

    /// Waits until the keeper has done so, though not for ever.
    pub(crate) async fn wait_until_lean(&self) {
        self.wait_while(|| self.resident() > self.goal()).await;
    }

    /// Waits for the keeper while something is so, as long as the disk takes bodies.
    async fn wait_while(&self, is_so: impl Fn() -> bool) {
        let until = Instant::now() + ROOM_WAIT;
        while is_so() && self.store.works() && Instant::now() < until {
            self.bell.notify_one();
            // The keeper may have made room just before.
            let _ = tokio::time::timeout(ROOM_LOOK, self.room.notified()).await;
        }
    }

    /// The keeper has made what room it can.
    pub(super) fn made_room(&self, stuck: usize) {
        self.stuck.store(stuck, Ordering::Relaxed);
        self.room.notify_waiters();
    }

    pub(super) fn set_stored(&self, bytes: u64) {
        self.stored.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn add_stored(&self, bytes: u64) {
        self.stored.fetch_add(bytes, Ordering::Relaxed);
    }

    /// These are on disk, and nobody's any more.
    pub(super) fn are_gone(&self, bytes: u64) {
        let less = |stored: u64| Some(stored.saturating_sub(bytes));
        // It always gives something.
        let _ = self.stored.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        self.gone.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn set_gone(&self, bytes: u64) {
        self.gone.store(bytes, Ordering::Relaxed);
    }

    /// Keeps all bodies until the hold is dropped.
    pub(crate) fn hold(self: &Arc<Self>) -> Hold {
        let mut holds = self.holds.lock();
        holds.count += 1;
        holds.begun += 1;
        Hold(self.clone())
    }

    /// How often somebody began to hold, if nobody holds now.
    pub(super) fn unheld(&self) -> Option<u64> {
        let holds = self.holds.lock();
        (holds.count == 0).then_some(holds.begun)
    }

    /// Runs something while nobody holds, and nobody did since that number.
    pub(super) fn while_unheld<T>(&self, since: u64, work: impl FnOnce() -> T) -> Option<T> {
        let holds = self.holds.lock();
        (holds.count == 0 && holds.begun == since).then(work)
    }

    /// Looks whether there is anything on disk at all where something should be. What
    /// is missing of the rest is found later.
    ///
    /// # Errors
    /// The disk fails.
    pub(crate) fn check_some(&self, shard: &Shard) -> io::Result<()> {
        let Some(key) = shard.queues().stored_keys().next() else { return Ok(()) };
        if self.store.disk.list(self.shard, None, 1)?.is_empty() {
            self.store.is_damaged(&scan::missing(self.shard, &key));
        }
        Ok(())
    }

    /// Forgets all of them.
    pub(crate) async fn erase(&self) -> io::Result<()> {
        let shard = self.shard;
        let erased = self.store.on_disk(move |disk| disk.erase(shard)).await;
        erased.inspect_err(|why| self.store.did_not_take(why))?;
        self.resident.store(0, Ordering::Relaxed);
        self.set_stored(0);
        self.set_gone(0);
        Ok(())
    }

    /// Another state took the place of the one before. Under the lock of the shard.
    pub(crate) fn was_replaced(&self, shard: &Shard, index: u64) {
        self.rescan.store(true, Ordering::Release);
        self.look_behind(shard, index);
        self.bell.notify_one();
    }

    /// Whether what is on disk has to be looked through.
    pub(super) fn needs_scan(&self) -> bool {
        self.rescan.load(Ordering::Acquire)
    }

    pub(super) fn take_scan(&self) -> bool {
        self.rescan.swap(false, Ordering::AcqRel)
    }

    pub(super) fn scan_later(&self) {
        self.rescan.store(true, Ordering::Release);
    }
}

impl fmt::Debug for Shelf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shelf({:?})", self.shard)
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.holds.lock().count -= 1;
    }
}
