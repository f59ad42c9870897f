//! What the leader of each shard does: one step after the other towards the
//! members that the map wants.
//!
//! A node that is wanted receives the entries first; when it has caught up, the
//! voters change in one joint step, and who is not wanted any more leaves with
//! it. Nothing is remembered between two looks but how long something has been
//! so: whoever leads next goes on from the members themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::cluster::{Map, NodeInfo, NodeState};
use lockstep_core::{NodeId, Op, ShardId, cluster};
use tokio::time::Instant;

use super::Inner;
use crate::{Group, Standing};

/// How often the members of the groups led here are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How many entries a node may be behind to become a voter or a leader.
const LAG_MAX: u64 = 1000;
/// How long one change of members may take before it is looked at again.
const CHANGE_WAIT: Duration = Duration::from_secs(5);
/// How long the preferred leader has to be ready before it is handed the shard.
const WISH_AFTER: Duration = Duration::from_secs(5);

/// Since when the preferred leader of a shard has been ready.
type Wishes = BTreeMap<ShardId, (NodeId, Instant)>;

impl Inner {
    /// Looks after the groups that this node leads.
    pub(super) async fn look_after_groups(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut wishes = Wishes::new();
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(LOOK) => {}
            }
            let map = self.map.borrow().clone();
            if map.id().is_none() {
                continue;
            }
            let led: Vec<Group> = self.groups.all().into_iter().filter(Group::leads).collect();
            wishes.retain(|shard, _| led.iter().any(|group| group.id() == *shard));
            for group in led {
                self.look_after(&group, &map, &mut wishes).await;
            }
        }
    }

    async fn look_after(self: &Arc<Self>, group: &Group, map: &Map, wishes: &mut Wishes) {
        let shard = group.id();
        let Some(placement) = map.placement(shard) else { return };
        if !placement.founded {
            let op = cluster::Op::Founded { shard };
            // If it does not come to it now, it will at the next look.
            let _ = self.ask(ShardId::META, &Op::Cluster { op }).await;
            return;
        }
        let standing = group.watch().borrow().clone();
        match next_change(shard, &standing, &placement.replicas, map, &|node| {
            self.ready(group, node)
        }) {
            Some(Change::Vote(voters)) if !voters.contains(&self.me()) => {
                self.make_way(group, &standing, &voters).await;
            }
            Some(change) => self.change(group, map, change).await,
            None => self.grant_wish(group, map, &standing, wishes).await,
        }
    }

    /// Whether a node has nearly all entries of a group and can be reached.
    fn ready(&self, group: &Group, node: NodeId) -> bool {
        node == self.me()
            || (group.lag(node).is_some_and(|lag| lag <= LAG_MAX)
                && self.options.peers.reaches(node))
    }

    async fn change(&self, group: &Group, map: &Map, change: Change) {
        let shard = group.id();
        tracing::info!(shard = shard.0, ?change, "changing the members of the shard");
        let done = async {
            match change {
                Change::Learn(node) => {
                    let address = map.node(node).map(NodeInfo::peer_address).unwrap_or_default();
                    group.add_learner(node, address).await
                }
                Change::Vote(voters) => group.set_voters(voters).await,
                Change::Leave(node) => group.remove_learner(node).await,
            }
        };
        match tokio::time::timeout(CHANGE_WAIT, done).await {
            Ok(Ok(())) => {}
            Ok(Err(why)) => tracing::warn!(shard = shard.0, "{why}"),
            Err(_) => tracing::warn!(shard = shard.0, "the change of members takes long"),
        }
    }

    /// This node leads and is not to vote any more: whoever leads next goes on.
    async fn make_way(&self, group: &Group, now: &Standing, voters: &BTreeSet<NodeId>) {
        let stays = |node: &&NodeId| voters.contains(node) && self.ready(group, **node);
        let Some(heir) = now.voters.iter().find(stays) else { return };
        if let Err(why) = group.transfer(*heir).await {
            tracing::warn!(shard = group.id().0, to = heir.0, "{why}");
        }
    }

    /// Hands the shard to its preferred leader, if that has been ready for a
    /// while; at once, if this node has to go.
    async fn grant_wish(&self, group: &Group, map: &Map, standing: &Standing, wishes: &mut Wishes) {
        let (shard, me) = (group.id(), self.me());
        let wanted = map.placement(shard).and_then(|placement| placement.preferred_leader());
        let takes = |node: NodeId| {
            node != me
                && standing.voters.contains(&node)
                && map.node(node).is_some_and(|info| info.state == NodeState::Up)
                && self.ready(group, node)
        };
        let leaves = map.node(me).is_none_or(|info| info.state == NodeState::Draining);
        let to = match wanted.filter(|node| takes(*node)) {
            Some(node) => node,
            None if leaves => match standing.voters.iter().copied().find(|node| takes(*node)) {
                Some(node) => node,
                None => return,
            },
            None => {
                wishes.remove(&shard);
                return;
            }
        };
        let (node, since) = *wishes.entry(shard).or_insert((to, Instant::now()));
        if node != to {
            wishes.insert(shard, (to, Instant::now()));
        } else if leaves || since.elapsed() >= WISH_AFTER {
            wishes.remove(&shard);
            if *self.leaving.borrow() {
                return;
            }
            match group.transfer(to).await {
                Ok(()) => tracing::info!(shard = shard.0, to = to.0, "handed the shard over"),
                Err(why) => tracing::warn!(shard = shard.0, "{why}"),
            }
        }
    }
}

/// One change of the members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Change {
    /// This node is to receive the entries.
    Learn(NodeId),
    /// These are to vote, and nobody else.
    Vote(BTreeSet<NodeId>),
    /// This node has no part in the group.
    Leave(NodeId),
}

/// The next change towards the members that are wanted; none: all is well, or
/// somebody has to catch up first.
fn next_change(
    shard: ShardId,
    now: &Standing,
    wanted: &[NodeId],
    map: &Map,
    ready: &dyn Fn(NodeId) -> bool,
) -> Option<Change> {
    let voters: BTreeSet<NodeId> = now.voters.iter().copied().collect();
    let target: BTreeSet<NodeId> = wanted.iter().copied().collect();
    let known = |node: NodeId| voters.contains(&node) || now.learners.contains(&node);
    if let Some(node) = learners(shard, wanted, map).find(|node| !known(*node)) {
        return Some(Change::Learn(node));
    }
    if wanted.iter().any(|node| map.node(*node).is_none()) {
        // It was removed: the map is about to want somebody else.
        return None;
    }
    if now.joint || voters != target {
        // Whoever is new has to be ready, and with those who stay it must not be
        // a minority that works.
        let new = target.difference(&voters).all(|node| ready(*node));
        let working = target.iter().filter(|node| ready(**node)).count();
        let quorum = working > target.len() / 2;
        return (new && quorum && !target.is_empty()).then_some(Change::Vote(target));
    }
    let has_part = |node: &NodeId| learners(shard, wanted, map).any(|wanted| wanted == *node);
    now.learners.iter().copied().find(|node| !has_part(node)).map(Change::Leave)
}

/// Who is to receive the entries of a group: its wanted voters, and of that of
/// the map every node.
fn learners<'a>(
    shard: ShardId,
    wanted: &'a [NodeId],
    map: &'a Map,
) -> impl Iterator<Item = NodeId> + 'a {
    let all = map.nodes().map(|node| node.id).filter(move |_| shard.is_meta());
    wanted.iter().copied().chain(all).filter(|node| map.node(*node).is_some())
}

#[cfg(test)]
mod tests;
