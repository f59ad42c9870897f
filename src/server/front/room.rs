//! Making room: `maxmemory` and its policies.

use lockstep_commands::BadArgs;
use lockstep_commands::error;
use lockstep_core::ids::DATABASES;
use lockstep_core::keys::{self, Policy};
use lockstep_core::{Db, Op};
use lockstep_raft::Ops;

use crate::Node;
use crate::config::Setting;

/// How many keys are evicted ahead of one write at most.
const VICTIMS_MAX: usize = 16;

/// Puts evictions ahead of a write that needs memory, if there is too little.
/// Gives how many operations were added.
///
/// The leader decides and the log carries the decision, so that all replicas
/// evict the same keys.
///
/// # Errors
/// The policy allows no eviction, or nothing is left to evict.
pub fn make(node: &Node, ops: &mut Ops, seed: u64) -> Result<usize, BadArgs> {
    let limit = node.settings.number(Setting::Maxmemory);
    if limit == 0 {
        return Ok(0);
    }
    let group = node.shards.keys();
    let state = group.state();
    let used = state.keys().memory();
    if used < limit {
        return Ok(0);
    }
    let policy = node.settings.text(Setting::MaxmemoryPolicy);
    let Some(policy) = named(&policy) else {
        return Err(error::OUT_OF_MEMORY);
    };
    // What is proposed but not applied is not seen here yet, so a burst may
    // evict a few keys too many; never too few for long.
    let keys: u64 = (0..DATABASES).map(|db| state.keys().counts(Db(db), 0).keys).sum();
    let per_key = used / keys.max(1);
    let count = usize::try_from((used - limit) / per_key.max(1)).unwrap_or(VICTIMS_MAX);
    let count = count.clamp(1, VICTIMS_MAX);
    let victims = state.keys().evict_candidates(policy, group.now_ms(), seed, count);
    drop(state);
    if victims.is_empty() {
        return Err(error::OUT_OF_MEMORY);
    }
    let keys = victims.iter().map(|(db, key)| (*db, &key[..])).collect();
    ops.write(&Op::Key { op: keys::Op::Evict { keys } });
    Ok(1)
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
