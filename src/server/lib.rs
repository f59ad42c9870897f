//! The process: wiring, routing, waiting replies, administration.

pub mod admin;
pub mod allocator;
pub mod cache;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod deadlocks;
pub mod exchange;
pub mod front;
pub mod here;
pub mod info;
pub mod latency;
pub mod links;
pub mod locks;
pub mod logging;
pub mod metrics;
pub mod monitor;
pub mod node;
pub mod pubsub;
pub mod queues;
mod running;
pub mod session;
pub mod sessions;
pub mod shards;
pub mod slowlog;
pub mod start;
pub mod stats;
#[cfg(test)]
mod testing;
pub mod tracking;
pub mod users;
pub mod watchdog;

pub use node::Node;
