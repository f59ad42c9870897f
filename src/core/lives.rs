//! The lives of the nodes: which connections cannot be there any more.

use std::collections::BTreeMap;

use crate::{NodeId, Origin};

/// The newest life of each node that a machine has heard of.
///
/// A request of an older life may still arrive when its node has begun a new
/// one; what it would hold or wait for would never end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    boots: BTreeMap<NodeId, u64>,
}

impl Lives {
    /// The node has begun its life `boot`.
    pub fn begin(&mut self, node: NodeId, boot: u64) {
        let newest = self.boots.entry(node).or_default();
        *newest = boot.max(*newest);
    }

    /// Whether the life this connection belongs to is over.
    pub fn is_over(&self, origin: Origin) -> bool {
        self.boots.get(&origin.node).is_some_and(|newest| origin.boot < *newest)
    }

    /// The nodes and their lives, in order.
    pub fn list(&self) -> Vec<(NodeId, u64)> {
        self.boots.iter().map(|(node, boot)| (*node, *boot)).collect()
    }
}
