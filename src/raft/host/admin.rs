//! Changes of the nodes of the cluster, asked of any node.

use std::time::Duration;

use lockstep_core::cluster::{self, NodeInfo, NodeState};
use lockstep_core::{Fault, NodeId, Op, Outcome, ShardId};
use tokio::time::Instant;

use super::error::{AdminError, HostError};
use super::message::{Card, Knock, Request, Verdict};
use super::{Host, Inner};
use crate::{Delivery, Group, Lane};

/// How long a node may take to answer.
const ANSWER_WAIT: Duration = Duration::from_secs(1);
/// How long whoever adds a node waits until the map has it.
const ADD_WAIT: Duration = Duration::from_secs(5);
/// How often the map is looked at meanwhile.
const ADD_LOOK: Duration = Duration::from_millis(20);
/// How long a leader may take to hand over its shard.
const TRANSFER_WAIT: Duration = Duration::from_secs(2);

impl Host {
    /// Asks a node that belongs to no cluster, at an address of a peer port, to
    /// join this one, and waits until it has.
    ///
    /// # Errors
    /// It cannot be reached, or belongs to a cluster already.
    pub async fn node_add(&self, address: &str) -> Result<String, AdminError> {
        let inner = &self.inner;
        let Some(cluster) = self.cluster() else {
            return Err(AdminError::Refused("this node belongs to no cluster yet".to_owned()));
        };
        let card = inner.show(address).await?;
        let id = card.node.id;
        if self.map().node(id).is_some() {
            return Ok(format!("node {:x} at {address} belongs to the cluster", id.0));
        }
        if let Some(other) = card.cluster.filter(|other| card.founded || *other != cluster) {
            return Err(AdminError::Refused(format!(
                "node {:x} at {address} belongs to cluster {:x} already; start it with an empty \
                 data directory and with --seeds",
                id.0, other.0
            )));
        }
        let addresses = self.map().nodes().map(NodeInfo::peer_address).collect();
        inner.knock(address, &Knock::Adopt { addresses }).await?;
        let until = Instant::now() + inner.scaled(ADD_WAIT);
        while self.map().node(id).is_none() {
            if Instant::now() > until {
                return Err(AdminError::Unknown);
            }
            tokio::time::sleep(ADD_LOOK).await;
        }
        Ok(format!("node {:x} at {address} joined the cluster", id.0))
    }

    /// Moves everything a node holds to others.
    ///
    /// # Errors
    /// There is no such node, or the map has no leader now.
    pub async fn node_drain(&self, node: NodeId) -> Result<String, AdminError> {
        let op = cluster::Op::SetState { node, state: NodeState::Draining };
        self.inner.change_map(op).await?;
        Ok(format!("what node {:x} holds moves to others; NODE LIST shows when it is done", node.0))
    }

    /// Takes a node out of the cluster for good.
    ///
    /// # Errors
    /// It still holds replicas or a shard has no leader who would know, and `force` is
    /// not given, or it has the last one.
    pub async fn node_remove(&self, node: NodeId, force: bool) -> Result<String, AdminError> {
        if !force && self.map().node(node).is_some() {
            self.inner.look_for_replicas(node).await?;
        }
        self.inner.change_map(cluster::Op::Remove { node, forced: force }).await?;
        Ok(format!("node {:x} was removed", node.0))
    }

    /// Makes a node the preferred leader of all shards it has a replica of, and
    /// hands them to it. One that was to leave stays.
    ///
    /// # Errors
    /// There is no such node, or the map has no leader now.
    pub async fn node_promote(&self, node: NodeId) -> Result<String, AdminError> {
        let map = self.map();
        if map.node(node).is_none() {
            return Err(refused(Fault::UnknownNode));
        }
        self.inner.change_map(cluster::Op::SetState { node, state: NodeState::Up }).await?;
        let shards = map.placements().map(|(shard, _)| shard).chain([ShardId::META]);
        let mut count = 0;
        for shard in shards {
            let Some(placement) = map.placement(shard).filter(|place| place.has(node)) else {
                continue;
            };
            let mut replicas = placement.replicas.clone();
            replicas.sort_by_key(|replica| *replica != node);
            let expected_epoch = placement.epoch;
            let op = match shard.is_meta() {
                true => cluster::Op::PlaceMeta { replicas, expected_epoch },
                false => cluster::Op::Place { shard, replicas, expected_epoch },
            };
            self.inner.change_map(op).await?;
            // If not now, its leader does it a little later.
            let _ = self.transfer_shard(shard, Some(node)).await;
            count += u32::from(!shard.is_meta());
        }
        Ok(format!("node {:x} is the preferred leader of {count} shards", node.0))
    }

    /// Hands the leadership of a shard to a node; none: to this one.
    ///
    /// # Errors
    /// The shard has no leader now, or the node cannot take it.
    pub async fn transfer_shard(
        &self,
        shard: ShardId,
        to: Option<NodeId>,
    ) -> Result<(), HostError> {
        let (inner, me) = (&self.inner, self.inner.me());
        let to = to.unwrap_or(me);
        let Some(leader) = inner.leader_of(shard) else {
            return Err(HostError(format!("shard {} has no leader now", shard.0)));
        };
        let verdict = if leader == me {
            inner.hand_over(shard, to).await
        } else {
            let request = Request::Transfer { shard, to }.bytes();
            let wait = inner.scaled(TRANSFER_WAIT);
            let reply = inner.options.peers.call(leader, Lane::Data, request, wait).await;
            reply.ok().and_then(|reply| Verdict::open(&reply).ok()).unwrap_or(Verdict::NotNow {})
        };
        match verdict {
            Verdict::Yes {} => Ok(()),
            Verdict::No { why } => Err(HostError(why)),
            Verdict::NotNow {} => {
                Err(HostError(format!("the leader of shard {} did not answer", shard.0)))
            }
        }
    }
}

impl Inner {
    /// Who is at an address?
    async fn show(&self, address: &str) -> Result<Card, AdminError> {
        let hello = Knock::Hello { card: self.card() }.bytes();
        let reply = self.options.peers.knock(address, hello, self.scaled(ANSWER_WAIT)).await;
        reply.ok().and_then(|reply| Card::open_reply(&reply).ok()).ok_or_else(|| {
            AdminError::Refused(format!(
                "no node answers at {address}; the address of its peer port is needed, and the \
                 same secret on both"
            ))
        })
    }

    async fn knock(&self, address: &str, knock: &Knock) -> Result<(), AdminError> {
        let wait = self.scaled(ANSWER_WAIT);
        let reply = self.options.peers.knock(address, knock.bytes(), wait).await;
        match reply.ok().and_then(|reply| Verdict::open(&reply).ok()) {
            Some(Verdict::Yes {}) => Ok(()),
            Some(Verdict::No { why }) => Err(AdminError::Refused(why)),
            Some(Verdict::NotNow {}) | None => Err(AdminError::Unknown),
        }
    }

    /// Refuses a node that some group still counts on. The map says where replicas
    /// shall be; a group follows a little later, and until it has, losing the node
    /// may cost it its majority.
    async fn look_for_replicas(&self, node: NodeId) -> Result<(), AdminError> {
        let mut words = self.ask_all().await;
        let own = self.groups.all().into_iter().filter(Group::leads);
        words.extend(own.map(|group| self.led(&group)));
        let map = self.map.borrow().clone();
        let data = map.placements().map(|(shard, _)| shard);
        for shard in data.chain([ShardId::META]) {
            let word = words.iter().filter(|led| led.shard == shard).max_by_key(|led| led.term);
            let Some(led) = word else {
                let what = if shard.is_meta() { "the map" } else { "a shard" };
                return Err(AdminError::Refused(format!("{what} has no leader now; try again")));
            };
            // The map is sent to all who belong to the cluster.
            let receives = !shard.is_meta() && led.learners.contains(&node);
            if receives || led.voters.contains(&node) {
                return Err(refused(Fault::NodeInUse));
            }
        }
        Ok(())
    }

    async fn change_map(self: &std::sync::Arc<Self>, op: cluster::Op) -> Result<(), AdminError> {
        match self.ask(ShardId::META, &Op::Cluster { op }).await {
            Delivery::Done(outcomes) => match outcomes.first() {
                Some(Outcome::Fault(fault)) => Err(refused(*fault)),
                _ => Ok(()),
            },
            Delivery::Refused(_) => Err(AdminError::NoLeader),
            Delivery::Unknown => Err(AdminError::Unknown),
        }
    }
}

fn refused(fault: Fault) -> AdminError {
    let why = match fault {
        Fault::NoCluster => "this node belongs to no cluster yet",
        Fault::UnknownNode => "there is no such node in the cluster",
        Fault::RemovedNode => "the node was removed; start it with an empty data directory",
        Fault::NodeInUse => {
            "the node still holds replicas; drain it first, or force it if it is lost for good"
        }
        Fault::LastReplica => {
            "the node has the last replica of a shard; removing it would lose that shard's data"
        }
        Fault::StaleEpoch => "the placement of a shard has just changed; try again",
        Fault::NotFounded => "a shard has no leader yet; try again",
        Fault::Limit => "the cluster has as many nodes as it can",
        _ => "the map of the cluster refused the change",
    };
    AdminError::Refused(why.to_owned())
}
