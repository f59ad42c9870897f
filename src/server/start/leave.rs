//! The end of a node: others take over what it leads, its clients are served
//! meanwhile, and what they have begun is answered.

use std::future::Future;
use std::time::Duration;

use lockstep_core::{NodeId, ShardId};
use lockstep_raft::{Group, Peers};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::Node;
use crate::config::Setting;
use crate::logging::id;

/// How long others may take to take over one shard.
const HAND_OVER_MAX: Duration = Duration::from_secs(2);

/// Ends the service of clients, which `serving` is. `closing` ends it.
pub(super) async fn leave(
    node: &Node,
    closing: &watch::Sender<bool>,
    serving: impl Future<Output = ()>,
) {
    let grace = Duration::from_secs(node.settings.number(Setting::ShutdownTimeout).max(1));
    let end = Instant::now() + grace;
    tokio::pin!(serving);
    tokio::select! {
        () = &mut serving => return,
        () = hand_over(node) => {}
        () = tokio::time::sleep_until(end) => {}
    }
    closing.send_replace(true);
    if tokio::time::timeout_at(end, &mut serving).await.is_err() {
        tracing::warn!(
            id = id::CONNECTIONS_CUT,
            "some connections did not end in time and are cut"
        );
    }
}

/// Lets other nodes lead what this one leads, as far as there are any.
async fn hand_over(node: &Node) {
    let groups = node.shards.here().into_iter().chain(node.shards.host().meta());
    let led: Vec<(ShardId, NodeId)> = groups
        .filter(|group| group.leads())
        .filter_map(|group| Some((group.id(), successor(node, &group)?)))
        .collect();
    for (shard, to) in led {
        let taken = node.shards.host().transfer_shard(shard, Some(to));
        match tokio::time::timeout(HAND_OVER_MAX, taken).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => tracing::warn!(shard = shard.0, %why, "nobody takes over the shard"),
            Err(_) => tracing::warn!(shard = shard.0, "nobody takes over the shard in time"),
        }
    }
}

/// A voter of the group that can be reached; another one for each shard, so that
/// not all load goes to one node.
fn successor(node: &Node, group: &Group) -> Option<NodeId> {
    let links = node.links.as_ref()?;
    let me = node.identity.node_id;
    let voters = group.watch().borrow().voters.clone();
    let able: Vec<NodeId> =
        voters.into_iter().filter(|voter| *voter != me && links.reaches(*voter)).collect();
    able.get(usize::from(group.id().0) % able.len().max(1)).copied()
}
