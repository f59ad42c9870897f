//! S4: the token of a lock never falls, through failovers and snapshots.

use std::collections::BTreeMap;

use lockstep_core::ShardId;

use super::lock_view::{EVERY_MS, held};
use super::{Invariant, Sight};

/// The token of each lock at the highest index that was looked at.
#[derive(Default)]
pub struct TokensGrow {
    seen: BTreeMap<(ShardId, String), (u64, u64)>,
    next_ms: u64,
}

impl Invariant for TokensGrow {
    fn look(&mut self, sight: &Sight<'_>) -> Result<(), String> {
        if sight.now_ms < self.next_ms {
            return Ok(());
        }
        self.next_ms = sight.now_ms + EVERY_MS;
        for replica in sight.replicas.iter().filter(|replica| !replica.shard.is_meta()) {
            let applied = replica.status.applied;
            for lock in held(&replica.group.state()) {
                let seen = self.seen.entry((replica.shard, lock.name.clone())).or_default();
                let (index, token) = *seen;
                if applied >= index && lock.token < token {
                    let (node, name, now) = (replica.node, lock.name, lock.token);
                    return Err(format!(
                        "n{node}: {name} has token {now} at {applied}, it had {token} at {index}"
                    ));
                }
                if applied >= index {
                    *seen = (applied, lock.token);
                }
            }
        }
        Ok(())
    }
}
