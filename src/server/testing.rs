//! What the tests of several modules stand on.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Instant, SystemTime};

use lockstep_core::{NodeId, Origin, ShardId};
use lockstep_raft::{Group, Limits, Options};
use lockstep_storage::{Log, LogOptions, RealDisk, Snapshots};
use tempfile::TempDir;

use crate::Node;
use crate::clock::NodeClock;
use crate::front::Waits;
use crate::node::Identity;
use crate::shards::Shards;

/// A node with one shard in a directory of its own.
pub(crate) async fn node() -> (Arc<Node>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let disk: Arc<dyn lockstep_storage::Disk> = Arc::new(RealDisk);
    let (log, _) = Log::open(disk.clone(), &dir.path().join("log"), LogOptions::default()).unwrap();
    let snapshots = Snapshots::open(disk, &dir.path().join("snapshots")).unwrap();
    let origin = Origin { node: NodeId(7), boot: 2, conn: 0 };
    let waits = Arc::new(Waits::new(origin));
    let answers = waits.clone();
    let group = Group::start(Options {
        shard: ShardId(0),
        node: origin.node,
        seed: 1,
        log: log.clone(),
        snapshots,
        clock: Arc::new(NodeClock::default()),
        limits: Arc::new(Limits {
            batch_bytes_max: (1 << 20).into(),
            batch_ops_max: 1000.into(),
            inbox_bytes_max: (1 << 24).into(),
        }),
        snapshot_log_bytes: Arc::new(AtomicU64::new(1 << 30)),
        effects: Arc::new(move |effects, _| answers.carry_out(effects)),
        peers: Arc::new(lockstep_raft::Nobody),
        pulse: lockstep_raft::Pulse::start(
            origin.node,
            Arc::new(lockstep_raft::Nobody),
            lockstep_raft::Timing::LAN,
        ),
        timing: lockstep_raft::Timing::LAN,
        boot_guard_until: tokio::time::Instant::now(),
        luck: 1,
        guards: lockstep_raft::Guards::default(),
    })
    .await
    .unwrap();
    group.found(&[(origin.node, "127.0.0.1:1".to_owned())].into()).await.unwrap();
    group.await_office(std::time::Duration::from_secs(30)).await.unwrap();
    let node = Arc::new(Node {
        identity: Identity {
            node_id: origin.node,
            boot: origin.boot,
            run_id: "0123456789".repeat(4),
            started: Instant::now(),
            started_at: SystemTime::now(),
            dir: dir.path().to_owned(),
        },
        settings: Arc::default(),
        clients: Default::default(),
        stats: Default::default(),
        slowlog: Default::default(),
        latency: Default::default(),
        monitors: Default::default(),
        shards: Shards::new(vec![group], log, Arc::default()),
        waits,
        connections: Arc::default(),
        stop: tokio::sync::watch::channel(false).0,
    });
    (node, dir)
}
