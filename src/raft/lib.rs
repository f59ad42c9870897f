//! One Raft group per shard, over openraft.
//!
//! Everything that knows openraft stands in this crate; its neighbours see
//! [`Group`]: hand in operations, get outcomes, read the state. What a group
//! needs from outside it asks for: a [`Clock`], and the shared log and snapshot
//! store of [`lockstep_storage`].

mod app;
mod batch;
mod bodies;
mod codec;
mod group;
mod guards;
mod host;
mod inbox;
mod luck;
mod machine;
mod mailbox;
pub mod many;
pub mod message;
mod network;
mod office;
pub mod peers;
mod pulse;
mod room;
mod rpc;
#[doc(hidden)]
pub mod runtime;
mod snapshot;
mod store;
mod tasks;
#[cfg(test)]
mod tests;
mod tickets;
mod timing;
mod touches;
mod turnover;
mod types;
pub mod watch;
mod watcher;

pub use app::App;
pub use batch::Ops;
pub use bodies::{BodyStats, BodyStore};
pub use group::{Clock, EffectSink, Error, Group, Options, Role, Standing, Status};
#[doc(hidden)]
pub use guards::Guards;
pub use host::{
    AdminError, FORWARDED_BYTES_MAX, FORWARDED_MAX, Health, Host, HostError, HostOptions, Keep,
    LIVES, Life, ShardHealth,
};
pub use inbox::Limits;
pub use mailbox::{Delivery, Mailbox, Refusal};
pub use peers::{CallError, Lane, Later, Nobody, Peers, Served};
pub use pulse::Pulse;
pub use room::{Room, RoomKeeper};
pub use timing::Timing;
pub use touches::{Taker, Told, Touch, Touches, Written};
pub use turnover::TurnoverCounts;
pub use watcher::{Come, Deliver, Entry, Former, Gate, Proposed, Reign, Watcher, Watching};
