//! The links between the nodes of a cluster.
//!
//! Every node makes two connections to each other node it [knows](PeerLinks::know): one
//! for [`Lane::Urgent`], one for the rest, so that votes and heartbeats wait behind
//! nothing, not even in the kernel. On them go its own requests and come the replies;
//! the other node's requests come on the two connections that it makes. A connection
//! begins with a handshake, then carries frames in both directions: many
//! requests at the same time, matched to their replies by id, long messages cut into
//! pieces. When it breaks it is made again; in between, and when a peer gives no sign, a
//! circuit breaker turns calls back at once.

mod assembly;
mod batch;
mod dialling;
mod frame;
pub(crate) mod fuzz;
mod handshake;
mod hub;
mod inbound;
mod knock;
mod link;
mod listening;
mod options;
mod outbox;
mod peer;
mod rarely;
mod service;
mod status;
mod wire;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::NodeId;
use parking_lot::{Mutex, RwLock};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot, watch};

use hub::Hub;
use listening::Port;
pub use options::{Leases, Listen, PeerLimits, PeerOptions};
pub use service::{BoxFuture, CallError, Lane, Served, Service};
pub use status::{LinkKind, LinkState, LinkStatus};

/// How long tasks get to end when all is stopped.
const STOP_MAX: Duration = Duration::from_secs(1);

/// The links of this node to all others it knows, and theirs to it.
#[derive(Debug)]
pub struct PeerLinks {
    hub: Arc<Hub>,
    /// Ends when the last task has.
    ended: Mutex<Option<mpsc::Receiver<()>>>,
}

impl PeerLinks {
    /// Listens for others and makes the links. They live on the tokio runtime this
    /// is called in.
    ///
    /// # Errors
    /// When the port cannot be bound.
    pub async fn start(
        mut options: PeerOptions,
        service: Arc<dyn Service>,
    ) -> io::Result<Arc<Self>> {
        let sockets = listening::bind(&mut options.listen)?;
        let addresses = sockets.iter().map(|socket| socket.local_addr()).collect::<Result<_, _>>();
        let (alive, ended) = mpsc::channel(1);
        let hub = Arc::new(Hub {
            options,
            service,
            addresses: addresses?,
            runtime: Handle::current(),
            peers: RwLock::new(HashMap::new()),
            inbound: Mutex::default(),
            stop: watch::Sender::new(false),
            alive: Mutex::new(Some(alive)),
            rarely: rarely::Rarely::default(),
            began: tokio::time::Instant::now(),
        });
        let port = Port::new(&hub);
        for socket in sockets {
            hub.spawn(Arc::clone(&port).accept_all(socket));
        }
        Ok(Arc::new(PeerLinks { hub, ended: Mutex::new(Some(ended)) }))
    }

    /// Where others reach this node.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.hub.addresses.clone()
    }

    /// This node belongs to the cluster from now on: it lets others in under its id,
    /// and makes the links that waited for it.
    pub fn belongs_to(&self, cluster: u64) {
        self.hub.options.cluster.store(cluster, SeqCst);
        for peer in self.hub.peers.read().values() {
            peer.links().iter().for_each(|link| link.hurry());
        }
    }

    /// From now on the node is at this address (`host:peer-port`), which replaces the
    /// one before. Opens the link.
    pub fn know(&self, node: NodeId, address: &str) {
        if node == self.hub.options.node {
            return;
        }
        let peer = {
            let mut peers = self.hub.peers.write();
            let new = || Arc::new(peer::Peer::new(node, &self.hub.options.limits));
            Arc::clone(peers.entry(node).or_insert_with(new))
        };
        let moved = peer.moves_to(address);
        if peer.becomes_known() {
            for kind in [LinkKind::Urgent, LinkKind::Rest] {
                let (hub, peer) = (Arc::clone(&self.hub), Arc::clone(&peer));
                self.hub.spawn(link::keep_up(hub, peer, kind));
            }
        } else if moved {
            peer.links().iter().for_each(|link| link.hurry());
        }
    }

    /// The node has left for good: its connections are closed, and calls to it fail.
    pub fn forget(&self, node: NodeId) {
        if let Some(peer) = self.hub.peers.write().remove(&node) {
            peer.links().iter().for_each(|link| link.give_up());
        }
        for inbound in self.hub.inbound.lock().values().filter(|inbound| inbound.node == node) {
            inbound.close();
        }
    }

    /// Whether a message to the node would probably arrive now.
    pub fn reaches(&self, node: NodeId) -> bool {
        self.hub.peer(node).is_some_and(|peer| peer.links().iter().all(|link| link.is_up()))
    }

    /// Sends a request and waits for its reply, at most for `timeout`. It is on its
    /// way when this returns, also if the future is never polled; dropping the future
    /// gives the call up.
    pub fn call(
        &self,
        to: NodeId,
        lane: Lane,
        request: Bytes,
        timeout: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        match self.hub.peers.read().get(&to) {
            Some(peer) if peer.is_known() => peer.link_for(lane).call(lane, request, timeout),
            _ => Box::pin(std::future::ready(Err(CallError::NotSent))),
        }
    }

    /// Sends a message that has no reply.
    pub fn tell(&self, to: NodeId, lane: Lane, message: Bytes) {
        if let Some(peer) = self.hub.peers.read().get(&to)
            && peer.is_known()
        {
            peer.link_for(lane).tell(lane, message);
        }
    }

    /// Asks whoever is at the address (`host:peer-port`), of whatever cluster or none,
    /// on a connection for this question only.
    pub fn knock(
        &self,
        address: &str,
        request: Bytes,
        timeout: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        let knock = knock::knock(Arc::clone(&self.hub), address.to_owned(), request, timeout);
        let (done, outcome) = oneshot::channel();
        self.hub.spawn(async move {
            // Who asked may have gone.
            let _ = done.send(knock.await);
        });
        Box::pin(async move { outcome.await.unwrap_or(Err(CallError::Lost)) })
    }

    /// What can be seen of all links, by node.
    pub fn links(&self) -> Vec<LinkStatus> {
        let mut all = Vec::new();
        for peer in self.hub.peers.read().values() {
            if let Some(address) = peer.address() {
                all.extend(peer.links().iter().map(|link| link.status(&address)));
            }
        }
        all.extend(self.hub.inbound.lock().values().map(|inbound| inbound.status()));
        all.sort_by_key(|link| (link.node, link.inbound, link.kind));
        all
    }

    /// Closes everything. Calls that wait end.
    pub async fn stop(&self) {
        self.hub.stop.send_replace(true);
        self.hub.alive.lock().take();
        let peers: Vec<_> = self.hub.peers.write().drain().collect();
        for (_, peer) in peers {
            peer.links().iter().for_each(|link| link.give_up());
        }
        let ended = self.ended.lock().take();
        if let Some(mut ended) = ended {
            // A service that blocks its task is left behind.
            let _ = tokio::time::timeout(STOP_MAX, ended.recv()).await;
        }
    }
}

impl Drop for PeerLinks {
    fn drop(&mut self) {
        self.hub.stop.send_replace(true);
    }
}
