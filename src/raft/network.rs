//! The way of a group to its other replicas.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lockstep_core::{NodeId, ShardId};
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::v2::RaftNetworkV2;
use openraft::network::{Backoff, RPCOption};
use openraft::raft::{
    AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse,
    VoteRequest, VoteResponse,
};
use openraft::type_config::alias::SnapshotOf;
use openraft::{OptionalSend, RaftNetworkFactory};
use tokio::time::Instant;

use crate::group::Watched;
use crate::message;
use crate::office::Office;
use crate::peers::{CallError, Lane, Later, Peers};
use crate::pulse::Pulse;
use crate::rpc::{self, Append, Appended, Voted};
use crate::snapshot::{self, Image};
use crate::timing::Timing;
use crate::types::{LogId, Node, Types, Vote};

/// How many heartbeats the reply to entries may take, besides the time for
/// carrying and writing them.
const APPEND_PATIENCE: u32 = 8;
/// The time for carrying and writing entries: ten megabytes in a second.
const NANOS_PER_BYTE: u64 = 100;
/// A commit needs no message of its own while the peer is known to be there:
/// the next entries or heartbeat tell of it.
const COMMIT_RIDES: Duration = Duration::from_millis(20);
/// The pauses before entries are sent again to a node that is not there.
const BACKOFF_LEAST: Duration = Duration::from_millis(25);
const BACKOFF_MOST: Duration = Duration::from_millis(200);

type RpcError = RPCError<Types>;

/// What the ways to all replicas of a group have in common.
#[derive(Clone, Debug)]
pub(crate) struct Ways {
    pub shard: ShardId,
    pub peers: Arc<dyn Peers>,
    pub pulse: Pulse,
    pub timing: Timing,
    pub office: Arc<Office>,
    pub watched: Arc<Watched>,
}

impl Ways {
    fn to(&self, target: u64, use_: Use) -> Way {
        Way { ways: self.clone(), target, use_, acked: None }
    }
}

/// What a way is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Entries, and all that is asked once.
    Log,
    /// Signs of life.
    Heartbeat,
}

/// The way to one replica.
#[derive(Debug)]
pub(crate) struct Way {
    ways: Ways,
    target: u64,
    use_: Use,
    /// What the other has acknowledged last on this way: the leader's vote, the
    /// last entry, and when it was sent.
    acked: Option<(Vote, Option<LogId>, Instant)>,
}

impl RaftNetworkFactory<Types> for Ways {
    type Network = Way;

    async fn new_client(&mut self, target: u64, _: &Node) -> Way {
        self.to(target, Use::Log)
    }

    async fn new_heartbeat_client(&mut self, target: u64, _: &Node) -> Way {
        self.to(target, Use::Heartbeat)
    }
}

fn unreachable(why: &str) -> RpcError {
    RPCError::Unreachable(Unreachable::from_string(why))
}

fn lost(why: &str) -> RpcError {
    RPCError::Network(NetworkError::from_string(why))
}

fn malformed() -> RpcError {
    lost("the reply cannot be read")
}

impl Way {
    async fn call(
        &self,
        lane: Lane,
        request: Vec<u8>,
        patience: Duration,
    ) -> Result<Bytes, RpcError> {
        let target = NodeId(self.target);
        match self.ways.peers.call(target, lane, request.into(), patience).await {
            Ok(reply) if reply.is_empty() => Err(unreachable("the replica is not there")),
            Ok(reply) => Ok(reply),
            Err(CallError::NotSent) => Err(unreachable("the node is not reached")),
            Err(CallError::Lost) => Err(lost("no reply")),
        }
    }

    fn message(&self, room: usize) -> Vec<u8> {
        message::group(self.ways.shard, room)
    }

    async fn beat(&self, append: Append) -> Result<Appended, RpcError> {
        let Ways { shard, pulse, office, .. } = &self.ways;
        office.raft_speaks();
        let reply = pulse.send(self.target, *shard, append, office);
        reply.await.map_err(|_| lost("a later heartbeat took its place"))
    }

    /// Whether the other is known to have everything, and would only learn of a
    /// commit.
    fn only_commits(&self, append: &Append) -> bool {
        append.entries.is_empty()
            && self.acked.as_ref().is_some_and(|(vote, last, sent)| {
                *vote == append.vote && *last == append.prev_log_id && sent.elapsed() < COMMIT_RIDES
            })
    }

    async fn append(&mut self, append: Append) -> Result<Appended, RpcError> {
        let bytes = rpc::entries_bytes(&append);
        let mut request = self.message(bytes + 64);
        rpc::put_append(&append, &mut request);
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        let patience = self.ways.timing.heartbeat * APPEND_PATIENCE
            + Duration::from_nanos(bytes.saturating_mul(NANOS_PER_BYTE));
        let sent = Instant::now();
        let reply = self.call(Lane::Log, request, patience).await?;
        let reply = rpc::take_appended(&mut &reply[..]).map_err(|_| malformed())?;
        if !matches!(reply, AppendEntriesResponse::HigherVote(_)) {
            self.ways.office.acked(self.target, append.vote.leader_id, sent);
        }
        self.acked = matches!(reply, AppendEntriesResponse::Success).then(|| {
            let last = append.entries.last().map(|entry| entry.log_id).or(append.prev_log_id);
            (append.vote, last, sent)
        });
        Ok(reply)
    }

    async fn ask(
        &self,
        request: VoteRequest<Types>,
        pre: bool,
        patience: Duration,
    ) -> Result<VoteResponse<Types>, RpcError> {
        let office = &self.ways.office;
        let leader = request.vote.leader_id;
        if !pre {
            self.ways.watched.campaigns(leader);
            office.ask_votes(leader);
        }
        let mut message = self.message(48);
        rpc::put_vote_request(&request, pre, &mut message);
        let reply = self.call(Lane::Urgent, message, patience).await?;
        let Voted { response, heard } = Voted::take(&reply).map_err(|_| malformed())?;
        if !pre && response.vote_granted {
            office.granted(leader, heard);
        }
        Ok(response)
    }
}

impl RaftNetworkV2<Types> for Way {
    type SnapshotData = Image;

    async fn append_entries(&mut self, append: Append, _: RPCOption) -> Result<Appended, RpcError> {
        if self.use_ == Use::Heartbeat {
            self.beat(append).await
        } else if self.only_commits(&append) {
            Ok(AppendEntriesResponse::Success)
        } else {
            self.append(append).await
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RpcError> {
        self.ask(request, false, option.hard_ttl()).await
    }

    // The default body grants every pre-vote.
    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types>, RpcError> {
        self.ask(request, true, option.hard_ttl()).await
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: SnapshotOf<Types, Image>,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        _: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let (peers, target) = (self.ways.peers.clone(), NodeId(self.target));
        let shard = self.ways.shard;
        let carry = move |piece: Vec<u8>, patience| -> Later<Result<Bytes, CallError>> {
            let mut message = message::group(shard, piece.len() + 1);
            rpc::put_snapshot(&mut message);
            message.extend_from_slice(&piece);
            peers.call(target, Lane::Bulk, message.into(), patience)
        };
        snapshot::send(&carry, vote, snapshot, cancel).await
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, RpcError> {
        // Whoever reads this may take over without waiting for our lease.
        self.ways.office.abdicate(request.from_leader().leader_id);
        let mut message = self.message(48);
        rpc::put_transfer(&request, &mut message);
        // Openraft only writes the answer to its log.
        self.call(Lane::Urgent, message, option.hard_ttl()).await.map(|_| Ok(()))
    }

    fn backoff(&self) -> Option<Backoff> {
        let pauses = std::iter::successors(Some(BACKOFF_LEAST), |pause| {
            Some((*pause * 2).min(BACKOFF_MOST))
        });
        Some(Backoff::new(pauses))
    }
}
