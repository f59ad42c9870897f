//! The map of the cluster: which nodes there are, and which of them hold the
//! replicas of which shard.
//!
//! Every shard has a place for a map, only that of
//! [`ShardId::META`](crate::ShardId::META) is ever filled. The map says what is
//! wanted; the groups themselves know what is.

mod change;
mod image;
mod map;
mod node;
mod op;
mod placement;
mod plan;
#[cfg(test)]
mod tests;

pub use map::{Map, NODES_MAX, SHARDS_MAX, TOMBSTONES_MAX};
pub use node::{ClusterId, HOST_BYTES_MAX, NodeInfo, NodeState, ZONE_BYTES_MAX};
pub use op::Op;
pub use placement::{META_VOTERS_MAX, Placement, REPLICAS_MAX};
pub use plan::Move;
