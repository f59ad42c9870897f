//! Nodes that come and go in order, and leaders that are moved.

use std::time::Duration;

use lockstep_core::{NodeId, ShardId};
use lockstep_raft::Group;

use super::World;
use super::node::Node;

/// How often somebody tries to remove a node that was drained.
const REMOVE_TRIES: u32 = 30;
const LEAVE_TIME: Duration = Duration::from_secs(4);
const REMOVE_AGAIN: Duration = Duration::from_millis(500);

impl World {
    pub(super) fn transfer(&mut self, shard: ShardId, to: usize) {
        let Some(process) = self.nodes[to].running() else { return };
        let Some(host) = process.host.clone() else { return };
        process.spawn(async move {
            // It may be refused; the cluster has to stay whole all the same.
            let _ = host.transfer_shard(shard, None).await;
        });
    }

    pub(super) fn join(&mut self, at: usize) {
        let joining = (0..self.nodes.len()).find(|at| !self.members[*at]);
        let _ = at;
        if let Some(at) = joining {
            self.members[at] = true;
            self.start(at);
        }
    }

    pub(super) fn drain(&mut self, at: usize) {
        let members = self.member_nodes().filter(|node| !node.leaving).count();
        let Some(id) = self.nodes[at].process.as_ref().map(|process| process.id) else { return };
        if members <= 3 {
            return;
        }
        self.nodes[at].leaving = true;
        let by = self.nodes.iter().find(|node| node.at != at && node.host().is_some());
        let Some(node) = by else { return };
        let (Some(process), Some(host)) = (node.running(), node.host().cloned()) else { return };
        process.spawn(async move {
            // It may be refused; the cluster has to stay whole all the same.
            if host.node_drain(id).await.is_err() {
                return;
            }
            // Its clients go elsewhere first.
            tokio::time::sleep(LEAVE_TIME).await;
            for _ in 0..REMOVE_TRIES {
                tokio::time::sleep(REMOVE_AGAIN).await;
                if host.node_remove(id, false).await.is_ok() {
                    return;
                }
            }
        });
    }

    /// Nodes that were removed from the cluster run no more.
    pub(super) fn retire(&mut self) {
        for at in 0..self.nodes.len() {
            let Some(id) = self.nodes[at].process.as_ref().map(|process| process.id) else {
                continue;
            };
            let removed = |node: &Node| node.host().is_some_and(|host| host.map().removed(id));
            if self.nodes.iter().any(removed) {
                if self.nodes[at].leaving && self.votes_somewhere(id) {
                    self.violate(format!("n{at} was removed while a group counts on it"));
                }
                self.crash(at, false);
                self.members[at] = false;
            }
        }
    }

    /// Whether some group counts on a node, by the word of its leader.
    fn votes_somewhere(&self, id: NodeId) -> bool {
        self.nodes.iter().any(|node| {
            let (Some(process), Some(host)) = (node.running(), node.host()) else { return false };
            let _inside = process.enter();
            let counts = |group: Group| group.watch().borrow().voters.contains(&id);
            host.meta().into_iter().chain(host.groups()).filter(Group::leads).any(counts)
        })
    }
}
