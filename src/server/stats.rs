//! Counters.

/// Counters of this node.
#[derive(Debug, Default)]
pub struct Stats {}
