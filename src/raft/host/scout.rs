//! Who leads the shards that have no replica on this node.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::{NodeId, ShardId};

use super::Inner;
use super::message::{Led, Request};
use crate::Lane;

/// How often other nodes are asked what they lead, where this node has to ask.
const ASK: Duration = Duration::from_millis(500);
/// How long a node may take to answer.
const ASK_WAIT: Duration = Duration::from_millis(400);

impl Inner {
    /// Keeps in mind who leads the shards without a replica here.
    pub(super) async fn scout(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        loop {
            if self.is_blind() {
                self.ask_all().await;
                self.look_for_leaders();
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.scaled(ASK)) => {}
            }
        }
    }

    /// Whether there are shards that this node hears nothing of by itself.
    fn is_blind(&self) -> bool {
        let map = self.map.borrow();
        map.placements().any(|(shard, _)| !self.has(shard))
    }

    /// A leader that is not reached for a while, and says nothing itself: what it
    /// told meanwhile is lost, also if it leads on.
    fn look_for_leaders(&self) {
        let map = self.map.borrow().clone();
        let me = self.me();
        let away = |node: &NodeId| *node != me && !self.options.peers.reaches(*node);
        map.nodes().map(|node| node.id).filter(away).for_each(|node| self.lost_sight_of(node));
    }

    fn has(&self, shard: ShardId) -> bool {
        self.groups.with(shard, |_| ()).is_some()
    }

    /// Asks every node what it leads; gives what those say that answer.
    pub(super) async fn ask_all(&self) -> Vec<Led> {
        let nodes: Vec<NodeId> = self.map.borrow().nodes().map(|node| node.id).collect();
        let (request, wait) = (Request::WhatLed {}.bytes(), self.scaled(ASK_WAIT));
        let asked = nodes
            .into_iter()
            .filter(|node| *node != self.me() && self.options.peers.reaches(*node))
            .map(|node| self.options.peers.call(node, Lane::Data, request.clone(), wait));
        let mut told = Vec::new();
        for reply in join_all(asked).await.into_iter().flatten() {
            told.extend(Led::open_list(&reply).unwrap_or_default());
        }
        told.iter().for_each(|led| self.heard(led.clone()));
        told
    }

    /// Somebody told how a shard stands. Where its leader changed and no replica
    /// is here to see all answers, some may be lost.
    pub(super) fn heard(&self, led: Led) {
        let shard = led.shard;
        if self.knowledge.told(led).is_some() && !self.has(shard) {
            (self.options.adrift)(shard);
        }
    }

    /// A node cannot be reached: the answers it had for requests of this node may
    /// be lost with it.
    pub(super) fn lost_sight_of(&self, node: NodeId) {
        let map = self.map.borrow().clone();
        for (shard, _) in map.placements().filter(|(shard, _)| !self.has(*shard)) {
            if self.knowledge.leader(shard) == Some(node) {
                self.knowledge.doubt(shard, node);
                (self.options.adrift)(shard);
            }
        }
    }
}
