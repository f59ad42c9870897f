//! The lives of the nodes: which connections cannot be there any more.

use std::collections::BTreeMap;

use crate::{NodeId, Origin};

/// The floor of each node that a machine has heard of: connections of earlier lives,
/// and those of the same life with lower numbers, are over.
///
/// A request of such a connection may still arrive; what it would hold or wait for
/// would never end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lives {
    floors: BTreeMap<NodeId, (u64, u64)>,
}

impl Lives {
    /// Connections of this node below this life and number are over.
    pub fn begin(&mut self, floor: Origin) {
        let known = self.floors.entry(floor.node).or_default();
        *known = (floor.boot, floor.conn).max(*known);
    }

    /// Whether this connection is over.
    pub fn is_over(&self, origin: Origin) -> bool {
        let floor = self.floors.get(&origin.node);
        floor.is_some_and(|floor| (origin.boot, origin.conn) < *floor)
    }

    /// All floors, in the order of the nodes.
    pub fn list(&self) -> Vec<Origin> {
        let floors = self.floors.iter();
        floors
            .map(|(node, (boot, conn))| Origin { node: *node, boot: *boot, conn: *conn })
            .collect()
    }
}
