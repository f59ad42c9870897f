//! What a node says of its links when it starts them.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use lockstep_core::NodeId;

use super::handshake::VERSIONS;

/// Where, as whom and with which secret a node links up with others.
pub struct PeerOptions {
    /// Where others reach it.
    pub listen: Listen,
    /// Who it is.
    pub node: NodeId,
    /// Which of its lives this is: grows with every start.
    pub boot: u64,
    /// The cluster it belongs to; 0: none yet. Links to others are made only
    /// within a cluster. Change it with
    /// [`belongs_to`](super::PeerLinks::belongs_to).
    pub cluster: Arc<AtomicU64>,
    /// What all nodes of the cluster know and nobody else does. Without it anybody
    /// who reaches the port is let in.
    pub secret: Option<Vec<u8>>,
    /// How long copies are leased, which all nodes have to agree on; none: it does not say.
    pub leases: Option<Leases>,
    /// Bounds and times.
    pub limits: PeerLimits,
    /// The versions of the protocol it can speak, from and to. For tests of the
    /// negotiation.
    #[doc(hidden)]
    pub versions: (u16, u16),
}

impl PeerOptions {
    /// A node without a secret, with the usual limits.
    pub fn new(listen: Listen, node: NodeId, boot: u64, cluster: Arc<AtomicU64>) -> Self {
        let limits = PeerLimits::default();
        let (secret, leases, versions) = (None, None, VERSIONS);
        PeerOptions { listen, node, boot, cluster, secret, leases, limits, versions }
    }
}

/// How long copies are leased. A node that waits less long for leases to end than others
/// take to use theirs would let old copies be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Leases {
    /// In milliseconds.
    pub ms: u32,
    /// How far the rates of two clocks may differ, in hundredths.
    pub drift_percent: u8,
}

impl Leases {
    /// As it goes over the wire; 0: none.
    pub(super) fn number(leases: Option<Leases>) -> u64 {
        leases
            .map_or(0, |Leases { ms, drift_percent }| u64::from(ms) << 8 | u64::from(drift_percent))
    }

    /// What was put so.
    pub(super) fn of(number: u64) -> Option<Leases> {
        let ms = u32::try_from(number >> 8).ok().filter(|_| number != 0)?;
        Some(Leases { ms, drift_percent: number as u8 })
    }
}

impl fmt::Display for Leases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms and {} %", self.ms, self.drift_percent)
    }
}

impl fmt::Debug for PeerOptions {
    /// Never shows the secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerOptions")
            .field("listen", &self.listen)
            .field("node", &self.node)
            .field("boot", &self.boot)
            .field("cluster", &self.cluster)
            .field("secret", &self.secret.as_ref().map(|_| "set"))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The port for other nodes.
#[derive(Debug)]
pub enum Listen {
    /// Addresses as in [`Listener::bind`](crate::Listener::bind): IP addresses, host
    /// names or `*`.
    At {
        /// What to bind.
        addresses: Vec<String>,
        /// To which port; 0: any free one.
        port: u16,
    },
    /// Sockets that listen already.
    Bound(Vec<std::net::TcpListener>),
}

/// The bounds and times of the links.
#[derive(Clone, Debug)]
pub struct PeerLimits {
    /// The longest request, reply or message: 64 MiB and one command of the greatest
    /// length (`proto-max-bulk-len`).
    pub message_bytes_max: usize,
    /// How many bytes may wait in a lane of one link, by [`Lane`](super::Lane). One
    /// message is always taken into an empty lane.
    pub lane_bytes_max: [usize; 4],
    /// How many messages may wait in a lane of one link.
    pub lane_messages_max: usize,
    /// How many bytes of replies may wait for one connection before no more
    /// requests are read from it.
    pub reply_bytes_max: usize,
    /// How many requests of one connection are served at the same time; more are
    /// turned back unserved.
    pub serving_max: usize,
    /// How many connections may be in the middle of their handshake. The oldest is
    /// closed when there are more.
    pub handshakes_max: usize,
    /// How many knocks are served at the same time.
    pub knocks_max: usize,
    /// The longest knock and the longest reply to one.
    pub knock_bytes_max: usize,
    /// How long a handshake may take.
    pub handshake: Duration,
    /// How long connecting may take, from the first packet to the end of the
    /// handshake, for who dials.
    pub connect: Duration,
    /// The first pause before dialling again; it doubles up to `pause_max`.
    pub pause_min: Duration,
    /// The longest pause before dialling again.
    pub pause_max: Duration,
    /// How often a link that is suspect is probed, and how often each looks at the
    /// clock.
    pub probe: Duration,
    /// After so long without a sign of the peer the connection is given up.
    pub silence: Duration,
}

impl Default for PeerLimits {
    fn default() -> Self {
        PeerLimits {
            message_bytes_max: (64 << 20) + (512 << 20),
            lane_bytes_max: [16 << 20, 256 << 20, 256 << 20, 64 << 20],
            lane_messages_max: 1 << 16,
            reply_bytes_max: 64 << 20,
            serving_max: 1 << 14,
            handshakes_max: 64,
            knocks_max: 64,
            knock_bytes_max: 1 << 20,
            handshake: Duration::from_secs(5),
            connect: Duration::from_millis(500),
            pause_min: Duration::from_millis(10),
            pause_max: Duration::from_secs(1),
            probe: Duration::from_millis(100),
            silence: Duration::from_secs(1),
        }
    }
}

impl PeerLimits {
    /// For nodes that are far from each other: everything that depends on the
    /// distance takes eight times as long.
    pub fn wan() -> Self {
        let near = PeerLimits::default();
        PeerLimits { connect: near.connect * 8, silence: near.silence * 8, ..near }
    }
}
