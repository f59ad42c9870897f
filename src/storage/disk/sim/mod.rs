//! A disk in memory that can lose power, fill up and fail.
//!
//! Bytes and names that were synced are kept apart from those that were not.
//! [`SimDisk::power_loss`] keeps all of the former and an arbitrary part of the
//! latter: of each 512-byte sector any of the contents it had since the last
//! sync, of the names any of the changes. After a failed sync the bytes look
//! written and are never made safe by a later one, as on Linux.

mod file;
mod inode;
mod names;
mod through;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::{Disk, DiskFile, Held, Through};
use file::SimFile;
use inode::Inode;
use names::Names;

/// The unit in which writes survive the loss of power or do not.
pub const SECTOR_BYTES: usize = 512;

/// A disk in memory. Clones are handles to the same disk.
#[derive(Clone, Default)]
pub struct SimDisk {
    shared: Arc<Shared>,
    /// The life that this handle belongs to; none: it outlives them all.
    life: Option<u64>,
}

/// The kinds of operations that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SimOp {
    /// Writing bytes or changing a length.
    Write,
    /// Syncing the bytes of a file.
    Sync,
    /// Creating, renaming, removing and syncing names.
    Name,
    /// Reading bytes.
    Read,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default)]
struct State {
    /// Grows with every loss of power: handles from before are dead.
    life: u64,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    names: Names,
    dirs: BTreeSet<PathBuf>,
    locks: BTreeSet<PathBuf>,
    failures: Vec<Failure>,
    capacity: Option<u64>,
    steps: u64,
    power_off_at: Option<u64>,
    syncs_held: bool,
    /// Syncs that are held up now.
    held_up: usize,
    syncs: u64,
    sync_time: Duration,
    on_sync: Option<OnSync>,
}

/// Called with the number of each sync of a file.
type OnSync = Arc<dyn Fn(u64) + Send + Sync>;

struct Failure {
    op: SimOp,
    countdown: u64,
    kind: ErrorKind,
}

impl SimDisk {
    /// An empty disk.
    pub fn new() -> SimDisk {
        SimDisk::default()
    }

    /// A handle for one process: after the loss of power or the end of the process
    /// it can do nothing any more, so that no thread left over writes to the disk
    /// of the next one.
    pub fn boot(&self) -> SimDisk {
        let life = Some(self.state().life);
        SimDisk { shared: Arc::clone(&self.shared), life }
    }

    /// Takes the power away and brings it back: what was synced is there, of the
    /// rest whatever `seed` draws. Open handles are dead, planned failures gone.
    pub fn power_loss(&self, seed: u64) {
        let mut state = self.state();
        let mut draw = Draw(seed);
        state.names.power_loss(&mut draw);
        for inode in state.inodes.values_mut() {
            inode.power_loss(&mut draw);
        }
        let linked: BTreeSet<u64> = state.names.inodes().collect();
        state.inodes.retain(|id, _| linked.contains(id));
        state.restart();
        self.shared.released.notify_all();
    }

    /// Ends the process that uses the disk: handles are dead and locks free, every
    /// written byte stays, synced or not.
    pub fn kill(&self) {
        self.state().restart();
        self.shared.released.notify_all();
    }

    /// The `nth` operation of this kind from now on (1 is the next) fails.
    pub fn fail_nth(&self, op: SimOp, nth: u64, kind: ErrorKind) {
        self.state().failures.push(Failure { op, countdown: nth, kind });
    }

    /// Turns the power off after that many more changes (writes, syncs, name
    /// changes): every operation fails until [`SimDisk::power_loss`].
    pub fn power_off_after(&self, changes: u64) {
        let mut state = self.state();
        state.power_off_at = Some(state.steps + changes);
    }

    /// How many changes there were so far.
    pub fn changes(&self) -> u64 {
        self.state().steps
    }

    /// How many files were synced so far.
    pub fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// Bounds the bytes of all files together.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity = bytes;
    }

    /// Holds up every sync until what it gives back is dropped: a test that fails
    /// meanwhile leaves no thread that waits for ever.
    pub fn hold_syncs(&self) -> HeldSyncs {
        self.state().syncs_held = true;
        HeldSyncs(self.clone())
    }

    /// How many syncs are held up now.
    pub fn held_up(&self) -> usize {
        self.state().held_up
    }

    /// How long a sync takes from now on, for whoever drives a log by hand: nothing
    /// waits here, [`SimDisk::sync_time`] says how long the driver has to.
    pub fn set_sync_time(&self, time: Duration) {
        self.state().sync_time = time;
    }

    /// How long a sync takes.
    pub fn sync_time(&self) -> Duration {
        self.state().sync_time
    }

    /// Calls `hook` before each sync of a file, with the number of the sync.
    pub fn on_sync(&self, hook: impl Fn(u64) + Send + Sync + 'static) {
        self.state().on_sync = Some(Arc::new(hook));
    }

    /// The bytes of a file as a reader sees them.
    pub fn bytes(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let id = state.names.get(path)?;
        Some(state.inodes[&id].live.clone())
    }

    /// Puts a file there, synced, with its name.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let id = state.add(Inode::synced(bytes));
        state.names.put(path, id);
    }

    /// Flips bits of a byte, in the synced and the visible content alike.
    pub fn flip(&self, path: &Path, offset: u64, mask: u8) {
        let mut state = self.state();
        if let Some(id) = state.names.get(path)
            && let Some(inode) = state.inodes.get_mut(&id)
        {
            inode.flip(offset as usize, mask);
        }
    }

    /// The paths of all files, sorted.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.state().names.paths()
    }

    /// An independent disk with the same content.
    pub fn copy(&self) -> SimDisk {
        let state = self.state();
        let copy = State {
            inodes: state.inodes.clone(),
            next_inode: state.next_inode,
            names: state.names.clone(),
            dirs: state.dirs.clone(),
            ..State::default()
        };
        let shared = Arc::new(Shared { state: Mutex::new(copy), ..Shared::default() });
        SimDisk { shared, life: None }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock()
    }

    /// Enters for an operation on names.
    fn enter(&self, op: SimOp) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        if self.life.is_some_and(|life| life != state.life) {
            return Err(gone());
        }
        state.pass(op)?;
        Ok(state)
    }

    fn file(&self, life: u64, inode: u64) -> Arc<dyn DiskFile> {
        Arc::new(self.handle(life, inode))
    }

    fn handle(&self, life: u64, inode: u64) -> SimFile {
        SimFile { disk: self.clone(), life, inode }
    }
}

impl State {
    fn restart(&mut self) {
        self.life += 1;
        self.locks.clear();
        self.failures.clear();
        self.power_off_at = None;
        self.syncs_held = false;
    }

    fn add(&mut self, inode: Inode) -> u64 {
        self.next_inode += 1;
        self.inodes.insert(self.next_inode, inode);
        self.next_inode
    }

    /// Lets an operation pass, or says how it fails.
    fn pass(&mut self, op: SimOp) -> io::Result<()> {
        if self.power_off_at.is_some_and(|at| self.steps >= at) {
            return Err(io::Error::other("the power is off"));
        }
        if op != SimOp::Read {
            self.steps += 1;
        }
        for failure in self.failures.iter_mut().filter(|failure| failure.op == op) {
            failure.countdown = failure.countdown.saturating_sub(1);
        }
        match self.failures.iter().position(|f| f.op == op && f.countdown == 0) {
            Some(at) => Err(io::Error::from(self.failures.swap_remove(at).kind)),
            None => Ok(()),
        }
    }

    fn named(&self, path: &Path) -> io::Result<u64> {
        self.names.get(path).ok_or_else(|| io::Error::from(ErrorKind::NotFound))
    }

    fn room_for(&self, inode: u64, len: u64) -> io::Result<()> {
        let Some(capacity) = self.capacity else { return Ok(()) };
        let others = self.names.inodes().filter(|id| *id != inode);
        let used: u64 = others.map(|id| self.inodes[&id].live.len() as u64).sum();
        let now = self.inodes[&inode].live.len() as u64;
        if len > now && used + len > capacity {
            return Err(io::Error::from(ErrorKind::StorageFull));
        }
        Ok(())
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let state = self.enter(SimOp::Read)?;
        Ok(self.file(state.life, state.named(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn DiskFile>> {
        let mut state = self.enter(SimOp::Name)?;
        let id = state.add(Inode::default());
        state.names.create(path, id);
        Ok(self.file(state.life, id))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.enter(SimOp::Name)?;
        let id = state.named(from)?;
        state.names.rename(to, id);
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.enter(SimOp::Name)?;
        state.named(path)?;
        state.names.remove(path);
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.enter(SimOp::Read)?;
        Ok(state.names.in_dir(dir))
    }

    fn list_dirs(&self, dir: &Path) -> io::Result<Vec<String>> {
        let state = self.enter(SimOp::Read)?;
        let inside = state.dirs.iter().filter(|path| path.parent() == Some(dir));
        Ok(inside.filter_map(|path| path.file_name()?.to_str().map(String::from)).collect())
    }

    fn create_dir_all(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.enter(SimOp::Name)?;
        state.dirs.insert(dir.to_path_buf());
        Ok(())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let mut state = self.enter(SimOp::Name)?;
        state.names.sync(dir);
        Ok(())
    }

    fn try_lock(&self, path: &Path) -> io::Result<Option<Held>> {
        let mut state = self.enter(SimOp::Read)?;
        if state.names.get(path).is_none() {
            let id = state.add(Inode::synced(b"simulated"));
            state.names.create(path, id);
        }
        if !state.locks.insert(path.to_path_buf()) {
            return Ok(None);
        }
        let life = state.life;
        Ok(Some(Box::new(SimLock { disk: self.clone(), life, path: path.to_path_buf() })))
    }

    fn open_through(&self, path: &Path) -> Option<Box<dyn Through>> {
        let state = self.enter(SimOp::Read).ok()?;
        let inode = state.named(path).ok()?;
        Some(Box::new(through::SimThrough(self.handle(state.life, inode))))
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a simulated disk with {} files", self.paths().len())
    }
}

struct SimLock {
    disk: SimDisk,
    life: u64,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.life == self.life {
            state.locks.remove(&self.path);
        }
    }
}

/// Lets syncs go on when it is dropped.
#[must_use]
pub struct HeldSyncs(SimDisk);

impl Drop for HeldSyncs {
    fn drop(&mut self) {
        self.0.state().syncs_held = false;
        self.0.shared.released.notify_all();
    }
}

fn gone() -> io::Error {
    io::Error::other("the handle is from before the loss of power")
}

/// Draws numbers from a seed.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is at least 1.
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }
}
