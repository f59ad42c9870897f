//! All that is known of tracking, behind one lock: what is entered and where names of
//! changed keys come from must not come apart.

use super::sources::Sources;
use super::streams::Streams;
use super::table::Table;

/// All that is known of tracking.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The clients of this node.
    pub table: Table,
    /// Where this node is told of changes.
    pub sources: Sources,
    /// The nodes that this one tells.
    pub streams: Streams,
}

impl State {
    /// Whether nobody wants to know of changes.
    pub fn is_idle(&self) -> bool {
        self.table.is_empty() && self.streams.is_empty()
    }
}
