//! The start of a process from what its disk holds.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, OnceLock};

use lockstep_cache::Rules;
use lockstep_core::cluster::{ClusterId, NodeInfo};
use lockstep_core::{Effect, NodeId};
use lockstep_raft::{
    BodyStore, Clock, Guards, Host, HostError, HostOptions, LIVES, Limits, Timing, Watching,
};
use lockstep_storage::log::Driver;
use lockstep_storage::{
    BODIES_DIR, Disk, Identity, LOG_DIR, Log, LogOptions, Mutants, SNAPSHOT_DIR, SimBodies,
    SimDisk, SnapshotOptions, Snapshots, StorageError, is_damage, quarantine,
};
use parking_lot::Mutex;

use super::clock::SimClock;
use super::shelf::{Flaws, Shelf};
use crate::world::clients::seat::Expectations;
use crate::world::net::SimPeers;

const DIR: &str = "/data";
/// Small, so that segments are used again within a run.
const SEGMENT_BYTES: u64 = 256 << 10;

/// What all nodes of a run have in common.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The addresses of the first nodes.
    pub seeds: Vec<String>,
    /// How many data shards.
    pub shards: u16,
    /// The replication factor.
    pub replicas: u8,
    /// Bytes of log after which a snapshot is taken.
    pub snapshot_log_bytes: u64,
    /// Bytes of bodies in memory.
    pub queue_memory: usize,
    /// The largest entry, in operations.
    pub batch_ops_max: usize,
    /// What is broken where bodies are.
    pub shelf: Flaws,
    /// What is broken in the groups.
    pub guards: Guards,
    /// What is broken in the storage.
    pub mutants: Mutants,
    /// The seed of hashes.
    pub seed: u64,
    /// How nodes keep copies of keys; none: they keep none.
    pub copies: Option<Copying>,
}

/// How nodes keep copies of keys.
#[derive(Clone, Copy, Debug)]
pub struct Copying {
    /// `cache-read-mode`.
    pub read_mode: &'static str,
    /// `cache-max-entries`.
    pub entries: &'static str,
    /// `cache-hot-update`.
    pub hot_update: &'static str,
    /// `cache-replica-reads`.
    pub replica_reads: &'static str,
    /// What the protocol rests on.
    pub rules: Rules,
}

impl Copying {
    /// The settings of a server that keeps copies like that.
    pub fn settings(&self) -> [(&'static str, &'static str); 5] {
        [
            ("cache-read-mode", self.read_mode),
            ("cache-max-entries", self.entries),
            ("cache-hot-update", self.hot_update),
            ("cache-replica-reads", self.replica_reads),
            // Odd clocks differ by so much.
            ("cache-clock-drift", "2"),
        ]
    }
}

/// What a disk gave.
pub struct Opened {
    pub identity: Arc<Identity>,
    pub log: Log,
    pub snapshots: Snapshots,
    pub bodies: Arc<BodyStore>,
    /// The node that the data belonged to that had to be put aside.
    pub replaces: Option<NodeId>,
    /// Whether data had to be put aside.
    pub damaged: Option<String>,
}

fn data() -> &'static Path {
    Path::new(DIR)
}

/// The files of the log and of snapshots, and those that say who the node is.
pub fn files(disk: &SimDisk) -> Vec<PathBuf> {
    let inside = |path: &PathBuf| !path.to_string_lossy().contains("quarantine");
    disk.paths().into_iter().filter(inside).collect()
}

/// Opens what is on a disk; what is damaged is put aside, as the server does.
pub fn open(
    disk: &SimDisk,
    settings: &Settings,
    full: &Arc<AtomicBool>,
    fresh: &mut dyn FnMut() -> NodeId,
) -> Result<Opened, StorageError> {
    let (mut replaces, mut damaged) = (None, None);
    loop {
        let handle: Arc<dyn Disk> = Arc::new(disk.boot());
        match open_once(&handle, settings, fresh()) {
            Ok((identity, log, snapshots)) => {
                let identity = Arc::new(identity);
                let bodies = SimBodies::open(handle, &data().join(BODIES_DIR))?;
                let shelf = Shelf { bodies, full: full.clone(), flaws: settings.shelf };
                let bodies = BodyStore::new(Arc::new(shelf), settings.queue_memory, true);
                return Ok(Opened { identity, log, snapshots, bodies, replaces, damaged });
            }
            Err(why) if is_damage(&why) => {
                let put_aside = quarantine(handle.as_ref(), data(), &why.to_string())?;
                replaces = replaces.or(put_aside.node);
                damaged = Some(why.to_string());
            }
            Err(why) => return Err(why),
        }
    }
}

/// Puts aside what was found damaged only when it was read.
pub fn put_aside(disk: &SimDisk, why: &str) -> Result<Option<NodeId>, StorageError> {
    let handle = disk.boot();
    quarantine(&handle, data(), why).map(|put_aside| put_aside.node)
}

fn open_once(
    disk: &Arc<dyn Disk>,
    settings: &Settings,
    fresh: NodeId,
) -> Result<(Identity, Log, Snapshots), StorageError> {
    let mutants = settings.mutants;
    let identity = Identity::start_with(disk.clone(), data(), fresh, None, 1, mutants)?;
    let options = LogOptions {
        segment_bytes: SEGMENT_BYTES,
        spare_segments_max: 1,
        cache_bytes_max: 0,
        driver: Driver::ByHand,
        mutants,
        ..LogOptions::default()
    };
    let (log, _) = Log::open(disk.clone(), &data().join(LOG_DIR), options)?;
    let options = SnapshotOptions { driver: Driver::ByHand, mutants };
    let snapshots = Snapshots::open_with(disk.clone(), &data().join(SNAPSHOT_DIR), options)?;
    Ok((identity, log, snapshots))
}

/// What a process needs besides.
pub struct Surroundings {
    pub address: String,
    pub clock: Arc<SimClock>,
    pub peers: Arc<SimPeers>,
    pub answers: Arc<Mutex<Vec<Effect>>>,
    pub expectations: Arc<Expectations>,
    pub luck: u64,
    pub zone: String,
    /// The addresses to ask for a cluster.
    pub seeds: Vec<String>,
}

/// What a host starts from.
pub fn host_options(
    disk: &SimDisk,
    opened: &Opened,
    settings: &Settings,
    around: Surroundings,
) -> Result<HostOptions, StorageError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.boot());
    // There are seeds, so nothing is lost when the file is damaged.
    let mut seeds = lockstep_storage::peers::load(disk.as_ref(), data()).unwrap_or_default();
    seeds.extend(
        around.seeds.iter().filter(|seed| !seeds.contains(seed)).cloned().collect::<Vec<_>>(),
    );
    let (host, port) = around.address.split_once(':').expect("host:port");
    let me = NodeInfo {
        id: opened.identity.node,
        host: host.into(),
        port: 1,
        peer_port: port.parse().expect("a number"),
        zone: around.zone,
        version: lockstep_core::shard::VERSION,
        ..NodeInfo::default()
    };
    let (identity, answers) = (opened.identity.clone(), around.answers);
    let expectations = around.expectations;
    let cluster = Some(identity.cluster()).filter(|cluster| *cluster != 0);
    let limits = Limits {
        batch_bytes_max: (1 << 20).into(),
        batch_ops_max: settings.batch_ops_max.into(),
        inbox_bytes_max: (16 << 20).into(),
        lock_events: false.into(),
        key_events: 0.into(),
    };
    let clock: Arc<dyn Clock> = around.clock;
    Ok(HostOptions {
        me,
        boot: identity.boot * LIVES,
        cluster: cluster.map(ClusterId),
        replaces: opened.replaces,
        seeds,
        expect: settings.seeds.len() as u16,
        shards: settings.shards,
        replicas: settings.replicas,
        cluster_mode: false,
        seed: settings.seed,
        log: opened.log.clone(),
        snapshots: opened.snapshots.clone(),
        bodies: opened.bodies.clone(),
        clock,
        peers: around.peers,
        limits: Arc::new(limits),
        snapshot_log_bytes: Arc::new(AtomicU64::new(settings.snapshot_log_bytes)),
        timing: Timing::LAN,
        guards: settings.guards,
        luck: around.luck,
        watching: match settings.copies {
            Some(_) => Watching::awaited(),
            None => Watching::default(),
        },
        scripts: Some(scripts()),
        answers: Arc::new(move |effects| answers.lock().extend(effects)),
        adrift: Arc::new(move |shard| expectations.set_adrift(shard)),
        keep: Arc::new(move |cluster, shards, addresses| {
            identity.set_cluster(cluster.0)?;
            lockstep_storage::found(disk.as_ref(), data(), u64::from(shards))?;
            lockstep_storage::peers::save(disk.as_ref(), data(), addresses)?;
            Ok(())
        }),
    })
}

/// Runs the scripts of all nodes: nothing of one is left for the next.
fn scripts() -> Arc<lockstep_script::Lua> {
    static LUA: OnceLock<Arc<lockstep_script::Lua>> = OnceLock::new();
    LUA.get_or_init(|| lockstep_script::Lua::new().expect("there are addresses")).clone()
}

/// What became of the start of a host.
pub type Starting = Arc<Mutex<Option<Result<Host, HostError>>>>;
