//! What the data directory gives, and what becomes of one that is damaged.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::NodeId;
use lockstep_raft::BodyStore;
use lockstep_storage::{
    Disk, Fsync, Identity, Log, LogOptions, RealDisk, Recovered, SledBodies, Snapshots,
    StorageError,
};

use super::Failed;
use crate::clock::wall_ms;
use crate::config::{Origin, Setting, Settings, seeds};
use crate::logging::id;

/// What the data directory gave.
pub(super) struct Storage {
    pub owner: Arc<Identity>,
    pub log: Log,
    pub snapshots: Snapshots,
    pub bodies: Arc<BodyStore>,
    pub recovered: Recovered,
    pub dir: PathBuf,
    /// How many shards the data is spread over, if that was ever decided.
    pub shards: Option<u16>,
    /// Where other nodes were when they were last heard of, `host:peer-port`.
    pub peers: Vec<String>,
    /// Which node this was until its data was damaged.
    pub replaces: Option<NodeId>,
    /// Whether data was lost here, so that this node must not found a cluster.
    pub must_join: bool,
}

/// Opens the data directory. Damaged data is put aside where other nodes have it.
pub(super) fn open(settings: &Settings) -> Result<Storage, Failed> {
    let dir = PathBuf::from(&*settings.text(Setting::Dir));
    std::fs::create_dir_all(&dir)
        .map_err(|why| Failed(format!("making the data directory {}: {why}", dir.display())))?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    match open_once(settings, &disk, &dir, None) {
        Err(why) if why.is_damage() && has_peers(settings, &*disk, &dir) => {
            let replaces = put_aside(&*disk, &dir, &why.to_string())?;
            open_once(settings, &disk, &dir, replaces).map_err(failed)
        }
        opened => opened.map_err(failed),
    }
}

/// Puts damaged data aside; gives the node it belonged to.
pub(super) fn put_aside(disk: &dyn Disk, dir: &Path, why: &str) -> Result<Option<NodeId>, Failed> {
    let aside = lockstep_storage::quarantine(disk, dir, why).map_err(failed)?;
    tracing::error!(
        id = id::DATA_PUT_ASIDE,
        "data is damaged: {why}. It was put aside in {}; this node goes on as a new one and \
         fetches everything from the others",
        aside.path.display()
    );
    Ok(aside.node)
}

/// Whether there are other nodes that may have what is damaged here.
pub(super) fn has_peers(settings: &Settings, disk: &dyn Disk, dir: &Path) -> bool {
    let known = lockstep_storage::peers::load(disk, dir).unwrap_or_default();
    seeds::of(settings).len() > 1 || !known.is_empty()
}

fn failed(why: StorageError) -> Failed {
    Failed(why.to_string())
}

/// Where the other nodes were. With seeds nothing is lost when nobody can tell.
fn known_peers(
    settings: &Settings,
    disk: &dyn Disk,
    dir: &Path,
) -> Result<Vec<String>, StorageError> {
    match lockstep_storage::peers::load(disk, dir) {
        Err(why) if why.is_damage() && !seeds::of(settings).is_empty() => {
            tracing::warn!("{why}; the seeds are asked instead");
            Ok(Vec::new())
        }
        loaded => loaded,
    }
}

fn open_once(
    settings: &Settings,
    disk: &Arc<dyn Disk>,
    dir: &Path,
    replaces: Option<NodeId>,
) -> Result<Storage, StorageError> {
    let fresh = NodeId(rand::random::<u64>() >> 16 | 1);
    let owner = Identity::start(disk.clone(), dir, fresh, None, wall_ms())?;
    let peers = known_peers(settings, &**disk, dir)?;
    let alone = peers.is_empty() && seeds::of(settings).is_empty();
    let shards = shards(settings, &**disk, dir, alone)?;
    let options = LogOptions {
        fsync: fsync(settings),
        segment_bytes: settings.number(Setting::LogSegmentBytes),
        // Each shard keeps its recent entries itself, decoded.
        cache_bytes_max: 0,
        ..LogOptions::default()
    };
    let log_dir = dir.join(lockstep_storage::LOG_DIR);
    let (log, recovered) = Log::open(disk.clone(), &log_dir, options)?;
    let snapshots = Snapshots::open(disk.clone(), &dir.join(lockstep_storage::SNAPSHOT_DIR))?;
    lockstep_storage::reconcile(&log, &snapshots)?;
    let bodies = bodies(settings, &dir.join(lockstep_storage::BODIES_DIR), alone)?;
    if !alone {
        // Before anything is started that would have to be stopped again.
        snapshots.check()?;
    }
    let must_join = owner.cluster() == 0 && lost_data(dir);
    Ok(Storage {
        owner: Arc::new(owner),
        log,
        snapshots,
        bodies,
        recovered,
        dir: dir.to_owned(),
        shards,
        peers,
        replaces,
        must_join,
    })
}

/// Where bodies of messages are. A node alone whose bodies are damaged puts only them
/// aside: the log and the snapshots may still have all of them, which is seen when
/// these are read.
fn bodies(settings: &Settings, dir: &Path, alone: bool) -> Result<Arc<BodyStore>, StorageError> {
    let opened = match SledBodies::open(dir) {
        Err(why) if why.is_damage() && alone => {
            let aside = lockstep_storage::bodies::put_aside(dir)?;
            tracing::error!(
                id = id::DATA_PUT_ASIDE,
                "the bodies of messages are damaged: {why}. They were put aside in {}",
                aside.display()
            );
            SledBodies::open(dir)?
        }
        opened => opened?,
    };
    let memory = usize::try_from(settings.number(Setting::QueueMemory)).unwrap_or(usize::MAX);
    Ok(BodyStore::new(Arc::new(opened), memory, false))
}

/// The number of shards that was decided; one that is asked for by name has to be
/// the same. A node alone decides now.
fn shards(
    settings: &Settings,
    disk: &dyn Disk,
    dir: &Path,
    alone: bool,
) -> Result<Option<u16>, StorageError> {
    let founded = lockstep_storage::founded(disk, dir)?;
    let wanted = settings.number(Setting::Shards);
    let named = !matches!(settings.origin(Setting::Shards), Origin::Default | Origin::Derived(_));
    if named && founded.is_some() || alone && founded.is_none() {
        lockstep_storage::found(disk, dir, wanted)?;
    }
    let decided = founded.or(alone.then_some(wanted));
    Ok(decided.and_then(|shards| u16::try_from(shards).ok()))
}

/// Whether data was put aside here and nothing has replaced it yet.
fn lost_data(dir: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(dir) else { return false };
    entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("quarantine-"))
}

/// When writes are forced to disk.
pub(super) fn fsync(settings: &Settings) -> Fsync {
    match settings.word(Setting::Fsync) {
        "everysec" => Fsync::EverySec,
        "never" | "no" => Fsync::Never,
        _ => Fsync::Always,
    }
}
