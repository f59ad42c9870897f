//! Nodes that left the cluster for good: a new home waits for their leases, but not for ever.
//!
//! Where a node was removed by force it may still run, cut off from all others, and answer
//! from its copies as long as its leases last. The shard is told that it left by an entry of
//! the log. No home gives it more time from when that is proposed (R31), and a home that
//! takes over waits for it until every lease is over that was given before (R30): so long
//! behind the moment when the replica here had that entry.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_cache::Time;
use lockstep_core::{NodeId, ShardId};
use parking_lot::Mutex;

use super::{Cache, clock};

/// Since when the shards have known that nodes left, as far as this node has looked.
#[derive(Debug, Default)]
pub(super) struct Departed(Mutex<BTreeMap<(ShardId, NodeId), Time>>);

impl Departed {
    /// The state of a shard says that a node left.
    fn note(&self, shard: ShardId, node: NodeId, now: Time) {
        self.0.lock().entry((shard, node)).or_insert(now);
    }

    fn is_noted(&self, shard: ShardId, node: NodeId) -> bool {
        self.0.lock().contains_key(&(shard, node))
    }

    /// Whether all leases are over that a node had of a shard when it left, which last no
    /// longer than `leases`.
    fn is_over(&self, shard: ShardId, node: NodeId, now: Time, leases: Duration) -> bool {
        self.0.lock().get(&(shard, node)).is_some_and(|since| now >= since.after(leases))
    }

    /// Forgets the nodes that nobody asks about any more.
    fn keep(&self, is_asked_about: impl Fn(NodeId) -> bool) {
        self.0.lock().retain(|(_, node), _| is_asked_about(*node));
    }
}

impl Cache {
    /// Looks which shards have been told of nodes that left.
    pub(super) fn look_for_departed(&self) {
        let map = self.host.map();
        self.departed.keep(|node| map.removed(node));
        if map.removed_nodes().next().is_none() {
            return;
        }
        for group in self.host.groups() {
            let unknown = |node: &NodeId| !self.departed.is_noted(group.id(), *node);
            for node in map.removed_nodes().filter(unknown) {
                if group.has_left(node) {
                    self.departed.note(group.id(), node, clock::now());
                }
            }
        }
    }

    /// Whether a node left so long ago that it has no lease of a shard any more.
    pub(super) fn has_departed(&self, shard: ShardId, node: NodeId) -> bool {
        let leases = self.terms.read().wait_out();
        self.departed.is_over(shard, node, clock::now(), leases)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_left_is_waited_for_until_its_leases_are_over() {
        let departed = Departed::default();
        let (shard, node, leases) = (ShardId(3), NodeId(7), Duration::from_millis(515));
        let now = Time(1_000_000_000);
        let is_over = |now| departed.is_over(shard, node, now, leases);
        assert!(!is_over(now.after(leases * 100)), "the shard may not have been told");
        departed.note(shard, node, now);
        // What is seen again is no newer.
        departed.note(shard, node, now.after(leases));
        assert!(!is_over(now.after(leases - Duration::from_nanos(1))));
        assert!(is_over(now.after(leases)));
        assert!(!departed.is_over(ShardId(4), node, now.after(leases), leases));
        departed.keep(|_| true);
        assert!(departed.is_noted(shard, node));
        departed.keep(|other| other != node);
        assert!(!departed.is_noted(shard, node));
    }
}
