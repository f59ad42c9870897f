//! L1: nobody waits first in line for a lock that it could have.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::lock_view::{Contended, EVERY_MS, contended, get_along};
use super::{Invariant, Sight};
use crate::world::DELAY_MAX_MS;

/// Where a lock is seen: node, shard, name.
type Place = (usize, ShardId, String);

/// Looks now and then.
#[derive(Default)]
pub struct NoLostWakeUp {
    next_ms: u64,
    /// Who was seen to wait with nobody in the way, since when by the shard's clock:
    /// nobody gets anything for a while when a session has ended.
    free: BTreeMap<Place, (Vec<u8>, u64)>,
}

impl Invariant for NoLostWakeUp {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        let before = std::mem::take(&mut self.free);
        for replica in sight.replicas.iter().filter(|replica| !replica.shard.is_meta()) {
            let state = replica.group.state();
            for lock in contended(&state) {
                if is_hindered(&lock) {
                    continue;
                }
                let place = (replica.node, replica.shard, lock.name.clone());
                let (owner, mode) = lock.first;
                let now_ms = state.clock_ms();
                let same = before.get(&place).filter(|(first, _)| *first == owner);
                let since_ms = same.map_or(now_ms, |(_, since_ms)| *since_ms);
                if now_ms > since_ms + DELAY_MAX_MS {
                    let (node, name) = (replica.node, lock.name);
                    return Err(format!("n{node}: the first in line could have {name} {mode}"));
                }
                self.free.insert(place, (owner, since_ms));
            }
        }
        Ok(())
    }
}

fn is_hindered(lock: &Contended) -> bool {
    let (owner, mode) = &lock.first;
    let mut others = lock.holders.iter().filter(|(other, _)| other != owner);
    others.any(|(_, held)| !get_along(held, mode))
}
