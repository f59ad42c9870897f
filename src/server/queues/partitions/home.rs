//! The way to the home of a queue and from there, and what is done where it is.

use std::sync::{Arc, Weak};
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::NodeId;
use lockstep_core::wire::Wire;
use lockstep_raft::Served;

use super::directory::Serve;
use super::wire::Said;
use crate::Node;
use crate::exchange::{Listener, Topic};
use crate::queues::shard_of;

/// For so long it is waited for what other nodes say about themselves.
const PATIENCE: Duration = Duration::from_millis(500);

/// The node that leads the home of a queue, as far as is known.
pub(super) fn leader(node: &Node, queue: &[u8]) -> Option<NodeId> {
    node.shards.host().leader_of(shard_of(node, queue, 0))
}

/// Tells home for how many messages clients wait here.
pub(super) fn want(node: &Arc<Node>, queue: &[u8], count: u64, number: u64) {
    node.queues.partitions.stats.demanded();
    // Those of a later life come behind those of the one before.
    let number = (node.life() << 32).saturating_add(number);
    tell(node, queue, &Said::Want { queue, count, number });
}

/// Tells home that a partition has something.
pub(super) fn have(node: &Arc<Node>, queue: &[u8], part: u32, ready: u64) {
    node.queues.partitions.stats.announced();
    tell(node, queue, &Said::Have { queue, part, ready });
}

/// Tells home what was left where it has sent this node.
pub(super) fn left(node: &Arc<Node>, queue: &[u8], part: u32, version: u64, ready: u64) {
    tell(node, queue, &Said::Left { queue, part, version, ready });
}

/// Tells all nodes how many partitions a queue has.
pub(super) fn count(node: &Arc<Node>, queue: &[u8], count: u32) {
    node.queues.partitions.learn(queue, count);
    node.exchange.tell_others(Topic::Queues, &bytes(&Said::Count { queue, count }));
}

fn tell(node: &Arc<Node>, queue: &[u8], said: &Said<'_>) {
    // Who has no leader is told again later.
    let Some(leader) = leader(node, queue) else { return };
    if leader == node.identity.node_id {
        at_home(node, leader, said);
    } else {
        node.exchange.tell(leader, Topic::Queues, &bytes(said));
    }
}

/// How many clients wait for messages of a queue on all nodes. Who does not answer has
/// none.
pub(super) async fn waiting(node: &Node, queue: &[u8]) -> u64 {
    let request = &bytes(&Said::Waiting { queue });
    let ask = |to| async move {
        let reply = node.exchange.call(to, Topic::Queues, request, PATIENCE).await;
        reply.ok().and_then(|reply| u64::take(&mut &reply[..]).ok()).unwrap_or(0)
    };
    let others = join_all(node.exchange.others().into_iter().map(ask)).await;
    others.into_iter().fold(node.queues.partitions.clients(queue), u64::saturating_add)
}

/// Takes what home is told, if this node is that.
fn at_home(node: &Arc<Node>, from: NodeId, said: &Said<'_>) {
    let (me, now_ms) = (node.identity.node_id, node.shards.now_ms());
    let (Said::Want { queue, .. } | Said::Have { queue, .. } | Said::Left { queue, .. }) = *said
    else {
        return;
    };
    if leader(node, queue) != Some(me) {
        return;
    }
    let serves = {
        let mut directory = node.queues.partitions.directory.lock();
        match *said {
            Said::Want { queue, count, number } => {
                directory.want(queue, (from, number), count, now_ms)
            }
            Said::Have { queue, part, ready } => directory.have(queue, part, ready, now_ms),
            Said::Left { queue, part, version, ready } => {
                directory.left(queue, from, (part, version), ready, now_ms)
            }
            Said::Serve { .. } | Said::Count { .. } | Said::Waiting { .. } => Vec::new(),
        }
    };
    for Serve { node: to, part, count, version } in serves {
        node.queues.partitions.stats.served();
        if to == me {
            node.queues.partitions.sent(node, queue, (part, count, version));
        } else {
            let said = Said::Serve { queue, part, count, version };
            node.exchange.tell(to, Topic::Queues, &bytes(&said));
        }
    }
}

/// Takes what other nodes say.
pub(super) struct Others(pub Weak<Node>);

impl Listener for Others {
    fn told(&self, from: NodeId, mut message: &[u8]) {
        let Some(node) = self.0.upgrade() else { return };
        match Said::take(&mut message) {
            Ok(Said::Serve { queue, part, count, version }) => {
                node.queues.partitions.sent(&node, queue, (part, count, version));
            }
            Ok(Said::Count { queue, count }) => node.queues.partitions.heard(queue, count),
            Ok(said) => at_home(&node, from, &said),
            // Of a newer version: nothing that is known here.
            Err(_) => {}
        }
    }

    fn asked(&self, _: NodeId, mut request: &[u8]) -> Served {
        let mut reply = Vec::new();
        if let (Some(node), Ok(Said::Waiting { queue })) =
            (self.0.upgrade(), Said::take(&mut request))
        {
            node.queues.partitions.clients(queue).put(&mut reply);
        }
        Served::Now(reply.into())
    }
}

fn bytes(said: &Said<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    said.put(&mut bytes);
    bytes
}
