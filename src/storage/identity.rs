//! Whose data directory this is, and how often it was started.

use std::fmt;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::NodeId;
use parking_lot::Mutex;

use crate::disk::read_full;
use crate::{Disk, Held, Mutants, StorageError, quarantine};

/// The directory of the log inside the data directory.
pub const LOG_DIR: &str = "log";

/// The directory of the snapshots inside the data directory.
pub const SNAPSHOT_DIR: &str = "snapshots";

/// The directory of the bodies of messages inside the data directory.
pub const BODIES_DIR: &str = "bodies";

pub(crate) const FILE: &str = "IDENTITY";
const LOCK: &str = "LOCK";
const MAGIC: [u8; 8] = *b"lockstID";
/// The newest format; the first one had no cluster.
const FORMAT: u32 = 2;
/// Magic, format, node, boot, created, cluster, checksum of all before.
const BYTES: usize = 48;
/// The same without the cluster.
const BYTES_1: usize = 40;
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
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    content: Mutex<Content>,
    _lock: Held,
}

/// What stands in the file.
#[derive(Clone, Copy)]
pub(crate) struct Content {
    pub(crate) node: u64,
    pub(crate) boot: u64,
    created_ms: u64,
    /// 0: none yet.
    pub(crate) cluster: u64,
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
        Identity::start_with(disk, dir, fresh, expected, now_ms, Mutants::default())
    }

    /// As [`Identity::start`], with mistakes on purpose.
    #[doc(hidden)]
    pub fn start_with(
        disk: Arc<dyn Disk>,
        dir: &Path,
        fresh: NodeId,
        expected: Option<NodeId>,
        now_ms: u64,
        mutants: Mutants,
    ) -> Result<Identity, StorageError> {
        let made = disk.create_dir_all(dir);
        made.map_err(StorageError::io("making the data directory", dir))?;
        let lock = lock(disk.as_ref(), dir)?;
        let path = dir.join(FILE);
        quarantine::refuse_if_unfinished(disk.as_ref(), dir)?;
        let found = read(disk.as_ref(), dir)?;
        if found.is_none() {
            refuse_if_used(disk.as_ref(), dir, &path)?;
        }
        let node = expected.unwrap_or(fresh).0;
        let before = found.unwrap_or(Content { node, boot: 0, created_ms: now_ms, cluster: 0 });
        if let Some(NodeId(expected)) = expected
            && expected != before.node
        {
            return Err(StorageError::Foreign { path, found: before.node, expected });
        }
        let counted = u64::from(!mutants.no_new_incarnation || before.boot == 0);
        let now = Content { boot: before.boot.saturating_add(counted), ..before };
        write(disk.as_ref(), dir, now).map_err(StorageError::io("writing the identity", &path))?;
        let Content { node, boot, created_ms, .. } = now;
        let (content, dir) = (Mutex::new(now), dir.to_path_buf());
        Ok(Identity { node: NodeId(node), boot, created_ms, disk, dir, content, _lock: lock })
    }

    /// The cluster that the node belongs to; 0: none yet.
    pub fn cluster(&self) -> u64 {
        self.content.lock().cluster
    }

    /// Notes, durably, which cluster the node belongs to.
    ///
    /// # Errors
    /// It belongs to another one, or the disk fails.
    pub fn set_cluster(&self, cluster: u64) -> Result<(), StorageError> {
        let mut content = self.content.lock();
        let path = self.dir.join(FILE);
        if content.cluster == cluster {
            return Ok(());
        }
        if content.cluster != 0 {
            let found = content.cluster;
            return Err(StorageError::OtherCluster { path, found, asked: cluster });
        }
        let now = Content { cluster, ..*content };
        write(self.disk.as_ref(), &self.dir, now)
            .map_err(StorageError::io("writing the identity", &path))?;
        *content = now;
        Ok(())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} in its start {}", self.node.0, self.boot)
    }
}

pub(crate) fn lock(disk: &dyn Disk, dir: &Path) -> Result<Held, StorageError> {
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

/// What stands in the file of a data directory; `None` when there is none.
pub(crate) fn read(disk: &dyn Disk, dir: &Path) -> Result<Option<Content>, StorageError> {
    let path = &dir.join(FILE);
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
    let (body, crc) = bytes.split_last_chunk::<4>().ok_or_else(unlike)?;
    if !body.starts_with(&MAGIC) || crc32c::crc32c(body) != u32::from_le_bytes(*crc) {
        return Err(unlike());
    }
    let found = body[8..].first_chunk().map(|format| u32::from_le_bytes(*format));
    let found = found.ok_or_else(unlike)?;
    if found > FORMAT {
        let path = path.to_path_buf();
        return Err(StorageError::Version { path, found, known: FORMAT });
    }
    let number = |at: usize| u64::from_le_bytes(*bytes[at..].first_chunk().expect("inside"));
    let cluster = match (found, bytes.len()) {
        (1, BYTES_1) => 0,
        (FORMAT, BYTES) => number(36),
        _ => return Err(unlike()),
    };
    Ok(Content { node: number(12), boot: number(20), created_ms: number(28), cluster })
}

fn write(disk: &dyn Disk, dir: &Path, content: Content) -> std::io::Result<()> {
    let mut bytes = Vec::with_capacity(BYTES);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&FORMAT.to_le_bytes());
    for number in [content.node, content.boot, content.created_ms, content.cluster] {
        bytes.extend_from_slice(&number.to_le_bytes());
    }
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    replace(disk, dir, FILE, &bytes)
}

/// Gives a small file of the data directory a new content, durably and in one step.
pub(crate) fn replace(
    disk: &dyn Disk,
    dir: &Path,
    name: &str,
    bytes: &[u8],
) -> std::io::Result<()> {
    let temporary = dir.join(format!("{name}.tmp"));
    let file = disk.create(&temporary)?;
    file.write_at(bytes, 0)?;
    file.sync_data()?;
    disk.rename(&temporary, &dir.join(name))?;
    disk.sync_dir(dir)
}

fn damaged(path: PathBuf, what: String) -> StorageError {
    StorageError::Damaged { path, offset: 0, what, advice: ADVICE }
}
