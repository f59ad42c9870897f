//! One sled database: opened with care, synced for good.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use lockstep_core::ShardId;
use parking_lot::Mutex;

use super::guard::{damaged, guarded};
use super::sync_dir;
use crate::StorageError;
use crate::bodies::BodyId;
use crate::bodies::record::{Block, KEY_BYTES, Key, PREFIX_BYTES, Unpacking};

const CACHE_BYTES: u64 = 16 << 20;
/// A leaf of 16 records must fit into a quarter of it: what does not goes to a
/// file of its own.
const SEGMENT_BYTES: usize = 1 << 20;
/// The file whose existence says that a write or a sync failed.
const UNSURE: &str = "UNSURE";
/// So long a database may take to open. One that is damaged may never come back.
const OPEN_WAIT: Duration = Duration::from_secs(120);
/// So long a database may still be held by who closed it: sled lets go of its file when the
/// last of its threads does, a moment behind the end of the handle.
const CLOSE_WAIT: Duration = Duration::from_secs(5);
const CLOSE_LOOK: Duration = Duration::from_millis(2);
const TREE: &str = "shard-";
const FILE: &str = "db";
const BLOBS: &str = "blobs";

/// One sled database.
pub(super) struct Database {
    path: PathBuf,
    db: sled::Db,
    trees: Mutex<BTreeMap<ShardId, sled::Tree>>,
    failed: Mutex<Option<Failed>>,
    files: Mutex<Files>,
}

/// Why nothing goes any more.
#[derive(Clone, Debug)]
enum Failed {
    /// It may work when it is opened again.
    Again,
    /// It is damaged.
    Damaged(String),
    /// A write or a sync failed: nobody knows what is safe.
    Unsure(String),
}

/// The files of the database, as far as they were synced before.
struct Files {
    main: File,
    /// Those that never change once they are there.
    synced: BTreeSet<PathBuf>,
}

/// A record as it stands there: its key and its value.
type Raw = (Vec<u8>, Vec<u8>);

/// A change of a record.
pub(super) enum Change {
    Put(Vec<u8>, Vec<u8>),
    Remove(Vec<u8>),
}

impl Database {
    /// Opens the database in that directory, which is made when missing.
    pub(super) fn open(path: &Path) -> Result<Database, StorageError> {
        let (send, opened) = mpsc::channel();
        let at = path.to_path_buf();
        // On a thread of its own: what cannot be read may keep it busy for ever.
        let spawned = thread::Builder::new().name("bodies-open".into()).spawn(move || {
            // Nobody listens any more when it took too long.
            drop(send.send(guarded("opening the bodies of messages", &at, || open_sled(&at))));
        });
        spawned.map_err(StorageError::io("opening the bodies of messages", path))?;
        let db = opened.recv_timeout(OPEN_WAIT).map_err(|_| {
            damaged(path, format!("it does not open within {} s", OPEN_WAIT.as_secs()))
        })??;
        let opening = || StorageError::io("opening the bodies of messages", path);
        let main = File::open(path.join(FILE)).map_err(opening())?;
        let files = Mutex::new(Files { main, synced: BTreeSet::new() });
        let (trees, failed) = Default::default();
        let database = Database { path: path.to_path_buf(), db, trees, failed, files };
        database.sync()?;
        Ok(database)
    }

    /// The next sync fails.
    #[cfg(test)]
    pub(super) fn break_sync(&self) {
        self.files.lock().main = File::open("/dev/null").expect("it is always there");
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.lock().is_some()
    }

    /// Nothing changes when it is opened again.
    pub(super) fn refuse_if_final(&self) -> Result<(), StorageError> {
        match &*self.failed.lock() {
            None | Some(Failed::Again) => Ok(()),
            Some(Failed::Damaged(what)) => Err(damaged(&self.path, what.clone())),
            Some(Failed::Unsure(what)) => {
                let what = format!("a write failed before: {what}");
                Err(StorageError::io("writing bodies", &self.path)(io::Error::other(what)))
            }
        }
    }

    /// Runs something with the database, and remembers how it failed.
    fn run<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> sled::Result<T>,
    ) -> Result<T, StorageError> {
        self.refuse_if_final()?;
        guarded(doing, &self.path, work).inspect_err(|why| self.note(why))
    }

    /// The same of something that writes.
    fn change_by<T>(
        &self,
        doing: &'static str,
        work: impl FnOnce() -> sled::Result<T>,
    ) -> Result<T, StorageError> {
        self.refuse_if_final()?;
        guarded(doing, &self.path, work).map_err(|why| match why {
            StorageError::Io { source, .. } if !is_full(&source) => self.unsure(doing, source),
            other => {
                self.note(&other);
                other
            }
        })
    }

    fn note(&self, why: &StorageError) {
        let failed = match why {
            StorageError::Damaged { what, .. } => Failed::Damaged(what.clone()),
            _ => Failed::Again,
        };
        self.failed.lock().get_or_insert(failed);
    }

    /// Notes that nobody knows what is safe, also for whoever opens it next.
    fn unsure(&self, doing: &'static str, why: io::Error) -> StorageError {
        let why = marked_unsure(&self.path, why);
        *self.failed.lock() = Some(Failed::Unsure(why.to_string()));
        StorageError::io(doing, &self.path)(why)
    }

    fn damaged(&self, what: &str) -> StorageError {
        let why = damaged(&self.path, what.to_owned());
        self.note(&why);
        why
    }

    fn tree(&self, shard: ShardId) -> Result<sled::Tree, StorageError> {
        if let Some(tree) = self.trees.lock().get(&shard) {
            return Ok(tree.clone());
        }
        let name = format!("{TREE}{}", shard.0);
        let tree = self.run("opening the bodies of a shard", || self.db.open_tree(name))?;
        self.trees.lock().insert(shard, tree.clone());
        Ok(tree)
    }

    /// The shards that have bodies here, or had.
    pub(super) fn shards(&self) -> Result<Vec<ShardId>, StorageError> {
        let names = self.run("listing bodies", || Ok(self.db.tree_names()))?;
        let numbers = names.iter().filter_map(|name| {
            std::str::from_utf8(name).ok()?.strip_prefix(TREE)?.parse().ok().map(ShardId)
        });
        Ok(numbers.collect())
    }

    /// Makes changes of one shard, all of them or none.
    pub(super) fn change(&self, shard: ShardId, changes: Vec<Change>) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let tree = self.tree(shard)?;
        let mut batch = sled::Batch::default();
        for change in changes {
            match change {
                Change::Put(key, value) => batch.insert(key, value),
                Change::Remove(key) => batch.remove(key),
            }
        }
        let changed = self.change_by("writing bodies of messages", || tree.apply_batch(batch));
        free_old_pages();
        changed
    }

    /// The keys of the records of a block, each also as it stands there.
    pub(super) fn keys_of(
        &self,
        shard: ShardId,
        block: Block,
    ) -> Result<Vec<(Key, Vec<u8>)>, StorageError> {
        let tree = self.tree(shard)?;
        let keys = self.run("reading bodies", || {
            tree.scan_prefix(block.prefix()).keys().collect::<sled::Result<Vec<_>>>()
        })?;
        keys.into_iter().map(|key| Ok((self.key(&key)?, key.to_vec()))).collect()
    }

    fn key(&self, bytes: &[u8]) -> Result<Key, StorageError> {
        Key::from_bytes(bytes).ok_or_else(|| self.damaged("a key is not one of a record"))
    }

    /// Bodies of one block, those of them that are here.
    pub(super) fn bodies_of(
        &self,
        shard: ShardId,
        mut into: Unpacking,
    ) -> Result<BTreeMap<BodyId, Arc<[u8]>>, StorageError> {
        let tree = self.tree(shard)?;
        let records = self.run("reading bodies", || {
            tree.scan_prefix(into.prefix()).collect::<sled::Result<Vec<_>>>()
        })?;
        free_old_pages();
        for (key, value) in records {
            let key = self.key(&key)?;
            into.add(key, &value).map_err(|what| self.damaged(what))?;
        }
        into.finish().map_err(|what| self.damaged(what))
    }

    /// The keys of all records of a shard, from a block on.
    pub(super) fn keys_from(
        &self,
        shard: ShardId,
        from: Option<Block>,
    ) -> Result<impl Iterator<Item = Result<Key, StorageError>>, StorageError> {
        let tree = self.tree(shard)?;
        let from = from.map_or(vec![0; PREFIX_BYTES], |block| block.prefix().to_vec());
        let mut keys = self.run("reading bodies", || Ok(tree.range(from..).keys()))?;
        Ok(std::iter::from_fn(move || {
            let next = self.run("reading bodies", || {
                let next = keys.next().transpose()?;
                // sled lets go of what it has read only after so many looks, and going
                // along the keys counts as one for all that stand together.
                next.as_ref().map(|key| tree.contains_key(key)).transpose()?;
                Ok(next)
            });
            next.and_then(|key| key.map(|key| self.key(&key)).transpose()).transpose()
        }))
    }

    /// All records of a shard.
    pub(super) fn entries(
        &self,
        shard: ShardId,
    ) -> Result<impl Iterator<Item = Result<Raw, StorageError>>, StorageError> {
        let tree = self.tree(shard)?;
        let mut entries = tree.iter();
        Ok(std::iter::from_fn(move || {
            let next = self.run("reading bodies", || entries.next().transpose());
            next.map(|next| next.map(|(key, value)| (key.to_vec(), value.to_vec()))).transpose()
        }))
    }

    /// Removes all of a shard.
    pub(super) fn erase(&self, shard: ShardId) -> Result<(), StorageError> {
        let name = format!("{TREE}{}", shard.0);
        self.trees.lock().remove(&shard);
        self.change_by("removing the bodies of a shard", || self.db.drop_tree(name)).map(drop)
    }

    /// Makes all that was changed safe. sled itself only asks the system to begin
    /// with writing, which neither reaches the disk for good nor saves the length of
    /// the file.
    pub(super) fn sync(&self) -> Result<(), StorageError> {
        let mut files = self.files.lock();
        self.change_by("writing bodies of messages", || self.db.flush())?;
        let synced = files.sync(&self.path);
        synced.map_err(|why| self.unsure("syncing bodies of messages", why))
    }
}

impl Files {
    fn sync(&mut self, path: &Path) -> io::Result<()> {
        let mut fresh = Vec::new();
        for dir in [path.to_path_buf(), path.join(BLOBS)] {
            let before = fresh.len();
            for name in self.fresh(&dir)? {
                match File::open(&name).and_then(|file| file.sync_data()) {
                    // It was replaced meanwhile.
                    Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                    synced => synced.map(|()| fresh.push(name))?,
                }
            }
            if fresh.len() > before {
                sync_dir(&dir)?;
            }
        }
        self.synced.extend(fresh);
        self.main.sync_data()
    }

    /// The files that were not there, or not whole, the last time.
    fn fresh(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(dir) {
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut fresh = Vec::new();
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_file() && !self.synced.contains(&path) {
                fresh.push(path);
            }
        }
        Ok(fresh)
    }
}

fn open_sled(path: &Path) -> sled::Result<sled::Db> {
    wait_until_closed(&path.join(FILE))?;
    sled::Config::new()
        .path(path)
        .cache_capacity(CACHE_BYTES)
        .segment_size(SEGMENT_BYTES)
        .flush_every_ms(None)
        .use_compression(false)
        .print_profile_on_drop(false)
        .open()
}

/// Frees the pages that took the place of others. sled leaves that to a later visit of the
/// same thread, 64 of them at a time: with pages of up to a quarter of a segment, and threads
/// that come and go, that was 50 MB of a backlog.
fn free_old_pages() {
    crossbeam_epoch::pin().flush();
}

/// Waits until nobody holds the file of a database. When somebody does to the end, sled
/// says so.
fn wait_until_closed(file: &Path) -> io::Result<()> {
    let file = match File::open(file) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        file => file?,
    };
    let begun = Instant::now();
    while begun.elapsed() < CLOSE_WAIT {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(CLOSE_LOOK),
            done => return Ok(done?),
        }
    }
    Ok(())
}

/// Marks a database that was not written or synced as it should have been; the error,
/// and why it could not be marked.
///
/// After that the system takes for written what is in its memory only, and gives it to
/// whoever reads, until it forgets it. The mark need not last longer, and is not synced.
fn marked_unsure(path: &Path, why: io::Error) -> io::Error {
    match fs::write(path.join(UNSURE), why.to_string()) {
        Ok(()) => why,
        Err(failed) => io::Error::new(why.kind(), format!("{why}; it is not marked: {failed}")),
    }
}

/// Whether all that is read of a database is on disk. Before anybody opens it: what the
/// system failed to write behind a process that died it tells only once.
pub(super) fn is_sure(path: &Path) -> Result<bool, StorageError> {
    let looking = || StorageError::io("opening the bodies of messages", path);
    if path.join(UNSURE).try_exists().map_err(looking())? {
        return Ok(false);
    }
    let main = match File::open(path.join(FILE)) {
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(true),
        opened => opened.map_err(looking())?,
    };
    let synced = Files { main, synced: BTreeSet::new() }.sync(path);
    Ok(synced.map_err(|why| marked_unsure(path, why)).is_ok())
}

fn is_full(why: &io::Error) -> bool {
    matches!(why.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Lets go of a database. One that is damaged, or not synced, may not even be closed.
pub(super) fn refused(database: Arc<Database>) {
    let broken = matches!(*database.failed.lock(), Some(Failed::Damaged(_) | Failed::Unsure(_)));
    if broken {
        mem::forget(database);
    }
}

const _: () = assert!(KEY_BYTES > PREFIX_BYTES);
