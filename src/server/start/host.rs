//! The groups of this node, and its links to other nodes.

use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use lockstep_core::cluster::{ClusterId, NodeInfo};
use lockstep_core::scripts::Engine;
use lockstep_net::peers::{Listen, PeerLimits, PeerOptions};
use lockstep_raft::{
    BodyStore, Guards, Host, HostOptions, Keep, LIVES, Limits, Nobody, Peers, Timing, Watching,
    runtime,
};
use lockstep_storage::{Identity, RealDisk};
use tokio::runtime::{Builder, Runtime};

use super::Failed;
use super::storage::Storage;
use crate::clock::NodeClock;
use crate::config::seeds::{self, Seed};
use crate::config::{Setting, Settings, special};
use crate::front::Waits;
use crate::links::Links;
use crate::pubsub::keyspace;
use crate::sessions::Sessions;

/// More nodes than there can be: a node that expects so many founds no cluster.
const NEVER_FOUND: u16 = u16::MAX;

/// The groups, the links and the threads they have.
pub(super) struct Groups {
    pub host: Host,
    pub links: Option<Links>,
    /// Keeps the threads; none where the groups run beside the connections.
    pub threads: Option<Threads>,
}

/// What the groups need of the node.
pub(super) struct Parts {
    pub clock: Arc<NodeClock>,
    pub waits: Arc<Waits>,
    pub sessions: Arc<Sessions>,
    pub limits: Arc<Limits>,
    pub snapshot_bytes: Arc<AtomicU64>,
    pub scripts: Arc<lockstep_script::Lua>,
}

/// Threads of their own for Raft and the links, so that what clients ask for holds
/// up no vote and no heartbeat.
pub(super) struct Threads(Option<Runtime>);

impl Threads {
    fn new() -> io::Result<Threads> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("raft").enable_all();
        builder.on_thread_start(runtime::may_step_aside);
        builder.build().map(|runtime| Threads(Some(runtime)))
    }

    /// Runs `work` on these threads, with all that it spawns.
    async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Failed> {
        let runtime = self.0.as_ref().expect("there until it is dropped");
        runtime.spawn(work).await.map_err(|why| Failed(format!("starting the groups: {why}")))
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            // It must not be waited for on a thread that serves others.
            runtime.shutdown_background();
        }
    }
}

/// Starts the groups that are on disk, and the links where there are other nodes.
pub(super) async fn start(
    settings: &Settings,
    storage: &Storage,
    me: NodeInfo,
    parts: &Parts,
) -> Result<Groups, Failed> {
    let mut seeds = addresses(&seeds::of(settings));
    if seeds.is_empty() && !storage.peers.is_empty() {
        seeds.clone_from(&storage.peers);
        seeds.push(me.peer_address());
    }
    if seeds.is_empty() {
        let options = options(settings, storage, me, seeds, Arc::new(Nobody), parts);
        let host = Host::start(options).await.map_err(|why| Failed(why.to_string()))?;
        return Ok(Groups { host, links: None, threads: None });
    }
    let threads = Threads::new().map_err(|why| Failed(format!("starting threads: {why}")))?;
    parts.scripts.when_long(runtime::step_aside);
    let wanted = peer_options(settings, &storage.owner)?;
    let links = threads.run(Links::start(wanted)).await?.map_err(|why| {
        let port = settings.port(Setting::PeerPort);
        Failed(format!("cannot listen for other nodes on port {port}: {why}; set --peer-port"))
    })?;
    let options = options(settings, storage, me, seeds, Arc::new(links.clone()), parts);
    let host = threads.run(Host::start(options)).await?.map_err(|why| Failed(why.to_string()))?;
    links.open(host.clone());
    Ok(Groups { host, links: Some(links), threads: Some(threads) })
}

fn addresses(seeds: &[Seed]) -> Vec<String> {
    seeds.iter().map(Seed::peer_address).collect()
}

/// The times that nodes wait for each other.
pub(super) fn timing(settings: &Settings) -> Timing {
    let (timing, factor) = match settings.word(Setting::Profile) {
        "wan" => (Timing::WAN, 8),
        _ => (Timing::LAN, 1),
    };
    let node_timeout = Duration::from_millis(settings.number(Setting::NodeTimeout) * factor);
    Timing { node_timeout, ..timing }
}

fn peer_options(settings: &Settings, owner: &Identity) -> Result<PeerOptions, Failed> {
    let listen = Listen::At {
        addresses: special::addresses(settings),
        port: settings.port(Setting::PeerPort),
    };
    let cluster = Arc::new(AtomicU64::new(owner.cluster()));
    let mut options = PeerOptions::new(listen, owner.node, owner.boot, cluster);
    options.secret = secret(settings)?;
    options.leases = Some(crate::cache::leases(settings));
    if settings.word(Setting::Profile) == "wan" {
        options.limits = PeerLimits::wan();
    }
    Ok(options)
}

/// How long a secret may be.
const SECRET_BYTES_MAX: usize = 64 << 10;

/// What nodes show each other; line ends around it do not count.
fn secret(settings: &Settings) -> Result<Option<Vec<u8>>, Failed> {
    let path = settings.text(Setting::ClusterSecretFile);
    if path.is_empty() {
        return Ok(None);
    }
    let wrong = |why: &str| Failed(format!("the secret in {path} cannot be used: {why}"));
    let bytes = std::fs::read(Path::new(&*path)).map_err(|why| wrong(&why.to_string()))?;
    let secret = bytes.trim_ascii();
    match secret.len() {
        0 => Err(wrong("the file is empty")),
        SECRET_BYTES_MAX.. => Err(wrong("it is too long")),
        _ => Ok(Some(secret.to_vec())),
    }
}

fn options(
    settings: &Settings,
    storage: &Storage,
    me: NodeInfo,
    seeds: Vec<String>,
    peers: Arc<dyn Peers>,
    parts: &Parts,
) -> HostOptions {
    let cluster = Some(ClusterId(storage.owner.cluster())).filter(|cluster| cluster.0 != 0);
    let number = |setting| u16::try_from(settings.number(setting)).unwrap_or(u16::MAX);
    let (answers, adrift) = (parts.waits.clone(), parts.waits.clone());
    let sessions = parts.sessions.clone();
    let keep = keep(storage, me.peer_address());
    // With other nodes, which may have copies, the cache has its word before anybody serves.
    let scripts: Arc<dyn Engine> = parts.scripts.clone();
    let watching = if seeds.is_empty() { Watching::default() } else { Watching::awaited() };
    HostOptions {
        me,
        boot: storage.owner.boot * LIVES,
        cluster,
        replaces: storage.replaces,
        seeds,
        expect: if storage.must_join { NEVER_FOUND } else { number(Setting::Expect) },
        shards: storage.shards.unwrap_or_else(|| number(Setting::Shards)),
        replicas: u8::try_from(settings.number(Setting::Replicas)).unwrap_or(u8::MAX),
        cluster_mode: settings.flag(Setting::ClusterEnabled),
        seed: storage.owner.created_ms,
        log: storage.log.clone(),
        snapshots: storage.snapshots.clone(),
        bodies: storage.bodies.clone(),
        clock: parts.clock.clone(),
        peers,
        limits: parts.limits.clone(),
        snapshot_log_bytes: parts.snapshot_bytes.clone(),
        timing: timing(settings),
        guards: Guards::default(),
        luck: rand::random(),
        watching,
        scripts: Some(scripts),
        answers: Arc::new(move |effects| {
            sessions.carry_out(&effects);
            answers.carry_out(effects);
        }),
        adrift: Arc::new(move |shard| adrift.set_adrift(shard)),
        keep,
    }
}

/// Keeps what this node must know when it starts again.
fn keep(storage: &Storage, own_address: String) -> Keep {
    let (owner, dir) = (storage.owner.clone(), storage.dir.clone());
    Arc::new(move |cluster, shards, addresses| {
        let failed = |why: lockstep_storage::StorageError| io::Error::other(why.to_string());
        let others: Vec<String> =
            addresses.iter().filter(|address| **address != own_address).cloned().collect();
        lockstep_storage::found(&RealDisk, &dir, shards.into()).map_err(failed)?;
        lockstep_storage::peers::save(&RealDisk, &dir, &others).map_err(failed)?;
        owner.set_cluster(cluster.0).map_err(failed)
    })
}

/// Bounds of inboxes and entries, and when snapshots are taken: settings that can
/// change while the groups run.
pub(super) fn watch_limits(
    settings: &Settings,
    limits: Arc<Limits>,
    snapshot_bytes: Arc<AtomicU64>,
    bodies: Arc<BodyStore>,
) {
    settings.watch(move |settings, setting| {
        let size = |of: &AtomicUsize| of.store(settings.size(setting), Ordering::Relaxed);
        match setting {
            Setting::SnapshotLogBytes => {
                snapshot_bytes.store(settings.number(setting), Ordering::Relaxed);
            }
            Setting::QueueMemory => {
                bodies.set_memory_max(
                    usize::try_from(settings.number(setting)).unwrap_or(usize::MAX),
                );
            }
            Setting::BatchBytesMax => size(&limits.batch_bytes_max),
            Setting::BatchOpsMax => size(&limits.batch_ops_max),
            Setting::InboxBytesMax => size(&limits.inbox_bytes_max),
            Setting::NotifyLockEvents => {
                limits.lock_events.store(settings.flag(setting), Ordering::Relaxed);
            }
            Setting::NotifyKeyspaceEvents => {
                limits.key_events.store(keyspace::classes(settings), Ordering::Relaxed);
            }
            _ => {}
        }
    });
}
