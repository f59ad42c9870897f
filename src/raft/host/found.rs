//! How a cluster begins.
//!
//! The same command runs on every node. Each asks all seeds who they are: one
//! that belongs to a cluster is joined; when all of them belong to none, and are
//! as many as are expected, the one with the lowest id invites the others and
//! founds the group that keeps the map. Whoever leads that group then writes the
//! first map. Each step can be taken again after a crash.

mod seeds;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lockstep_core::cluster::{ClusterId, NodeInfo, NodeState};
use lockstep_core::{NodeId, Op, ShardId, cluster};

use super::Inner;
use super::error::{HostError, error};
use super::message::{Card, Knock, Verdict};
pub(super) use seeds::{Found, Seeds};

/// How often seeds are asked.
const ASK_AGAIN: Duration = Duration::from_millis(200);
/// How long a seed may take to answer.
const ASK_WAIT: Duration = Duration::from_millis(500);
/// How often the group of the map is looked at while there is no map.
const MAP_AGAIN: Duration = Duration::from_millis(20);

impl Inner {
    /// Sees that this node belongs to a cluster; returns when it has a map.
    pub(super) async fn belong(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let belongs = async {
            if let Err(why) = self.find_cluster().await {
                tracing::error!("{why}");
            }
        };
        tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => {}
            () = belongs => {}
        }
    }

    async fn find_cluster(self: &Arc<Self>) -> Result<(), HostError> {
        if let Some(cluster) = self.cluster_known() {
            self.options.peers.belongs_to(cluster.0);
        }
        if self.is_alone() && !self.has_map_group() {
            self.begin_alone().await?;
        }
        while !self.has_map_group() {
            if !self.ask_seeds().await? {
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
        self.write_first_map().await;
        Ok(())
    }

    /// Whether this node founds a cluster by itself: it was told of no others, or
    /// its data is older than any cluster.
    fn is_alone(&self) -> bool {
        self.options.seeds.is_empty() || !self.groups.data().is_empty()
    }

    /// Whether the group that keeps the map has members here.
    pub(super) fn has_map_group(&self) -> bool {
        self.groups.with(ShardId::META, crate::Group::is_founded).unwrap_or(false)
    }

    async fn begin_alone(self: &Arc<Self>) -> Result<(), HostError> {
        let me = BTreeMap::from([(self.me(), self.options.me.peer_address())]);
        self.enter(self.new_cluster(), self.options.shards, &[])?;
        let meta = self.start_group(ShardId::META).await?;
        meta.found(&me).await.map_err(|why| error("founding the map of the cluster", why))
    }

    /// The id of the cluster this node would found: the same at every try.
    fn new_cluster(&self) -> ClusterId {
        self.cluster_known().unwrap_or(ClusterId(self.options.luck | 1))
    }

    /// From now on this node belongs to the cluster, also when it starts again.
    pub(super) fn enter(
        &self,
        cluster: ClusterId,
        shards: u16,
        addresses: &[String],
    ) -> Result<(), HostError> {
        if self.cluster_known() != Some(cluster) {
            if !self.keep(cluster, shards, addresses) {
                return Err(HostError("the id of the cluster could not be kept".to_owned()));
            }
            *self.cluster.lock() = Some(cluster);
        }
        self.options.peers.belongs_to(cluster.0);
        Ok(())
    }

    /// Asks all seeds once. Whether something was done that makes waiting
    /// needless.
    async fn ask_seeds(self: &Arc<Self>) -> Result<bool, HostError> {
        let addresses = self.seeds.lock().addresses();
        let cards = self.cards(addresses).await;
        let own = self.card();
        let found = self.seeds.lock().judge(&own, &cards);
        match found {
            Found::Nothing => Ok(false),
            Found::Cluster(card) => self.join(&card).await,
            Found::Lead(nodes) => self.found_cluster(nodes).await,
        }
    }

    /// Who is at these addresses.
    pub(super) async fn cards(&self, addresses: Vec<String>) -> Vec<(String, Card)> {
        let hello = Knock::Hello { card: self.card() }.bytes();
        let wait = self.scaled(ASK_WAIT);
        let own = self.options.me.peer_address();
        let asked = addresses.into_iter().filter(|address| *address != own).map(|address| {
            let call = self.options.peers.knock(&address, hello.clone(), wait);
            async move { Some((address, Card::open_reply(&call.await.ok()?).ok()?)) }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// What this node shows of itself.
    pub(super) fn card(&self) -> Card {
        let options = &self.options;
        Card {
            node: options.me.clone(),
            cluster: self.cluster_known(),
            founded: self.has_map_group(),
            expect: options.expect,
            shards: options.shards,
            replicas: options.replicas,
            cluster_mode: options.cluster_mode,
            others: self.seeds.lock().met(),
        }
    }

    /// A node showed itself.
    pub(super) fn met(&self, card: &Card) {
        if card.node.id != self.me() && !card.founded {
            self.seeds.lock().meet(card.node.peer_address());
        }
    }

    /// The cluster this node belongs to, perhaps before that has a map.
    pub(super) fn cluster_known(&self) -> Option<ClusterId> {
        *self.cluster.lock()
    }

    /// Founds a cluster of these nodes, if all of them take part.
    async fn found_cluster(self: &Arc<Self>, nodes: Vec<NodeInfo>) -> Result<bool, HostError> {
        let cluster = self.new_cluster();
        let addresses: Vec<String> = nodes.iter().map(NodeInfo::peer_address).collect();
        self.enter(cluster, self.options.shards, &addresses)?;
        self.know_all(&nodes);
        self.start_group(ShardId::META).await?;
        if !self.invite(cluster, &nodes).await {
            return Ok(false);
        }
        let members = nodes.iter().map(|node| (node.id, node.peer_address())).collect();
        let meta = self.start_group(ShardId::META).await?;
        tracing::info!(cluster = cluster.0, nodes = nodes.len(), "founding a cluster");
        meta.found(&members).await.map_err(|why| error("founding the map of the cluster", why))?;
        Ok(true)
    }

    async fn invite(&self, cluster: ClusterId, nodes: &[NodeInfo]) -> bool {
        let card = self.card();
        let invite = Knock::Invite { cluster: cluster.0, nodes: nodes.to_vec(), card }.bytes();
        let wait = self.scaled(ASK_WAIT);
        let others = nodes.iter().filter(|node| node.id != self.me());
        let asked = others.map(|node| {
            let call = self.options.peers.knock(&node.peer_address(), invite.clone(), wait);
            async move {
                match call.await.map(|reply| Verdict::open(&reply)) {
                    Ok(Ok(Verdict::Yes {})) => true,
                    Ok(Ok(Verdict::No { why })) => {
                        self.seeds.lock().say(format!("the cluster is not founded: {why}"));
                        false
                    }
                    _ => false,
                }
            }
        });
        join_all(asked).await.into_iter().all(|yes| yes)
    }

    /// Somebody founds a cluster and wants this node in it.
    pub(super) async fn invited(
        self: &Arc<Self>,
        cluster: u64,
        nodes: &[NodeInfo],
        card: &Card,
    ) -> Verdict {
        let (me, cluster) = (self.me(), ClusterId(cluster));
        if let Some(known) = self.cluster_known().filter(|known| *known != cluster) {
            return Verdict::no(format!(
                "node {:x} at {} belongs to cluster {:x}, and was invited to cluster {:x}",
                me.0,
                self.options.me.peer_address(),
                known.0,
                cluster.0
            ));
        }
        if let Some(differs) = self.card().differs(card) {
            return Verdict::no(differs);
        }
        if cluster.0 == 0 || !nodes.iter().any(|node| node.id == me) {
            return Verdict::no("this is an invitation of others");
        }
        let addresses: Vec<String> = nodes.iter().map(NodeInfo::peer_address).collect();
        let entered = self.enter(cluster, card.shards, &addresses);
        self.know_all(nodes);
        match (entered, self.start_group(ShardId::META).await) {
            (Ok(()), Ok(_)) => Verdict::Yes {},
            (Err(why), _) | (_, Err(why)) => Verdict::no(why.to_string()),
        }
    }

    fn know_all(&self, nodes: &[NodeInfo]) {
        for node in nodes.iter().filter(|node| node.id != self.me()) {
            self.options.peers.know(node.id, &node.peer_address());
        }
    }

    /// Waits for the map; writes it, where this node leads the group that keeps
    /// it and there is none yet.
    async fn write_first_map(self: &Arc<Self>) {
        while self.map.borrow().id().is_none() {
            let meta = self.groups.get(ShardId::META).filter(crate::Group::leads);
            if let Some(meta) = meta
                && meta.state().cluster().id().is_none()
            {
                self.try_first_map(&meta).await;
            }
            tokio::time::sleep(MAP_AGAIN).await;
        }
    }

    async fn try_first_map(self: &Arc<Self>, meta: &crate::Group) {
        let Some(cluster) = self.cluster_known() else { return };
        let members = meta.members().await;
        let addresses = members.values().cloned().collect();
        let mut nodes: BTreeMap<NodeId, NodeInfo> = self
            .cards(addresses)
            .await
            .into_iter()
            .map(|(_, card)| (card.node.id, card.node))
            .collect();
        nodes.insert(self.me(), self.options.me.clone());
        let nodes: Vec<NodeInfo> = members
            .keys()
            .filter_map(|id| nodes.remove(id))
            .map(|node| NodeInfo { state: NodeState::Up, ..node })
            .collect();
        if nodes.len() < members.len() {
            // Not before all of them can be named.
            return;
        }
        let op = cluster::Op::Found {
            cluster: cluster.0,
            shards: self.options.shards,
            replicas: self.options.replicas,
            cluster_mode: self.options.cluster_mode,
            seed: self.options.seed,
            nodes,
        };
        let delivery = self.ask(ShardId::META, &Op::Cluster { op }).await;
        tracing::debug!(?delivery, "the first map");
    }
}
