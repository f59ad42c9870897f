//! Signs of life that say nothing new: leader and follower renew what they
//! promised from what they know, and Raft is not asked.
//!
//! A follower may do so only as long as it is certain that Raft would say the
//! same: it has given its vote to nobody later, and is about to give it to
//! nobody. Now and then Raft is asked all the same, so that one that stands
//! still leads nobody, and follows nobody; that of a leader at every second
//! heartbeat, for it takes entries only as long as it hears of a quorum itself.

use std::time::Duration;

use tokio::time::Instant;

use super::lease::Lease;
use super::{Office, Phase};
use crate::types::LeaderId;

/// For how many heartbeats a follower answers without Raft.
const BEATS_ANSWERED: u32 = 20;

/// How the leader of a group tells its followers that it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    /// Not now: it reaches no quorum, and must not keep others from an election.
    Silence,
    /// From what is known here.
    Known(LeaderId),
    /// As Raft says it.
    Raft,
}

/// A vote is being given: until this is dropped every sign of a leader goes
/// through Raft, which puts both in an order.
#[derive(Debug)]
pub(crate) struct Voting<'a>(&'a Office);

impl Drop for Voting<'_> {
    fn drop(&mut self) {
        self.0.state.lock().lease.voting -= 1;
    }
}

impl Office {
    /// What its followers are to hear of this leader now.
    pub(crate) fn sign(&self, now: Instant) -> Sign {
        let state = self.state.lock();
        let lease = &state.lease;
        if self.guards.quorum_probe && self.is_silent(lease, now) {
            return Sign::Silence;
        }
        match lease.leading {
            Some(leader) if self.phase() == Phase::Open && self.raft_beat_last(lease, now) => {
                Sign::Known(leader)
            }
            _ => Sign::Raft,
        }
    }

    /// Whether a leader that has heard of no quorum for long keeps silent: it does
    /// so half of the time, for as long as an election takes.
    fn is_silent(&self, lease: &Lease, now: Instant) -> bool {
        let turn = self.timing.election_min * 2;
        let late = self.quorum_age(lease, now).checked_sub(self.timing.election_min);
        late.is_some_and(|late| (late.as_nanos() / turn.as_nanos()).is_multiple_of(2))
    }

    /// How long ago a quorum was behind this leader.
    pub(super) fn quorum_age(&self, lease: &Lease, now: Instant) -> Duration {
        let acked = (lease.acked_as == lease.leading).then(|| lease.quorum_since(self.me, now));
        let since = acked.flatten().max(lease.leading_since);
        since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    /// Whether the heartbeat before was Raft's own.
    fn raft_beat_last(&self, lease: &Lease, now: Instant) -> bool {
        lease.raft_spoke.is_some_and(|at| now < at + self.timing.heartbeat * 3 / 2)
    }

    /// Whether Raft has heard this leader not long ago.
    fn raft_heard(&self, lease: &Lease, now: Instant) -> bool {
        let most = self.timing.heartbeat * BEATS_ANSWERED;
        lease.raft_spoke.is_some_and(|at| now < at + most)
    }

    /// Raft has just given a sign of its own.
    pub(crate) fn raft_speaks(&self) {
        self.state.lock().lease.raft_spoke = Some(Instant::now());
    }

    /// A vote is about to be given.
    pub(crate) fn begin_vote(&self) -> Voting<'_> {
        self.state.lock().lease.voting += 1;
        Voting(self)
    }

    /// Hears a leader that says nothing new. False: Raft has to hear it.
    pub(crate) fn hear_again(&self, leader: LeaderId) -> bool {
        let mut state = self.state.lock();
        let now = Instant::now();
        let lease = &mut state.lease;
        let believed = lease.supports == Some(leader) && lease.heard() == Some(leader);
        let bound = lease.leading.is_none() && lease.voting == 0 && !lease.asks_votes(leader);
        if !believed || !bound || !self.raft_heard(lease, now) {
            return false;
        }
        if !state.campaign.follows(leader) {
            return false;
        }
        state.lease.heard = Some((leader, now));
        self.word(&mut state, leader, now, true);
        true
    }
}
