//! What Lockstep's commands mean: pure data and state machines.
//!
//! Nothing in here reads a clock, draws a random number, touches a disk or a
//! socket, or depends on the order of a hash map. Time and sequence numbers
//! arrive in a [`Stamp`], operations arrive as an [`Op`], results leave as an
//! [`Outcome`] and a list of [`Effect`]s. The same operations in the same order
//! give the same state, byte for byte, on every replica.

#[cfg(test)]
mod chance;
pub mod cluster;
pub mod effects;
pub mod fault;
pub mod float;
pub mod glob;
pub mod ids;
pub mod image;
pub mod keys;
pub mod lives;
pub mod locks;
pub mod op;
pub mod outcome;
pub mod queues;
pub mod quoted;
pub mod rdb;
pub mod requests;
pub mod scripts;
pub mod sessions;
pub mod shard;
pub mod slot;
pub mod stamp;
pub mod users;
pub mod wait;
pub mod wire;

pub use effects::{Effect, Effects};
pub use fault::Fault;
pub use ids::{Db, NodeId, Origin, ShardId, Token};
pub use op::Op;
pub use outcome::Outcome;
pub use requests::{Recall, RequestId};
pub use shard::{Read, Shard};
pub use slot::Slot;
pub use stamp::Stamp;
pub use wait::Wait;
