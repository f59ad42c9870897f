//! What a node keeps for one shard: its half as one that has copies, and the home's half
//! where it leads.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use lockstep_cache::{Epoch, Home, Pass, Settings as Terms, Sharer, Time, View};
use lockstep_core::ShardId;
use lockstep_raft::{Deliver, Group};
use parking_lot::Mutex;

use super::clock;
use super::follow::Use;
use super::noted::Noted;
use super::uses::Uses;

/// How long behind the last read sessions are renewed.
pub(super) const WANTED_FOR: Duration = Duration::from_secs(10);

/// What a node keeps for one shard.
pub(super) struct Seat {
    pub shard: ShardId,
    pub sharer: Mutex<Sharer>,
    /// What hits look at.
    pub pass: Arc<Pass>,
    /// What those look at who read from a replica here.
    pub view: Arc<View>,
    /// Whether that is worth it.
    pub use_of: Use,
    /// When copies were wanted last, and when a session was asked for.
    wanted: AtomicU64,
    asked: AtomicU64,
    /// The home's half, while this node leads.
    pub home: Mutex<Option<Reign>>,
    /// The number of its last reign.
    pub serial: AtomicU64,
    /// Whether others may have copies of what is led here.
    pub is_shared: AtomicBool,
    /// Which keys the home itself has read.
    pub noted: Noted,
    /// Which keys were read here that another node leads.
    pub uses: Uses,
}

/// The home's half in one term.
pub(super) struct Reign {
    pub home: Home,
    pub group: Group,
    pub term: u64,
    /// Stands in the numbers of its gates, so that those of another reign are no gates
    /// of this one.
    pub serial: u64,
    /// Entries that are applied and not open: what to do then, and since when.
    pub delivers: BTreeMap<u64, (Deliver, Time)>,
    /// The same of earlier reigns: it is over when older leases are, and it can be told.
    pub inherited: Vec<Deliver>,
    /// Whether the group tells of all entries.
    pub watched: bool,
    /// When somebody had a session last.
    pub shared: Time,
    pub probes: u64,
    pub pushes: u64,
    /// How many keys are lent, as the group knows.
    pub lends: usize,
}

/// How many bits of a gate's number are the home's own.
const GATE_BITS: u32 = 40;

impl Reign {
    /// What was applied, and nobody was told yet.
    pub(super) fn left_over(self) -> Vec<Deliver> {
        let own = self.delivers.into_values().map(|(deliver, _)| deliver);
        self.inherited.into_iter().chain(own).collect()
    }

    /// The number of a gate as the group knows it.
    pub(super) fn number(&self, gate: lockstep_cache::GateId) -> u64 {
        (self.serial << GATE_BITS) | gate.0
    }

    /// The gate of a number, if it is one of this reign.
    pub(super) fn gate(&self, number: u64) -> Option<lockstep_cache::GateId> {
        let own = number & ((1 << GATE_BITS) - 1);
        (number >> GATE_BITS == self.serial).then_some(lockstep_cache::GateId(own))
    }
}

impl Seat {
    pub(super) fn new(shard: ShardId, boot: u64, terms: Terms) -> Self {
        let sharer = Sharer::new(shard, boot, boot <= 1, clock::now(), terms);
        Seat {
            shard,
            pass: sharer.pass(),
            view: sharer.view(),
            use_of: Use::default(),
            sharer: Mutex::new(sharer),
            wanted: AtomicU64::new(0),
            asked: AtomicU64::new(0),
            home: Mutex::new(None),
            serial: AtomicU64::new(0),
            is_shared: AtomicBool::new(false),
            noted: Noted::default(),
            uses: Uses::default(),
        }
    }

    /// Copies are wanted now. True: they were not, lately.
    pub(super) fn want(&self, now: Time) -> bool {
        const REMEMBERED_NS: u64 = 1_000_000_000;
        let wanted_for = u64::try_from(WANTED_FOR.as_nanos()).unwrap_or(u64::MAX);
        let before = self.wanted.load(Relaxed);
        if now.0.saturating_sub(before) < REMEMBERED_NS {
            return false;
        }
        self.wanted.store(now.0, Relaxed);
        before == 0 || now.0.saturating_sub(before) > wanted_for
    }

    /// When they were wanted last.
    pub(super) fn wanted(&self) -> Time {
        Time(self.wanted.load(Relaxed))
    }

    /// When a session was asked for last.
    pub(super) fn asked(&self) -> Time {
        Time(self.asked.load(Relaxed))
    }

    /// A session is asked for now.
    pub(super) fn ask(&self, now: Time) {
        self.asked.store(now.0, Relaxed);
    }

    /// No home before this one is believed any more.
    pub(super) fn resign(&self, epoch: Epoch) {
        self.sharer.lock().resign(epoch);
    }
}
