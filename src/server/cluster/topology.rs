//! The cluster as one node sees it at a moment.

use lockstep_core::cluster::NodeInfo;
use lockstep_core::slot::SLOTS;
use lockstep_core::{NodeId, ShardId};

/// The cluster as one node sees it at a moment.
#[derive(Clone, Debug, Default)]
pub struct Topology {
    /// The node that looks.
    pub me: NodeId,
    /// How often the map of the cluster has changed.
    pub epoch: u64,
    /// How far this node's replicas have applied, all together.
    pub applied: u64,
    /// The nodes, by id.
    pub nodes: Vec<Member>,
    /// The shards, by number.
    pub shards: Vec<Seat>,
}

/// A node as another sees it.
#[derive(Clone, Debug, Default)]
pub struct Member {
    /// What the map says of it.
    pub info: NodeInfo,
    /// Whether it can be reached.
    pub reachable: bool,
}

/// A shard as a node sees it.
#[derive(Clone, Debug, Default)]
pub struct Seat {
    /// Who leads it, as far as is known.
    pub leader: Option<NodeId>,
    /// Whether the leader serves: it can be reached, and it has not lost its majority
    /// as far as is known.
    pub served: bool,
    /// Where its replicas are, or shall be.
    pub replicas: Vec<NodeId>,
}

/// The first and the last slot of a range.
pub type Range = (u16, u16);

impl Topology {
    /// The ranges of slots a node leads, joined where they touch.
    pub fn ranges(&self, node: NodeId) -> Vec<Range> {
        self.led_ranges().into_iter().filter(|(_, leader)| *leader == node).map(first).collect()
    }

    /// All ranges of slots that somebody leads, in order, with their leaders.
    pub fn led_ranges(&self) -> Vec<(Range, NodeId)> {
        let mut ranges: Vec<(Range, NodeId)> = Vec::new();
        for (at, seat) in self.shards.iter().enumerate() {
            let Some(leader) = seat.leader else { continue };
            let (from, to) = slots_of(at, self.shards.len());
            match ranges.last_mut() {
                Some(((_, end), last)) if *last == leader && *end + 1 == from => *end = to,
                _ => ranges.push(((from, to), leader)),
            }
        }
        ranges
    }

    /// A node.
    pub fn member(&self, node: NodeId) -> Option<&Member> {
        self.nodes.iter().find(|member| member.info.id == node)
    }

    /// The shards a node leads.
    pub fn led_by(&self, node: NodeId) -> Vec<ShardId> {
        self.shards_where(|seat| seat.leader == Some(node))
    }

    /// The shards a node keeps a replica of, or shall.
    pub fn kept_by(&self, node: NodeId) -> Vec<ShardId> {
        self.shards_where(|seat| seat.replicas.contains(&node))
    }

    /// Whether every slot is served.
    pub fn is_whole(&self) -> bool {
        !self.shards.is_empty() && self.shards.iter().all(|seat| seat.served)
    }

    /// How many slots belong to shards for which `holds` is true.
    pub fn slots_where(&self, holds: impl Fn(&Seat) -> bool) -> u32 {
        let count = self.shards.len();
        let shards = self.shards.iter().enumerate().filter(|(_, seat)| holds(seat));
        shards.map(|(at, _)| slots_of(at, count)).map(|(from, to)| u32::from(to - from) + 1).sum()
    }

    fn shards_where(&self, holds: impl Fn(&Seat) -> bool) -> Vec<ShardId> {
        let number = |at: usize| ShardId(u16::try_from(at).unwrap_or(u16::MAX));
        let all = self.shards.iter().enumerate();
        all.filter(|(_, seat)| holds(seat)).map(|(at, _)| number(at)).collect()
    }
}

fn first<A, B>((a, _): (A, B)) -> A {
    a
}

/// The slots of one shard of so many: those that
/// [`Shards::of_slot`](crate::shards::Shards::of_slot) gives to it.
pub fn slots_of(shard: usize, count: usize) -> Range {
    let all = usize::from(SLOTS);
    let begin = |shard: usize| (shard * all).div_ceil(count.max(1)).min(all);
    let slot = |number: usize| u16::try_from(number).unwrap_or(SLOTS);
    (slot(begin(shard)), slot(begin(shard + 1).saturating_sub(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_that_slots_are_routed_by() {
        for count in [1, 2, 3, 6, 7, 8, 100, 255, 256] {
            for shard in 0..count {
                let (from, to) = slots_of(shard, count);
                assert!(from <= to);
                for slot in [from, to] {
                    assert_eq!(usize::from(slot) * count / usize::from(SLOTS), shard);
                }
                let next = if shard + 1 == count { SLOTS } else { slots_of(shard + 1, count).0 };
                assert_eq!(to + 1, next, "no slot between two shards");
            }
        }
    }
}
