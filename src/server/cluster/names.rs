//! Nodes by the text of their ids.

use lockstep_commands::{BadArgs, error};
use lockstep_core::NodeId;

/// The digits that are a node's own; the others fill up to Redis' length.
pub const OWN_DIGITS: usize = 16;

/// The id as clients of Redis Cluster expect it: 40 hexadecimal digits.
pub fn text(node: NodeId) -> String {
    format!("{:016x}{:024x}", node.0, 0)
}

/// The id as people read it: the digits that are the node's own.
pub fn short(node: NodeId) -> String {
    format!("{:016x}", node.0)
}

/// The node among `known` whose id is, or begins with, these digits.
///
/// # Errors
/// No node has such an id, or several have.
pub fn find(known: impl Iterator<Item = NodeId>, id: &[u8]) -> Result<NodeId, BadArgs> {
    let id = id.to_ascii_lowercase();
    if id.is_empty() {
        return Err(error::unknown_node(&id));
    }
    let found: Vec<NodeId> = known.filter(|node| text(*node).as_bytes().starts_with(&id)).collect();
    match found[..] {
        [node] => Ok(node),
        [] => Err(error::unknown_node(&id)),
        _ => Err(error::ambiguous_node(&id, found.len())),
    }
}
