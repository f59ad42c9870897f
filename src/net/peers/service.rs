//! What the links carry, and what they ask of the node they belong to.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use lockstep_core::NodeId;

/// A future that is handed over as a value.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Which queue of a link a message takes. A message never waits behind one of a
/// later lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Votes and heartbeats: on a connection of their own.
    Urgent,
    /// Log entries.
    Log,
    /// Commands on their way to a leader, and their outcomes.
    Data,
    /// Snapshots.
    Bulk,
}

impl Lane {
    /// All lanes, the most urgent first.
    pub const ALL: [Lane; 4] = [Lane::Urgent, Lane::Log, Lane::Data, Lane::Bulk];
}

/// Why there is no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallError {
    /// The request has surely not been served.
    NotSent,
    /// It may have been served; nobody knows.
    Lost,
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallError::NotSent => "the request was not sent",
            CallError::Lost => "the request was sent and there is no reply",
        })
    }
}

impl std::error::Error for CallError {}

/// A reply that is there, or comes later.
pub enum Served {
    /// At once.
    Now(Bytes),
    /// Later.
    Later(BoxFuture<Bytes>),
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Served::Now(reply) => f.debug_tuple("Now").field(&reply.len()).finish(),
            Served::Later(_) => f.write_str("Later"),
        }
    }
}

/// The node behind the links. All methods are called on the tasks that read the
/// connections: they must not block. One that panics closes the connection its
/// request came on, and nothing else.
pub trait Service: Send + Sync + 'static {
    /// Serves the request of a node of this cluster. [`Served::Later`] gets a task
    /// of its own, which runs to its end also when the connection has closed.
    fn serve(&self, from: NodeId, request: Bytes) -> Served;

    /// Takes a message that has no reply.
    fn told(&self, from: NodeId, message: Bytes);

    /// Serves the request of somebody who may belong to no cluster, or to another
    /// one, and who has shown no more than the secret (where there is one).
    fn knocked(&self, request: Bytes) -> Served;

    /// A connection from or to the node broke. `reset`: the other side ended it,
    /// as the system does when a process dies; otherwise what came on it was
    /// damaged. Called once when several connections of the node break together,
    /// and not for what this side closes.
    fn link_lost(&self, node: NodeId, reset: bool);
}
