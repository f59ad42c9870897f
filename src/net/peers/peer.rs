//! What a node keeps of another one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering::SeqCst};

use lockstep_core::NodeId;
use parking_lot::Mutex;

use super::link::Link;
use super::options::PeerLimits;
use super::service::{Lane, Service};
use super::status::LinkKind;
use super::wire::Broken;

/// Nothing is broken, as far as was told.
const WHOLE: u8 = 0;
/// It was told that a connection was damaged.
const DAMAGED: u8 = 1;
/// It was told that a connection was reset.
const RESET: u8 = 2;

/// Another node, and the links to it.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) node: NodeId,
    /// Where it is dialled; unknown of one that only dials.
    address: Mutex<Option<Arc<str>>>,
    links: [Arc<Link>; 2],
    /// Whether the links are kept up; otherwise it only dials.
    known: AtomicBool,
    told: AtomicU8,
}

impl Peer {
    pub(super) fn new(node: NodeId, limits: &PeerLimits) -> Self {
        let link = |kind| Arc::new(Link::new(node, kind, limits));
        Peer {
            node,
            address: Mutex::default(),
            links: [link(LinkKind::Urgent), link(LinkKind::Rest)],
            known: AtomicBool::new(false),
            told: AtomicU8::new(WHOLE),
        }
    }

    pub(super) fn address(&self) -> Option<Arc<str>> {
        self.address.lock().clone()
    }

    /// Whether the address is a new one.
    pub(super) fn moves_to(&self, address: &str) -> bool {
        let mut known = self.address.lock();
        let new = known.as_deref() != Some(address);
        if new {
            *known = Some(address.into());
        }
        new
    }

    /// Whether the links are kept up.
    pub(super) fn is_known(&self) -> bool {
        self.known.load(SeqCst)
    }

    /// From now on the links are kept up. False: they are already.
    pub(super) fn becomes_known(&self) -> bool {
        !self.known.swap(true, SeqCst)
    }

    pub(super) fn link(&self, kind: LinkKind) -> &Arc<Link> {
        &self.links[kind as usize]
    }

    pub(super) fn links(&self) -> &[Arc<Link>; 2] {
        &self.links
    }

    pub(super) fn link_for(&self, lane: Lane) -> &Arc<Link> {
        self.link(if lane == Lane::Urgent { LinkKind::Urgent } else { LinkKind::Rest })
    }

    /// A connection from or to the node stands.
    pub(super) fn connected(&self) {
        self.told.store(WHOLE, SeqCst);
    }

    /// A connection from or to the node has ended: tells the service, once for all
    /// that end together.
    pub(super) fn disconnected(&self, why: &Broken, service: &dyn Service) {
        let (rank, reset) = match why {
            Broken::Reset(_) => (RESET, true),
            Broken::Damaged(_) => (DAMAGED, false),
            Broken::Silent | Broken::Panicked | Broken::Replaced | Broken::Unwanted => return,
        };
        if self.told.fetch_max(rank, SeqCst) < rank {
            service.link_lost(self.node, reset);
        }
    }
}
