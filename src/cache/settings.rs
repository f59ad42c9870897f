//! How long things last, and how much there may be.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use crate::{Drift, Rules};

/// Whether those who had a copy are sent a new one when somebody reads it anew
/// (`cache-refresh`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Refresh {
    /// Nobody is.
    Off,
    /// Whoever read the last one that it was sent, or has not been sent one.
    Adaptive,
    /// Everybody is.
    #[default]
    On,
}

/// Whether the value of a write goes to those who have a copy, instead of a mere
/// invalidation (`cache-hot-update`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HotUpdate {
    /// It does not.
    #[default]
    No,
    /// Where at least two came back after each of the last two writes.
    Auto,
    /// Always.
    Always,
}

/// Settings of the protocol; all nodes of a cluster have the same ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// How long a session is good at most, from the moment a quorum was last heard of
    /// (`cache-lease-ms`).
    pub lease: Duration,
    /// How long a home may answer by itself, from the same moment: as long as nobody
    /// else can be the leader of its shard.
    pub read_lease: Duration,
    /// How often it is renewed (`cache-renew-ms`).
    pub renew: Duration,
    /// How far clocks may drift apart (`cache-clock-drift`).
    pub drift: Drift,
    /// Values larger than this are not kept (`cache-max-value`).
    pub value_max: usize,
    /// How many keys a home keeps the sharers of (`cache-directory-max`).
    pub directory_max: usize,
    /// A node that takes longer to acknowledge, on average, gets no grants
    /// (`cache-slow-sharer-ms`).
    pub slow_sharer: Duration,
    /// Whether it may be kept that a key is not there (`cache-negative`).
    pub negative: bool,
    /// Whether entries open in the order of the log, and not only those that touch the
    /// same keys.
    pub log_order: bool,
    /// `cache-refresh`.
    pub refresh: Refresh,
    /// `cache-hot-update`.
    pub hot_update: HotUpdate,
    /// Whether nodes may read whole shards from replicas of their own
    /// (`cache-replica-reads`).
    pub replica_reads: bool,
    /// Whether keys are lent to who writes them (`cache-write-mode`); then no replicas are
    /// read.
    pub write_back: bool,
    /// For how long what was written to a key that is lent may rest
    /// (`cache-writeback-delay`).
    pub writeback_delay: Duration,
    /// For how long a key is not lent again that was called back.
    pub lent_rest: Duration,
    /// How long an answer of the home is waited for.
    pub flight: Duration,
    /// How many answers may be waited for.
    pub flights_max: usize,
    /// How many clients may wait for them.
    pub readers_max: usize,
    /// How many requests a home may hold until a write is open.
    pub held_max: usize,
    /// Of how many lines of sessions that are over a node asks at once whether they are
    /// good still; 0: of none.
    pub reattest_lines: usize,
    /// Of how many it asks in one session.
    pub reattest_max: usize,
    /// For how many groups of keys a node remembers the newest message of the home.
    pub high_water_marks: usize,
    /// What it rests on.
    #[doc(hidden)]
    pub rules: Rules,
}

impl Settings {
    /// How long after its election a home waits for the leases of older ones: three
    /// times the drift, since three clocks have a part in it.
    pub fn wait_out(&self) -> Duration {
        let drift = Drift(self.drift.0.saturating_mul(3));
        drift.lengthened(self.lease)
    }
}

impl Hash for Settings {
    /// One of them stands for all: machines with other settings are never compared.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.lease.hash(state);
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            lease: Duration::from_millis(500),
            read_lease: Duration::from_millis(120),
            renew: Duration::from_millis(100),
            drift: Drift::DEFAULT,
            value_max: 64 << 10,
            directory_max: 1_000_000,
            slow_sharer: Duration::from_millis(50),
            negative: true,
            log_order: false,
            refresh: Refresh::default(),
            hot_update: HotUpdate::default(),
            replica_reads: true,
            write_back: false,
            writeback_delay: Duration::from_millis(10),
            lent_rest: Duration::from_millis(100),
            flight: Duration::from_secs(1),
            flights_max: 65_536,
            readers_max: 65_536,
            held_max: 65_536,
            reattest_lines: 128,
            reattest_max: 65_536,
            high_water_marks: 4_096,
            rules: Rules::ALL,
        }
    }
}
