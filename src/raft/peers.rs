//! The seam to other nodes: what the groups ask of a network.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;

/// An answer that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Which queue of a link a message takes. A lower lane never waits behind a
/// higher one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Votes and heartbeats.
    Urgent,
    /// Log entries.
    Log,
    /// Commands on their way to a leader, and their outcomes.
    Data,
    /// Snapshots.
    Bulk,
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The request has surely not been received.
    NotSent,
    /// It may have been received; nobody knows.
    Lost,
}

/// A reply that is there, or comes later.
pub enum Served {
    /// At once.
    Now(Bytes),
    /// Later.
    Later(Later<Bytes>),
}

/// The network between nodes. Messages may be lost, delayed, repeated and come
/// in any order; they are never changed, and each reply belongs to its request.
pub trait Peers: Send + Sync + Debug + 'static {
    /// Sends a request and waits for its reply, at most for `timeout`.
    fn call(
        &self,
        to: NodeId,
        lane: Lane,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>>;

    /// Sends a message that has no reply.
    fn tell(&self, to: NodeId, lane: Lane, message: Bytes);

    /// Asks whoever is at an address (`host:peer-port`) and may belong to no
    /// cluster, or to another one.
    fn knock(
        &self,
        address: &str,
        request: Bytes,
        timeout: Duration,
    ) -> Later<Result<Bytes, CallError>>;

    /// From now on the node is at this address.
    fn know(&self, node: NodeId, address: &str);

    /// The node has left for good.
    fn forget(&self, node: NodeId);

    /// Whether a message to the node would probably arrive now.
    fn reaches(&self, node: NodeId) -> bool;

    /// This node belongs to the cluster from now on: others are let in, and
    /// asked, under its id.
    fn belongs_to(&self, cluster: u64);
}

/// A node alone has no peers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nobody;

impl Peers for Nobody {
    fn call(&self, _: NodeId, _: Lane, _: Bytes, _: Duration) -> Later<Result<Bytes, CallError>> {
        Box::pin(std::future::ready(Err(CallError::NotSent)))
    }

    fn tell(&self, _: NodeId, _: Lane, _: Bytes) {}

    fn knock(&self, _: &str, _: Bytes, _: Duration) -> Later<Result<Bytes, CallError>> {
        Box::pin(std::future::ready(Err(CallError::NotSent)))
    }

    fn know(&self, _: NodeId, _: &str) {}

    fn forget(&self, _: NodeId) {}

    fn reaches(&self, _: NodeId) -> bool {
        false
    }

    fn belongs_to(&self, _: u64) {}
}
