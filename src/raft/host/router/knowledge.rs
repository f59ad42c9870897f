//! What a node knows of shards that it has no replica of, or whose replica here
//! is cut off.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::{NodeId, ShardId};
use parking_lot::Mutex;

use super::super::message::Led;

/// What other nodes told about shards.
#[derive(Debug, Default)]
pub(crate) struct Knowledge {
    inner: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The newest word about each shard.
    led: BTreeMap<ShardId, Led>,
    /// Of each shard a number of an operation that it has carried out.
    seqs: BTreeMap<ShardId, u64>,
    /// The shards that are just being asked about.
    asked: BTreeSet<ShardId>,
}

impl Knowledge {
    /// The leader of a shard, as others told.
    pub(crate) fn leader(&self, shard: ShardId) -> Option<NodeId> {
        self.inner.lock().led.get(&shard)?.leader
    }

    /// How the shard stands, as others told.
    pub(crate) fn led(&self, shard: ShardId) -> Option<Led> {
        self.inner.lock().led.get(&shard).cloned()
    }

    /// Somebody tells how a shard stands. Gives the leader that was known before,
    /// if it is another one now.
    pub(crate) fn told(&self, led: Led) -> Option<NodeId> {
        let mut known = self.inner.lock();
        let before = known.led.get(&led.shard);
        if led.leader.is_none() || before.is_some_and(|before| before.term > led.term) {
            return None;
        }
        let former = before.and_then(|before| before.leader);
        let changed = former.filter(|_| former != led.leader);
        known.led.insert(led.shard, led);
        changed
    }

    /// A node says who leads, without a term: believed until somebody knows more.
    pub(crate) fn hint(&self, shard: ShardId, leader: NodeId) {
        let mut known = self.inner.lock();
        let led = known.led.entry(shard).or_default();
        led.shard = shard;
        led.leader = Some(leader);
    }

    /// That node does not lead the shard, or cannot be reached.
    pub(crate) fn doubt(&self, shard: ShardId, leader: NodeId) {
        if let Some(led) = self.inner.lock().led.get_mut(&shard)
            && led.leader == Some(leader)
        {
            led.leader = None;
        }
    }

    /// A number of an operation that the shard has carried out; 0 if none is known.
    pub(crate) fn seq(&self, shard: ShardId) -> u64 {
        self.inner.lock().seqs.get(&shard).copied().unwrap_or(0)
    }

    /// The shard has carried out operation `seq`.
    pub(crate) fn saw(&self, shard: ShardId, seq: u64) {
        let mut known = self.inner.lock();
        let newest = known.seqs.entry(shard).or_default();
        *newest = seq.max(*newest);
    }

    /// Whether the caller is the one to ask about a shard; then it says when it
    /// has.
    pub(crate) fn begin_to_ask(&self, shard: ShardId) -> bool {
        self.inner.lock().asked.insert(shard)
    }

    /// The shard was asked about.
    pub(crate) fn has_asked(&self, shard: ShardId) {
        self.inner.lock().asked.remove(&shard);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARD: ShardId = ShardId(3);

    fn led(leader: u64, term: u64) -> Led {
        Led { shard: SHARD, leader: Some(NodeId(leader)), term, ..Led::default() }
    }

    #[test]
    fn a_word_from_an_older_term_changes_nothing() {
        let known = Knowledge::default();
        assert_eq!(known.told(led(1, 5)), None);
        assert_eq!(known.told(led(2, 4)), None);
        assert_eq!(known.leader(SHARD), Some(NodeId(1)));
    }

    #[test]
    fn a_change_of_leader_names_the_former_one() {
        let known = Knowledge::default();
        known.told(led(1, 5));
        assert_eq!(known.told(led(1, 5)), None);
        assert_eq!(known.told(led(2, 6)), Some(NodeId(1)));
    }

    #[test]
    fn a_leader_that_is_doubted_is_not_the_leader_until_somebody_says_so() {
        let known = Knowledge::default();
        known.hint(SHARD, NodeId(1));
        known.doubt(SHARD, NodeId(2));
        assert_eq!(known.leader(SHARD), Some(NodeId(1)));
        known.doubt(SHARD, NodeId(1));
        assert_eq!(known.leader(SHARD), None);
    }
}
