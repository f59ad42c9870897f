//! What can be seen of a link from outside.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use lockstep_core::NodeId;

/// Which messages a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LinkKind {
    /// [`Lane::Urgent`](super::Lane::Urgent).
    Urgent,
    /// All others.
    Rest,
}

/// How a link is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// Connected; what is sent arrives, as far as anybody knows.
    Up,
    /// Not connected yet, or just broken; messages wait.
    Connecting,
    /// Given up for now: calls fail at once, and the peer is probed.
    Open,
    /// This node belongs to no cluster yet, so there is nobody to link up with.
    NoCluster,
}

/// One link of this node, or one connection another node made to it.
#[derive(Clone, Debug)]
pub struct LinkStatus {
    /// The other node.
    pub node: NodeId,
    /// Where it is dialled, or where its connection comes from.
    pub address: String,
    /// What it is for.
    pub kind: LinkKind,
    /// Whether the other node made it, for its own requests.
    pub inbound: bool,
    /// How it is doing.
    pub state: LinkState,
    /// How long it has been in this state.
    pub since: Duration,
    /// Bytes written to the connection and the ones before it.
    pub sent_bytes: u64,
    /// Frames written.
    pub sent_frames: u64,
    /// Bytes read.
    pub received_bytes: u64,
    /// Frames read.
    pub received_frames: u64,
    /// Bytes that wait to be written.
    pub queue_bytes: u64,
    /// Failed attempts to connect, breaks, and calls that ran out of time without a
    /// sign of the peer.
    pub failures: u64,
    /// The time of a round trip, smoothed, in microseconds; 0: not measured yet.
    pub rtt_us: u64,
    /// The last thing that went wrong, in words.
    pub trouble: Option<String>,
}

/// What is counted of a link or of an inbound connection.
#[derive(Debug, Default)]
pub(super) struct Meter {
    pub(super) sent_bytes: AtomicU64,
    pub(super) sent_frames: AtomicU64,
    pub(super) received_bytes: AtomicU64,
    pub(super) received_frames: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) rtt_us: AtomicU64,
}

impl Meter {
    /// Takes in the time of one round trip.
    pub(super) fn round_trip(&self, time: Duration) {
        let new = u64::try_from(time.as_micros()).unwrap_or(u64::MAX).max(1);
        let old = self.rtt_us.load(Relaxed);
        let smooth = if old == 0 { new } else { old - old / 8 + new / 8 };
        self.rtt_us.store(smooth.max(1), Relaxed);
    }

    /// The numbers, with the rest still to be filled in.
    pub(super) fn status(&self, node: NodeId, kind: LinkKind, address: &str) -> LinkStatus {
        LinkStatus {
            node,
            address: address.to_owned(),
            kind,
            inbound: false,
            state: LinkState::Connecting,
            since: Duration::ZERO,
            sent_bytes: self.sent_bytes.load(Relaxed),
            sent_frames: self.sent_frames.load(Relaxed),
            received_bytes: self.received_bytes.load(Relaxed),
            received_frames: self.received_frames.load(Relaxed),
            queue_bytes: 0,
            failures: self.failures.load(Relaxed),
            rtt_us: self.rtt_us.load(Relaxed),
            trouble: None,
        }
    }
}
