//! What the tests of several modules stand on.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime};

use lockstep_core::cluster::{NodeInfo, NodeState};
use lockstep_core::{NodeId, Origin};
use lockstep_raft::{Guards, Host, HostOptions, Limits, Nobody, Timing};
use lockstep_storage::{Log, LogOptions, RealDisk, Snapshots};
use tempfile::TempDir;

use crate::Node;
use crate::clock::NodeClock;
use crate::front::Waits;
use crate::node::Identity;
use crate::sessions::Sessions;
use crate::shards::Shards;

/// Waits until something holds.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..1000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("still not: {what}");
}

/// A node alone with one shard, in a directory of its own.
pub(crate) async fn node() -> (Arc<Node>, TempDir) {
    node_of(1).await
}

/// A node alone with so many shards.
pub(crate) async fn node_of(shards: u16) -> (Arc<Node>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn lockstep_storage::Disk> = Arc::new(RealDisk);
    let (log, _) = Log::open(disk.clone(), &dir.path().join("log"), LogOptions::default()).unwrap();
    let snapshots = Snapshots::open(disk, &dir.path().join("snapshots")).unwrap();
    let origin = Origin { node: NodeId(7), boot: 2, conn: 0 };
    let waits = Arc::new(Waits::new(origin));
    let clock = Arc::new(NodeClock::default());
    let me = myself(origin.node);
    let sessions = Arc::<Sessions>::default();
    let mut options = options(&me, &log, snapshots.clone(), &clock, &waits);
    options.shards = shards;
    let (answers, ended) = (options.answers, sessions.clone());
    options.answers = Arc::new(move |effects| {
        ended.carry_out(&effects);
        answers(effects);
    });
    let host = Host::start(options).await.unwrap();
    host.begun().await;
    let exchange = crate::exchange::Exchange::new(host.clone());
    let settings = Arc::<crate::config::Settings>::default();
    let who = crate::cache::Who { node: origin.node, boot: origin.boot, alone: true };
    let cache = crate::cache::Cache::new(who, exchange.clone(), host.clone(), settings.clone());
    let node = Arc::new(Node {
        identity: Identity {
            node_id: origin.node,
            boot: origin.boot,
            first_life: origin.boot,
            run_id: "0123456789".repeat(4),
            started: Instant::now(),
            started_at: SystemTime::now(),
            dir: dir.path().to_owned(),
            me,
        },
        settings,
        cache,
        clients: Default::default(),
        stats: Default::default(),
        slowlog: Default::default(),
        latency: Default::default(),
        monitors: Default::default(),
        users: crate::users::Users::new(""),
        pubsub: crate::pubsub::PubSub::new(exchange.clone()),
        tracking: crate::tracking::Tracking::new(host.touches().clone()),
        exchange,
        sessions,
        deadlocks: Default::default(),
        queues: Default::default(),
        shards: Shards::new(host, Vec::new(), (log, snapshots), clock),
        links: None,
        waits,
        connections: Arc::default(),
        stop: tokio::sync::watch::channel(false).0,
    });
    crate::locks::start(&node);
    crate::tracking::start(&node);
    (node, dir)
}

fn myself(id: NodeId) -> NodeInfo {
    NodeInfo {
        id,
        host: "127.0.0.1".to_owned(),
        port: 1,
        peer_port: 2,
        zone: String::new(),
        state: NodeState::Joining,
        version: 1,
    }
}

fn options(
    me: &NodeInfo,
    log: &Log,
    snapshots: Snapshots,
    clock: &Arc<NodeClock>,
    waits: &Arc<Waits>,
) -> HostOptions {
    let waits = waits.clone();
    HostOptions {
        me: me.clone(),
        boot: 2,
        cluster: None,
        replaces: None,
        seeds: Vec::new(),
        expect: 1,
        shards: 1,
        replicas: 3,
        cluster_mode: false,
        seed: 1,
        log: log.clone(),
        snapshots,
        bodies: lockstep_raft::BodyStore::for_tests(),
        clock: clock.clone(),
        peers: Arc::new(Nobody),
        limits: Arc::new(Limits {
            batch_bytes_max: (1 << 20).into(),
            batch_ops_max: 1000.into(),
            inbox_bytes_max: (1 << 24).into(),
            lock_events: false.into(),
            key_events: 0.into(),
        }),
        snapshot_log_bytes: Arc::new(AtomicU64::new(1 << 30)),
        timing: Timing::LAN,
        guards: Guards::default(),
        luck: 1,
        watching: Default::default(),
        scripts: Some(lockstep_script::Lua::new().expect("there are addresses")),
        answers: Arc::new(move |effects| waits.carry_out(effects)),
        adrift: Arc::new(|_| {}),
        keep: Arc::new(|_, _, _| Ok(())),
    }
}
