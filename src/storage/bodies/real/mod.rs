//! Bodies in a sled database.
//!
//! The database stands in a directory of its own, `db-<n>`. sled never gives space
//! back to the file system, so once little lives in much a new one is written
//! beside it, synced, named with the next number, and the old one goes. The same is done
//! with one that was not synced as it should have been: what is read of it may be in the
//! memory of the system only, and another sync would not change that.

mod database;
mod guard;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::ShardId;
use parking_lot::{Mutex, MutexGuard, RwLock};

use super::record::{self, Block, Unpacking, bit};
use super::{Bodies, BodyId, is_worth_it};
use crate::StorageError;
use database::{Change, Database, refused};
use guard::damaged;

/// The directory of half a database.
const HALF: &str = "new";
/// Says why the store must not be opened.
const DAMAGED: &str = "DAMAGED";
/// A smaller database is never written anew.
const SMALL_BYTES: u64 = 64 << 20;
/// So much of a database is copied at once.
const COPY_BYTES: usize = 4 << 20;
/// Bodies go to the database in batches of so many bytes. During one of them sled lets go of
/// no page that it wrote anew, and each time a few records were added to a page it does.
const BATCH_BYTES: usize = 512 << 10;
/// A write leaves so much free on the file system: sled does not survive a disk
/// that fills up under it as well as we do.
const SPARE_BYTES: u64 = 32 << 20;
/// sled writes each byte about so often, until it cleans up.
const WRITES_PER_BYTE: u64 = 4;

/// Bodies in a sled database.
pub struct SledBodies {
    dir: PathBuf,
    /// Held by whoever changes or syncs something.
    writing: Mutex<()>,
    gone: Mutex<Gone>,
    current: RwLock<Current>,
}

/// The messages whose bodies were removed, of blocks that others keep alive.
type Gone = HashMap<(ShardId, Block), u16>;

struct Current {
    number: u64,
    /// There is no database yet: one is made for the first body.
    none: bool,
    /// None: it has to be opened.
    database: Option<Arc<Database>>,
}

impl SledBodies {
    /// Opens the store. A database is made when there is a first body to keep.
    ///
    /// # Errors
    /// It is damaged, or the disk fails.
    pub fn open(dir: &Path) -> Result<SledBodies, StorageError> {
        let opening = || StorageError::io("opening the bodies of messages", dir);
        if let Ok(why) = fs::read_to_string(dir.join(DAMAGED)) {
            return Err(damaged(dir, why));
        }
        let found = find(dir).map_err(opening())?;
        let found = found.map(|number| made_sure(dir, number)).transpose()?;
        let number = found.unwrap_or(1);
        let database = found.map(|number| Database::open(&name(dir, number))).transpose()?;
        let database = database.map(Arc::new);
        let current = RwLock::new(Current { number, none: found.is_none(), database });
        let (writing, gone) = Default::default();
        Ok(SledBodies { dir: dir.to_path_buf(), writing, gone, current })
    }

    /// The database; one that failed is opened again.
    fn database(&self) -> Result<Arc<Database>, StorageError> {
        if let Some(database) = &self.current.read().database
            && !database.has_failed()
        {
            return Ok(database.clone());
        }
        let mut current = self.current.write();
        if let Some(failed) = current.database.take_if(|database| database.has_failed()) {
            failed.refuse_if_final().inspect_err(|_| current.database = Some(failed.clone()))?;
        }
        if current.none {
            let path = name(&self.dir, current.number);
            let made = fs::create_dir_all(&path).and_then(|()| sync_dir(&self.dir));
            made.map_err(StorageError::io("making the bodies of messages", &path))?;
            current.none = false;
        }
        if current.database.is_none() {
            let opened = Database::open(&name(&self.dir, current.number))?;
            current.database = Some(Arc::new(opened));
        }
        Ok(current.database.clone().expect("put there just now"))
    }

    /// Whether there is nothing, and never was.
    fn is_none(&self) -> bool {
        self.current.read().none
    }

    /// Whoever changes something does so alone.
    fn write(&self) -> Result<(MutexGuard<'_, ()>, Arc<Database>), StorageError> {
        let alone = self.writing.lock();
        Ok((alone, self.database()?))
    }

    /// The next sync fails.
    #[cfg(test)]
    pub(crate) fn break_sync(&self) {
        self.current.read().database.as_ref().expect("there is one").break_sync();
    }

    /// The messages of a block whose bodies were removed.
    fn gone(&self, shard: ShardId, block: Block) -> u16 {
        self.gone.lock().get(&(shard, block)).copied().unwrap_or(0)
    }
}

/// The number of the database, or of the one that took its place because nobody knows
/// whether it is on disk.
fn made_sure(dir: &Path, number: u64) -> Result<u64, StorageError> {
    let old = name(dir, number);
    if database::is_sure(&old)? {
        return Ok(number);
    }
    check_room(dir, directory_bytes(&old) / WRITES_PER_BYTE)?;
    let database = Database::open(&old)?;
    copy(dir, &database)?;
    let next = replace(dir, number)?;
    drop(database);
    remove_dir(&old).map_err(StorageError::io("removing bodies that were replaced", &old))?;
    Ok(next)
}

/// Copies all that lives into a new database beside the old one.
fn copy(dir: &Path, from: &Database) -> Result<(), StorageError> {
    let half = dir.join(HALF);
    let doing = || StorageError::io("writing the bodies of messages anew", &half);
    remove_dir(&half).map_err(doing())?;
    let to = Database::open(&half)?;
    for shard in from.shards()? {
        let (mut changes, mut bytes) = (Vec::new(), 0);
        for entry in from.entries(shard)? {
            let (key, value) = entry?;
            bytes += value.len();
            changes.push(Change::Put(key, value));
            if bytes > COPY_BYTES {
                to.change(shard, std::mem::take(&mut changes))?;
                bytes = 0;
            }
        }
        to.change(shard, changes)?;
    }
    to.sync()
}

/// Puts the copy in the place of a database, durably; its number.
fn replace(dir: &Path, number: u64) -> Result<u64, StorageError> {
    let doing = || StorageError::io("replacing the bodies of messages", dir);
    fs::rename(dir.join(HALF), name(dir, number + 1)).map_err(doing())?;
    sync_dir(dir).map_err(doing())?;
    Ok(number + 1)
}

/// What has to be changed to put these bodies of one block.
fn put_block(
    database: &Database,
    shard: ShardId,
    block: Block,
    mut bodies: BTreeMap<BodyId, Arc<[u8]>>,
    changes: &mut Vec<Change>,
) -> Result<(), StorageError> {
    let comes = bodies.keys().fold(0, |bits, id| bits | bit(*id));
    let (mut others, mut old) = (0, Vec::new());
    for key in database.keys_of(shard, block)? {
        if key.0.holds & comes != 0 {
            others |= key.0.holds & !comes;
            old.push(key.1);
        }
    }
    if others != 0 {
        // They stand in one record with those that are replaced.
        bodies.extend(database.bodies_of(shard, Unpacking::new(block, others))?);
    }
    let records = record::pack(block, &bodies);
    old.retain(|key| !records.iter().any(|(new, _)| new[..] == key[..]));
    changes.extend(old.into_iter().map(Change::Remove));
    changes.extend(records.into_iter().map(|(key, value)| Change::Put(key.to_vec(), value)));
    Ok(())
}

impl Bodies for SledBodies {
    fn put(&self, shard: ShardId, bodies: &[(BodyId, Arc<[u8]>)]) -> Result<(), StorageError> {
        let (_alone, database) = self.write()?;
        let needed: u64 = bodies.iter().map(|(_, body)| body.len() as u64 + 64).sum();
        check_room(&self.dir, needed)?;
        let mut blocks: BTreeMap<Block, BTreeMap<BodyId, Arc<[u8]>>> = BTreeMap::new();
        for (id, body) in bodies {
            if body.len() > super::BODY_BYTES_MAX {
                let (bytes, max) = (body.len() as u64, super::BODY_BYTES_MAX as u64);
                return Err(StorageError::TooLarge { what: "the body of a message", bytes, max });
            }
            blocks.entry(Block::of(*id)).or_default().insert(*id, body.clone());
        }
        let (mut changes, mut bytes) = (Vec::new(), 0);
        for (block, bodies) in blocks {
            bytes += bodies.values().map(|body| body.len()).sum::<usize>();
            if let Some(gone) = self.gone.lock().get_mut(&(shard, block)) {
                bodies.keys().for_each(|id| *gone &= !bit(*id));
            }
            put_block(&database, shard, block, bodies, &mut changes)?;
            if bytes >= BATCH_BYTES {
                database.change(shard, std::mem::take(&mut changes))?;
                bytes = 0;
            }
        }
        database.change(shard, changes)
    }

    fn sync(&self) -> Result<(), StorageError> {
        if self.is_none() {
            return Ok(());
        }
        let (_alone, database) = self.write()?;
        database.sync()
    }

    fn get(&self, shard: ShardId, ids: &[BodyId]) -> Result<Vec<Option<Arc<[u8]>>>, StorageError> {
        if self.is_none() {
            return Ok(vec![None; ids.len()]);
        }
        let database = self.database()?;
        let mut blocks: BTreeMap<Block, u16> = BTreeMap::new();
        for id in ids {
            *blocks.entry(Block::of(*id)).or_default() |= bit(*id);
        }
        let mut found: BTreeMap<BodyId, Arc<[u8]>> = BTreeMap::new();
        for (block, mut wanted) in blocks {
            wanted &= !self.gone(shard, block);
            found.extend(database.bodies_of(shard, Unpacking::new(block, wanted))?);
        }
        Ok(ids.iter().map(|id| found.get(id).cloned()).collect())
    }

    fn remove(&self, shard: ShardId, ids: &[BodyId]) -> Result<(), StorageError> {
        if self.is_none() || ids.is_empty() {
            return Ok(());
        }
        let (_alone, database) = self.write()?;
        let mut blocks: BTreeMap<Block, u16> = BTreeMap::new();
        for id in ids {
            *blocks.entry(Block::of(*id)).or_default() |= bit(*id);
        }
        let mut changes = Vec::new();
        for (block, bits) in blocks {
            let all = bits | self.gone(shard, block);
            let (mut held, mut left) = (0, false);
            for (key, bytes) in database.keys_of(shard, block)? {
                held |= key.holds;
                if key.holds & !all == 0 {
                    changes.push(Change::Remove(bytes));
                } else {
                    left = true;
                }
            }
            let mut gone = self.gone.lock();
            if left {
                gone.insert((shard, block), all & held);
            } else {
                gone.remove(&(shard, block));
            }
        }
        database.change(shard, changes)
    }

    fn list(
        &self,
        shard: ShardId,
        after: Option<BodyId>,
        count: usize,
    ) -> Result<Vec<BodyId>, StorageError> {
        if self.is_none() {
            return Ok(Vec::new());
        }
        let database = self.database()?;
        let mut ids: Vec<BodyId> = Vec::new();
        for key in database.keys_from(shard, after.map(Block::of))? {
            let key = key?;
            let block_done = ids.last().is_none_or(|last| Block::of(*last) != key.block);
            if ids.len() >= count && block_done {
                break;
            }
            let removed = self.gone(shard, key.block);
            ids.extend(key.block.ids(key.holds & !removed).filter(|id| Some(*id) > after));
        }
        ids.sort_unstable();
        ids.dedup();
        Ok(ids)
    }

    fn erase(&self, shard: ShardId) -> Result<(), StorageError> {
        if self.is_none() {
            return Ok(());
        }
        let (_alone, database) = self.write()?;
        self.gone.lock().retain(|(of, _), _| *of != shard);
        database.erase(shard)?;
        database.sync()
    }

    fn disk_bytes(&self) -> u64 {
        directory_bytes(&self.dir)
    }

    fn compact(&self, live_bytes: u64) -> Result<(), StorageError> {
        if !is_worth_it(self.disk_bytes(), live_bytes, SMALL_BYTES) {
            return Ok(());
        }
        let (_alone, database) = self.write()?;
        copy(&self.dir, &database)?;
        let mut current = self.current.write();
        let old = name(&self.dir, current.number);
        let next = replace(&self.dir, current.number)?;
        (current.number, current.database) = (next, None);
        drop(database);
        let opened = Database::open(&name(&self.dir, next))?;
        current.database = Some(Arc::new(opened));
        remove_dir(&old).map_err(StorageError::io("removing bodies that were replaced", &old))
    }
}

impl fmt::Debug for SledBodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bodies in {}", self.dir.display())
    }
}

/// Refuses to fill the disk up to its last bytes.
fn check_room(dir: &Path, bytes: u64) -> Result<(), StorageError> {
    let doing = || StorageError::io("writing bodies of messages", dir);
    let system = rustix::fs::statvfs(dir).map_err(|why| doing()(why.into()))?;
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    if free < SPARE_BYTES.saturating_add(bytes.saturating_mul(WRITES_PER_BYTE)) {
        return Err(doing()(io::Error::from(io::ErrorKind::StorageFull)));
    }
    Ok(())
}

/// Notes that bodies are damaged, so that nobody opens the store again.
///
/// # Errors
/// The disk fails.
pub fn mark_damaged(dir: &Path, why: &str) -> Result<(), StorageError> {
    let path = dir.join(DAMAGED);
    let written = fs::create_dir_all(dir)
        .and_then(|()| fs::write(&path, why))
        .and_then(|()| fs::File::open(&path)?.sync_all())
        .and_then(|()| sync_dir(dir));
    written.map_err(StorageError::io("noting damage", &path))
}

/// Gives the directory of a store that cannot be opened another name, durably; says
/// which.
///
/// # Errors
/// The disk fails.
pub fn put_aside(dir: &Path) -> Result<PathBuf, StorageError> {
    let moving = || StorageError::io("putting damaged bodies aside", dir);
    let above = dir.parent().unwrap_or(Path::new(""));
    let own = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = (1..).map(|number: u64| above.join(format!("{own}-damaged-{number}")));
    let aside = free.into_iter().find(|path| !path.exists()).expect("numbers do not end");
    fs::rename(dir, &aside).and_then(|()| sync_dir(above)).map_err(moving())?;
    Ok(aside)
}

fn name(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("db-{number}"))
}

/// The number of the database that counts, if there is one. What is half, or was
/// replaced, goes.
fn find(dir: &Path) -> io::Result<Option<u64>> {
    fs::create_dir_all(dir)?;
    let mut numbers = Vec::new();
    for entry in fs::read_dir(dir)? {
        let text = entry?.file_name().into_string().unwrap_or_default();
        numbers.extend(text.strip_prefix("db-").and_then(|number| number.parse::<u64>().ok()));
    }
    let number = numbers.iter().max().copied();
    sync_dir(dir)?;
    remove_dir(&dir.join(HALF))?;
    for old in numbers.into_iter().filter(|old| Some(*old) != number) {
        remove_dir(&name(dir, old))?;
    }
    if let Some(above) = dir.parent() {
        sync_dir(above)?;
    }
    Ok(number)
}

fn remove_dir(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
    fs::File::open(dir)?.sync_all()
}

/// The bytes of all files below; what vanishes meanwhile counts nothing.
fn directory_bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let bytes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(data) if data.is_dir() => directory_bytes(&entry.path()),
        Ok(data) => std::os::unix::fs::MetadataExt::blocks(&data).saturating_mul(512),
        Err(_) => 0,
    });
    bytes.sum()
}

impl Drop for Current {
    fn drop(&mut self) {
        // One that is damaged may not even be closed.
        if let Some(database) = self.database.take() {
            refused(database);
        }
    }
}
