//! One Raft group per shard, over openraft.
//!
//! Everything that knows openraft stands in this crate; its neighbours see
//! [`Group`]: hand in operations, get outcomes, read the state. What a group
//! needs from outside it asks for: a [`Clock`], and the shared log and snapshot
//! store of [`lockstep_storage`].

mod batch;
mod codec;
mod group;
mod inbox;
mod machine;
mod mailbox;
mod network;
pub mod peers;
mod snapshot;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod tickets;
mod types;

pub use batch::Ops;
pub use group::{Clock, Error, Group, Options, Role, Status};
pub use inbox::Limits;
pub use mailbox::{Delivery, Mailbox, Refusal};
pub use peers::{CallError, Lane, Later, Nobody, Peers, Served};
