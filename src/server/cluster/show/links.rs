//! CLUSTER LINKS.

use lockstep_commands::Reply;
use lockstep_core::NodeId;

use super::map;
use crate::cluster::names;

/// A connection to another node, or from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other node.
    pub node: NodeId,
    /// Whether the other node made it.
    pub inbound: bool,
    /// When it was made, in milliseconds since the Unix epoch.
    pub created_ms: u64,
    /// Bytes that wait to be sent.
    pub waiting_bytes: u64,
}

/// The connections, one map each.
pub fn links(links: &[Link]) -> Reply {
    let number = |number: u64| Reply::Int(i64::try_from(number).unwrap_or(i64::MAX));
    let link = |link: &Link| {
        map([
            ("direction", Reply::bulk(if link.inbound { "from" } else { "to" })),
            ("node", Reply::bulk(names::text(link.node))),
            ("create-time", number(link.created_ms)),
            ("events", Reply::bulk(if link.waiting_bytes > 0 { "rw" } else { "r" })),
            ("send-buffer-allocated", number(link.waiting_bytes)),
            ("send-buffer-used", number(link.waiting_bytes)),
        ])
    };
    Reply::Array(links.iter().map(link).collect())
}
