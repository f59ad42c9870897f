//! What an operation is told about the world when it is applied.

/// Time and place of one operation, the same on every replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since the Unix epoch by the proposing leader's clock, never
    /// less than in any entry before: the shard's replicated clock.
    pub now_ms: u64,
    /// The number of this operation in the history of its shard, from 1. Serves
    /// as the version of what it changes and as the seed of random choices.
    pub seq: u64,
    /// The highest behaviour version that all voters can apply.
    pub version: u32,
}
