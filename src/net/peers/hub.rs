//! What all links of a node share.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use lockstep_core::NodeId;
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use super::handshake::{Door, Identity, Purpose, Wanted};
use super::inbound::Inbound;
use super::options::PeerOptions;
use super::peer::Peer;
use super::rarely::Rarely;
use super::service::Service;
use super::status::LinkKind;

/// How many nodes are remembered that dial and are not known.
const STRANGERS_MAX: usize = 1024;

/// The node and its links.
pub(super) struct Hub {
    pub(super) options: PeerOptions,
    pub(super) service: Arc<dyn Service>,
    pub(super) addresses: Vec<SocketAddr>,
    pub(super) runtime: Handle,
    pub(super) peers: RwLock<HashMap<NodeId, Arc<Peer>>>,
    pub(super) inbound: Mutex<HashMap<(NodeId, LinkKind), Arc<Inbound>>>,
    /// Turns true when all has to end.
    pub(super) stop: watch::Sender<bool>,
    /// Held by every task; its receiver ends when the last is gone.
    pub(super) alive: Mutex<Option<mpsc::Sender<()>>>,
    /// What is logged again and again only now and then.
    pub(super) rarely: Rarely,
    /// All links look at the clock at the same moments, counted from here.
    pub(super) began: tokio::time::Instant,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Hub {
    /// Who this node is at the moment.
    pub(super) fn me(&self) -> Identity {
        let PeerOptions { node, boot, ref cluster, .. } = self.options;
        Identity { node, boot, cluster: cluster.load(SeqCst) }
    }

    pub(super) fn door(&self) -> Door<'_> {
        let secret = self.options.secret.as_deref();
        let PeerOptions { versions, leases, .. } = self.options;
        Door { versions, secret, leases, me: self.me() }
    }

    pub(super) fn wanted(&self, purpose: Purpose, to: NodeId) -> Wanted<'_> {
        let secret = self.options.secret.as_deref();
        let PeerOptions { versions, leases, .. } = self.options;
        Wanted { purpose, versions, secret, leases, me: self.me(), to }
    }

    /// Runs a task until it ends by itself or all ends.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let Some(alive) = self.alive.lock().clone() else { return };
        let mut stop = self.stop.subscribe();
        self.runtime.spawn(async move {
            tokio::select! {
                biased;
                // A sender that is gone means the same.
                _ = stop.wait_for(|stop| *stop) => {}
                () = task => {}
            }
            drop(alive);
        });
    }

    pub(super) fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    pub(super) fn peer(&self, node: NodeId) -> Option<Arc<Peer>> {
        self.peers.read().get(&node).cloned()
    }

    /// What is kept of a node, also of one that only dials. `None`: too many of these.
    pub(super) fn peer_or_stranger(&self, node: NodeId) -> Option<Arc<Peer>> {
        if let Some(peer) = self.peer(node) {
            return Some(peer);
        }
        let mut peers = self.peers.write();
        if peers.len() >= STRANGERS_MAX {
            return None;
        }
        let new = || Arc::new(Peer::new(node, &self.options.limits));
        Some(Arc::clone(peers.entry(node).or_insert_with(new)))
    }
}
