//! The lease of this replica as a leader, and its promises as a voter.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::Ordering::Release;
use std::time::Duration;

use tokio::time::Instant;

use super::{ALWAYS, NEVER, Office, Phase};
use crate::rpc::Heard;
use crate::types::LeaderId;

/// How many leaders that handed over are remembered: all that a quorum could
/// still name.
const RETIRED_MAX: usize = 8;

/// Who votes; two sets while the voters change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Members {
    pub configs: Vec<BTreeSet<u64>>,
    /// Whether there are other nodes, with a vote or without.
    pub others: bool,
}

impl Members {
    pub(crate) fn is_voter(&self, node: u64) -> bool {
        self.configs.iter().any(|config| config.contains(&node))
    }

    /// Whether nobody can be elected without this node, and nobody else has to
    /// be asked.
    pub(crate) fn is_only(&self, node: u64) -> bool {
        !self.configs.is_empty()
            && self.configs.iter().all(|config| config.len() == 1 && config.contains(&node))
    }

    pub(crate) fn voters(&self) -> BTreeSet<u64> {
        self.configs.iter().flatten().copied().collect()
    }
}

/// Whether a leader may serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Serve {
    /// It does.
    Now,
    /// Not before then: an older leader might still answer.
    NotBefore(Instant),
    /// It does not lead any more, or has handed over.
    Never,
}

#[derive(Debug, Default)]
pub(super) struct Lease {
    /// Who has a say: the members that Raft knows, and who is about to vote.
    members: Members,
    raft_members: Members,
    expected: Option<BTreeSet<u64>>,
    /// As which leader this replica leads, and since when.
    pub(super) leading: Option<LeaderId>,
    pub(super) leading_since: Option<Instant>,
    serving: bool,
    /// As which leader it never serves again.
    abdicated: Option<LeaderId>,
    /// The latest leader, or candidate, that it gave its vote to.
    pub(super) supports: Option<LeaderId>,
    /// When what a peer has acknowledged was sent, newest first of all, and by
    /// which leader.
    acked: BTreeMap<u64, Instant>,
    pub(super) acked_as: Option<LeaderId>,
    /// The last sign of another leader.
    pub(super) heard: Option<(LeaderId, Instant)>,
    /// What the voters said with their votes.
    grants: Option<Grants>,
    /// Leaders that handed over, and answer nothing any more.
    retired: VecDeque<LeaderId>,
    /// How many votes are just being given.
    pub(super) voting: u32,
    /// When Raft last sent a heartbeat, or heard one.
    pub(super) raft_spoke: Option<Instant>,
}

#[derive(Debug)]
struct Grants {
    leader: LeaderId,
    /// By then the leases that they may have granted are over.
    safe_at: Instant,
}

impl Lease {
    pub(super) fn retire(&mut self) {
        self.abdicated = self.leading.or(self.abdicated);
        self.serving = false;
    }

    pub(super) fn members(&self) -> &Members {
        &self.members
    }

    pub(super) fn leading(&self) -> Option<LeaderId> {
        self.leading
    }

    pub(super) fn heard(&self) -> Option<LeaderId> {
        self.heard.map(|(leader, _)| leader)
    }

    fn gather_members(&mut self) {
        self.members = self.raft_members.clone();
        self.members.configs.extend(self.expected.clone());
    }

    /// Since when a quorum has been behind this leader; none: it is not.
    pub(super) fn quorum_since(&self, me: u64, now: Instant) -> Option<Instant> {
        let of = |config: &BTreeSet<u64>| {
            let mut times: Vec<Option<Instant>> = config
                .iter()
                .map(|node| if *node == me { Some(now) } else { self.acked.get(node).copied() })
                .collect();
            times.sort_unstable_by(|a, b| b.cmp(a));
            times.get(config.len() / 2).copied().flatten()
        };
        let all: Option<Vec<Instant>> = self.members.configs.iter().map(of).collect();
        all?.into_iter().min()
    }

    /// Whether this replica serves never again as this leader: it has handed over,
    /// or given its vote to a later one. Raft's own word on that may come late.
    fn is_over(&self, leader: LeaderId) -> bool {
        self.abdicated == Some(leader) || self.supports > Some(leader)
    }

    /// As which leader others have acknowledged something, if that is not over.
    pub(super) fn stands_as(&self) -> Option<LeaderId> {
        let leading = self.leading.filter(|leader| !self.is_over(*leader));
        leading.filter(|_| self.acked_as == leading)
    }

    /// Whether this replica asks for votes that would replace the leader.
    pub(super) fn asks_votes(&self, against: LeaderId) -> bool {
        self.grants.as_ref().is_some_and(|grants| grants.leader > against)
    }

    fn is_retired(&self, leader: LeaderId) -> bool {
        self.retired.contains(&leader)
    }
}

impl Office {
    /// What Raft says: as which leader this node leads, and who votes.
    pub(crate) fn observe(&self, leading: Option<LeaderId>, members: Members) {
        let mut state = self.state.lock();
        let lease = &mut state.lease;
        if lease.leading != leading {
            lease.leading = leading;
            lease.leading_since = leading.map(|_| Instant::now());
            lease.serving = false;
        }
        lease.raft_members = members;
        lease.gather_members();
        self.renew(lease);
        let phase = match leading {
            Some(leader) if lease.is_over(leader) => Phase::Away,
            Some(_) if lease.serving => self.phase(),
            Some(_) => Phase::Taking,
            None => Phase::Away,
        };
        self.enter(phase);
        self.observe_campaign(&mut state);
    }

    /// From now on, and until it is told that they do not come, the lease hangs on
    /// what these acknowledge as well: they might elect somebody before this
    /// replica learns that they may.
    pub(crate) fn expect_voters(&self, voters: Option<BTreeSet<u64>>) {
        let mut state = self.state.lock();
        let lease = &mut state.lease;
        lease.expected = voters;
        lease.gather_members();
        self.renew(lease);
    }

    /// Whether no other node has to do with the shard.
    pub(crate) fn is_alone(&self) -> bool {
        let members = &self.state.lock().lease.members;
        members.is_only(self.me) && !members.others
    }

    /// Whether others wait for a sign of life of this replica.
    pub(crate) fn has_followers(&self) -> bool {
        self.phase() != Phase::Away && self.state.lock().lease.members.others
    }

    /// Serves, if the leases of older leaders are over. Everything they committed
    /// has to be applied before.
    pub(crate) fn try_serve(&self, leader: LeaderId) -> Serve {
        let mut state = self.state.lock();
        let lease = &mut state.lease;
        if lease.leading != Some(leader) || lease.is_over(leader) {
            return Serve::Never;
        }
        let now = Instant::now();
        let safe_at = self.safe_at(lease, leader, now);
        if safe_at > now {
            return Serve::NotBefore(safe_at);
        }
        lease.serving = true;
        self.renew(lease);
        self.enter(Phase::Open);
        Serve::Now
    }

    fn safe_at(&self, lease: &mut Lease, leader: LeaderId, now: Instant) -> Instant {
        if lease.serving || lease.members.is_only(self.me) || !self.guards.lease_guard {
            return now;
        }
        let own = match lease.heard {
            Some((heard, at)) if !lease.is_retired(heard) => at + self.timing.lease_guard,
            _ => self.born,
        };
        match &lease.grants {
            Some(grants) if grants.leader == leader => own.max(grants.safe_at),
            // Nobody asked this replica's voters: it cannot know.
            _ => {
                let safe_at = own.max(now + self.timing.lease_guard);
                lease.grants = Some(Grants { leader, safe_at });
                safe_at
            }
        }
    }

    /// A peer acknowledged what this leader sent then.
    pub(crate) fn acked(&self, by: u64, leader: LeaderId, sent: Instant) {
        let mut state = self.state.lock();
        let lease = &mut state.lease;
        if lease.acked_as != Some(leader) {
            if lease.acked_as > Some(leader) {
                return;
            }
            lease.acked_as = Some(leader);
            lease.acked.clear();
        }
        let newest = lease.acked.entry(by).or_insert(sent);
        *newest = sent.max(*newest);
        self.renew(lease);
    }

    fn renew(&self, lease: &mut Lease) {
        let over = lease.leading.is_none_or(|leader| lease.is_over(leader));
        let until = if !lease.serving || over {
            NEVER
        } else if lease.members.is_only(self.me) || !self.guards.read_with_quorum {
            ALWAYS
        } else if lease.acked_as != lease.leading {
            1
        } else {
            let now = Instant::now();
            lease.quorum_since(self.me, now).map_or(1, |since| self.nanos(since + self.lease()))
        };
        self.until.store(until, Release);
    }

    /// Takes nothing new; what is in flight goes on.
    pub(crate) fn begin_yield(&self) -> Option<LeaderId> {
        let state = self.state.lock();
        let leader = state.lease.leading.filter(|_| state.lease.serving)?;
        self.enter(Phase::Yielding);
        Some(leader)
    }

    /// Serves on after all.
    pub(crate) fn end_yield(&self, leader: LeaderId) {
        let state = self.state.lock();
        let lease = &state.lease;
        if lease.leading == Some(leader) && !lease.is_over(leader) && lease.serving {
            self.enter(Phase::Open);
        }
    }

    /// Never serves again as this leader: another one is told that it may take
    /// over without waiting.
    pub(crate) fn abdicate(&self, leader: LeaderId) {
        let mut state = self.state.lock();
        state.lease.abdicated = Some(leader);
        if state.lease.leading == Some(leader) {
            state.lease.serving = false;
            self.until.store(NEVER, Release);
            self.enter(Phase::Away);
        }
    }

    /// This replica's vote is for that leader, or candidate. What it promised
    /// itself as an earlier leader ends with it: an acknowledgement that comes late
    /// must not make that longer.
    pub(crate) fn supports(&self, later: LeaderId) {
        let mut state = self.state.lock();
        let lease = &mut state.lease;
        lease.supports = lease.supports.max(Some(later));
        if lease.leading.is_some_and(|leader| leader < later) {
            lease.serving = false;
            self.until.store(NEVER, Release);
            self.enter(Phase::Away);
        }
    }

    /// A message of this leader is here; whether it is still believed is seen
    /// later.
    pub(crate) fn hear(&self, leader: LeaderId) {
        let mut state = self.state.lock();
        let now = Instant::now();
        match &mut state.lease.heard {
            Some((heard, _)) if *heard > leader => return,
            heard => *heard = Some((leader, now)),
        }
        self.word(&mut state, leader, now, false);
    }

    /// The leader is believed.
    pub(crate) fn follow(&self, leader: LeaderId, heard_at: Instant) {
        let mut state = self.state.lock();
        state.lease.raft_spoke = Some(heard_at);
        state.campaign.rests();
        self.word(&mut state, leader, heard_at, true);
    }

    /// A leader handed over to somebody: it answers nothing any more.
    pub(crate) fn retired(&self, leader: LeaderId) {
        let mut state = self.state.lock();
        let retired = &mut state.lease.retired;
        if !retired.contains(&leader) {
            retired.truncate(RETIRED_MAX - 1);
            retired.push_front(leader);
        }
    }

    /// What this voter tells with its vote.
    pub(crate) fn heard(&self) -> Heard {
        let state = self.state.lock();
        if self.leads() {
            // What this replica promised itself counts like any other promise.
            return Heard { leader: state.lease.leading, ago_ms: 0 };
        }
        let (leader, since) = match state.lease.heard {
            Some((leader, at)) => (Some(leader), at),
            None => (None, self.born),
        };
        let ago_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
        Heard { leader, ago_ms }
    }

    /// This node asks for votes as that leader.
    pub(crate) fn ask_votes(&self, leader: LeaderId) {
        let mut state = self.state.lock();
        if state.lease.grants.as_ref().is_none_or(|grants| grants.leader < leader) {
            state.lease.grants = Some(Grants { leader, safe_at: self.born });
        }
    }

    /// A voter granted its vote, and told whom it had heard of.
    pub(crate) fn granted(&self, leader: LeaderId, heard: Heard) {
        let mut state = self.state.lock();
        if heard.leader.is_some_and(|heard| state.lease.is_retired(heard)) {
            return;
        }
        let wait = self.timing.lease_guard.saturating_sub(Duration::from_millis(heard.ago_ms));
        let safe_at = Instant::now() + wait;
        if let Some(grants) = &mut state.lease.grants
            && grants.leader == leader
        {
            grants.safe_at = grants.safe_at.max(safe_at);
        }
    }
}
