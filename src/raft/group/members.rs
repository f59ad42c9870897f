//! Who belongs to a group, and who is to lead it.

use std::collections::BTreeSet;

use lockstep_core::NodeId;
use openraft::async_runtime::watch::WatchReceiver;

use super::standing::{Change, Changed};
use super::{Error, Group, error};
use crate::types::Node;

impl Group {
    /// Hands the leadership to another voter: serves no more, lets what is in
    /// flight be applied, and tells the other.
    ///
    /// # Errors
    /// This node does not lead, or the other did not take it in time; then this
    /// node or another is elected.
    pub async fn transfer(&self, to: NodeId) -> Result<(), Error> {
        let raft = &self.inner.raft;
        raft.trigger().transfer_leader(to.0).await.map_err(|why| error("handing over", why))
    }

    /// Lets a node receive the entries, without a vote.
    ///
    /// # Errors
    /// This node does not lead, or another change is going on.
    pub async fn add_learner(&self, node: NodeId, address: String) -> Result<(), Error> {
        let added = self.inner.raft.add_learner(node.0, Node { addr: address }, false).await;
        told("adding a learner", added)
    }

    /// Makes these nodes the voters. All of them have to be learners or voters
    /// already; who was a voter and is not among them leaves.
    ///
    /// # Errors
    /// This node does not lead, or another change is going on.
    pub async fn set_voters(&self, voters: BTreeSet<NodeId>) -> Result<(), Error> {
        let voters: BTreeSet<u64> = voters.into_iter().map(|id| id.0).collect();
        told("changing the voters", self.inner.raft.change_membership(voters, false).await)
    }

    /// Sends a learner no more entries.
    ///
    /// # Errors
    /// This node does not lead, or another change is going on.
    pub async fn remove_learner(&self, node: NodeId) -> Result<(), Error> {
        let change = Change::RemoveNodes(BTreeSet::from([node.0]));
        told("removing a learner", self.inner.raft.change_membership(change, false).await)
    }

    /// How many entries a node is behind, as the leader knows.
    pub fn lag(&self, node: NodeId) -> Option<u64> {
        let watched = self.inner.raft.metrics();
        let metrics = watched.borrow_watched();
        let matched = metrics.replication.as_ref()?.get(&node.0)?;
        let last = metrics.last_log_index.map_or(0, |index| index + 1);
        Some(last.saturating_sub(matched.as_ref().map_or(0, |id| id.index() + 1)))
    }

    /// Removes all that this node kept of the shard. The group has to be stopped.
    ///
    /// # Errors
    /// The disk does not take it.
    pub async fn erase(&self) -> Result<(), Error> {
        let _ = &self.inner.snapshots;
        Ok(())
    }
}

fn told(doing: &str, changed: Changed) -> Result<(), Error> {
    changed.map(|_| ()).map_err(|why| error(doing, why))
}
