//! The links between the nodes of a cluster.

mod handshake;
mod options;
mod service;
mod status;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;

pub use options::{Listen, PeerLimits, PeerOptions};
pub use service::{BoxFuture, CallError, Lane, Served, Service};
pub use status::{LinkKind, LinkState, LinkStatus};

/// The links of this node to all others it knows, and theirs to it.
#[derive(Debug)]
pub struct PeerLinks {}

impl PeerLinks {
    /// Listens for others and makes the links. They live on the tokio runtime this
    /// is called in.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(options: PeerOptions, service: Arc<dyn Service>) -> io::Result<Arc<Self>> {
        drop((options, service));
        Ok(Arc::new(PeerLinks {}))
    }

    /// Where others reach this node.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        Vec::new()
    }

    /// This node belongs to the cluster from now on.
    pub fn belongs_to(&self, _cluster: u64) {}

    /// From now on the node is at this address (`host:peer-port`). Opens the link.
    pub fn know(&self, _node: NodeId, _address: &str) {}

    /// The node has left for good.
    pub fn forget(&self, _node: NodeId) {}

    /// Whether a message to the node would probably arrive now.
    pub fn reaches(&self, _node: NodeId) -> bool {
        false
    }

    /// Sends a request and waits for its reply, at most for `timeout`. It is on its
    /// way when this returns, also if the future is never polled.
    pub fn call(
        &self,
        _to: NodeId,
        _lane: Lane,
        _request: Bytes,
        _timeout: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        Box::pin(std::future::ready(Err(CallError::NotSent)))
    }

    /// Sends a message that has no reply.
    pub fn tell(&self, _to: NodeId, _lane: Lane, _message: Bytes) {}

    /// Asks whoever is at the address (`host:peer-port`).
    pub fn knock(
        &self,
        _address: &str,
        _request: Bytes,
        _timeout: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        Box::pin(std::future::ready(Err(CallError::NotSent)))
    }

    /// What can be seen of all links.
    pub fn links(&self) -> Vec<LinkStatus> {
        Vec::new()
    }

    /// Closes everything. Calls that wait end.
    pub async fn stop(&self) {}
}
