//! From settings to a node that serves, and down again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lockstep_core::{NodeId, Op, Origin, ShardId};
use lockstep_net::{Connections, Listener};
use lockstep_raft::{Delivery, Group, Limits, Options};
use lockstep_storage::{
    Disk, Fsync, Identity as Owner, Log, LogOptions, RealDisk, Recovered, Snapshots,
};
use tokio::sync::watch;

use crate::clients::Clients;
use crate::clock::{NodeClock, wall_ms};
use crate::config::{Setting, Settings};
use crate::front::{Front, Waits};
use crate::latency::Latency;
use crate::monitor::Monitors;
use crate::node::{Identity, Node};
use crate::shards::Shards;
use crate::slowlog::Slowlog;
use crate::stats::Stats;
use crate::watchdog;

/// Why a node could not start: what was being done, and what the system said.
#[derive(Debug)]
pub struct Failed(pub String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

fn failed(doing: &str) -> impl FnOnce(String) -> Failed + '_ {
    move |why| Failed(format!("{doing}: {why}"))
}

/// What the data directory gave.
struct Storage {
    owner: Owner,
    log: Log,
    snapshots: Snapshots,
    recovered: Recovered,
    dir: PathBuf,
}

/// Runs a node until `stop` turns true.
pub async fn run(settings: Arc<Settings>, stop: watch::Sender<bool>) -> ExitCode {
    match serve(settings, stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            tracing::error!(id = crate::logging::id::CANNOT_RUN, "the node cannot run: {why}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(settings: Arc<Settings>, stop: watch::Sender<bool>) -> Result<(), Failed> {
    let begun = Instant::now();
    // The port first: a second node on it must not touch the data.
    let listener = bind(&settings)?;
    let storage = {
        let settings = settings.clone();
        tokio::task::spawn_blocking(move || open_storage(&settings))
            .await
            .map_err(|why| Failed(why.to_string()))??
    };
    let mut stopped = stop.subscribe();
    let node = open_node(settings, &storage, stop).await?;
    watch_settings(&node);
    let admin = crate::admin::start(node.clone()).await.map_err(|why| Failed(why.to_string()))?;
    begin_life(&node).await?;
    crate::cli::startup::announce(
        &node,
        &crate::cli::startup::Facts {
            addresses: listener.addresses(),
            admin: admin.address(),
            recovered: &storage.recovered,
            took: begun.elapsed(),
        },
    );
    let sampler = tokio::spawn(sample(node.clone()));
    let mut watchdog = tokio::spawn(watchdog::watch(node.clone()));
    let front = node.clone();
    let serving = listener.run(node.connections.clone(), node.stop.subscribe(), move |link| {
        Front::new(front.clone(), link)
    });
    let grace = Duration::from_secs(node.settings.number(Setting::ShutdownTimeout).max(1));
    tokio::pin!(serving);
    let ended = tokio::select! {
        () = &mut serving => true,
        _ = stopped.wait_for(|stop| *stop) => false,
        // Without it nobody would notice that the log has failed.
        _ = &mut watchdog => {
            node.stop.send_replace(true);
            false
        }
    };
    tracing::info!("stopping: no new connections, finishing what was begun");
    if !ended && tokio::time::timeout(grace, &mut serving).await.is_err() {
        tracing::warn!(
            id = crate::logging::id::CONNECTIONS_CUT,
            "some connections did not end in time and are cut"
        );
    }
    watchdog.abort();
    sampler.abort();
    admin.stop().await;
    node.shards.stop().await;
    let failure = node.shards.log().failed();
    drop(storage.owner);
    match failure {
        None => {
            tracing::info!("stopped; everything acknowledged is on disk");
            Ok(())
        }
        Some(why) => Err(Failed(format!("the log failed: {why}"))),
    }
}

fn bind(settings: &Settings) -> Result<Listener, Failed> {
    let addresses: Vec<String> = crate::config::special::addresses(settings);
    Listener::bind(&addresses, settings.port(Setting::Port)).map_err(|why| Failed(why.to_string()))
}

fn fsync(settings: &Settings) -> Fsync {
    match settings.word(Setting::Fsync) {
        "everysec" => Fsync::EverySec,
        "never" | "no" => Fsync::Never,
        _ => Fsync::Always,
    }
}

fn open_storage(settings: &Settings) -> Result<Storage, Failed> {
    let dir = PathBuf::from(&*settings.text(Setting::Dir));
    std::fs::create_dir_all(&dir)
        .map_err(|why| Failed(format!("making the data directory {}: {why}", dir.display())))?;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let what = |why: lockstep_storage::StorageError| Failed(why.to_string());
    let fresh = NodeId(rand::random::<u64>() >> 16 | 1);
    let owner = Owner::start(disk.clone(), &dir, fresh, None, wall_ms()).map_err(what)?;
    lockstep_storage::found(&*disk, &dir, settings.number(Setting::Shards)).map_err(what)?;
    let options = LogOptions {
        fsync: fsync(settings),
        segment_bytes: settings.number(Setting::LogSegmentBytes),
        // Each shard keeps its recent entries itself, decoded.
        cache_bytes_max: 0,
        ..LogOptions::default()
    };
    let (log, recovered) = Log::open(disk.clone(), &dir.join("log"), options).map_err(what)?;
    let snapshots = Snapshots::open(disk, &dir.join("snapshots")).map_err(what)?;
    Ok(Storage { owner, log, snapshots, recovered, dir })
}

async fn open_node(
    settings: Arc<Settings>,
    storage: &Storage,
    stop: watch::Sender<bool>,
) -> Result<Arc<Node>, Failed> {
    let origin = Origin { node: storage.owner.node, boot: storage.owner.boot, conn: 0 };
    let waits = Arc::new(Waits::new(origin));
    let clock = Arc::new(NodeClock::default());
    let snapshot_bytes = Arc::new(AtomicU64::new(settings.number(Setting::SnapshotLogBytes)));
    let limits = Arc::new(Limits {
        batch_bytes_max: settings.size(Setting::BatchBytesMax).into(),
        batch_ops_max: settings.size(Setting::BatchOpsMax).into(),
        inbox_bytes_max: settings.size(Setting::InboxBytesMax).into(),
    });
    let peers: Arc<dyn lockstep_raft::Peers> = Arc::new(lockstep_raft::Nobody);
    let pulse =
        lockstep_raft::Pulse::start(origin.node, peers.clone(), lockstep_raft::Timing::LAN);
    let mut groups = Vec::new();
    for shard in 0..settings.number(Setting::Shards) {
        let waits = waits.clone();
        let group = Group::start(Options {
            shard: ShardId(u16::try_from(shard).expect("shards are at most 256")),
            node: origin.node,
            seed: storage.owner.created_ms,
            log: storage.log.clone(),
            snapshots: storage.snapshots.clone(),
            clock: clock.clone(),
            limits: limits.clone(),
            snapshot_log_bytes: snapshot_bytes.clone(),
            effects: Arc::new(move |effects, _| waits.carry_out(effects)),
            peers: peers.clone(),
            pulse: pulse.clone(),
            timing: lockstep_raft::Timing::LAN,
            boot_guard_until: tokio::time::Instant::now(),
            luck: rand::random(),
            guards: lockstep_raft::Guards::default(),
        })
        .await
        .map_err(|why| why.to_string())
        .map_err(failed("starting a shard"))?;
        let address = format!("127.0.0.1:{}", settings.port(Setting::PeerPort));
        let led = async {
            group.found(&[(origin.node, address)].into()).await?;
            group.await_office(Duration::from_secs(30)).await
        };
        led.await.map_err(|why| why.to_string()).map_err(failed("starting a shard"))?;
        // A wall clock that was set back while the node was down must not hold
        // up what is due.
        clock.raise(group.state().clock_ms());
        groups.push(group);
    }
    settings.watch(move |settings, setting| {
        let size = |of: &std::sync::atomic::AtomicUsize| {
            of.store(settings.size(setting), Ordering::Relaxed);
        };
        match setting {
            Setting::SnapshotLogBytes => {
                snapshot_bytes.store(settings.number(setting), Ordering::Relaxed);
            }
            Setting::BatchBytesMax => size(&limits.batch_bytes_max),
            Setting::BatchOpsMax => size(&limits.batch_ops_max),
            Setting::InboxBytesMax => size(&limits.inbox_bytes_max),
            _ => {}
        }
    });
    Ok(Arc::new(Node {
        identity: Identity {
            node_id: origin.node,
            boot: origin.boot,
            run_id: run_id(),
            started: Instant::now(),
            started_at: SystemTime::now(),
            dir: storage.dir.clone(),
        },
        clients: Clients::default(),
        stats: Stats::default(),
        slowlog: Slowlog::default(),
        latency: Latency::default(),
        monitors: Monitors::default(),
        shards: Shards::new(groups, storage.log.clone(), clock),
        waits,
        connections: Connections::new(connection_limits(&settings)),
        settings,
        stop,
    }))
}

fn run_id() -> String {
    (0..5).map(|_| format!("{:08x}", rand::random::<u32>())).collect()
}

fn connection_limits(settings: &Settings) -> lockstep_net::ConnectionLimits {
    let limits = lockstep_net::ConnectionLimits::default();
    apply_limits(&limits, settings);
    limits
}

/// Carries the settings of connections to where connections look at them.
fn apply_limits(limits: &lockstep_net::ConnectionLimits, settings: &Settings) {
    use crate::config::OutputClass;
    use Ordering::Relaxed;
    limits.word_bytes_max.store(settings.size(Setting::ProtoMaxBulkLen), Relaxed);
    limits.query_bytes_max.store(settings.size(Setting::ClientQueryBufferLimit), Relaxed);
    limits.timeout_seconds.store(settings.number(Setting::Timeout), Relaxed);
    limits.clients_max.store(settings.size(Setting::Maxclients), Relaxed);
    limits.tcp_keepalive_seconds.store(settings.number(Setting::TcpKeepalive), Relaxed);
    let open = settings.text(Setting::Requirepass).is_empty();
    limits.protected.store(open && settings.flag(Setting::ProtectedMode), Relaxed);
    for (class, limit) in
        [(OutputClass::Normal, &limits.output_normal), (OutputClass::PubSub, &limits.output_pubsub)]
    {
        let wanted = settings.output_limit(class);
        limit.set(wanted.hard_bytes, wanted.soft_bytes, wanted.soft_seconds);
    }
}

/// Lets settings take effect when they change.
fn watch_settings(node: &Arc<Node>) {
    let weak = Arc::downgrade(node);
    node.settings.watch(move |settings, setting| {
        let Some(node) = weak.upgrade() else { return };
        apply_limits(&node.connections.limits, settings);
        match setting {
            Setting::Fsync => node.shards.log().set_mode(fsync(settings)),
            Setting::Loglevel => crate::logging::set_level(settings),
            _ => {}
        }
    });
}

/// Tells every shard that this node lives anew: what connections of its former
/// lives held or waited for ends.
async fn begin_life(node: &Node) -> Result<(), Failed> {
    let origin = Origin { node: node.identity.node_id, boot: node.identity.boot, conn: 0 };
    for shard in node.shards.ids() {
        match node.shards.ask(shard, &Op::Boot { origin }).await {
            Delivery::Done(_) => {}
            other => return Err(Failed(format!("beginning a new life: {other:?}"))),
        }
    }
    Ok(())
}

/// Looks at the counters ten times a second, for the rates of INFO.
async fn sample(node: Arc<Node>) {
    let mut clock = tokio::time::interval(Duration::from_millis(100));
    loop {
        clock.tick().await;
        node.stats.sample(&node);
    }
}
