//! How a node comes to a cluster that is there, and how it says where it is now.

use std::sync::Arc;
use std::time::Duration;

use lockstep_core::cluster::{ClusterId, NodeInfo};
use lockstep_core::{Fault, NodeId, Op, Outcome, ShardId, cluster};

use super::Inner;
use super::error::HostError;
use super::message::{Card, Knock, Verdict};
use crate::Delivery;

/// How long the cluster may take to take a node in, before it asks again.
const JOIN_WAIT: Duration = Duration::from_secs(2);
/// How long a node that was taken in waits for the map before it asks again.
const MAP_WAIT: Duration = Duration::from_secs(2);
/// How often a node looks whether the map knows its address.
const TELL_AGAIN: Duration = Duration::from_secs(1);

impl Inner {
    /// Joins the cluster of whoever showed this card. Whether the map is coming.
    pub(super) async fn join(self: &Arc<Self>, card: &Card) -> Result<bool, HostError> {
        let Some(cluster) = card.cluster else { return Ok(false) };
        let address = card.node.peer_address();
        self.enter(cluster, card.shards, std::slice::from_ref(&address))?;
        self.options.peers.know(card.node.id, &address);
        self.start_group(ShardId::META).await?;
        let (node, replaces) = (self.options.me.clone(), self.options.replaces);
        let join = Knock::Join { cluster: cluster.0, node, replaces }.bytes();
        let reply = self.options.peers.knock(&address, join, self.scaled(JOIN_WAIT)).await;
        match reply.map(|reply| Verdict::open(&reply)) {
            Ok(Ok(Verdict::Yes {})) => {}
            Ok(Ok(Verdict::No { why })) => {
                self.seeds.lock().say(format!("the cluster does not take this node: {why}"));
                return Ok(false);
            }
            _ => return Ok(false),
        }
        // The leader of the map sends it from here on.
        let until = tokio::time::Instant::now() + self.scaled(MAP_WAIT);
        while !self.has_map_group() && tokio::time::Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(self.has_map_group())
    }

    /// Takes a node into this node's cluster.
    pub(super) async fn admit(
        self: &Arc<Self>,
        cluster: u64,
        node: NodeInfo,
        replaces: Option<NodeId>,
    ) -> Verdict {
        let mine = self.map.borrow().id();
        if mine != Some(ClusterId(cluster)) {
            return match mine {
                Some(mine) => Verdict::no(format!(
                    "node {:x} belongs to cluster {:x}, not to cluster {cluster:x}",
                    self.me().0,
                    mine.0
                )),
                None => Verdict::NotNow {},
            };
        }
        let id = node.id;
        // What a damaged disk named, or one that was replaced itself, may be unknown.
        let named = replaces.filter(|old| self.map.borrow().node(*old).is_some());
        let replaces = named.or_else(|| self.former(&node));
        if let Some(old) = replaces.filter(|_| named.is_none())
            && !self.is_at_its_address(&node).await
        {
            return Verdict::no(format!(
                "node {:x} seems to be at {} still",
                old.0,
                node.peer_address()
            ));
        }
        let op = cluster::Op::Join { node, replaces };
        match self.ask(ShardId::META, &Op::Cluster { op }).await {
            Delivery::Done(outcomes) => match outcomes.first() {
                Some(Outcome::Fault(Fault::RemovedNode)) => Verdict::no(format!(
                    "node {:x} was removed from the cluster; start it with an empty data \
                     directory",
                    id.0
                )),
                Some(Outcome::Fault(fault)) => Verdict::no(format!("refused: {fault:?}")),
                _ => Verdict::Yes {},
            },
            _ => Verdict::NotNow {},
        }
    }

    /// The node that was at this address before: its data was lost, and it will
    /// not come back. Of several the one that something is left of in the map.
    fn former(&self, node: &NodeInfo) -> Option<NodeId> {
        let map = self.map.borrow().clone();
        let same = |old: &&NodeInfo| old.id != node.id && old.peer_address() == node.peer_address();
        map.nodes().filter(same).map(|old| old.id).max_by_key(|old| map.in_use(*old))
    }

    /// Whether it is this node that answers at its address. One address has one
    /// node, so whoever was there before is not there any more; the links to that one
    /// may not have noticed, where nothing was sent over them.
    async fn is_at_its_address(&self, node: &NodeInfo) -> bool {
        let cards = self.cards(vec![node.peer_address()]).await;
        cards.iter().any(|(_, card)| card.node.id == node.id)
    }

    /// Somebody says where a cluster is.
    pub(super) fn adopt(&self, addresses: Vec<String>) -> Verdict {
        if let Some(cluster) = self.cluster_known() {
            return Verdict::no(format!(
                "node {:x} at {} belongs to cluster {:x} already",
                self.me().0,
                self.options.me.peer_address(),
                cluster.0
            ));
        }
        let mut seeds = self.seeds.lock();
        addresses.into_iter().for_each(|address| seeds.meet(address));
        Verdict::Yes {}
    }

    /// Tells the cluster where this node is, whenever the map says otherwise.
    pub(super) async fn tell_address(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        loop {
            let map = self.map.borrow().clone();
            if map.node(self.me()).is_some_and(|known| self.has_moved(known)) {
                let op = cluster::Op::Join { node: self.options.me.clone(), replaces: None };
                let delivery = self.ask(ShardId::META, &Op::Cluster { op }).await;
                tracing::info!(?delivery, "told the cluster where this node is");
            }
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(TELL_AGAIN) => {}
            }
        }
    }

    fn has_moved(&self, known: &NodeInfo) -> bool {
        NodeInfo { state: known.state, ..self.options.me.clone() } != *known
    }
}
