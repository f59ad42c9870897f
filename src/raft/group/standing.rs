//! Who leads a group and who belongs to it.

use std::collections::BTreeMap;

use lockstep_core::NodeId;
use openraft::ServerState;
use openraft::async_runtime::watch::WatchReceiver;

use super::{Group, Inner};
use crate::types::Types;

/// What a node is to a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Orders the operations.
    Leader,
    /// Follows a leader.
    Follower,
    /// Asks for votes.
    Candidate,
    /// Receives entries without a vote.
    Learner,
    /// Has stopped.
    Stopped,
}

/// Who leads a group and who belongs to it, as this replica knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The leader, if one is known.
    pub leader: Option<NodeId>,
    /// Whether this node leads and serves.
    pub leads: bool,
    /// The term.
    pub term: u64,
    /// Who votes.
    pub voters: Vec<NodeId>,
    /// Who receives entries without a vote.
    pub learners: Vec<NodeId>,
    /// Whether the voters are just changing: two sets of them have to agree.
    pub joint: bool,
}

/// How a group stands.
#[derive(Clone, Debug)]
pub struct Status {
    /// What this node is to the shard.
    pub role: Role,
    /// The leader, if one is known.
    pub leader: Option<NodeId>,
    /// Whether this node leads and serves.
    pub leads: bool,
    /// The term.
    pub term: u64,
    /// The index of the last entry of the log.
    pub last_index: u64,
    /// The index of the last applied entry.
    pub applied: u64,
    /// The last index that the newest snapshot covers.
    pub snapshot: u64,
    /// How many voters there are.
    pub voters: usize,
    /// How many receive entries without a vote.
    pub learners: usize,
}

fn ids(ids: impl Iterator<Item = u64>) -> Vec<NodeId> {
    ids.map(NodeId).collect()
}

impl Inner {
    pub(crate) fn standing_now(&self) -> Standing {
        let watched = self.raft.metrics();
        let metrics = watched.borrow_watched();
        let membership = metrics.membership_config.membership();
        Standing {
            leader: metrics.current_leader.map(NodeId),
            leads: false,
            term: metrics.current_term,
            voters: ids(membership.voter_ids()),
            learners: ids(membership.learner_ids()),
            joint: membership.get_joint_config().len() > 1,
        }
    }
}

impl Group {
    /// Whether this node is the only voter.
    pub fn is_alone(&self) -> bool {
        self.inner.standing.borrow().voters == [self.inner.node]
    }

    /// The members and where peers reach them, as the newest entry says.
    pub(crate) async fn members(&self) -> BTreeMap<NodeId, String> {
        // Just after the start the group has not said yet who belongs to it; a
        // failed group never will.
        let _ = self.inner.raft.is_initialized().await;
        let watched = self.inner.raft.metrics();
        let metrics = watched.borrow_watched();
        let nodes = metrics.membership_config.membership().nodes();
        nodes.map(|(id, node)| (NodeId(*id), node.addr.clone())).collect()
    }

    pub(crate) fn standing_now(&self) -> Standing {
        Standing { leads: self.leads(), ..self.inner.standing_now() }
    }

    /// How the group stands.
    pub fn status(&self) -> Status {
        let standing = self.standing_now();
        let watched = self.inner.raft.metrics();
        let metrics = watched.borrow_watched();
        Status {
            role: role(metrics.state),
            leader: standing.leader,
            leads: standing.leads,
            term: standing.term,
            last_index: metrics.last_log_index.unwrap_or(0),
            applied: self.inner.progress.applied(),
            snapshot: metrics.snapshot.map_or(0, |id| id.index()),
            voters: standing.voters.len(),
            learners: standing.learners.len(),
        }
    }
}

fn role(state: ServerState) -> Role {
    match state {
        ServerState::Leader => Role::Leader,
        ServerState::Follower => Role::Follower,
        ServerState::Candidate => Role::Candidate,
        ServerState::Learner => Role::Learner,
        ServerState::Shutdown => Role::Stopped,
    }
}

/// The voters and learners of a membership change need the type parameters.
pub(crate) type Change = openraft::ChangeMembers<u64, crate::types::Node>;
/// What a change of members gives back.
pub(crate) type Changed = Result<
    openraft::raft::ClientWriteResponse<Types>,
    openraft::errors::RaftError<Types, openraft::errors::ClientWriteError<Types>>,
>;
