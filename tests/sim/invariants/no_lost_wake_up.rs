//! L1: nobody waits first in line for a lock that it could have.

use super::lock_view::{EVERY_MS, contended, get_along};
use super::{Invariant, Sight};

/// Looks now and then.
#[derive(Default)]
pub struct NoLostWakeUp {
    next_ms: u64,
}

impl Invariant for NoLostWakeUp {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        for replica in sight.replicas.iter().filter(|replica| !replica.shard.is_meta()) {
            for lock in contended(&replica.group.state()) {
                let (owner, mode) = &lock.first;
                let others = lock.holders.iter().filter(|(other, _)| other != owner);
                let mut hindered = others.map(|(_, held)| !get_along(held, mode));
                if !hindered.any(|hinders| hinders) {
                    let (node, name) = (replica.node, lock.name);
                    return Err(format!("n{node}: the first in line could have {name} {mode}"));
                }
            }
        }
        Ok(())
    }
}
