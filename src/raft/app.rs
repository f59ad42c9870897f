//! The seam for what nodes tell each other besides the groups' business.

use std::fmt::Debug;

use bytes::Bytes;
use lockstep_core::NodeId;

use crate::Served;

/// What the user of a host does with messages that its like on another node has
/// sent. They may be lost; those of one node come in the order they were sent,
/// as long as the connection between both lasts.
pub trait App: Send + Sync + Debug + 'static {
    /// Takes a message that has no reply. Called where links are read, and must
    /// not wait.
    fn told(&self, from: NodeId, message: &[u8]);

    /// Answers a request.
    fn asked(&self, from: NodeId, request: Bytes) -> Served;
}
