//! Where the bodies of messages are: in memory while they are young or soon to be
//! delivered, on disk otherwise.
//!
//! That is a replica's own affair and never part of its state. A [`BodyStore`] is
//! the node's, a [`Shelf`] that of one shard on it. The keeper of a shard moves
//! bodies to disk and back; what an operation gave with a body that is not in
//! memory waits for the disk beside the machine, never in it.

mod fetch;
mod gone;
mod keeper;
mod scan;
mod shelf;
mod spill;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use lockstep_core::ShardId;
use lockstep_storage::{Bodies, StorageError};
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use crate::store::blocking;

pub(crate) use fetch::{Fetch, all_here};
pub(crate) use keeper::keep;
pub(crate) use shelf::{Hold, Shelf};
pub(crate) use spill::{Loading, Reading, spill};

/// So many threads read bodies at once.
const READERS: usize = 4;

/// The bodies of messages on a node.
pub struct BodyStore {
    disk: Arc<dyn Bodies>,
    /// Nobody may use threads for it.
    by_hand: bool,
    /// Bytes of messages in memory, of all shards together (`queue-memory`): of what is
    /// known of them, and of their bodies.
    memory_max: AtomicUsize,
    /// The part of a shard.
    part: AtomicUsize,
    /// Whoever changes something on disk has the permit: another thread could only wait
    /// for the first, with memory of its own.
    writing: Semaphore,
    /// Whoever reads has one of these.
    reading: Semaphore,
    /// Those that somebody uses; each of them has the store.
    shelves: Mutex<BTreeMap<ShardId, Weak<Shelf>>>,
    reads: AtomicU64,
    failures: AtomicU64,
    /// The disk took the last bodies.
    works: AtomicBool,
    trouble: Mutex<Trouble>,
}

/// What ends the use of a store.
#[derive(Default)]
struct Trouble {
    damage: Option<String>,
    failed: Option<String>,
}

/// Numbers about the bodies of messages on a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BodyStats {
    /// Bytes of bodies in memory.
    pub resident_bytes: u64,
    /// Bytes of bodies on disk that messages still have.
    pub stored_bytes: u64,
    /// Bytes that the store takes on disk.
    pub disk_bytes: u64,
    /// Bodies that were read from disk since the start.
    pub reads: u64,
    /// How often bodies could not be written or read since the start.
    pub failures: u64,
    /// Bytes that may be in memory.
    pub memory_max: u64,
}

impl BodyStore {
    /// Bodies on a disk, with so many bytes of them in memory. `by_hand`: nobody may
    /// use threads.
    pub fn new(disk: Arc<dyn Bodies>, memory_max: usize, by_hand: bool) -> Arc<BodyStore> {
        Arc::new(BodyStore {
            disk,
            by_hand,
            memory_max: memory_max.into(),
            part: memory_max.into(),
            writing: Semaphore::new(1),
            reading: Semaphore::new(READERS),
            shelves: Mutex::default(),
            reads: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            works: AtomicBool::new(true),
            trouble: Mutex::default(),
        })
    }

    /// One that needs no directory.
    #[doc(hidden)]
    pub fn for_tests() -> Arc<BodyStore> {
        let disk = Arc::new(lockstep_storage::SimDisk::new());
        let bodies = lockstep_storage::SimBodies::open(disk, std::path::Path::new("/bodies"));
        let bodies = bodies.expect("a simulated disk fails when it is told to");
        BodyStore::new(Arc::new(bodies), 256 << 20, true)
    }

    /// Changes how many bytes may be in memory.
    pub fn set_memory_max(&self, bytes: usize) {
        self.memory_max.store(bytes, Ordering::Relaxed);
        self.share_out();
    }

    /// The numbers as they are now. Looks at the disk.
    pub fn stats(&self) -> BodyStats {
        let (mut resident, mut stored) = (0, 0);
        for shelf in self.shelves() {
            resident += shelf.resident() as u64;
            stored += shelf.stored();
        }
        BodyStats {
            resident_bytes: resident,
            stored_bytes: stored,
            disk_bytes: self.disk.disk_bytes(),
            reads: self.reads.load(Ordering::Relaxed),
            failures: self.failures.load(Ordering::Relaxed),
            memory_max: self.memory_max.load(Ordering::Relaxed) as u64,
        }
    }

    /// Whether they take, in memory and on disk together, as much as memory has room for.
    pub fn fill_memory(&self) -> bool {
        let all = |shelf: &Arc<Shelf>| shelf.stored() + shelf.resident() as u64;
        let bytes: u64 = self.shelves().iter().map(all).sum();
        bytes > self.memory_max.load(Ordering::Relaxed) as u64
    }

    /// Why the data of this node has to be put aside, if a body is damaged or
    /// missing.
    pub fn damage(&self) -> Option<String> {
        self.trouble.lock().damage.clone()
    }

    /// Why the node has to stop, if nobody knows any more what is on disk.
    pub fn failed(&self) -> Option<String> {
        self.trouble.lock().failed.clone()
    }

    /// Whether there is no room for more bodies: the disk takes none, and memory has
    /// its fill.
    pub fn is_full(&self) -> bool {
        let crowded = || self.shelves().iter().any(|shelf| shelf.is_crowded());
        !self.works.load(Ordering::Relaxed) && crowded()
    }

    /// The shelf of a shard.
    pub(crate) fn shelf(self: &Arc<Self>, shard: ShardId) -> Arc<Shelf> {
        let mut shelves = self.shelves.lock();
        let known = shelves.get(&shard).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let shelf = Shelf::new(self.clone(), shard);
            shelves.insert(shard, Arc::downgrade(&shelf));
            shelf
        })
    }

    fn shelves(&self) -> Vec<Arc<Shelf>> {
        self.shelves.lock().values().filter_map(Weak::upgrade).collect()
    }

    /// Divides the memory among the shards that have bodies.
    fn share_out(&self) {
        let users = self.shelves().iter().filter(|shelf| shelf.is_used()).count().max(1);
        self.part.store(self.memory_max.load(Ordering::Relaxed) / users, Ordering::Relaxed);
    }

    fn part(&self) -> usize {
        self.part.load(Ordering::Relaxed)
    }

    /// All bytes that somebody may still ask for.
    fn live_bytes(&self) -> u64 {
        self.shelves().iter().map(|shelf| shelf.stored() + shelf.gone()).sum()
    }

    /// Whether the disk takes bodies.
    fn works(&self) -> bool {
        self.works.load(Ordering::Relaxed)
    }

    fn took(&self) {
        self.works.store(true, Ordering::Relaxed);
    }

    /// Notes that the disk has no room.
    fn takes_nothing(&self, why: &io::Error) {
        self.works.store(false, Ordering::Relaxed);
        self.note(why);
    }

    /// Changes something on disk, and notes how that failed.
    async fn on_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&dyn Bodies) -> Result<T, StorageError> + Send + 'static,
    ) -> io::Result<T> {
        let _permit = self.writing.acquire().await.map_err(io::Error::other)?;
        self.run(work).await
    }

    /// Reads something from disk, and notes how that failed.
    async fn from_disk<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&dyn Bodies) -> Result<T, StorageError> + Send + 'static,
    ) -> io::Result<T> {
        let _permit = self.reading.acquire().await.map_err(io::Error::other)?;
        self.run(work).await
    }

    /// Runs something that waits for the disk, on a thread of its own where there may be one.
    async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&dyn Bodies) -> Result<T, StorageError> + Send + 'static,
    ) -> io::Result<T> {
        let disk = self.disk.clone();
        let work = move || work(disk.as_ref()).map_err(io::Error::from);
        let done = if self.by_hand { work() } else { blocking(work).await };
        done.inspect_err(|why| self.note(why))
    }

    fn note(&self, why: &io::Error) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        if lockstep_storage::is_damage(why) {
            self.is_damaged(&why.to_string());
        }
    }

    /// Notes that a body is damaged or missing: the others have it.
    fn is_damaged(&self, what: &str) {
        let mut trouble = self.trouble.lock();
        if trouble.damage.is_none() {
            tracing::error!(id = "LS-2014", "the body of a message cannot be read: {what}");
            trouble.damage = Some(what.to_owned());
        }
    }

    /// Notes why the disk did not take what it was given. One that is full may take it
    /// later; of any other nobody knows what is on it from then on.
    fn did_not_take(&self, why: &io::Error) {
        use io::ErrorKind::{InvalidInput, QuotaExceeded, StorageFull};
        let later = matches!(why.kind(), StorageFull | QuotaExceeded | InvalidInput);
        if !later && !lockstep_storage::is_damage(why) {
            self.has_failed(why);
        }
    }

    /// Notes that nobody knows any more what is on disk.
    fn has_failed(&self, why: &io::Error) {
        self.trouble.lock().failed.get_or_insert_with(|| why.to_string());
    }
}

impl fmt::Debug for BodyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyStore({:?})", self.disk)
    }
}
