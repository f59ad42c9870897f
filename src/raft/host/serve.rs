//! What other nodes ask of this one.

use bytes::Bytes;
use lockstep_core::NodeId;

use super::Host;
use crate::Served;

impl Host {
    /// Answers a request of another node of the cluster.
    pub fn serve(&self, _from: NodeId, _request: Bytes) -> Served {
        Served::Now(Bytes::new())
    }

    /// Takes a message of another node of the cluster that wants no reply.
    pub fn told(&self, _from: NodeId, _message: Bytes) {}

    /// Answers a request of whoever knows the secret and may belong to no
    /// cluster.
    pub fn knocked(&self, _request: Bytes) -> Served {
        Served::Now(Bytes::new())
    }

    /// The connection to or from a node broke.
    pub fn link_lost(&self, _node: NodeId) {}
}
