//! One Raft group per shard, over openraft.
//!
//! Everything that knows openraft stands in this crate; its neighbours see
//! [`Group`]: hand in operations, get outcomes, read the state. What a group
//! needs from outside it asks for: a [`Clock`], and the shared log and snapshot
//! store of [`lockstep_storage`].

mod batch;
mod codec;
mod group;
mod guards;
mod host;
mod inbox;
mod machine;
mod mailbox;
pub mod message;
mod network;
pub mod peers;
mod pulse;
mod snapshot;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod tickets;
mod timing;
mod types;

pub use batch::Ops;
pub use group::{Clock, EffectSink, Error, Group, Options, Role, Standing, Status};
#[doc(hidden)]
pub use guards::Guards;
pub use host::{AdminError, Health, Host, HostError, HostOptions, Keep, ShardHealth};
pub use inbox::Limits;
pub use mailbox::{Delivery, Mailbox, Refusal};
pub use peers::{CallError, Lane, Later, Nobody, Peers, Served};
pub use pulse::Pulse;
pub use timing::Timing;
