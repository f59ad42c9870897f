//! When this replica asks for votes, and when it gives its own.

use std::time::Duration;

use tokio::time::Instant;

use super::{Office, Phase, State};
use crate::luck;
use crate::types::LeaderId;

/// How often a replica asks for votes in a hurry after the leader's connection
/// broke, before it falls back to its usual pace.
const HURRY_MAX: u32 = 8;
/// How far apart the replicas of a shard begin to hurry.
const RANK_STEP: Duration = Duration::from_millis(10);

#[derive(Debug)]
pub(super) struct Campaign {
    luck: u64,
    /// Whether this replica may ask for votes at all.
    may: bool,
    /// When it does so next.
    at: Instant,
    /// How often it asks in a hurry yet.
    hurry: u32,
    /// Whether it has asked since Raft last heard a leader.
    asked: bool,
    /// The leader it believes, and when that one last gave a sign.
    following: Option<(LeaderId, Instant)>,
}

impl Campaign {
    pub(super) fn new(luck: u64, at: Instant) -> Self {
        Campaign { luck, may: false, at, hurry: 0, asked: false, following: None }
    }

    /// Whether it believes the leader and has not asked for votes since: Raft has
    /// to hear of a leader that came back meanwhile, to end the election.
    pub(super) fn follows(&self, leader: LeaderId) -> bool {
        !self.asked && self.following.is_some_and(|(following, _)| following == leader)
    }

    /// Raft has heard a leader, and asks for no votes any more.
    pub(super) fn rests(&mut self) {
        self.asked = false;
    }
}

impl Office {
    /// Whether this replica asks for votes now, and when to look again.
    pub(crate) fn step(&self, now: Instant) -> (bool, Option<Instant>) {
        let mut state = self.state.lock();
        if !state.campaign.may {
            return (false, None);
        }
        let alone = state.lease.members().is_only(self.me);
        let campaign = &mut state.campaign;
        if !alone && now < self.boot_guard_until {
            return (false, Some(self.boot_guard_until.max(campaign.at)));
        }
        if now < campaign.at {
            return (false, Some(campaign.at));
        }
        campaign.asked = true;
        campaign.at = now
            + if campaign.hurry > 0 {
                campaign.hurry -= 1;
                self.timing.heartbeat / 2
            } else {
                self.draw(&mut campaign.luck)
            };
        (true, Some(campaign.at))
    }

    fn draw(&self, luck: &mut u64) -> Duration {
        luck::between(luck, self.timing.election_min, self.timing.election_max)
    }

    pub(super) fn observe_campaign(&self, state: &mut State) {
        let may = state.lease.leading().is_none() && state.lease.members().is_voter(self.me);
        if may && !state.campaign.may {
            let draw = self.draw(&mut state.campaign.luck);
            state.campaign.at = Instant::now() + draw;
            state.campaign.hurry = 0;
        }
        state.campaign.may = may;
    }

    /// A sign of a leader: from one that is believed at once, from another when
    /// it turns out to be.
    pub(super) fn word(&self, state: &mut State, leader: LeaderId, at: Instant, believed: bool) {
        let campaign = &mut state.campaign;
        let known = campaign.following.is_some_and(|(following, _)| following == leader);
        if !known && !believed {
            return;
        }
        if campaign.following.is_some_and(|(following, _)| following > leader) {
            return;
        }
        campaign.following = Some((leader, at));
        campaign.hurry = 0;
        let draw = self.draw(&mut campaign.luck);
        campaign.at = at + draw;
    }

    /// The connection to a node broke. When that node leads, this replica gives
    /// up its promise to that leader and asks for votes soon; says which leader
    /// that was.
    pub(crate) fn link_lost(&self, node: u64, turn: u16) -> Option<LeaderId> {
        let mut state = self.state.lock();
        let (leader, _) = state.campaign.following.filter(|(leader, _)| leader.node_id == node)?;
        if state.lease.heard() != Some(leader) || !state.campaign.may {
            return None;
        }
        let others: Vec<u64> =
            state.lease.members().voters().into_iter().filter(|voter| *voter != node).collect();
        let place = others.iter().position(|voter| *voter == self.me)?;
        // Another replica is first in each shard, so that not all of them end up
        // with the same leader.
        let rank = (place + usize::from(turn)) % others.len();
        let factor = u32::try_from(rank).unwrap_or(u32::MAX);
        state.campaign.hurry = HURRY_MAX;
        state.campaign.at = Instant::now() + RANK_STEP.saturating_mul(factor);
        Some(leader)
    }

    /// The leader gave up its place in favour of another node, which should be
    /// there any moment.
    pub(crate) fn leader_resigned(&self) {
        let mut state = self.state.lock();
        let soon = Instant::now() + self.timing.election_min;
        if state.campaign.may && state.campaign.at > soon {
            state.campaign.at = soon;
        }
    }

    /// Whether this voter may be asked for its vote.
    pub(crate) fn ballot(&self, handed_over: bool) -> Ballot {
        let now = Instant::now();
        if now < self.boot_guard_until {
            return Ballot::Silent;
        }
        if handed_over {
            return Ballot::Open;
        }
        let state = self.state.lock();
        let Campaign { following, hurry, .. } = &state.campaign;
        let promised = following.is_some_and(|(_, at)| now < at + self.timing.election_min);
        // Raft's own view of who is behind this leader is older than ours.
        let led = self.phase() == Phase::Open
            && self.quorum_age(&state.lease, now) < self.timing.election_min;
        if led || self.leads() || promised && *hurry == 0 { Ballot::Refused } else { Ballot::Open }
    }
}

/// What a voter does with a request for its vote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ballot {
    /// It does not know yet whom it promised what, and says nothing.
    Silent,
    /// It has just heard of a leader, or leads itself.
    Refused,
    /// It looks at the request.
    Open,
}
