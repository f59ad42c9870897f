//! The port for other nodes: accepts, and knows how many are still in their handshake.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use super::handshake::{Accepted, Failed, Identity, Purpose, Refusal, accept};
use super::hub::Hub;
use super::inbound;
use super::knock;
use super::options::{Listen, PeerLimits};
use crate::Listener;

/// How long accepting rests after the system refused (no file handles left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Binds what is not bound yet.
pub(super) fn bind(listen: &mut Listen) -> std::io::Result<Vec<TcpListener>> {
    match listen {
        Listen::At { addresses, port } => {
            let listener = Listener::bind(addresses, *port).map_err(std::io::Error::other)?;
            Ok(listener.into_sockets())
        }
        Listen::Bound(sockets) => {
            let adopt = |socket: std::net::TcpListener| {
                socket.set_nonblocking(true)?;
                TcpListener::from_std(socket)
            };
            sockets.drain(..).map(adopt).collect()
        }
    }
}

/// What all sockets of the port share.
pub(super) struct Port {
    hub: Arc<Hub>,
    unfinished: Mutex<Unfinished>,
    knocks: Arc<Semaphore>,
}

/// Connections in the middle of their handshake, the oldest first. Dropping a sender
/// closes its connection.
#[derive(Default)]
struct Unfinished {
    last: u64,
    open: VecDeque<(u64, oneshot::Sender<()>)>,
}

impl Port {
    pub(super) fn new(hub: &Arc<Hub>) -> Arc<Self> {
        let knocks = Arc::new(Semaphore::new(hub.options.limits.knocks_max));
        Arc::new(Port { hub: Arc::clone(hub), unfinished: Mutex::default(), knocks })
    }

    /// Accepts for ever.
    pub(super) async fn accept_all(self: Arc<Self>, socket: TcpListener) {
        loop {
            match socket.accept().await {
                Ok((stream, from)) => {
                    let port = Arc::clone(&self);
                    self.hub.spawn(async move { port.receive(stream, from).await });
                }
                Err(error) => {
                    if self.hub.rarely.now("accept") {
                        tracing::error!("can not accept connections of peers: {error}");
                    }
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }

    async fn receive(self: Arc<Self>, mut stream: TcpStream, from: SocketAddr) {
        let Some(accepted) = self.shake_hands(&mut stream, from).await else { return };
        match accepted.purpose {
            Purpose::Knock => {
                if let Ok(_permit) = self.knocks.try_acquire() {
                    knock::serve(&self.hub, stream, accepted).await;
                } else if self.hub.rarely.now("knocks") {
                    tracing::warn!(%from, "too many knock at the same time");
                }
            }
            Purpose::Urgent | Purpose::Rest => {
                inbound::serve(&self.hub, stream, from, accepted).await;
            }
        }
    }

    async fn shake_hands(&self, stream: &mut TcpStream, from: SocketAddr) -> Option<Accepted> {
        let limits = &self.hub.options.limits;
        let (id, evicted) = self.unfinished.lock().begin(limits);
        let may_enter = |identity| self.may_enter(identity);
        let shake = async {
            stream.set_nodelay(true)?;
            accept(stream, self.hub.door(), may_enter).await
        };
        let done = tokio::select! {
            done = timeout(limits.handshake, shake) => done.unwrap_or(Err(Failed::Late)),
            _ = evicted => Err(Failed::Late),
        };
        self.unfinished.lock().end(id);
        done.map_err(|failed| self.note(from, &failed)).ok()
    }

    /// The last word on a node that has shown that it belongs to the cluster.
    fn may_enter(&self, who: Identity) -> Result<(), Refusal> {
        if self.hub.is_stopping() {
            return Err(Refusal::Stopping);
        }
        if self.hub.peer_or_stranger(who.node).is_none() {
            return Err(Refusal::Full);
        }
        let inbound = self.hub.inbound.lock();
        let boots = inbound.values().filter(|one| one.node == who.node).map(|one| one.boot);
        match boots.max() {
            Some(connected) if connected > who.boot => {
                Err(Refusal::Boot { connected, dials: who.boot })
            }
            _ => Ok(()),
        }
    }

    fn note(&self, from: SocketAddr, failed: &Failed) {
        match failed {
            Failed::Refused(refusal) if refusal.is_passing() => {}
            Failed::Refused(refusal) => {
                if self.hub.rarely.now((from.ip(), refusal.to_string())) {
                    tracing::error!(%from, "connection of a peer refused: {refusal}");
                }
            }
            Failed::Io(_) => {}
            Failed::Late | Failed::Nonsense => {
                if self.hub.rarely.now((from.ip(), "handshake")) {
                    tracing::warn!(%from, "connection to the peer port closed: no handshake came");
                }
            }
        }
    }
}

impl Unfinished {
    /// Enters one; the oldest has to go when there are too many, so that those who
    /// never finish do not keep out those who do.
    fn begin(&mut self, limits: &PeerLimits) -> (u64, oneshot::Receiver<()>) {
        if self.open.len() >= limits.handshakes_max.max(1) {
            self.open.pop_front();
        }
        self.last += 1;
        let (evict, evicted) = oneshot::channel();
        self.open.push_back((self.last, evict));
        (self.last, evicted)
    }

    fn end(&mut self, id: u64) {
        self.open.retain(|(open, _)| *open != id);
    }
}
