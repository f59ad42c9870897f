//! Signs of life of a leader, and how they are heard.

use lockstep_core::NodeId;
use openraft::ServerState;
use openraft::raft::AppendEntriesResponse;
use tokio::time::Instant;

use super::Inner;
use crate::office::Sign;
use crate::rpc::{Append, Appended};
use crate::types::{LeaderId, Vote};

impl Inner {
    /// Lets the followers know that their leader lives. True: Raft says so in a
    /// moment.
    pub(crate) async fn beat(&self, now: Instant) -> bool {
        match self.office.sign(now) {
            Sign::Silence => false,
            Sign::Known(leader) if self.beat_again(leader) => false,
            Sign::Known(_) | Sign::Raft => {
                self.beat_by_raft().await;
                true
            }
        }
    }

    /// The same by Raft, which hears the replies.
    pub(crate) async fn beat_by_raft(&self) {
        // Fails when the group has, which others notice.
        let _ = self.raft.trigger().heartbeat().await;
    }

    /// Says to all followers what Raft would. False: it is not known here.
    fn beat_again(&self, leader: LeaderId) -> bool {
        let vote = Vote { leader_id: leader, committed: true };
        let metrics = self.metrics.borrow();
        let Some(followers) = metrics.replication.as_ref().filter(|_| metrics.vote == vote) else {
            return false;
        };
        for (peer, matching) in followers.iter().filter(|(peer, _)| **peer != self.node.0) {
            let append = Append {
                vote,
                prev_log_id: *matching,
                leader_commit: metrics.cluster_committed,
                entries: Vec::new(),
            };
            self.pulse.send_again(*peer, self.id, append, &self.office);
        }
        true
    }

    /// Answers a sign of life that says nothing new. `None`: Raft has to.
    pub(crate) fn nod(&self, from: NodeId, append: &Append) -> Option<Appended> {
        let leader = append.vote.leader_id;
        let known = append.vote.committed && leader.node_id == from.0 && {
            let metrics = self.metrics.borrow();
            let follows = matches!(metrics.state, ServerState::Follower | ServerState::Learner);
            follows
                && metrics.vote == append.vote
                // What is committed here is the same everywhere.
                && append.prev_log_id <= metrics.local_committed
                && append.leader_commit <= metrics.local_committed
        };
        (known && self.office.hear_again(leader)).then_some(AppendEntriesResponse::Success)
    }
}
