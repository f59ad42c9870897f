//! Which nodes are there, and what ends when one is not.
//!
//! What a connection holds and waits for lasts as long as the connection, which
//! only its node can tell. So every node tells the leader of the map that it is
//! there; of one that has not told for the node timeout the leader writes into
//! the map that its life is over, and the leaders of all shards end what its
//! connections had. The node itself gives up sooner: it counts from the moment it
//! *sent* the last word that was answered, the leader from the moment it came.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{NodeId, Op, Outcome, ShardId, cluster};
use tokio::time::Instant;

use super::message::{Noted, Request};
use super::{Host, Inner};
use crate::{Delivery, Lane, watch};

/// How often a node says that it is there.
const SAY: Duration = Duration::from_millis(200);
/// How long it waits for the answer.
const ANSWER_WAIT: Duration = Duration::from_millis(300);
/// How often the leader of the map looks who has not said anything.
const LOOK: Duration = Duration::from_millis(100);
/// How many lives a node can have within a process: the incarnations that are
/// given to [hosts](super::HostOptions) are this far apart.
pub const LIVES: u64 = 1024;

/// What the connections of this node can rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// Which life it is ([`Origin::boot`](lockstep_core::Origin)). Connections of
    /// former ones are over: the cluster has given them up.
    pub boot: u64,
    /// The cluster may give the connections up any moment, or has: nobody has
    /// answered this node for too long.
    pub cut_off: bool,
}

/// When the leader of the map has heard of whom.
#[derive(Debug, Default)]
pub(super) struct Roll(parking_lot::Mutex<Heard>);

#[derive(Debug, Default)]
struct Heard {
    last: BTreeMap<NodeId, Instant>,
    /// Being given up, with the life that ends: nothing they say counts until
    /// the map shows it, or it surely never will.
    given_up: BTreeMap<NodeId, u64>,
}

impl Host {
    /// What the connections of this node can rely on now.
    pub fn life(&self) -> Life {
        *self.inner.life.borrow()
    }

    /// What the connections of this node can rely on, whenever it changes.
    pub fn watch_life(&self) -> watch::Receiver<Life> {
        self.inner.life.subscribe()
    }
}

impl Inner {
    /// Says that this node is there, and notices when nobody hears it.
    pub(super) async fn stay_alive(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut answered = Instant::now();
        loop {
            let sent = Instant::now();
            if self.map.borrow().id().is_none() {
                // Nobody to be heard by yet.
                answered = sent;
            }
            match self.say_alive().await {
                Noted::Alive {} => {
                    answered = sent;
                    self.change_life(|life| life.cut_off = false);
                }
                Noted::Over { boot } => {
                    tracing::warn!(
                        "the cluster has not heard of this node for too long and ended what its \
                         connections held"
                    );
                    self.change_life(|life| life.boot = life.boot.max(boot.saturating_add(1)));
                    continue;
                }
                Noted::Removed {} => self.was_removed(),
                Noted::Unknown {} => {}
            }
            let noticed = self.options.guards.cut_off_noticed;
            if noticed && answered.elapsed() >= self.gives_up_after() {
                self.change_life(|life| life.cut_off = true);
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.scaled(SAY)) => {}
            }
        }
    }

    /// When a node that is not answered counts itself out: before the cluster
    /// does.
    fn gives_up_after(&self) -> Duration {
        let timeout = self.options.timing.node_timeout;
        timeout - timeout / 8
    }

    fn change_life(&self, change: impl FnOnce(&mut Life)) {
        let mut life = *self.life.borrow();
        change(&mut life);
        if life != *self.life.borrow() {
            self.life.send_replace(life);
        }
    }

    async fn say_alive(self: &Arc<Self>) -> Noted {
        let boot = self.life.borrow().boot;
        if self.groups.with(ShardId::META, |group| group.leads()) == Some(true) {
            return self.note_alive(self.me(), boot).await;
        }
        // Its map may be on disk only: whoever was removed gets no newer one.
        if !self.has_map_group() {
            return Noted::Unknown {};
        }
        let Some(leader) = self.leader_elsewhere(ShardId::META).await else {
            return Noted::Unknown {};
        };
        let (request, wait) = (Request::Alive { boot }.bytes(), self.scaled(ANSWER_WAIT));
        let reply = self.options.peers.call(leader, Lane::Urgent, request, wait).await;
        let noted = reply.ok().and_then(|reply| Noted::open(&reply).ok());
        noted.unwrap_or(Noted::Unknown {})
    }

    /// A node says that it is there.
    pub(super) async fn note_alive(self: &Arc<Self>, node: NodeId, boot: u64) -> Noted {
        if self.groups.with(ShardId::META, |group| group.leads()) != Some(true) {
            return Noted::Unknown {};
        }
        let map = self.map.borrow().clone();
        if map.removed(node) {
            return Noted::Removed {};
        }
        if let Some(ended) = map.ended(node).filter(|ended| boot <= *ended) {
            return Noted::Over { boot: ended };
        }
        if map.life(node).is_none_or(|known| known < boot) {
            let op = Op::Cluster { op: cluster::Op::Live { node, boot } };
            if !done(&self.ask(ShardId::META, &op).await) {
                return Noted::Unknown {};
            }
        }
        let mut heard = self.roll.0.lock();
        if let Some(over) = heard.given_up.get(&node) {
            if map.ended(node).is_none_or(|ended| ended < *over) {
                return Noted::Unknown {};
            }
            heard.given_up.remove(&node);
        }
        heard.last.insert(node, Instant::now());
        Noted::Alive {}
    }

    /// While this node leads the group of the map: gives up the nodes that say
    /// nothing.
    pub(super) async fn look_for_dead(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut since = None;
        loop {
            if self.groups.with(ShardId::META, |group| group.leads()) == Some(true) {
                let since = *since.get_or_insert_with(Instant::now);
                for (node, boot) in self.silent(since) {
                    self.give_up(node, boot).await;
                }
            } else {
                since = None;
                *self.roll.0.lock() = Heard::default();
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.scaled(LOOK)) => {}
            }
        }
    }

    /// The lives of nodes that have said nothing for too long, and from now on say
    /// nothing that counts. What they told a leader before this one is not known.
    fn silent(&self, since: Instant) -> Vec<(NodeId, u64)> {
        if !self.options.guards.dead_given_up {
            return Vec::new();
        }
        let map = self.map.borrow().clone();
        let mut heard = self.roll.0.lock();
        let is_silent = |(node, boot): &(NodeId, u64)| {
            let last = heard.last.get(node).map_or(since, |last| since.max(*last));
            let over = map.ended(*node).is_some_and(|ended| *boot <= ended);
            !over && last.elapsed() >= self.options.timing.node_timeout
        };
        let others = map.nodes().map(|node| node.id).filter(|node| *node != self.me());
        let lives = others.filter_map(|node| Some((node, map.life(node)?)));
        let silent: Vec<(NodeId, u64)> = lives.filter(is_silent).collect();
        heard.given_up.extend(silent.iter().copied());
        silent
    }

    async fn give_up(self: &Arc<Self>, node: NodeId, boot: u64) {
        tracing::warn!(
            node = node.0,
            "nothing was heard of a node for the node timeout: what its connections held ends"
        );
        let op = Op::Cluster { op: cluster::Op::End { node, boot } };
        if matches!(self.ask(ShardId::META, &op).await, Delivery::Refused(_)) {
            // Surely not in the log. Whoever leads then looks again.
            self.roll.0.lock().given_up.remove(&node);
        }
    }
}

fn done(delivery: &Delivery) -> bool {
    matches!(delivery, Delivery::Done(outcomes) if !matches!(outcomes[..], [Outcome::Fault(_)]))
}
