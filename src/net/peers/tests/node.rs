//! A node whose service does what its requests say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::NodeId;
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::peers::{
    CallError, Lane, Leases, Listen, PeerLimits, PeerLinks, PeerOptions, Served, Service,
};

pub(super) const CLUSTER: u64 = 0xC1;
const WAIT_MAX: Duration = Duration::from_secs(20);

/// What was noticed, and a gate that holds back requests that begin with `hold`.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) served: Mutex<Vec<Bytes>>,
    pub(super) told: Mutex<Vec<Bytes>>,
    pub(super) lost: Mutex<Vec<(NodeId, bool, Instant)>>,
    pub(super) gate: Arc<Notify>,
}

impl Service for Notes {
    fn serve(&self, _: NodeId, request: Bytes) -> Served {
        let word = request.split(|byte| *byte == b' ').next().unwrap_or_default();
        match word {
            b"big" => return Served::Now(request),
            b"panic" => panic!("as it was asked to"),
            _ => self.served.lock().push(request.clone()),
        }
        match word {
            b"late" => Served::Later(Box::pin(async move {
                tokio::time::sleep(Duration::from_micros(u64::from(request[5]) * 50)).await;
                request
            })),
            b"hold" => {
                let gate = Arc::clone(&self.gate);
                Served::Later(Box::pin(async move {
                    gate.notified().await;
                    request
                }))
            }
            b"panic-later" => Served::Later(Box::pin(async { panic!("as it was asked to") })),
            b"grow" => Served::Now(Bytes::from(vec![1; 2 << 20])),
            b"block" => {
                std::thread::sleep(Duration::from_millis(300));
                Served::Now(request)
            }
            _ => Served::Now(request),
        }
    }

    fn told(&self, _: NodeId, message: Bytes) {
        self.told.lock().push(message);
    }

    fn knocked(&self, request: Bytes) -> Served {
        let reply = [b"heard ", &request[..]].concat();
        Served::Later(Box::pin(std::future::ready(reply.into())))
    }

    fn link_lost(&self, node: NodeId, reset: bool) {
        self.lost.lock().push((node, reset, Instant::now()));
    }
}

pub(super) struct Node {
    pub(super) id: NodeId,
    pub(super) links: Arc<PeerLinks>,
    pub(super) notes: Arc<Notes>,
}

/// How a node is started when not as usual.
pub(super) struct Start {
    pub(super) boot: u64,
    pub(super) cluster: u64,
    pub(super) secret: Option<&'static [u8]>,
    pub(super) limits: PeerLimits,
    pub(super) versions: (u16, u16),
    pub(super) leases: Option<Leases>,
    pub(super) at: SocketAddr,
}

impl Default for Start {
    fn default() -> Self {
        Start {
            boot: 1,
            cluster: CLUSTER,
            secret: None,
            limits: PeerLimits::default(),
            versions: (1, 1),
            leases: None,
            at: ([127, 0, 0, 1], 0).into(),
        }
    }
}

impl Start {
    pub(super) async fn node(self, id: u64) -> Node {
        let addresses = vec![self.at.ip().to_string()];
        let listen = Listen::At { addresses, port: self.at.port() };
        let cluster = Arc::new(AtomicU64::new(self.cluster));
        let mut options = PeerOptions::new(listen, NodeId(id), self.boot, cluster);
        options.secret = self.secret.map(<[u8]>::to_vec);
        options.limits = self.limits;
        options.versions = self.versions;
        options.leases = self.leases;
        let notes = Arc::new(Notes::default());
        let service = Arc::clone(&notes) as Arc<dyn Service>;
        let links = PeerLinks::start(options, service).await.unwrap();
        Node { id: NodeId(id), links, notes }
    }
}

impl Node {
    pub(super) async fn new(id: u64) -> Node {
        Start::default().node(id).await
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.links.addresses()[0]
    }

    pub(super) fn knows(&self, other: &Node) {
        self.links.know(other.id, &other.address().to_string());
    }

    /// Knows it, and both connections stand.
    pub(super) async fn links_to(&self, other: &Node) {
        self.knows(other);
        until("the link is up", || self.links.reaches(other.id)).await;
    }

    pub(super) async fn asks(
        &self,
        other: &Node,
        lane: Lane,
        request: impl Into<Bytes>,
    ) -> Result<Bytes, CallError> {
        self.links.call(other.id, lane, request.into(), Duration::from_secs(5)).await
    }

    /// What went wrong with the links to another node, in words.
    pub(super) fn troubles(&self) -> String {
        let troubles = self.links.links().into_iter().filter_map(|link| link.trouble);
        troubles.collect::<Vec<_>>().join("; ")
    }

    pub(super) fn losses(&self) -> Vec<(NodeId, bool)> {
        self.notes.lost.lock().iter().map(|(node, reset, _)| (*node, *reset)).collect()
    }

    pub(super) fn served(&self) -> usize {
        self.notes.served.lock().len()
    }
}

/// Waits for something that has to come.
pub(super) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < WAIT_MAX, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
