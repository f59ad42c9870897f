//! The shards this node serves.

use std::sync::atomic::{AtomicBool, Ordering};

use lockstep_core::op::Home;
use lockstep_core::slot::{SLOTS, Slot};
use lockstep_core::{Shard, ShardId};
use lockstep_raft::Group;
use lockstep_storage::{Log, LogStats};

use crate::front::Room;

/// The shards this node serves, by number.
#[derive(Debug)]
pub struct Shards {
    groups: Vec<Group>,
    log: Log,
    disk_full: AtomicBool,
    room: Room,
}

impl Shards {
    /// The shard that holds the key space.
    pub const KEY_SPACE: ShardId = ShardId(0);

    /// The groups in the order of their numbers, and the log they share.
    pub fn new(groups: Vec<Group>, log: Log) -> Self {
        assert!(!groups.is_empty(), "a node serves at least the shard of the key space");
        Shards { groups, log, disk_full: AtomicBool::new(false), room: Room::default() }
    }

    /// All of them.
    pub fn all(&self) -> &[Group] {
        &self.groups
    }

    /// The shard that holds the key space.
    pub fn keys(&self) -> &Group {
        &self.groups[0]
    }

    /// One of them.
    pub fn get(&self, shard: ShardId) -> &Group {
        &self.groups[usize::from(shard.0)]
    }

    /// The shard a slot belongs to: equal ranges of slots in the order of shards.
    pub fn of_slot(&self, slot: Slot) -> ShardId {
        let count = self.groups.len();
        let shard = usize::from(slot.0) * count / usize::from(SLOTS);
        ShardId(u16::try_from(shard).expect("there are at most 256 shards"))
    }

    /// The shard an operation belongs to; none: to every one.
    pub fn of(&self, home: Home) -> Option<ShardId> {
        match home {
            Home::KeySpace => Some(Self::KEY_SPACE),
            Home::Slot(slot) => Some(self.of_slot(slot)),
            Home::Everywhere => None,
        }
    }

    /// Runs `look` on the state of the shard that holds the key space, between
    /// two entries. Keep it short: nothing is applied meanwhile.
    pub fn with_keys<T>(&self, look: impl FnOnce(&Shard) -> T) -> T {
        look(&self.keys().state())
    }

    /// How many shards there are.
    pub fn count(&self) -> usize {
        self.groups.len()
    }

    /// Whether every shard has a leader known here and is recovered.
    pub fn ready(&self) -> bool {
        self.log.failed().is_none() && self.groups.iter().all(Group::leads)
    }

    /// The sum of the applied indexes of all shards (INFO `master_repl_offset`).
    pub fn applied(&self) -> u64 {
        self.groups.iter().map(|group| group.status().applied).sum()
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

    /// Writes a snapshot of every shard now (SAVE).
    ///
    /// # Errors
    /// What went wrong, for the log and the client.
    pub async fn save(&self) -> Result<(), String> {
        for group in &self.groups {
            group.snapshot().await.map_err(|why| why.to_string())?;
        }
        Ok(())
    }

    /// Ends all work: what was proposed is applied, what is in the log is synced.
    pub async fn stop(&self) {
        for group in &self.groups {
            group.stop().await;
        }
        let log = self.log.clone();
        // Waits for the disk.
        let _ = tokio::task::spawn_blocking(move || log.close()).await;
    }
}
