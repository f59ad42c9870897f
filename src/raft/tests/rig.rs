//! Several nodes in one process, on a clock that jumps, with a network that can
//! be cut.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicU64, AtomicUsize};
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::{NodeId, Outcome, Read, ShardId};
use lockstep_storage::log::Driver;
use lockstep_storage::{Log, LogOptions, SimBodies, SimDisk, SnapshotOptions, Snapshots};
use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::{get, set};
use crate::message::{self, Addressed};
use crate::{
    BodyStore, CallError, Clock, Delivery, Group, Guards, Lane, Later, Limits, Options, Peers,
    Pulse, Timing, luck,
};
use lockstep_core::keys::Expiry;

/// How long a sync of the disk takes.
const SYNC: Duration = Duration::from_micros(300);
/// How often an idle disk looks for work.
const IDLE: Duration = Duration::from_millis(1);

/// The time of a node: that of the runtime.
struct RigClock(Instant);

impl Clock for RigClock {
    fn now_ms(&self) -> u64 {
        1_000_000 + self.0.elapsed().as_millis() as u64
    }
}

/// The network between the nodes.
#[derive(Debug)]
pub(super) struct Net {
    nodes: Mutex<BTreeMap<NodeId, Weak<Served>>>,
    /// From, to: what is not carried.
    cut: Mutex<BTreeSet<(NodeId, NodeId)>>,
    luck: Mutex<u64>,
    /// The longest way of a message, in microseconds.
    pub(super) delay_us: AtomicU64,
    /// Of how many messages in a thousand nothing is heard again.
    pub(super) loss: AtomicU64,
    pub(super) calls: AtomicUsize,
    /// Every message is carried twice.
    pub(super) twice: std::sync::atomic::AtomicBool,
}

#[derive(Debug)]
struct Served {
    groups: Vec<Group>,
    pulse: Pulse,
}

impl Net {
    fn draw(&self, below: u64) -> u64 {
        luck::next(&mut self.luck.lock()) % below.max(1)
    }

    async fn travel(&self) {
        let most = self.delay_us.load(SeqCst);
        sleep(Duration::from_micros(20 + self.draw(most))).await;
    }

    fn carries(&self, from: NodeId, to: NodeId) -> bool {
        !self.cut.lock().contains(&(from, to)) && self.draw(1000) >= self.loss.load(SeqCst)
    }

    fn node(&self, node: NodeId) -> Option<Arc<Served>> {
        self.nodes.lock().get(&node)?.upgrade()
    }

    pub(super) fn reseed(&self, seed: u64) {
        *self.luck.lock() = seed;
    }

    pub(super) fn cut_way(&self, from: u64, to: u64) {
        self.cut.lock().insert((NodeId(from), NodeId(to)));
    }

    pub(super) fn cut_off(&self, node: u64) {
        for other in 1..=9 {
            if other != node {
                self.cut_way(node, other);
                self.cut_way(other, node);
            }
        }
    }

    pub(super) fn heal(&self) {
        self.cut.lock().clear();
    }
}

#[derive(Debug)]
struct RigPeers {
    me: NodeId,
    net: Arc<Net>,
}

async fn deliver(net: &Net, from: NodeId, to: NodeId, request: Bytes) -> Option<Bytes> {
    net.travel().await;
    let node = net.node(to)?;
    let reply = match message::open(&request).ok()? {
        Addressed::Group { shard, rpc } => {
            let group = node.groups.iter().find(|group| group.id() == shard)?;
            group.serve(from, rpc).await
        }
        Addressed::Heartbeats(beats) => match node.pulse.serve(from, beats) {
            crate::Served::Now(reply) => reply,
            crate::Served::Later(reply) => reply.await,
        },
        Addressed::Other(_) => return None,
    };
    net.travel().await;
    Some(reply)
}

impl Peers for RigPeers {
    fn call(
        &self,
        to: NodeId,
        _: Lane,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>> {
        let (net, me) = (self.net.clone(), self.me);
        net.calls.fetch_add(1, SeqCst);
        Box::pin(async move {
            if net.node(to).is_none() {
                return Err(CallError::NotSent);
            }
            let there = async {
                if !net.carries(me, to) {
                    std::future::pending::<()>().await;
                }
                if net.twice.load(SeqCst) {
                    let (net, request) = (net.clone(), request.clone());
                    tokio::spawn(async move { deliver(&net, me, to, request).await });
                }
                let reply = deliver(&net, me, to, request).await;
                if reply.is_none() || !net.carries(to, me) {
                    std::future::pending::<()>().await;
                }
                reply.ok_or(CallError::Lost)
            };
            tokio::time::timeout(timeout, there).await.unwrap_or(Err(CallError::Lost))
        })
    }

    fn tell(&self, _: NodeId, _: Lane, _: Bytes) {}

    fn knock(&self, _: &str, _: Bytes, _: Duration) -> Later<Result<Bytes, CallError>> {
        Box::pin(std::future::ready(Err(CallError::NotSent)))
    }

    fn know(&self, _: NodeId, _: &str) {}

    fn forget(&self, _: NodeId) {}

    fn reaches(&self, node: NodeId) -> bool {
        self.net.node(node).is_some()
    }

    fn belongs_to(&self, _: u64) {}
}

/// One node with its groups.
pub(super) struct RigNode {
    pub(super) id: u64,
    pub(super) disk: SimDisk,
    served: Arc<Served>,
    log: Log,
    driver: tokio::task::JoinHandle<()>,
}

impl RigNode {
    pub(super) fn group(&self) -> &Group {
        &self.served.groups[0]
    }

    pub(super) fn groups(&self) -> &[Group] {
        &self.served.groups
    }

    pub(super) fn next_beat(&self) -> Instant {
        self.served.pulse.next_beat()
    }

    pub(super) fn value(&self) -> Option<Outcome> {
        match self.group().read(&get("a")) {
            Ok(Read::Done(outcome)) => Some(outcome),
            Ok(Read::TickFirst) => panic!("nothing is due"),
            Err(_) => None,
        }
    }
}

pub(super) struct Rig {
    pub(super) net: Arc<Net>,
    pub(super) nodes: BTreeMap<u64, RigNode>,
    pub(super) guards: Guards,
    pub(super) shards: u16,
    pub(super) snapshot_log_bytes: u64,
    /// Memory for bodies, of nodes that are started from now on.
    pub(super) queue_memory: usize,
    /// Who watches the groups of nodes that are started from now on.
    pub(super) watching: BTreeMap<u64, crate::Watching>,
    started: Instant,
}

impl Rig {
    /// Nodes 1 to `count`, whose groups are founded.
    pub(super) async fn new(count: u64) -> Rig {
        Rig::broken(count, Guards::default()).await
    }

    pub(super) async fn broken(count: u64, guards: Guards) -> Rig {
        Rig::with(count, guards, 1).await
    }

    pub(super) async fn with(count: u64, guards: Guards, shards: u16) -> Rig {
        let mut rig = Rig::empty(guards, shards);
        rig.start_all(count).await;
        rig
    }

    /// No nodes yet.
    pub(super) fn empty(guards: Guards, shards: u16) -> Rig {
        let net = Net {
            nodes: Mutex::default(),
            cut: Mutex::default(),
            luck: Mutex::new(7),
            delay_us: AtomicU64::new(300),
            loss: AtomicU64::new(0),
            calls: AtomicUsize::new(0),
            twice: false.into(),
        };
        Rig {
            net: Arc::new(net),
            nodes: BTreeMap::new(),
            guards,
            shards,
            snapshot_log_bytes: u64::MAX,
            queue_memory: 256 << 20,
            watching: BTreeMap::new(),
            started: Instant::now(),
        }
    }

    /// Starts and founds nodes 1 to `count`.
    pub(super) async fn start_all(&mut self, count: u64) {
        for id in 1..=count {
            self.start(id, SimDisk::new()).await;
        }
        self.found(count).await;
    }

    async fn found(&self, count: u64) {
        let members: BTreeMap<_, _> =
            (1..=count).map(|id| (NodeId(id), format!("n{id}:1"))).collect();
        for node in self.nodes.values() {
            for group in node.groups() {
                group.found(&members).await.unwrap();
            }
        }
    }

    pub(super) async fn start(&mut self, id: u64, disk: SimDisk) {
        let shared = Arc::new(disk.clone());
        let options =
            LogOptions { segment_bytes: 1 << 20, driver: Driver::ByHand, ..LogOptions::default() };
        let (log, _) = Log::open(shared.clone(), Path::new("/log"), options).unwrap();
        let by_hand = SnapshotOptions { driver: Driver::ByHand, ..SnapshotOptions::default() };
        let snapshots = Snapshots::open_with(shared, Path::new("/snapshots"), by_hand).unwrap();
        let bodies = SimBodies::open(Arc::new(disk.clone()), Path::new("/bodies")).unwrap();
        let bodies = BodyStore::new(Arc::new(bodies), self.queue_memory, true);
        let driver = tokio::spawn(drive(log.clone()));
        let node = NodeId(id);
        let peers: Arc<dyn Peers> = Arc::new(RigPeers { me: node, net: self.net.clone() });
        let pulse = Pulse::start(node, peers.clone(), Timing::LAN);
        let mut groups = Vec::new();
        for shard in 0..self.shards {
            let options = Options {
                shard: ShardId(shard),
                node,
                seed: 7,
                log: log.clone(),
                snapshots: snapshots.clone(),
                bodies: bodies.clone(),
                clock: Arc::new(RigClock(self.started)),
                limits: Arc::new(Limits {
                    batch_bytes_max: (1 << 20).into(),
                    batch_ops_max: 4096.into(),
                    inbox_bytes_max: (1 << 20).into(),
                    lock_events: false.into(),
                    key_events: 0.into(),
                }),
                snapshot_log_bytes: Arc::new(self.snapshot_log_bytes.into()),
                effects: Arc::new(|_, _| ()),
                peers: peers.clone(),
                pulse: pulse.clone(),
                timing: Timing::LAN,
                boot_guard_until: Instant::now() + Timing::LAN.boot_guard,
                luck: id * 1000,
                watching: self.watching.get(&id).cloned().unwrap_or_default(),
                touches: crate::Touches::default(),
                scripts: None,
                guards: self.guards,
            };
            groups.push(Group::start(options).await.unwrap());
        }
        let served = Arc::new(Served { groups, pulse });
        self.net.nodes.lock().insert(node, Arc::downgrade(&served));
        self.nodes.insert(id, RigNode { id, disk, served, log, driver });
    }

    /// The process of a node ends at once: what was not synced is gone, and the
    /// others see their connections break.
    pub(super) async fn kill(&mut self, id: u64) -> SimDisk {
        let disk = self.kill_silently(id).await;
        for node in self.nodes.values() {
            node.served.pulse.link_lost(NodeId(id));
        }
        disk
    }

    /// The same, and nobody sees anything break.
    pub(super) async fn kill_silently(&mut self, id: u64) -> SimDisk {
        let node = self.nodes.remove(&id).unwrap();
        self.net.nodes.lock().remove(&NodeId(id));
        node.driver.abort();
        let disk = node.disk.copy();
        disk.power_loss(id);
        node.served.pulse.stop();
        tokio::spawn(async move {
            for group in &node.served.groups {
                group.abandon().await;
            }
            drop(node.log);
        });
        disk
    }

    /// Nothing more of what a node writes comes to its disk.
    pub(super) fn disk_stands_still(&self, id: u64) {
        self.nodes[&id].driver.abort();
    }

    /// It does again.
    pub(super) fn disk_goes_on(&mut self, id: u64) {
        let node = self.nodes.get_mut(&id).unwrap();
        node.driver = tokio::spawn(drive(node.log.clone()));
    }

    pub(super) fn node(&self, id: u64) -> &RigNode {
        &self.nodes[&id]
    }

    pub(super) fn leader(&self) -> Option<u64> {
        self.nodes.values().find(|node| node.group().leads()).map(|node| node.id)
    }

    /// Waits until somebody leads; says who, and how long it took.
    pub(super) async fn led(&self) -> (u64, Duration) {
        let from = Instant::now();
        loop {
            if let Some(leader) = self.leader() {
                return (leader, from.elapsed());
            }
            assert!(from.elapsed() < Duration::from_secs(30), "nobody leads: {}", self.state());
            sleep(Duration::from_millis(1)).await;
        }
    }

    /// How all nodes stand, for messages.
    pub(super) fn state(&self) -> String {
        let of = |node: &RigNode| format!("{}: {:?}\n", node.id, node.group().status());
        self.nodes.values().map(of).collect()
    }

    /// Writes through whoever leads until it is applied.
    pub(super) async fn write(&self, value: &str) {
        loop {
            let (leader, _) = self.led().await;
            let op = set("a", value, Expiry::Never {});
            match self.node(leader).group().ask(&op).await {
                Delivery::Done(outcomes) => return assert_eq!(outcomes, [Outcome::Ok]),
                Delivery::Refused(_) => sleep(Duration::from_millis(1)).await,
                Delivery::Unknown => {}
            }
        }
    }

    /// Waits until all nodes have the same state.
    pub(super) async fn converged(&self) {
        let from = Instant::now();
        loop {
            let digests: BTreeSet<(u64, u64)> = self
                .nodes
                .values()
                .map(|node| (node.group().state().state_digest(), node.group().status().applied))
                .collect();
            if digests.len() == 1 {
                return;
            }
            assert!(from.elapsed() < Duration::from_secs(30), "no end: {}", self.state());
            sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Does what waits for the disk, as slow as one.
async fn drive(log: Log) {
    let mut rest = SYNC;
    loop {
        sleep(rest).await;
        rest = IDLE;
        while log.step() {
            rest = SYNC;
        }
    }
}
