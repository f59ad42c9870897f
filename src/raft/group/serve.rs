//! What other replicas of the shard are answered.

use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::NodeId;
use openraft::async_runtime::watch::WatchReceiver;
use openraft::raft::{AppendEntriesResponse, TransferLeaderRequest, VoteRequest, VoteResponse};
use tokio::time::Instant;

use super::{CALLS_MAX, CALLS_WAIT, Group, Inner};
use crate::message;
use crate::office::Ballot;
use crate::peers::Later;
use crate::rpc::{self, Append, Appended, Request, Voted};
use crate::types::{LeaderId, Types, Vote};

/// A node that there is not: whom nobody is to vote for.
const NOBODY: u64 = u64::MAX;

impl Group {
    /// Answers another replica of the shard
    /// ([`Addressed::Group`](crate::message::Addressed::Group)).
    pub fn serve(&self, from: NodeId, rpc: &[u8]) -> Later<Bytes> {
        let rpc = Bytes::copy_from_slice(rpc);
        match Request::take(&rpc) {
            Ok(request) => Box::pin(self.inner.clone().answer(from, request)),
            Err(_) => {
                tracing::warn!(
                    shard = self.inner.id.0,
                    from = from.0,
                    "a request of another replica cannot be read"
                );
                Box::pin(std::future::ready(message::nobody_here()))
            }
        }
    }

    /// The connection to a node broke. If that node leads the shard, it is not
    /// waited for any longer.
    pub fn link_lost(&self, node: NodeId) {
        self.inner.link_lost(node);
    }
}

impl Inner {
    async fn answer(self: Arc<Self>, from: NodeId, request: Request) -> Bytes {
        let mut out = Vec::with_capacity(32);
        match request {
            Request::Append(append) => match self.append(from, append).await {
                Some(reply) => rpc::put_appended(&reply, &mut out),
                None => return message::nobody_here(),
            },
            Request::Vote(request) => match self.vote(request, false).await {
                Some(voted) => voted.put(&mut out),
                None => return message::nobody_here(),
            },
            Request::PreVote(request) => match self.vote(request, true).await {
                Some(voted) => voted.put(&mut out),
                None => return message::nobody_here(),
            },
            Request::Transfer(request) => {
                out.push(u8::from(self.take_over(from, request).await));
            }
            Request::Snapshot(piece) => {
                let Ok(_call) = self.calls.try_acquire() else { return message::nobody_here() };
                return self.inbound.serve(from, &piece).await.into();
            }
        }
        out.into()
    }

    /// From now on other replicas find nobody here; what they have asked is
    /// answered first.
    pub(super) async fn hear_nobody(&self) {
        let all = self.calls.acquire_many(CALLS_MAX);
        // One that takes longer is told by Raft that it has stopped.
        let _ = tokio::time::timeout(CALLS_WAIT, all).await;
        self.calls.close();
    }

    /// Takes entries, or a sign of life. `None`: the request makes no sense, or
    /// the group has failed.
    pub(crate) async fn append(&self, from: NodeId, mut append: Append) -> Option<Appended> {
        let leader = append.vote.leader_id;
        if !append.vote.committed || leader.node_id != from.0 {
            return None;
        }
        let _call = self.calls.try_acquire().ok()?;
        let heard_at = Instant::now();
        self.office.hear(leader);
        if !self.guards.apply_after_commit {
            let last = append.entries.last().map(|entry| entry.log_id);
            append.leader_commit = last.max(append.leader_commit);
        }
        let reply = self.raft.append_entries(append).await.ok()?;
        if !matches!(reply, AppendEntriesResponse::HigherVote(_)) {
            self.office.supports(leader);
            self.office.follow(leader, heard_at);
        }
        Some(reply)
    }

    async fn vote(&self, request: VoteRequest<Types>, pre: bool) -> Option<Voted> {
        // A committed vote is a leader's; only candidates ask.
        if request.vote.committed {
            return None;
        }
        let _call = self.calls.try_acquire().ok()?;
        let _voting = self.office.begin_vote();
        let response = match self.office.ballot(request.leadership_transfer) {
            Ballot::Silent => return None,
            Ballot::Refused => VoteResponse::new(self.current_vote(), None, false),
            Ballot::Open if pre => self.raft.pre_vote(request).await.ok()?,
            Ballot::Open => self.raft.vote(request).await.ok()?,
        };
        self.office.supports(response.vote.leader_id);
        // Looked at after the vote was given: nothing that was promised before is
        // left out.
        Some(Voted { response, heard: self.office.heard() })
    }

    /// The leader hands over, to this node or another one.
    async fn take_over(&self, from: NodeId, request: TransferLeaderRequest<Types>) -> bool {
        let vote = *request.from_leader();
        if !vote.committed || vote.leader_id.node_id != from.0 {
            return false;
        }
        let Ok(_call) = self.calls.try_acquire() else { return false };
        self.office.retired(vote.leader_id);
        if *request.to_node_id() != self.node.0 {
            self.office.leader_resigned();
            self.pulse.wake();
        }
        matches!(self.raft.handle_transfer_leader(request).await, Ok(Ok(())))
    }

    pub(crate) fn link_lost(self: &Arc<Self>, node: NodeId) {
        let Some(leader) = self.office.link_lost(node.0, self.id.0) else { return };
        tracing::info!(shard = self.id.0, leader = node.0, "the connection to the leader broke");
        self.pulse.wake();
        let inner = self.clone();
        tokio::spawn(async move { inner.give_up(leader).await });
    }

    /// Gives up the promise to vote for nobody else while this leader may live.
    async fn give_up(&self, leader: LeaderId) {
        let vote = Vote { leader_id: leader, committed: true };
        let request = TransferLeaderRequest::new(vote, NOBODY, None);
        // Fails when the group has, which others notice.
        let _ = self.raft.handle_transfer_leader(request).await;
    }

    fn current_vote(&self) -> Vote {
        self.raft.server_metrics().borrow_watched().vote
    }

    /// Asks for votes, after asking whether they would be given.
    pub(crate) async fn ask_votes(&self) {
        // Fails when the group has, which others notice.
        let _ = self.raft.trigger().elect(self.guards.pre_vote).await;
    }
}
