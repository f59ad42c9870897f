//! News and replies that come on different ways.
//!
//! What a leader answers to another node may come there before the news of what it has
//! changed. So the reply says up to which number news was sent before, and the other
//! node hands it on when it has that: who reads a key behind the reply to a write is not
//! told of that write once more. Nobody waits for what may not come any more: a stream
//! that has ended, has not begun or was not heard for long.

use std::sync::{Arc, Weak};
use std::time::Instant;

use lockstep_core::{NodeId, ShardId};
use lockstep_raft::{Later, Taker, Told, Touch};

use super::Tracking;
use crate::Node;

/// Takes the news of this node's machines.
pub(super) struct News(pub Weak<Node>);

impl Taker for News {
    fn take(&self, shard: ShardId, list: Vec<Touch>) {
        if let Some(node) = self.0.upgrade() {
            node.tracking.applied(&node, shard, &list);
        }
    }

    fn said(&self, shard: ShardId, to: NodeId) -> Option<Told> {
        self.0.upgrade()?.tracking.state.lock().streams.said(shard, to)
    }

    fn heard(&self, shard: ShardId, from: NodeId, told: Told) -> Option<Later<()>> {
        let node = self.0.upgrade()?;
        if !node.tracking.lacks(shard, from, told) {
            return None;
        }
        Some(Box::pin(until_heard(node, shard, from, told)))
    }
}

async fn until_heard(node: Arc<Node>, shard: ShardId, from: NodeId, told: Told) {
    let tracking = &node.tracking;
    loop {
        let news = tracking.news.notified();
        tokio::pin!(news);
        // From here on it is noticed.
        news.as_mut().enable();
        if !tracking.lacks(shard, from, told) {
            return;
        }
        news.await;
    }
}

impl Tracking {
    /// Whether news that was sent is still to come.
    fn lacks(&self, shard: ShardId, from: NodeId, told: Told) -> bool {
        self.state.lock().sources.lacks((shard, told.stream), from, told.next, Instant::now())
    }
}
