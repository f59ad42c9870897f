//! Where the replicas of a shard shall be.

use crate::NodeId;
use crate::wire::{Malformed, Wire};

/// The largest replication factor.
pub const REPLICAS_MAX: u8 = 7;

/// How many voters the meta group has at most.
pub const META_VOTERS_MAX: u8 = 5;

/// Where the replicas of a shard shall be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placement {
    /// The wanted voters, the preferred leader first. Invariant: none twice.
    pub replicas: Vec<NodeId>,
    /// Whether the group has elected its first leader. Until then the replicas
    /// stay where they are: every one of them founds the same group.
    pub founded: bool,
    /// The epoch of the map at the last change of the replicas.
    pub epoch: u64,
}

impl Placement {
    /// Where the leader shall be.
    pub fn preferred_leader(&self) -> Option<NodeId> {
        self.replicas.first().copied()
    }

    /// Whether a replica shall be on this node.
    pub fn has(&self, node: NodeId) -> bool {
        self.replicas.contains(&node)
    }
}

/// The largest odd number that is neither over `nodes` nor over `factor`; with
/// two nodes two: a second copy cannot vote the first one down, and yet the loss
/// of one node must not be the loss of the data.
pub(super) fn replicas_for(nodes: usize, factor: usize) -> usize {
    match nodes.min(factor) {
        few @ 0..=2 => few,
        some if some % 2 == 0 => some - 1,
        some => some,
    }
}

impl<'a> Wire<'a> for Placement {
    fn put(&self, out: &mut Vec<u8>) {
        self.replicas.put(out);
        self.founded.put(out);
        self.epoch.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Placement {
            replicas: Vec::take(input)?,
            founded: bool::take(input)?,
            epoch: u64::take(input)?,
        })
    }
}
