//! Leaving in order.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::cluster::NodeState;
use lockstep_core::{NodeId, ShardId};

use super::message::Verdict;
use super::{Host, Inner};
use crate::Group;

/// How long all leaderships together may take to be handed over.
const HAND_OVER_MAX: Duration = Duration::from_secs(3);
/// How many voters are asked to take over a shard.
const HEIRS_MAX: usize = 3;

impl Host {
    /// Hands the leaderships of this node to others, all at once, and takes none
    /// any more. Operations are still taken and sent to whoever leads.
    pub async fn hand_over(&self) {
        let inner = &self.inner;
        inner.leaving.send_replace(true);
        let led = inner.groups.all().into_iter().filter(Group::leads);
        let handed = join_all(led.map(|group| inner.leave(group)));
        if tokio::time::timeout(inner.scaled(HAND_OVER_MAX), handed).await.is_err() {
            tracing::warn!("some shards could not be handed over in time");
        }
    }

    /// Hands over all leaderships, lets what was proposed end, and stops.
    pub async fn stop(&self) {
        self.hand_over().await;
        self.inner.stop.send_replace(true);
        join_all(self.inner.groups.all().iter().map(Group::stop)).await;
        self.inner.pulse.stop();
    }
}

impl Inner {
    /// Hands over one shard, to the best of the other voters that takes it.
    async fn leave(&self, group: Group) {
        for heir in self.heirs(&group).into_iter().take(HEIRS_MAX) {
            match group.transfer(heir).await {
                Ok(()) => return,
                Err(why) => tracing::warn!(shard = group.id().0, to = heir.0, "{why}"),
            }
            if !group.leads() {
                return;
            }
        }
    }

    /// The other voters that can be reached, the best heir first.
    fn heirs(&self, group: &Group) -> Vec<NodeId> {
        let map = self.map.borrow().clone();
        let standing = group.watch().borrow().clone();
        let stays = |node: NodeId| map.node(node).is_some_and(|info| info.state == NodeState::Up);
        let mut heirs: Vec<(bool, u64, NodeId)> = standing
            .voters
            .into_iter()
            .filter(|node| *node != self.me() && self.options.peers.reaches(*node))
            .filter_map(|node| Some((!stays(node), group.lag(node)?, node)))
            .collect();
        heirs.sort_unstable();
        heirs.into_iter().map(|(_, _, node)| node).collect()
    }

    /// Hands the leadership of a shard to a node.
    pub(super) async fn hand_over(self: &Arc<Self>, shard: ShardId, to: NodeId) -> Verdict {
        let Some(group) = self.groups.get(shard).filter(Group::leads) else {
            return Verdict::NotNow {};
        };
        if to == self.me() {
            return Verdict::Yes {};
        }
        if !group.watch().borrow().voters.contains(&to) {
            return Verdict::no(format!("node {:x} has no vote in shard {}", to.0, shard.0));
        }
        match group.transfer(to).await {
            Ok(()) => Verdict::Yes {},
            Err(why) => Verdict::no(why.to_string()),
        }
    }
}
