//! The shards as a node sees them: those it has a replica of, and the way to the
//! leaders of all.

mod keys;
mod walk;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use lockstep_commands::{BadArgs, error};
use lockstep_core::op::Home;
use lockstep_core::slot::{SLOTS, Slot};
use lockstep_core::{Op, ShardId};
use lockstep_raft::{Clock, Delivery, Group, Host, Mailbox, Ops, Refusal};
use lockstep_storage::{Log, LogStats, Snapshots};

use crate::clock::NodeClock;
use crate::config::seeds::{Seed, address as address_of};
use crate::front::Room;
pub use walk::Walk;

/// The shards of the cluster, and this node's share in them.
#[derive(Debug)]
pub struct Shards {
    host: Host,
    /// How many there are; 0 before the map of the cluster is known.
    count: AtomicUsize,
    /// Whether keys are spread over them.
    spread: AtomicBool,
    /// Where the nodes are that found the cluster.
    seeds: Vec<Seed>,
    log: Log,
    snapshots: Snapshots,
    clock: Arc<NodeClock>,
    disk_full: AtomicBool,
    room: Room,
}

impl Shards {
    /// The shard that holds the key space, unless keys are spread by slot.
    pub const KEY_SPACE: ShardId = ShardId(0);

    /// The shards of `host`, what they have on disk, and the node's clock. Clients
    /// are told of `seeds` that are waited for.
    pub fn new(
        host: Host,
        seeds: Vec<Seed>,
        (log, snapshots): (Log, Snapshots),
        clock: Arc<NodeClock>,
    ) -> Self {
        let shards = Shards {
            host,
            count: AtomicUsize::new(0),
            spread: AtomicBool::new(false),
            seeds,
            log,
            snapshots,
            clock,
            disk_full: AtomicBool::new(false),
            room: Room::default(),
        };
        shards.look_at_map();
        shards
    }

    /// All groups of this node, the map of the cluster, and the way to leaders.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Takes over what does not change once the cluster is founded.
    pub fn look_at_map(&self) {
        let map = self.host.map();
        if map.id().is_some() {
            self.spread.store(map.cluster_mode(), Ordering::Relaxed);
            self.count.store(map.shards().into(), Ordering::Release);
        }
    }

    /// The replicas this node has.
    pub fn here(&self) -> Vec<Group> {
        self.host.groups()
    }

    /// Those of them that this node leads.
    pub fn led(&self) -> Vec<Group> {
        self.here().into_iter().filter(Group::leads).collect()
    }

    /// This node's replica of a shard.
    pub fn replica(&self, shard: ShardId) -> Option<Group> {
        self.host.group(shard)
    }

    /// Whether this node leads a shard.
    pub fn leads(&self, shard: ShardId) -> bool {
        self.replica(shard).is_some_and(|group| group.leads())
    }

    /// All shards of the cluster.
    pub fn ids(&self) -> impl Iterator<Item = ShardId> + use<> {
        (0..u16::try_from(self.count()).unwrap_or(u16::MAX)).map(ShardId)
    }

    /// The replicas here that hold keys and that this node tells of: that of the
    /// key space; where keys are spread by slot, those that it leads.
    pub fn keys(&self) -> Vec<Group> {
        if self.spread.load(Ordering::Relaxed) {
            self.led()
        } else {
            self.replica(Self::KEY_SPACE).into_iter().collect()
        }
    }

    /// Hands in operations; what becomes of them comes to `mailbox`.
    pub fn submit(&self, shard: ShardId, ops: Ops, mailbox: &Arc<Mailbox>) {
        self.host.submit(shard, ops, mailbox);
    }

    /// Hands in one operation and waits for what became of it.
    pub async fn ask(&self, shard: ShardId, op: &Op<'_>) -> Delivery {
        self.host.ask(shard, op).await
    }

    /// The same for what must not be lost: tried until it is applied, or there is
    /// no hope.
    pub async fn insist(&self, shard: ShardId, op: &Op<'_>) -> Delivery {
        self.host.insist(shard, op).await
    }

    /// The same for a share that may have a name.
    pub async fn insist_on(&self, shard: ShardId, ops: Ops) -> Delivery {
        self.host.insist_on(shard, ops).await
    }

    /// What to tell a client whose operations have no outcomes.
    pub fn failure(&self, shard: ShardId, delivery: &Delivery) -> BadArgs {
        match delivery {
            Delivery::Refused(Refusal::Busy) => error::BUSY,
            Delivery::Refused(Refusal::Stopping) => error::STOPPING,
            Delivery::Refused(Refusal::NotLeader | Refusal::NoLeader) => self.no_leader(shard),
            // Outcomes that nobody expects are as good as none.
            Delivery::Unknown | Delivery::Done(_) => error::UNCERTAIN,
        }
    }

    fn no_leader(&self, shard: ShardId) -> BadArgs {
        let missing = self.host.health().missing;
        let missing: Vec<String> = missing.iter().map(|node| node.client_address()).collect();
        error::no_leader(shard.0, &missing)
    }

    /// What to tell a client before there is a cluster.
    pub fn forming(&self) -> BadArgs {
        error::forming(&self.not_formed())
    }

    /// Why there is no cluster yet.
    pub fn not_formed(&self) -> String {
        let silent = self.host.silent_seeds();
        let called = |address: &String| {
            let seed = self.seeds.iter().find(|seed| seed.peer_address() == *address);
            seed.map_or_else(|| address.clone(), |seed| address_of(&seed.host, seed.port))
        };
        match silent.iter().map(called).collect::<Vec<_>>()[..] {
            [] => "this node is joining the cluster".to_owned(),
            ref names => format!("waiting for nodes {} of the cluster", names.join(", ")),
        }
    }

    /// The node's time, which it judges by where it leads.
    pub fn now_ms(&self) -> u64 {
        self.clock.now_ms()
    }

    /// The shard a slot belongs to: equal ranges of slots in the order of shards.
    pub fn of_slot(&self, slot: Slot) -> ShardId {
        let shard = usize::from(slot.0) * self.count() / usize::from(SLOTS);
        ShardId(u16::try_from(shard).expect("there are at most 256 shards"))
    }

    /// The shard an operation belongs to, where keys are not spread by slot; none:
    /// to every one.
    pub fn of(&self, home: Home) -> Option<ShardId> {
        match home {
            Home::KeySpace => Some(Self::KEY_SPACE),
            Home::Slot(slot) => Some(self.of_slot(slot)),
            Home::Tagged(slot) if self.spread.load(Ordering::Relaxed) => Some(self.of_slot(slot)),
            Home::Tagged(_) => Some(Self::KEY_SPACE),
            Home::Meta => Some(ShardId::META),
            Home::Everywhere => None,
        }
    }

    /// How many shards there are; none before the cluster is known.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Whether every shard has a leader that can be reached.
    pub fn ready(&self) -> bool {
        self.log.failed().is_none() && self.host.health().quorum
    }

    /// The sum of the applied indexes of all replicas here (INFO `master_repl_offset`).
    pub fn applied(&self) -> u64 {
        self.here().iter().map(|group| group.status().applied).sum()
    }

    /// What the log counts.
    pub fn log_stats(&self) -> LogStats {
        self.log.stats()
    }

    /// Whether the log waits for room on the disk.
    pub fn disk_full(&self) -> bool {
        self.disk_full.load(Ordering::Relaxed)
    }

    /// Notes whether the log waits for room on the disk.
    pub fn set_disk_full(&self, full: bool) {
        self.disk_full.store(full, Ordering::Relaxed);
    }

    /// What evictions are on their way.
    pub fn room(&self) -> &Room {
        &self.room
    }

    /// The log all shards share.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// What was found damaged among the snapshots since the start.
    pub fn snapshot_damage(&self) -> Option<String> {
        self.snapshots.damage()
    }

    /// Writes a snapshot of every replica here now (SAVE).
    ///
    /// # Errors
    /// What went wrong, for the log and the client.
    pub async fn save(&self) -> Result<(), String> {
        for group in self.here().into_iter().chain(self.host.meta()) {
            group.snapshot().await.map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    /// Ends all work: what was proposed is applied, what is in the log is synced.
    pub async fn stop(&self) {
        self.host.stop().await;
        let log = self.log.clone();
        // Waits for the disk.
        let _ = tokio::task::spawn_blocking(move || log.close()).await;
    }
}
