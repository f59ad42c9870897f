//! The byte form of what replicas of a shard ask of each other.
//!
//! What is decoded came from another node: any bytes give a value or
//! [`Malformed`], and never more memory than they are long.

#[cfg(test)]
mod tests;

use bytes::Bytes;
use lockstep_core::wire::{Malformed, Wire, take_bytes};
use lockstep_storage::Record;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderRequest, VoteRequest, VoteResponse,
};

use crate::codec::{self, put_log_id, put_vote, take_log_id, take_vote};
use crate::types::{Entry, LeaderId, Types};

pub(crate) type Append = AppendEntriesRequest<Types>;
pub(crate) type Appended = AppendEntriesResponse<Types>;

/// Entries.
const APPEND: u8 = 1;
/// A vote.
const VOTE: u8 = 2;
/// Whether a vote would be given.
const PRE_VOTE: u8 = 3;
/// A leader hands over.
const TRANSFER: u8 = 4;
/// A piece of a snapshot.
const SNAPSHOT: u8 = 5;

/// What an entry takes at least: its id and the length of its payload.
const ENTRY_BYTES_MIN: usize = 4;

/// What a replica is asked.
#[derive(Debug)]
pub(crate) enum Request {
    /// Take these entries, or hear that the leader lives.
    Append(Append),
    /// Vote.
    Vote(VoteRequest<Types>),
    /// Say whether you would vote.
    PreVote(VoteRequest<Types>),
    /// The leader hands over.
    Transfer(TransferLeaderRequest<Types>),
    /// Take a piece of a snapshot.
    Snapshot(Bytes),
}

impl Request {
    /// Reads a request; payloads of entries share the memory of `bytes`.
    pub(crate) fn take(bytes: &Bytes) -> Result<Request, Malformed> {
        let mut rest = &bytes[..];
        let request = match u8::take(&mut rest)? {
            APPEND => Request::Append(take_append(bytes, &mut rest)?),
            VOTE => Request::Vote(take_vote_request(&mut rest)?),
            PRE_VOTE => Request::PreVote(take_vote_request(&mut rest)?),
            TRANSFER => {
                let from = take_vote(&mut rest)?;
                let to = u64::take(&mut rest)?;
                let last = take_log_id(&mut rest)?;
                Request::Transfer(TransferLeaderRequest::new(from, to, last))
            }
            SNAPSHOT => {
                let piece = bytes.slice_ref(rest);
                rest = &[];
                Request::Snapshot(piece)
            }
            _ => return Err(Malformed),
        };
        if rest.is_empty() { Ok(request) } else { Err(Malformed) }
    }
}

/// Whether a request brings entries or a snapshot: only a leader sends these, and
/// only to who belongs to the group.
pub(crate) fn carries_entries(rpc: &[u8]) -> bool {
    matches!(rpc.first(), Some(&(APPEND | SNAPSHOT)))
}

/// How many bytes the entries of a request take, roughly.
pub(crate) fn entries_bytes(append: &Append) -> usize {
    append.entries.iter().map(|entry| codec::payload_bytes(entry) + 32).sum()
}

pub(crate) fn put_append(append: &Append, out: &mut Vec<u8>) {
    out.push(APPEND);
    put_head(append, out);
    append.entries.len().put(out);
    for entry in &append.entries {
        let record = codec::record(entry);
        record.id.term.put(out);
        record.id.node.put(out);
        record.id.index.put(out);
        (&record.payload[..]).put(out);
    }
}

/// What every append says, with entries or without.
pub(crate) fn put_head(append: &Append, out: &mut Vec<u8>) {
    put_vote(&append.vote, out);
    put_log_id(append.prev_log_id.as_ref(), out);
    put_log_id(append.leader_commit.as_ref(), out);
}

pub(crate) fn take_head(rest: &mut &[u8]) -> Result<Append, Malformed> {
    let vote = take_vote(rest)?;
    let prev_log_id = take_log_id(rest)?;
    let leader_commit = take_log_id(rest)?;
    Ok(Append { vote, prev_log_id, leader_commit, entries: Vec::new() })
}

fn take_append(bytes: &Bytes, rest: &mut &[u8]) -> Result<Append, Malformed> {
    let mut append = take_head(rest)?;
    let count = usize::take(rest)?;
    if count > rest.len() / ENTRY_BYTES_MIN {
        return Err(Malformed);
    }
    let mut next = append.prev_log_id.as_ref().map_or(0, |id| id.index().saturating_add(1));
    append.entries.reserve(count);
    for _ in 0..count {
        let entry = take_entry(bytes, rest)?;
        // What does not follow would break the log.
        if entry.log_id.index() != next {
            return Err(Malformed);
        }
        next = next.checked_add(1).ok_or(Malformed)?;
        append.entries.push(entry);
    }
    Ok(append)
}

fn take_entry(bytes: &Bytes, rest: &mut &[u8]) -> Result<Entry, Malformed> {
    let (term, node) = (u64::take(rest)?, u64::take(rest)?);
    let id = lockstep_storage::EntryId { term, node, index: u64::take(rest)? };
    let length = usize::take(rest)?;
    let payload = bytes.slice_ref(take_bytes(rest, length)?);
    codec::entry(Record { id, payload })
}

pub(crate) fn put_appended(reply: &Appended, out: &mut Vec<u8>) {
    match reply {
        AppendEntriesResponse::Success => out.push(1),
        AppendEntriesResponse::PartialSuccess(matching) => {
            out.push(2);
            put_log_id(matching.as_ref(), out);
        }
        AppendEntriesResponse::Conflict => out.push(3),
        AppendEntriesResponse::HigherVote(vote) => {
            out.push(4);
            put_vote(vote, out);
        }
    }
}

pub(crate) fn take_appended(rest: &mut &[u8]) -> Result<Appended, Malformed> {
    Ok(match u8::take(rest)? {
        1 => AppendEntriesResponse::Success,
        2 => AppendEntriesResponse::PartialSuccess(take_log_id(rest)?),
        3 => AppendEntriesResponse::Conflict,
        4 => AppendEntriesResponse::HigherVote(take_vote(rest)?),
        _ => return Err(Malformed),
    })
}

pub(crate) fn put_vote_request(request: &VoteRequest<Types>, pre: bool, out: &mut Vec<u8>) {
    out.push(if pre { PRE_VOTE } else { VOTE });
    put_vote(&request.vote, out);
    put_log_id(request.last_log_id.as_ref(), out);
    request.leadership_transfer.put(out);
}

fn take_vote_request(rest: &mut &[u8]) -> Result<VoteRequest<Types>, Malformed> {
    let mut request = VoteRequest::new(take_vote(rest)?, take_log_id(rest)?);
    request.leadership_transfer = bool::take(rest)?;
    Ok(request)
}

/// How long ago a voter last heard of a leader, and of which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    /// The leader; none if it heard of none since it started.
    pub leader: Option<LeaderId>,
    /// Milliseconds since then, or since it started.
    pub ago_ms: u64,
}

/// A voter's reply.
#[derive(Debug)]
pub(crate) struct Voted {
    pub response: VoteResponse<Types>,
    pub heard: Heard,
}

impl Voted {
    pub(crate) fn put(&self, out: &mut Vec<u8>) {
        put_vote(&self.response.vote, out);
        self.response.vote_granted.put(out);
        put_log_id(self.response.last_log_id.as_ref(), out);
        self.heard.leader.is_some().put(out);
        if let Some(leader) = self.heard.leader {
            leader.term.put(out);
            leader.node_id.put(out);
        }
        self.heard.ago_ms.put(out);
    }

    pub(crate) fn take(mut rest: &[u8]) -> Result<Voted, Malformed> {
        let vote = take_vote(&mut rest)?;
        let granted = bool::take(&mut rest)?;
        let response = VoteResponse::new(vote, take_log_id(&mut rest)?, granted);
        let leader = if bool::take(&mut rest)? {
            Some(LeaderId { term: u64::take(&mut rest)?, node_id: u64::take(&mut rest)? })
        } else {
            None
        };
        let heard = Heard { leader, ago_ms: u64::take(&mut rest)? };
        Ok(Voted { response, heard })
    }
}

pub(crate) fn put_transfer(request: &TransferLeaderRequest<Types>, out: &mut Vec<u8>) {
    out.push(TRANSFER);
    put_vote(request.from_leader(), out);
    request.to_node_id().put(out);
    put_log_id(request.last_log_id(), out);
}

/// Begins a piece of a snapshot; its bytes are to follow.
pub(crate) fn put_snapshot(out: &mut Vec<u8>) {
    out.push(SNAPSHOT);
}
