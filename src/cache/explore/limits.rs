//! How much happens in a world.

use std::time::Duration;

use crate::{Drift, HotUpdate, Refresh, Rules, Settings};

/// A moment of a world's clocks.
pub(super) const TICK: Duration = Duration::from_millis(1);

/// How long a session lasts: in ticks.
pub(super) const LEASE: u64 = 2;

/// How long a home may answer by itself: in ticks.
pub(super) const READ_LEASE: u64 = 1;

/// How often what may happen, and by which rules.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many nodes share the key.
    pub nodes: usize,
    pub ticks: u64,
    pub writes: u8,
    /// Reads of each node.
    pub reads: [u8; 2],
    /// Requests of each node for a session.
    pub renewals: [u8; 2],
    pub evictions: u8,
    /// Messages that come twice.
    pub repeats: u8,
    /// Whether another home is elected.
    pub election: bool,
    /// Whether the home comes back in its term, without its memory.
    pub relapse: bool,
    /// Whether the first node comes back without its memory.
    pub restart: bool,
    /// Whether the first node has a replica, and clients read from it.
    pub replica: bool,
    /// Whether the home that is elected is at the first node.
    pub heir: bool,
    /// Whether the first node is removed from the cluster, and runs on.
    pub removal: bool,
    /// R30: a new home waits for the leases of who was removed.
    pub removed_count: bool,
    /// Whether writes are of scripts, which do not say beforehand what they write.
    pub script: bool,
    /// Whether nodes have lines of sessions that are over attested.
    pub reattests: bool,
    /// Whether clients at nodes trust no lease, and the clocks of nodes stand still.
    pub careful: bool,
    /// Whether writes write something else than was sent beforehand.
    pub astray: bool,
    /// Whether the key is lent to the first node when somebody has written it.
    pub back: bool,
    /// How often that node writes it then, and tells the home so unasked.
    pub local_writes: u8,
    pub flushes: u8,
    /// Whether what it wrote may be lost.
    pub loses: bool,
    /// Whether clients read at the home.
    pub home_reads: bool,
    pub refresh: Refresh,
    pub hot_update: HotUpdate,
    pub rules: Rules,
    /// R16: a home that comes back begins a new epoch.
    pub lives_count: bool,
}

impl Bounds {
    /// One node that reads once, and one write.
    pub(super) const SMALL: Bounds = Bounds {
        nodes: 1,
        ticks: 0,
        writes: 1,
        reads: [1, 0],
        renewals: [1, 0],
        evictions: 0,
        repeats: 0,
        election: false,
        relapse: false,
        restart: false,
        replica: false,
        heir: false,
        removal: false,
        removed_count: true,
        script: false,
        reattests: false,
        careful: false,
        astray: false,
        back: false,
        local_writes: 0,
        flushes: 0,
        loses: false,
        home_reads: true,
        refresh: Refresh::Off,
        hot_update: HotUpdate::No,
        rules: Rules::ALL,
        lives_count: true,
    };

    pub(super) fn settings(&self) -> Settings {
        Settings {
            lease: TICK * u32::try_from(LEASE).unwrap(),
            read_lease: TICK * u32::try_from(READ_LEASE).unwrap(),
            drift: Drift(0),
            slow_sharer: Duration::MAX,
            refresh: self.refresh,
            hot_update: self.hot_update,
            high_water_marks: 1,
            flight: Duration::MAX,
            reattest_lines: usize::from(self.reattests),
            write_back: self.back,
            writeback_delay: Duration::ZERO,
            lent_rest: Duration::ZERO,
            rules: self.rules,
            ..Settings::default()
        }
    }
}
