//! How the cluster is shown to clients and tools: each answer from a `Topology`.

mod links;
mod nodes;
mod shards;
mod slots;
mod state;
mod table;

pub use links::{Link, links};
pub use nodes::nodes;
pub use shards::shards;
pub use slots::slots;
pub use state::{Traffic, info};
pub use table::table;

use std::net::IpAddr;

use lockstep_commands::Reply;
use lockstep_core::cluster::NodeInfo;

/// The pairs of a map with names for keys.
fn map(fields: impl IntoIterator<Item = (&'static str, Reply)>) -> Reply {
    Reply::Map(fields.into_iter().map(|(name, value)| (Reply::bulk(name), value)).collect())
}

/// The name of a node's host, if it is told by name and not by address.
fn hostname(node: &NodeInfo) -> Option<&str> {
    let named = !node.host.is_empty() && node.host.parse::<IpAddr>().is_err();
    named.then_some(&*node.host)
}
