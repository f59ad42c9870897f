//! The new life of this node, told to every shard.

use std::sync::Arc;

use futures_util::future::join_all;
use lockstep_core::{Op, Origin, ShardId};

use super::Inner;
use super::router::share_of;
use crate::Delivery;

impl Inner {
    /// Tells every shard that this node has begun a new life, until it knows:
    /// what the connections of former lives held and waited for ends.
    pub(super) async fn begin_life(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut map = self.map.subscribe();
        let told = async {
            // Fails only when the host is gone, and this task with it.
            let Ok(shards) = map.wait_for(|map| map.id().is_some()).await.map(|map| map.shards())
            else {
                return;
            };
            join_all((0..shards).map(|shard| self.tell_shard(ShardId(shard)))).await;
            self.begun.send_replace(true);
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = told => {}
        }
    }

    async fn tell_shard(self: &Arc<Self>, shard: ShardId) {
        let origin = Origin { node: self.me(), boot: self.options.boot, conn: 0 };
        let op = Op::Boot { origin };
        while !matches!(self.insist(shard, share_of(&op)).await, Delivery::Done(_)) {}
    }
}
