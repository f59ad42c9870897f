//! What beats for all groups of a node: heartbeats and election timers.

use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::NodeId;

use crate::peers::{Later, Peers};
use crate::timing::Timing;

/// The heartbeat of a node, shared by its groups.
#[derive(Clone, Debug)]
pub struct Pulse(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    _node: NodeId,
    _peers: Arc<dyn Peers>,
    _timing: Timing,
}

impl Pulse {
    /// Begins to beat. There is one for each node; it has to be started on the
    /// runtime the groups run on.
    pub fn start(node: NodeId, peers: Arc<dyn Peers>, timing: Timing) -> Self {
        Pulse(Arc::new(Inner { _node: node, _peers: peers, _timing: timing }))
    }

    /// Answers the heartbeats of another node
    /// ([`Addressed::Heartbeats`](crate::message::Addressed::Heartbeats)).
    pub fn serve(&self, _from: NodeId, _beats: &[u8]) -> Later<Bytes> {
        Box::pin(std::future::ready(crate::message::nobody_here()))
    }

    /// The connection to a node broke: every group it leads looks whether it is
    /// still there.
    pub fn link_lost(&self, _node: NodeId) {}

    /// Beats no more.
    pub fn stop(&self) {}
}
