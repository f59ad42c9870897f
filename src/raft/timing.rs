//! How long things take at most, and at least.

use std::time::Duration;

/// The times that the groups of a node live by. All nodes of a cluster use the
/// same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How often a leader tells its followers that it lives.
    pub heartbeat: Duration,
    /// The shortest time without a word from the leader before an election. A
    /// voter that heard of a leader grants nobody a vote for as long.
    pub election_min: Duration,
    /// The longest such time; each wait is drawn anew between the two.
    pub election_max: Duration,
    /// How long a leader may answer reads, from the moment it sent what a quorum
    /// has acknowledged. Shorter than `election_min` by what two clocks may drift
    /// apart meanwhile.
    pub read_lease: Duration,
    /// How old every sign of an older leader has to be before a new one serves.
    /// Longer than `read_lease`.
    pub lease_guard: Duration,
    /// How long after its start a node neither votes nor asks for votes: it does
    /// not know whom it promised what before. Longer than `election_max`.
    pub boot_guard: Duration,
    /// How long nothing may be heard of a node before what its connections hold
    /// ends. Longer than an election.
    pub node_timeout: Duration,
}

impl Timing {
    /// For nodes with a few milliseconds between them.
    pub const LAN: Timing = Timing::times(1);
    /// For nodes far apart (`profile wan`).
    pub const WAN: Timing = Timing::times(8);

    const fn times(factor: u64) -> Timing {
        Timing {
            heartbeat: Duration::from_millis(50 * factor),
            election_min: Duration::from_millis(150 * factor),
            election_max: Duration::from_millis(300 * factor),
            read_lease: Duration::from_millis(120 * factor),
            lease_guard: Duration::from_millis(130 * factor),
            boot_guard: Duration::from_millis(350 * factor),
            node_timeout: Duration::from_millis(1500 * factor),
        }
    }
}

impl Default for Timing {
    fn default() -> Self {
        Timing::LAN
    }
}
