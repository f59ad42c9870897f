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
    /// Of which life, and when; a life of which nothing was heard yet counts from when
    /// it was first seen in the map.
    last: BTreeMap<NodeId, (u64, Instant)>,
    /// Being given up, with the life that ends: nothing they say counts until
    /// the map shows it, or it surely never will.
    given_up: BTreeMap<NodeId, u64>,
    /// In which term of this leader.
    term: u64,
}

impl Heard {
    /// A node said something.
    fn note(&mut self, node: NodeId, boot: u64, now: Instant) {
        let last = self.last.entry(node).or_insert((boot, now));
        if last.0 <= boot {
            *last = (boot, now);
        }
    }

    /// Which of these lives have said nothing for so long. The silence of a life is no
    /// silence of the next: that may just have begun.
    fn silent(
        &mut self,
        lives: impl Iterator<Item = (NodeId, u64)>,
        now: Instant,
        timeout: Duration,
    ) -> Vec<(NodeId, u64)> {
        let is_silent = |(node, boot): &(NodeId, u64)| {
            let last = self.last.entry(*node).or_insert((*boot, now));
            if last.0 < *boot {
                *last = (*boot, now);
            }
            now.duration_since(last.1) >= timeout
        };
        lives.filter(is_silent).collect()
    }
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
            self.roll.0.lock().note(node, boot, Instant::now());
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
        heard.note(node, boot, Instant::now());
        Noted::Alive {}
    }

    /// While this node leads the group of the map: gives up the nodes that say
    /// nothing.
    pub(super) async fn look_for_dead(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        loop {
            let leads = |group: &crate::Group| group.leads().then(|| group.status().term);
            if let Some(Some(term)) = self.groups.with(ShardId::META, leads) {
                for (node, boot) in self.silent(term) {
                    self.give_up(node, boot).await;
                }
            } else {
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
    /// nothing that counts. What they told a leader before this one, or this one in
    /// another term, is not known.
    fn silent(&self, term: u64) -> Vec<(NodeId, u64)> {
        if !self.options.guards.dead_given_up {
            return Vec::new();
        }
        let map = self.map.borrow().clone();
        let mut heard = self.roll.0.lock();
        if heard.term != term {
            *heard = Heard { term, ..Heard::default() };
        }
        let others = map.nodes().map(|node| node.id).filter(|node| *node != self.me());
        let lives = others.filter_map(|node| Some((node, map.life(node)?)));
        let last =
            |(node, boot): &(NodeId, u64)| map.ended(*node).is_none_or(|ended| *boot > ended);
        let timeout = self.options.timing.node_timeout;
        let silent = heard.silent(lives.filter(last), Instant::now(), timeout);
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

#[cfg(test)]
mod tests {
    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(1);

    #[test]
    fn the_silence_of_a_life_is_no_silence_of_the_next() {
        let (node, began) = (NodeId(7), Instant::now());
        let after = |ms| began + Duration::from_millis(ms);
        let mut heard = Heard::default();
        heard.note(node, 1, began);
        let mut silent = |boot, ms| heard.silent([(node, boot)].into_iter(), after(ms), TIMEOUT);
        assert_eq!(silent(1, 999), []);
        assert_eq!(silent(1, 1_000), [(node, 1)]);
        // It came back: the map shows its new life before its word was heard out.
        assert_eq!(silent(2, 1_001), []);
        assert_eq!(silent(2, 2_000), []);
        assert_eq!(silent(2, 2_001), [(node, 2)]);
    }

    #[test]
    fn a_late_word_of_a_former_life_says_nothing_of_the_next() {
        let (node, began) = (NodeId(7), Instant::now());
        let mut heard = Heard::default();
        heard.note(node, 2, began);
        heard.note(node, 1, began + TIMEOUT / 2);
        assert_eq!(heard.silent([(node, 2)].into_iter(), began + TIMEOUT, TIMEOUT), [(node, 2)]);
    }
}
