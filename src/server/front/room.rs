//! Making room: `maxmemory` and its policies.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use lockstep_commands::error;
use lockstep_commands::{BadArgs, Command};
use lockstep_core::ids::DATABASES;
use lockstep_core::keys::{self, Keyspace, Policy};
use lockstep_core::{Db, Fault, Op};
use lockstep_raft::{Group, Ops, RoomKeeper};

use crate::config::Setting;
use crate::{Node, info};

/// How many keys are evicted ahead of one write at most.
const VICTIMS_MAX: usize = 4096;

/// What the evictions that are on their way will free, in bytes.
#[derive(Debug, Default)]
pub struct Room {
    planned: AtomicU64,
}

/// The share of one eviction in [`Room`], until it was carried out.
#[derive(Debug)]
pub struct Planned {
    node: Arc<Node>,
    bytes: u64,
}

impl Planned {
    fn new(node: &Arc<Node>, bytes: u64) -> Self {
        node.shards.room().planned.fetch_add(bytes, Ordering::Relaxed);
        Planned { node: node.clone(), bytes }
    }
}

impl Drop for Planned {
    fn drop(&mut self) {
        self.node.shards.room().planned.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Puts evictions ahead of a write that needs memory, if there is too little.
///
/// The leader decides and the log carries the decision, so that all replicas
/// evict the same keys. What others have planned and not carried out yet counts
/// as done: else a burst of writes would each evict what one of them needs.
///
/// # Errors
/// The policy allows no eviction, or nothing is left to evict.
pub fn make(
    node: &Arc<Node>,
    group: &Group,
    ops: &mut Ops,
    seed: u64,
) -> Result<Option<Planned>, BadArgs> {
    let limit = node.settings.number(Setting::Maxmemory);
    if limit == 0 {
        return Ok(None);
    }
    let used = node.shards.key_memory();
    if used <= limit {
        return Ok(None);
    }
    let state = group.state();
    let policy = node.settings.text(Setting::MaxmemoryPolicy);
    let policy = named(&policy).ok_or(error::OUT_OF_MEMORY)?;
    let planned = node.shards.room().planned.load(Ordering::Relaxed);
    let need = (used - limit).saturating_sub(planned);
    if need == 0 {
        return Ok(None);
    }
    let per_key = (used / count(state.keys()).max(1)).max(1);
    let wanted = usize::try_from(need.div_ceil(per_key)).unwrap_or(VICTIMS_MAX).min(VICTIMS_MAX);
    let victims = state.keys().evict_candidates(policy, group.now_ms(), seed, wanted);
    drop(state);
    if victims.is_empty() {
        // Where evictions are on their way there is, or will be, room.
        return if planned > 0 { Ok(None) } else { Err(error::OUT_OF_MEMORY) };
    }
    let bytes = per_key.saturating_mul(victims.len() as u64);
    let keys = victims.iter().map(|(db, key)| (*db, &key[..])).collect();
    ops.write(&Op::Key { op: keys::Op::Evict { keys } });
    Ok(Some(Planned::new(node, bytes)))
}

/// How large the string may be that a command makes: what is larger could not be
/// sent to other nodes in one piece.
pub fn string_bytes_max(node: &Node) -> u64 {
    let own = node.settings.number(Setting::ProtoMaxBulkLen);
    if node.links.is_none() {
        return own;
    }
    own.min(node.settings.number(Setting::ClusterCommandBytesMax))
}

/// Whether what is to be written fits into what nodes send each other at once. A
/// node alone sends nothing.
///
/// # Errors
/// It does not, and what to tell the client.
pub fn fits(node: &Node, bytes: usize) -> Result<(), BadArgs> {
    if node.links.is_none() {
        return Ok(());
    }
    let bytes_max = node.settings.number(Setting::ClusterCommandBytesMax);
    let fits = u64::try_from(bytes).is_ok_and(|bytes| bytes <= bytes_max);
    if fits { Ok(()) } else { Err(error::too_large(bytes, bytes_max)) }
}

/// Looks for room where this node leads, for what comes from other nodes.
#[derive(Debug)]
pub struct Keeper(Weak<Node>);

impl Keeper {
    /// That of a node.
    pub fn of(node: &Arc<Node>) -> Self {
        Keeper(Arc::downgrade(node))
    }
}

impl RoomKeeper for Keeper {
    fn room(&self, group: &Group, seed: u64) -> lockstep_raft::Room {
        use lockstep_raft::Room::{Behind, Enough, None};
        let Some(node) = self.0.upgrade() else { return Enough };
        if node.shards.disk_full() {
            return None(Fault::DiskFull);
        }
        let mut ops = Ops::default();
        match make(&node, group, &mut ops, seed) {
            Ok(Option::None) => Enough,
            Ok(Some(planned)) => Behind { ops, planned: Box::new(planned) },
            Err(_) => None(Fault::OutOfMemory),
        }
    }
}

/// Whether a command may add something. What a script does is not known beforehand: without
/// room it is run as one whose commands may not.
pub fn is_needed(command: &Command) -> bool {
    command.spec.is("denyoom") || matches!(command.spec.name, "eval" | "evalsha" | "fcall")
}

/// Whether fewer other nodes are there than `min-replicas-to-write` asks for.
pub fn lacks_replicas(node: &Node) -> bool {
    let min = node.settings.number(Setting::MinReplicasToWrite);
    min > 0 && (info::replicas(node).len() as u64) < min
}

/// Whether there is room for more, on disk and in memory, without evicting anything.
pub fn is_left(node: &Node) -> bool {
    let limit = node.settings.number(Setting::Maxmemory);
    !node.shards.disk_full() && (limit == 0 || node.shards.key_memory() <= limit)
}

/// Whether there is neither memory left nor anything that may be evicted.
pub fn is_out(node: &Node) -> bool {
    let limit = node.settings.number(Setting::Maxmemory);
    if limit == 0 {
        return false;
    }
    if node.shards.key_memory() <= limit {
        return false;
    }
    let evictable = |policy| {
        let found = |group: &Group| {
            !group.state().keys().evict_candidates(policy, group.now_ms(), 0, 1).is_empty()
        };
        node.shards.keys().iter().any(found)
    };
    !named(&node.settings.text(Setting::MaxmemoryPolicy)).is_some_and(evictable)
}

fn count(keys: &Keyspace) -> u64 {
    (0..DATABASES).map(|db| keys.counts(Db(db), 0).keys).sum()
}

/// The policy of this name; none: nothing may be evicted.
fn named(name: &str) -> Option<Policy> {
    match name {
        "allkeys-lru" => Some(Policy::AllKeysLru),
        "allkeys-lfu" => Some(Policy::AllKeysLfu),
        "allkeys-random" => Some(Policy::AllKeysRandom),
        "volatile-lru" => Some(Policy::VolatileLru),
        "volatile-lfu" => Some(Policy::VolatileLfu),
        "volatile-random" => Some(Policy::VolatileRandom),
        "volatile-ttl" => Some(Policy::VolatileTtl),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shards::Shards;

    #[tokio::test]
    async fn a_node_alone_has_no_replicas() {
        let (node, _dir) = crate::testing::node().await;
        assert!(!lacks_replicas(&node));
        node.settings.set("min-replicas-to-write", "1").unwrap();
        assert!(lacks_replicas(&node));
    }

    #[tokio::test]
    async fn where_the_disk_is_full_there_is_no_room_for_others_either() {
        let (node, _dir) = crate::testing::node().await;
        let keeper = Keeper::of(&node);
        let group = node.shards.replica(Shards::KEY_SPACE).expect("a node alone has all");
        assert!(matches!(keeper.room(&group, 1), lockstep_raft::Room::Enough));
        node.shards.set_disk_full(true);
        assert!(matches!(keeper.room(&group, 1), lockstep_raft::Room::None(Fault::DiskFull)));
    }
}
