//! The locks of a shard on which somebody has waited for longer than a moment.

use lockstep_raft::Group;

use super::picture::{Lock, Party, Waiter};
use crate::Node;
use crate::config::Setting;

/// What the leader of a shard sees.
pub(super) fn locks(node: &Node, group: &Group) -> Vec<Lock> {
    let delay_ms = node.settings.number(Setting::DeadlockDetectDelayMs);
    let contended = group.state().locks().contended(node.shards.now_ms(), delay_ms);
    let lock = contended.into_iter().map(|lock| {
        let holders = lock.holders.into_iter().map(|holder| Party {
            owner: holder.owner,
            id: holder.id,
            mode: holder.mode,
            birth_ms: holder.birth_ms,
        });
        let line = lock.line.into_iter().map(|queued| Waiter {
            party: Party {
                owner: queued.party.owner,
                id: queued.party.id,
                mode: queued.party.mode,
                birth_ms: queued.party.birth_ms,
            },
            prio: queued.prio,
            since_ms: queued.since_ms,
        });
        Lock { name: lock.name.to_vec(), holders: holders.collect(), line: line.collect() }
    });
    lock.collect()
}
