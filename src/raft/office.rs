//! Whether this replica leads and may answer, and whom it promised what as a
//! voter.
//!
//! A leader answers reads without asking anybody while its lease lasts: counted
//! from the moment it sent what a quorum has acknowledged since. A voter that
//! acknowledged grants nobody a vote until the lease is over; one that gives its
//! promise up early (the leader's connection broke) says with its vote how long
//! ago it last heard of which leader, and the new leader waits.

mod campaign;
mod lease;
mod renewal;
#[cfg(test)]
mod tests;

use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::atomic::{AtomicU8, AtomicU64};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::guards::Guards;
use crate::timing::Timing;
use crate::types::LeaderId;
use campaign::Campaign;
use lease::Lease;

pub(crate) use campaign::Ballot;
pub(crate) use lease::{Members, Serve};
pub(crate) use renewal::Sign;

/// `until` of a replica that may not answer.
const NEVER: u64 = 0;
/// `until` of a leader that nobody can replace without its own vote.
const ALWAYS: u64 = u64::MAX;

/// What this replica does with what it is handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Another one leads, or nobody.
    Away = 0,
    /// It leads and does not serve yet: what comes waits.
    Taking = 1,
    /// It serves.
    Open = 2,
    /// It hands the leadership over: nothing new is taken.
    Yielding = 3,
}

/// Where a replica stands with its shard.
#[derive(Debug)]
pub(crate) struct Office {
    me: u64,
    timing: Timing,
    guards: Guards,
    /// From where `until` counts.
    born: Instant,
    boot_guard_until: Instant,
    /// Nanoseconds since `born` until which reads may be answered.
    until: AtomicU64,
    phase: AtomicU8,
    state: Mutex<State>,
    /// Rung when the phase changes.
    pub(crate) moved: Notify,
}

#[derive(Debug)]
struct State {
    lease: Lease,
    campaign: Campaign,
}

impl Office {
    pub(crate) fn new(
        me: u64,
        timing: Timing,
        guards: Guards,
        boot_guard_until: Instant,
        luck: u64,
    ) -> Self {
        let born = Instant::now();
        let boot_guard_until = if guards.boot_guard { boot_guard_until } else { born };
        Office {
            me,
            timing,
            guards,
            born,
            boot_guard_until,
            until: AtomicU64::new(NEVER),
            phase: AtomicU8::new(Phase::Away as u8),
            state: Mutex::new(State {
                lease: Lease::default(),
                campaign: Campaign::new(luck, born + timing.election_min),
            }),
            moved: Notify::new(),
        }
    }

    /// Whether this replica leads and may answer from its state right now.
    pub(crate) fn leads(&self) -> bool {
        match self.until.load(Acquire) {
            NEVER => false,
            ALWAYS => true,
            until => self.nanos(Instant::now()) < until,
        }
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Acquire) {
            1 => Phase::Taking,
            2 => Phase::Open,
            3 => Phase::Yielding,
            _ => Phase::Away,
        }
    }

    /// Whether operations are taken: they are carried out soon, or refused.
    pub(crate) fn takes(&self) -> bool {
        match self.phase() {
            Phase::Open => self.leads(),
            Phase::Taking => true,
            Phase::Away | Phase::Yielding => false,
        }
    }

    /// Waits until this replica is in another phase.
    pub(crate) async fn left(&self, phase: Phase) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            // Before the look, so that no change falls between.
            moved.as_mut().enable();
            if self.phase() != phase {
                return;
            }
            moved.await;
        }
    }

    /// When that was sent which a quorum has acknowledged last; none: this replica does
    /// not serve.
    pub(crate) fn quorum_since(&self) -> Option<Instant> {
        match self.until.load(Acquire) {
            NEVER => None,
            ALWAYS => Some(Instant::now()),
            until => (self.born + Duration::from_nanos(until - 1)).checked_sub(self.lease()),
        }
    }

    /// Since when this replica leads as that leader; never earlier than it was elected.
    pub(crate) fn leading_since(&self, leader: LeaderId) -> Option<Instant> {
        let state = self.state.lock();
        state.lease.leading_since.filter(|_| state.lease.leading == Some(leader))
    }

    /// As which leader this replica takes over and does not serve yet, and when it sent what
    /// a quorum has acknowledged last; none also where that is too long ago. Whoever leads
    /// next and serves has waited for that quorum.
    pub(crate) fn taking_over(&self) -> Option<(LeaderId, Instant)> {
        let state = self.state.lock();
        let lease = &state.lease;
        let leader = lease.stands_as()?;
        let now = Instant::now();
        let since = lease.quorum_since(self.me, now)?;
        (self.phase() == Phase::Taking && now < since + self.lease()).then_some((leader, since))
    }

    fn enter(&self, phase: Phase) {
        if self.phase.swap(phase as u8, Release) != phase as u8 {
            self.moved.notify_waiters();
        }
    }

    fn nanos(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.born);
        u64::try_from(since.as_nanos()).map_or(ALWAYS - 1, |nanos| nanos.saturating_add(1))
    }

    /// How long a leader may answer.
    fn lease(&self) -> Duration {
        if self.guards.lease_shorter_than_election {
            self.timing.read_lease
        } else {
            self.timing.election_max * 10
        }
    }

    /// Answers nothing from now on, whatever comes.
    pub(crate) fn close(&self) {
        let mut state = self.state.lock();
        state.lease.retire();
        self.until.store(NEVER, Release);
        self.enter(Phase::Away);
    }
}
