//! From settings to a node that serves, and down again.

mod address;
mod follow;
mod host;
mod leave;
mod storage;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use lockstep_core::Origin;
use lockstep_core::scripts::Asker;
use lockstep_net::{Connections, Listener};
use lockstep_raft::{LIVES, Limits};
use lockstep_script::Told;
use tokio::sync::watch;

use crate::cache::Cache;
use crate::clients::Clients;
use crate::clock::NodeClock;
use crate::config::{self, Setting, Settings};
use crate::exchange::Exchange;
use crate::front::{Front, RoomKeeper, Waits};
use crate::latency::Latency;
use crate::monitor::Monitors;
use crate::node::{Identity, Node};
use crate::pubsub::{PubSub, keyspace};
use crate::sessions::Sessions;
use crate::shards::Shards;
use crate::slowlog::Slowlog;
use crate::stats::Stats;
use crate::watchdog;
use host::{Parts, Threads};
use storage::Storage;

/// How long a node that comes back lets clients wait until it has found its cluster.
const FIND_BACK_WAIT: Duration = Duration::from_secs(1);

/// Why a node could not start: what was being done, and what the system said.
#[derive(Debug)]
pub struct Failed(pub String);

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
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
    let port = listener.addresses().first().map_or(0, std::net::SocketAddr::port);
    let storage = open_storage(&settings).await?;
    let mut stopped = stop.subscribe();
    let (node, threads) = open_node(settings, &storage, port, stop).await?;
    watch_settings(&node);
    crate::deadlocks::start(&node);
    crate::queues::start(&node);
    crate::tracking::start(&node);
    let admin = crate::admin::start(node.clone()).await.map_err(|why| Failed(why.to_string()))?;
    if node.links.is_none() {
        node.shards.host().begun().await;
    } else if storage.owner.cluster() != 0 {
        find_back(&node).await;
    }
    node.shards.look_at_map();
    follow::users(&node).await;
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
    let follower = tokio::spawn(follow::map(node.clone()));
    let users = tokio::spawn(crate::users::follow(node.clone()));
    let teller = tokio::spawn(crate::sessions::tell_of_ends(node.clone()));
    let lives = tokio::spawn(follow::life(node.clone()));
    let mut watchdog = tokio::spawn(watchdog::watch(node.clone()));
    let front = node.clone();
    let (closing, close) = watch::channel(false);
    let serving =
        listener.run(node.connections.clone(), close, move |link| Front::new(front.clone(), link));
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
    if let Some(why) = disk_failure(&node) {
        // What is finished now could not be kept, and to wait for it would only hold up
        // those who take over. Connections end with the process.
        return Err(Failed(why));
    }
    tracing::info!("stopping: no new connections, finishing what was begun");
    if !ended {
        leave::leave(&node, &closing, serving).await;
    }
    watchdog.abort();
    sampler.abort();
    follower.abort();
    users.abort();
    teller.abort();
    lives.abort();
    admin.stop().await;
    node.cache.write_all_back().await;
    node.shards.stop().await;
    if let Some(links) = &node.links {
        links.stop().await;
    }
    drop(threads);
    let failure = disk_failure(&node);
    drop(storage.owner);
    match failure {
        None => {
            tracing::info!("stopped; everything acknowledged is on disk");
            Ok(())
        }
        Some(why) => Err(Failed(why)),
    }
}

/// Why the disk cannot be trusted any more, if that is so.
fn disk_failure(node: &Node) -> Option<String> {
    let log = node.shards.log().failed().map(|why| format!("the log failed: {why}"));
    let bodies = || node.shards.host().bodies().failed();
    log.or_else(|| bodies().map(|why| format!("the bodies of messages failed: {why}")))
}

/// Waits, not for long, until a node that comes back has found the leaders of its
/// cluster. Clients that come meanwhile wait at the door instead of being refused.
async fn find_back(node: &Node) {
    let found = async {
        while !node.shards.ready() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    // Without a majority it opens as well, to say so.
    let _ = tokio::time::timeout(FIND_BACK_WAIT, found).await;
}

fn bind(settings: &Settings) -> Result<Listener, Failed> {
    let addresses: Vec<String> = crate::config::special::addresses(settings);
    Listener::bind(&addresses, settings.port(Setting::Port)).map_err(|why| Failed(why.to_string()))
}

async fn open_storage(settings: &Arc<Settings>) -> Result<Storage, Failed> {
    let settings = settings.clone();
    let opened = tokio::task::spawn_blocking(move || storage::open(&settings));
    opened.await.map_err(|why| Failed(why.to_string()))?
}

async fn open_node(
    settings: Arc<Settings>,
    storage: &Storage,
    port: u16,
    stop: watch::Sender<bool>,
) -> Result<(Arc<Node>, Option<Threads>), Failed> {
    let boot = storage.owner.boot;
    let origin = Origin { node: storage.owner.node, boot: boot * LIVES, conn: 0 };
    let waits = Arc::new(Waits::new(origin));
    let sessions = Arc::<Sessions>::default();
    let clock = Arc::new(NodeClock::default());
    let snapshot_bytes = Arc::new(AtomicU64::new(settings.number(Setting::SnapshotLogBytes)));
    let limits = Arc::new(Limits {
        batch_bytes_max: settings.size(Setting::BatchBytesMax).into(),
        batch_ops_max: settings.size(Setting::BatchOpsMax).into(),
        inbox_bytes_max: settings.size(Setting::InboxBytesMax).into(),
        lock_events: settings.flag(Setting::NotifyLockEvents).into(),
        key_events: keyspace::classes(&settings).into(),
    });
    let peer_port = settings.port(Setting::PeerPort);
    let me = address::myself(&settings, origin.node, port, peer_port);
    let parts = Parts {
        clock: clock.clone(),
        waits: waits.clone(),
        sessions: sessions.clone(),
        limits: limits.clone(),
        snapshot_bytes: snapshot_bytes.clone(),
        // Also where clients may not run any: those of other nodes may.
        scripts: lockstep_script::Lua::new().map_err(|why| Failed(why.to_string()))?,
    };
    let groups = host::start(&settings, storage, me.clone(), &parts).await?;
    if let Some(why) = storage.bodies.damage().filter(|_| groups.links.is_none()) {
        return Err(Failed(format!(
            "messages are lost: {why}; restore the data directory from a backup, or start with \
             an empty one"
        )));
    }
    for group in groups.host.groups() {
        // A wall clock that was set back while the node was down must not hold
        // up what is due.
        clock.raise(group.state().clock_ms());
    }
    host::watch_limits(&settings, limits, snapshot_bytes, storage.bodies.clone());
    let exchange = Exchange::new(groups.host.clone());
    keyspace::listen(&exchange, settings.clone());
    let who = crate::cache::Who { node: origin.node, boot, alone: groups.links.is_none() };
    let cache = Cache::new(who, exchange.clone(), groups.host.clone(), settings.clone());
    let tracking = crate::tracking::Tracking::new(groups.host.touches().clone());
    let scripts = parts.scripts.clone();
    let node = Arc::new(Node {
        identity: Identity {
            node_id: origin.node,
            boot,
            first_life: origin.boot,
            run_id: run_id(),
            started: Instant::now(),
            started_at: SystemTime::now(),
            dir: storage.dir.clone(),
            me,
        },
        clients: Clients::default(),
        stats: Stats::default(),
        slowlog: Slowlog::default(),
        latency: Latency::default(),
        monitors: Monitors::default(),
        users: crate::users::Users::new(&settings.text(Setting::Requirepass)),
        shards: Shards::new(
            groups.host,
            config::seeds::of(&settings),
            (storage.log.clone(), storage.snapshots.clone()),
            clock,
        ),
        links: groups.links,
        pubsub: PubSub::new(exchange.clone()),
        tracking,
        exchange,
        sessions,
        queues: Default::default(),
        cache,
        deadlocks: Default::default(),
        waits,
        connections: Connections::new(connection_limits(&settings)),
        settings,
        stop,
    });
    tell_of_scripts(&scripts, &node, origin);
    node.protect();
    node.shards.host().ask_for_room(Arc::new(RoomKeeper::of(&node)));
    // Before anybody can lead: a new leader asks who may have copies.
    crate::cache::start(&node);
    crate::locks::start(&node);
    Ok((node, groups.threads))
}

/// Lets commands of scripts count, and be shown, like others: those that run here alone, and of those that all
/// replicas run what this node's clients asked for, since it started.
fn tell_of_scripts(scripts: &lockstep_script::Lua, node: &Arc<Node>, origin: Origin) {
    let node = Arc::downgrade(node);
    let counts = move |asker| match asker {
        Asker::Reader => true,
        Asker::Connection(by) => by.node == origin.node && by.boot >= origin.boot,
        Asker::Unknown => false,
    };
    scripts.tell(Box::new(move |called| {
        if counts(called.asker)
            && let Some(node) = node.upgrade()
        {
            node.stats.called(called.command, called.told);
            match (called.told, called.asker) {
                (Told::Done(_), _) => {
                    node.monitors.feed_called(called.db, called.command, called.words);
                }
                (Told::Denied(denied, _), Asker::Connection(by)) => {
                    let object = denied.object(called.command.spec, called.words);
                    crate::users::note_denied_script(&node, by.conn, denied.into(), object);
                }
                _ => {}
            }
        }
    }));
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
    limits.clients_bytes_max.store(settings.clients_bytes_max(), Relaxed);
    limits.tcp_keepalive_seconds.store(settings.number(Setting::TcpKeepalive), Relaxed);
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
        node.protect();
        match setting {
            Setting::Fsync => node.shards.log().set_mode(storage::fsync(settings)),
            Setting::Loglevel => crate::logging::set_level(settings),
            Setting::Maxmemory | Setting::MaxmemoryClients => node.connections.weigh_all(),
            _ => {}
        }
    });
}

/// Looks at the counters ten times a second, for the rates of INFO.
async fn sample(node: Arc<Node>) {
    let mut clock = tokio::time::interval(Duration::from_millis(100));
    loop {
        clock.tick().await;
        node.stats.sample(&node);
    }
}
