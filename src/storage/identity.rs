//! Whose data directory this is, and how often it was started.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::NodeId;

use crate::disk::read_full;
use crate::{Disk, Held, StorageError};

/// The directory of the log inside the data directory.
pub const LOG_DIR: &str = "log";

/// The directory of the snapshots inside the data directory.
pub const SNAPSHOT_DIR: &str = "snapshots";

const FILE: &str = "IDENTITY";
const TEMPORARY: &str = "IDENTITY.tmp";
const LOCK: &str = "LOCK";
const MAGIC: [u8; 8] = *b"lockstID";
const FORMAT: u32 = 1;
/// Magic, format, node, boot, created, checksum of all before.
const BYTES: usize = 40;
const ADVICE: &str = "if the directory is that of this node restore the file from a backup, \
    otherwise start with an empty directory";

/// The node that a data directory belongs to. Keeps the directory locked against
/// other processes as long as it lives.
pub struct Identity {
    /// The node.
    pub node: NodeId,
    /// Which start of the node this is, counted from 1.
    pub boot: u64,
    /// When the directory was made, in milliseconds since 1970.
    pub created_ms: u64,
    _lock: Held,
}

/// What stands in the file.
#[derive(Clone, Copy)]
struct Content {
    node: u64,
    boot: u64,
    created_ms: u64,
}

impl Identity {
    /// Locks the data directory, which is made when missing, and counts a start of
    /// its node. A new directory becomes that of `fresh`, made at `now_ms`; an old
    /// one keeps its node, which has to be `expected` where one is given.
    pub fn start(
        disk: Arc<dyn Disk>,
        dir: &Path,
        fresh: NodeId,
        expected: Option<NodeId>,
        now_ms: u64,
    ) -> Result<Identity, StorageError> {
        let disk = disk.as_ref();
        let made = disk.create_dir_all(dir);
        made.map_err(StorageError::io("making the data directory", dir))?;
        let lock = lock(disk, dir)?;
        let path = dir.join(FILE);
        let found = read(disk, &path)?;
        if found.is_none() {
            refuse_if_used(disk, dir, &path)?;
        }
        let node = expected.unwrap_or(fresh).0;
        let before = found.unwrap_or(Content { node, boot: 0, created_ms: now_ms });
        if let Some(NodeId(expected)) = expected
            && expected != before.node
        {
            return Err(StorageError::Foreign { path, found: before.node, expected });
        }
        let now = Content { boot: before.boot + 1, ..before };
        write(disk, dir, now).map_err(StorageError::io("writing the identity", &path))?;
        let Content { node, boot, created_ms } = now;
        Ok(Identity { node: NodeId(node), boot, created_ms, _lock: lock })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} in its start {}", self.node.0, self.boot)
    }
}

fn lock(disk: &dyn Disk, dir: &Path) -> Result<Held, StorageError> {
    let path = dir.join(LOCK);
    let locked = disk.try_lock(&path).map_err(StorageError::io("locking", &path))?;
    locked.ok_or_else(|| StorageError::Locked { holder: holder(disk, &path), path: path.clone() })
}

/// What the process that has the lock wrote into the file.
fn holder(disk: &dyn Disk, path: &Path) -> String {
    let mut buf = [0; 32];
    let got = disk.open(path).and_then(|file| read_full(file.as_ref(), &mut buf, 0));
    let text = String::from_utf8_lossy(&buf[..got.unwrap_or(0)]).trim().to_owned();
    if text.is_empty() { "unknown".into() } else { text }
}

/// A directory with a log and without an identity is not a new one.
fn refuse_if_used(disk: &dyn Disk, dir: &Path, path: &Path) -> Result<(), StorageError> {
    for part in [LOG_DIR, SNAPSHOT_DIR] {
        let part = dir.join(part);
        let names = match disk.list(&part) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            listed => listed.map_err(StorageError::io("listing", &part))?,
        };
        if !names.is_empty() {
            let what = format!("it is missing, though {} holds data", part.display());
            return Err(damaged(path.to_path_buf(), what));
        }
    }
    Ok(())
}

fn read(disk: &dyn Disk, path: &Path) -> Result<Option<Content>, StorageError> {
    let reading = || StorageError::io("reading the identity", path);
    let file = match disk.open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(reading())?,
    };
    // One byte more than there should be, to see that there is none.
    let mut buf = [0; BYTES + 1];
    let got = read_full(file.as_ref(), &mut buf, 0).map_err(reading())?;
    parse(&buf[..got], path).map(Some)
}

fn parse(bytes: &[u8], path: &Path) -> Result<Content, StorageError> {
    let unlike = || damaged(path.to_path_buf(), "it is not what was written".into());
    let bytes: &[u8; BYTES] = bytes.try_into().map_err(|_| unlike())?;
    let (body, crc) = bytes.split_last_chunk::<4>().expect("there are 40 bytes");
    if bytes[..8] != MAGIC || crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err(unlike());
    }
    let found = u32::from_le_bytes(*bytes[8..].first_chunk().expect("inside"));
    if found != FORMAT {
        let path = path.to_path_buf();
        return Err(StorageError::Version { path, found, known: FORMAT });
    }
    let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("inside"));
    Ok(Content { node: number(12), boot: number(20), created_ms: number(28) })
}

fn write(disk: &dyn Disk, dir: &Path, content: Content) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    for number in [content.node, content.boot, content.created_ms] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    let temporary = dir.join(TEMPORARY);
    let file = disk.create(&temporary)?;
    file.write_at(&bytes, 0)?;
    file.sync_data()?;
    disk.rename(&temporary, &dir.join(FILE))?;
    disk.sync_dir(dir)
}

fn damaged(path: PathBuf, what: String) -> StorageError {
    StorageError::Damaged { path, offset: 0, what, advice: ADVICE }
}
