//! The menu: every command Lockstep knows, one file per command.
//!
//! A command's file holds its [`Spec`], how its words are parsed into a
//! [`Request`], and how the outcome is shown as a [`Reply`]. Nothing else knows
//! its name, its arity or its error text.

pub mod args;
pub mod bitmaps;
pub mod cache;
pub mod cluster;
pub mod connection;
pub mod distinct;
pub mod double;
pub mod error;
pub mod geo;
pub mod hashes;
pub mod help;
pub mod here;
pub mod index;
pub mod introspect;
pub mod keys;
pub mod lists;
pub mod locks;
pub mod pubsub;
pub mod queues;
pub mod reference;
pub mod reply;
pub mod request;
pub mod scripting;
pub mod server;
pub mod sessions;
pub mod sets;
pub mod spec;
pub mod streams;
pub mod strings;
pub mod table;
pub mod transactions;
pub mod usage;
pub mod users;
pub mod waiting;
pub mod zsets;

#[cfg(test)]
mod checks;
#[cfg(test)]
mod testing;

pub use args::Args;
pub use error::BadArgs;
pub use here::Here;
pub use reply::{Protocol, Reply};
pub use request::{Context, LockContext, QueueContext, Request, ScriptContext, StreamContext};
pub use spec::{Begin, Find, Group, KeySpec, Road, Spec};
pub use table::Command;
