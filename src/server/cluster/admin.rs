//! Changes of the cluster's nodes, and of who leads.

use std::future::Future;
use std::pin::Pin;

use lockstep_commands::{BadArgs, error};
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::{AdminError, Host};

use super::Topology;
use crate::Node;

/// A change on its way: what the cluster did, in words, or why it did not.
pub type Change = Pin<Box<dyn Future<Output = Result<String, BadArgs>> + Send>>;

/// Takes the node at this address of its peer port into the cluster.
pub fn add(node: &Node, address: String) -> Change {
    change(node, |host| async move { host.node_add(&address).await })
}

/// Moves what a node holds to others.
pub fn drain(node: &Node, which: NodeId) -> Change {
    change(node, move |host| async move { host.node_drain(which).await })
}

/// Takes a node out of the cluster for good.
pub fn remove(node: &Node, which: NodeId, force: bool) -> Change {
    change(node, move |host| async move { host.node_remove(which, force).await })
}

/// Makes a node the preferred leader of the shards it keeps.
pub fn promote(node: &Node, which: NodeId) -> Change {
    change(node, move |host| async move { host.node_promote(which).await })
}

fn change<F>(node: &Node, ask: impl FnOnce(Host) -> F) -> Change
where
    F: Future<Output = Result<String, AdminError>> + Send + 'static,
{
    let asked = match super::source::host(node) {
        Some(host) => Ok(ask(host)),
        None => Err(node.shards.forming()),
    };
    Box::pin(async move { asked?.await.map_err(|why| refused(&why)) })
}

fn refused(why: &AdminError) -> BadArgs {
    let code = match why {
        AdminError::Refused(_) => "ERR",
        AdminError::NoLeader => "CLUSTERDOWN",
        AdminError::Unknown => "UNCERTAIN",
    };
    error::membership(code, &why.to_string())
}

/// Makes this node the leader of all shards of which it keeps a replica, one after
/// the other.
pub fn take_over(node: &Node) -> Change {
    let seen = Topology::seen_by(node);
    let (kept, led) = (seen.kept_by(seen.me), seen.led_by(seen.me));
    let host = super::source::host(node).filter(|_| !kept.is_empty());
    let wanted: Vec<ShardId> = kept.into_iter().filter(|shard| !led.contains(shard)).collect();
    Box::pin(async move {
        let host = host.ok_or(error::NOTHING_TO_TAKE_OVER)?;
        for shard in &wanted {
            host.transfer_shard(*shard, Some(seen.me)).await.map_err(|why| {
                error::membership("ERR", &format!("shard {} was not handed over: {why}", shard.0))
            })?;
        }
        Ok(format!("took over {} shards", wanted.len()))
    })
}
