//! Who belongs to a group, and who is to lead it.

use std::collections::BTreeSet;
use std::time::Duration;

use lockstep_core::NodeId;
use openraft::async_runtime::watch::WatchReceiver;
use tokio::sync::SemaphorePermit;
use tokio::time::{Instant, timeout_at};

use super::standing::{Change, Changed};
use super::{ENTRIES_IN_FLIGHT, Error, Group, error};
use crate::types::{LogId, Node};

/// How long each step of handing over may take.
const STEP_WAIT: Duration = Duration::from_secs(1);
/// How many entries the next leader may be behind when serving stops.
const LAG_MAX: u64 = 256;

impl Group {
    /// Hands the leadership to another voter: serves no more, lets what is in
    /// flight be applied, and tells the other. What comes meanwhile is refused and
    /// may be tried again.
    ///
    /// # Errors
    /// This node does not lead, or the other did not take it in time; then this
    /// node goes on, or another one is elected.
    pub async fn transfer(&self, to: NodeId) -> Result<(), Error> {
        const DOING: &str = "handing over";
        let office = &self.inner.office;
        if !self.inner.standing_now().voters.contains(&to) || to == self.inner.node {
            return Err(error(DOING, "not another voter"));
        }
        self.caught_up(to, LAG_MAX).await.map_err(|why| error(DOING, why))?;
        self.bring_back().await;
        let leader = office.begin_yield().ok_or_else(|| error(DOING, "not the leader"))?;
        let settled = self.settle(to).await;
        if settled.is_ok() {
            // From here on there is no way back: the other needs not wait for the
            // end of our lease.
            office.abdicate(leader);
        } else {
            office.end_yield(leader);
        }
        let _still = settled.map_err(|why| error(DOING, why))?;
        let raft = &self.inner.raft;
        raft.trigger().transfer_leader(to.0).await.map_err(|why| error(DOING, why))?;
        self.led_by(to).await.map_err(|why| error(DOING, why))
    }

    /// Waits until nothing is in flight and the next leader has everything.
    async fn settle(&self, to: NodeId) -> Result<SemaphorePermit<'_>, &'static str> {
        let all = self.inner.in_flight.acquire_many(ENTRIES_IN_FLIGHT as u32);
        let still = timeout_at(Instant::now() + STEP_WAIT, all).await;
        let still = still.map_err(|_| "what was proposed last is not applied")?;
        self.caught_up(to, 0).await?;
        Ok(still.expect("the semaphore is never closed"))
    }

    /// Waits until a node is at most so many entries behind.
    async fn caught_up(&self, node: NodeId, lag_max: u64) -> Result<(), &'static str> {
        let mut metrics = self.inner.raft.metrics();
        let until = Instant::now() + STEP_WAIT;
        loop {
            drop(metrics.borrow_and_update());
            if self.lag(node).is_some_and(|lag| lag <= lag_max) {
                return Ok(());
            }
            match timeout_at(until, metrics.changed()).await {
                Ok(Ok(())) => {}
                _ => return Err("the other is too far behind"),
            }
        }
    }

    async fn led_by(&self, node: NodeId) -> Result<(), &'static str> {
        let mut standing = self.watch();
        let until = Instant::now() + STEP_WAIT;
        loop {
            let leader = standing.borrow_and_update().leader;
            if leader == Some(node) {
                return Ok(());
            }
            match timeout_at(until, standing.changed()).await {
                Ok(Ok(())) => {}
                _ => return Err("the other did not take it"),
            }
        }
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
    /// already, and this node has to be one of them; who was a voter and is not
    /// among them leaves.
    ///
    /// # Errors
    /// This node does not lead or is not among them, or another change is going
    /// on.
    pub async fn set_voters(&self, voters: BTreeSet<NodeId>) -> Result<(), Error> {
        const DOING: &str = "changing the voters";
        if !voters.contains(&self.inner.node) {
            return Err(error(DOING, "the leader is not among them; hand over first"));
        }
        let voters: BTreeSet<u64> = voters.into_iter().map(|id| id.0).collect();
        let _expected = Expected::new(self, voters.clone());
        told(DOING, self.inner.raft.change_membership(voters, false).await)
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

    /// Whether a node has no part in the group, and every voter knows that: as the
    /// leader sees it.
    pub(crate) fn has_parted_with(&self, node: NodeId) -> bool {
        let watched = self.inner.raft.metrics();
        let metrics = watched.borrow_watched();
        let (members, replication) = match &metrics.replication {
            Some(replication) => (&metrics.membership_config, replication),
            None => return false,
        };
        let Some(since) = members.log_id().as_ref().map(LogId::index) else { return false };
        let membership = members.membership();
        if membership.get_joint_config().len() > 1
            || membership.nodes().any(|(id, _)| *id == node.0)
        {
            return false;
        }
        let knows = |voter: u64| {
            let matched = || replication.get(&voter)?.as_ref().map(LogId::index);
            voter == self.inner.node.0 || matched().is_some_and(|index| index >= since)
        };
        membership.voter_ids().all(knows)
    }

    /// The index of the last entry of the log.
    pub(crate) fn last_index(&self) -> Option<u64> {
        self.inner.raft.metrics().borrow_watched().last_log_index
    }

    /// Removes all that this node kept of the shard. The group has to be stopped.
    ///
    /// # Errors
    /// The disk does not take it.
    pub async fn erase(&self) -> Result<(), Error> {
        const DOING: &str = "erasing the shard";
        let (send, done) = tokio::sync::oneshot::channel();
        self.inner.log.forget(self.inner.id, Box::new(move |result| drop(send.send(result))));
        let forgotten = done.await.map_err(|why| error(DOING, why))?;
        forgotten.map_err(|why| error(DOING, why))?;
        let (snapshots, shard) = (self.inner.snapshots.clone(), self.inner.id);
        let by_hand = snapshots.is_by_hand();
        let remove = move || snapshots.remove(shard).map_err(std::io::Error::other);
        let removed = if by_hand { remove() } else { crate::store::blocking(remove).await };
        removed.map_err(|why| error(DOING, why))?;
        self.inner.shelf.erase().await.map_err(|why| error(DOING, why))
    }
}

/// Voters that are about to come: while they are, what they acknowledge counts.
struct Expected<'a>(&'a Group);

impl<'a> Expected<'a> {
    fn new(group: &'a Group, voters: BTreeSet<u64>) -> Self {
        group.inner.office.expect_voters(Some(voters));
        Expected(group)
    }
}

impl Drop for Expected<'_> {
    fn drop(&mut self) {
        // First what became of it: there must be no moment without the new voters.
        self.0.inner.observe();
        self.0.inner.office.expect_voters(None);
    }
}

fn told(doing: &str, changed: Changed) -> Result<(), Error> {
    changed.map(|_| ()).map_err(|why| error(doing, why))
}
