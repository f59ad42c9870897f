//! Nodes with a disk each, that start and end as a test wants.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lockstep_core::cluster::{ClusterId, NodeInfo, NodeState};
use lockstep_core::keys::{self};
use lockstep_core::{Db, Effect, NodeId, Op, Outcome, ShardId};
use lockstep_storage::disk::SimDisk;
use lockstep_storage::log::Driver;
use lockstep_storage::snapshots::SnapshotOptions;
use lockstep_storage::{Log, LogOptions, Snapshots};
use parking_lot::Mutex;

use super::net::{Cable, Net};
use crate::{BodyStore, Clock, Delivery, Guards, Host, HostOptions, Limits, Mailbox, Ops, Timing};

/// Follows the virtual time.
struct TestClock(tokio::time::Instant);

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        1_000_000 + self.0.elapsed().as_millis() as u64
    }
}

/// What a node keeps besides its log and snapshots.
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub(super) cluster: Option<ClusterId>,
    pub(super) addresses: Vec<String>,
}

/// One node, running or not.
pub(super) struct Node {
    pub(super) id: NodeId,
    /// The address it is at is that of the node of this id, mostly itself.
    place: u64,
    pub(super) host: Option<Host>,
    pub(super) answers: Arc<Mutex<Vec<Effect>>>,
    pub(super) adrift: Arc<Mutex<Vec<ShardId>>>,
    pub(super) kept: Arc<Mutex<Kept>>,
    disk: SimDisk,
    log: Option<Log>,
    boot: u64,
}

/// What the nodes have in common.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) seeds: Vec<u64>,
    pub(super) expect: u16,
    pub(super) shards: u16,
    pub(super) replicas: u8,
    pub(super) node_timeout: Duration,
}

pub(super) struct World {
    pub(super) net: Arc<Net>,
    pub(super) nodes: Vec<Node>,
    pub(super) terms: Terms,
    /// Whom nodes replace that start from now on.
    pub(super) replaces: Option<NodeId>,
    begun: tokio::time::Instant,
}

pub(super) fn address(id: u64) -> String {
    format!("n{id}:17000")
}

pub(super) fn info(id: u64) -> NodeInfo {
    NodeInfo {
        id: NodeId(id),
        host: format!("n{id}"),
        port: 7000,
        peer_port: 17000,
        zone: String::new(),
        state: NodeState::Up,
        version: 1,
    }
}

impl World {
    /// No node yet; those with the ids 1 to `seeds` will be named as seeds.
    pub(super) fn new(seeds: u64, shards: u16) -> Self {
        World {
            net: Arc::default(),
            nodes: Vec::new(),
            terms: Terms {
                seeds: (1..=seeds).collect(),
                expect: seeds as u16,
                shards,
                replicas: 3,
                // Connections of these tests last as long as they are not about that.
                node_timeout: Duration::from_secs(100),
            },
            replaces: None,
            begun: tokio::time::Instant::now(),
        }
    }

    /// A cluster of so many nodes, all shards led.
    pub(super) async fn of(nodes: u64, shards: u16) -> Self {
        World::new(nodes, shards).begun(nodes).await
    }

    /// The same, where connections end with the node's silence.
    pub(super) async fn impatient(nodes: u64, shards: u16) -> Self {
        let mut world = World::new(nodes, shards);
        world.terms.node_timeout = Timing::LAN.node_timeout;
        world.begun(nodes).await
    }

    async fn begun(mut self, nodes: u64) -> Self {
        for id in 1..=nodes {
            self.start(id).await;
        }
        self.until("all shards are led", |world| world.is_led()).await;
        self
    }

    fn options(&self, node: &Node, log: Log, snapshots: Snapshots) -> HostOptions {
        let (answers, adrift, kept) =
            (node.answers.clone(), node.adrift.clone(), node.kept.clone());
        HostOptions {
            me: NodeInfo { id: node.id, ..info(node.place) },
            boot: node.boot,
            cluster: node.kept.lock().cluster,
            replaces: self.replaces,
            seeds: self.terms.seeds.iter().map(|id| address(*id)).collect(),
            expect: self.terms.expect,
            shards: self.terms.shards,
            replicas: self.terms.replicas,
            cluster_mode: false,
            seed: node.id.0 * 1000,
            log,
            snapshots,
            bodies: BodyStore::for_tests(),
            clock: Arc::new(TestClock(self.begun)),
            peers: Cable::new(node.id, &self.net),
            limits: Arc::new(Limits {
                batch_bytes_max: (1 << 20).into(),
                batch_ops_max: 4096.into(),
                inbox_bytes_max: (64 << 20).into(),
                lock_events: false.into(),
                key_events: 0.into(),
            }),
            snapshot_log_bytes: Arc::new(AtomicU64::new(u64::MAX)),
            timing: Timing { node_timeout: self.terms.node_timeout, ..Timing::LAN },
            guards: Guards::default(),
            luck: node.id.0 * 7919 + node.boot,
            watching: Default::default(),
            scripts: None,
            answers: Arc::new(move |more| answers.lock().extend(more)),
            adrift: Arc::new(move |shard| adrift.lock().push(shard)),
            keep: Arc::new(move |cluster, _, addresses| {
                *kept.lock() = Kept { cluster: Some(cluster), addresses: addresses.to_vec() };
                Ok(())
            }),
        }
    }

    /// Starts a node, for the first time or again.
    pub(super) async fn start(&mut self, id: u64) {
        self.start_at(id, id).await;
    }

    /// Starts a node at the address of another one.
    pub(super) async fn start_at(&mut self, id: u64, place: u64) {
        if !self.nodes.iter().any(|node| node.id == NodeId(id)) {
            self.nodes.push(Node {
                id: NodeId(id),
                place,
                host: None,
                answers: Arc::default(),
                adrift: Arc::default(),
                kept: Arc::default(),
                disk: SimDisk::new(),
                log: None,
                boot: 0,
            });
        }
        let at = self.at(id);
        let node = &mut self.nodes[at];
        assert!(node.host.is_none(), "it runs");
        node.boot += 1;
        let disk = Arc::new(node.disk.boot());
        let options =
            LogOptions { driver: Driver::ByHand, segment_bytes: 1 << 20, ..LogOptions::default() };
        let (log, _) = Log::open(disk.clone(), Path::new("/log"), options).unwrap();
        let options = SnapshotOptions { driver: Driver::ByHand, ..SnapshotOptions::default() };
        let snapshots = Snapshots::open_with(disk, Path::new("/snapshots"), options).unwrap();
        node.log = Some(log.clone());
        let writer = log.clone();
        tokio::spawn(async move {
            while writer.failed().is_none() {
                while writer.step() {}
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        let options = self.options(&self.nodes[at], log, snapshots);
        let host = Host::start(options).await.unwrap();
        self.net.plug_in(NodeId(id), address(place), &host);
        self.nodes[at].host = Some(host);
    }

    /// Leaves data of a node from before there were maps: shard 0 with a counter.
    pub(super) async fn start_without_map(&mut self, id: u64) {
        self.start(id).await;
        let host = self.host(id).clone();
        host.begun().await;
        assert_eq!(number(&host.ask(ShardId(0), &incr(b"n")).await), Some(1));
        let meta = host.inner.groups.remove(ShardId::META).expect("there is a map");
        meta.stop().await;
        meta.erase().await.unwrap();
        self.kill(id).await;
        self.node(id).kept.lock().cluster = None;
    }

    /// Ends a node as a kill does: nobody is told, what was synced stays.
    pub(super) async fn kill(&mut self, id: u64) {
        self.net.pull_out(NodeId(id));
        let at = self.at(id);
        let node = &mut self.nodes[at];
        node.disk.kill();
        let host = node.host.take().expect("it runs");
        drop(node.log.take());
        host.inner.stop.send_replace(true);
        host.inner.pulse.stop();
        for group in host.inner.groups.all() {
            tokio::spawn(async move { group.stop().await });
        }
    }

    /// Lets a node leave in order.
    pub(super) async fn stop(&mut self, id: u64) {
        let host = self.host(id).clone();
        host.stop().await;
        self.net.pull_out(NodeId(id));
        let at = self.at(id);
        let node = &mut self.nodes[at];
        node.disk.kill();
        node.host = None;
    }

    fn at(&self, id: u64) -> usize {
        self.nodes.iter().position(|node| node.id == NodeId(id)).expect("there is such a node")
    }

    pub(super) fn node(&self, id: u64) -> &Node {
        &self.nodes[self.at(id)]
    }

    pub(super) fn host(&self, id: u64) -> &Host {
        self.node(id).host.as_ref().expect("it runs")
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &Host> {
        self.nodes.iter().filter_map(|node| node.host.as_ref())
    }

    /// Who serves a shard.
    pub(super) fn leader(&self, shard: ShardId) -> Option<u64> {
        let leads = |host: &&Host| host.group(shard).is_some_and(|group| group.leads());
        self.running().find(leads).map(|host| host.node().0)
    }

    /// Whether a node votes in a shard, by its leader's word.
    pub(super) fn votes(&self, id: u64, shard: ShardId) -> bool {
        self.leader(shard).is_some_and(|leader| {
            let group = self.host(leader).group(shard).expect("it leads");
            group.watch().borrow().voters.contains(&NodeId(id))
        })
    }

    /// Whether there is one cluster, and every shard of it is led.
    pub(super) fn is_led(&self) -> bool {
        let mut clusters = self.running().map(Host::cluster);
        let first = clusters.next().flatten();
        let shards = (0..self.terms.shards).map(ShardId).chain([ShardId::META]);
        first.is_some()
            && clusters.all(|cluster| cluster == first)
            && shards.into_iter().all(|shard| self.leader(shard).is_some())
    }

    /// Waits for something, for a minute of virtual time at most.
    pub(super) async fn until(&self, what: &str, holds: impl Fn(&World) -> bool) {
        for _ in 0..6000 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("still not: {what}; {}", self.describe());
    }

    pub(super) fn describe(&self) -> String {
        let mut text = String::new();
        for host in self.running() {
            text += &format!("\nnode {} in {:?}:", host.node().0, host.cluster());
            for group in host.inner.groups.all() {
                let standing = group.watch().borrow().clone();
                text += &format!("\n  {:?} {standing:?} {:?}", group.id(), group.status());
            }
            text += &format!("\n  map {:?}", host.map());
        }
        text
    }
}

pub(super) fn incr(key: &[u8]) -> Op<'_> {
    Op::Key { op: keys::Op::IncrBy { db: Db(0), key, by: 1 } }
}

pub(super) fn get(key: &[u8]) -> Op<'_> {
    Op::Key { op: keys::Op::Get { db: Db(0), key } }
}

/// What a read of a counter finds.
pub(super) fn number(delivery: &Delivery) -> Option<i64> {
    let Delivery::Done(outcomes) = delivery else { return None };
    match outcomes.first()? {
        Outcome::Nil => Some(0),
        Outcome::Int(number) => Some(*number),
        Outcome::Bytes(bytes) => std::str::from_utf8(bytes).ok()?.parse().ok(),
        _ => None,
    }
}

/// Hands in a share under a name and waits.
pub(super) async fn submit_as(
    host: &Host,
    shard: ShardId,
    op: &Op<'_>,
    conn: u64,
    request: u64,
) -> Delivery {
    let mut ops = Ops::default();
    ops.write(op);
    let boot = host.inner.options.boot;
    ops.identify(lockstep_core::Origin { node: host.node(), boot, conn }, request);
    let mailbox = Arc::new(Mailbox::default());
    host.submit(shard, ops, &mailbox);
    mailbox.take().await
}
