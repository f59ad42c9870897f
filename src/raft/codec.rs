//! The byte forms of votes, memberships and entries that are not batches.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_storage::{EntryId, Record};
use openraft::EntryPayload;

use crate::batch::{Batch, NORMAL};
use crate::types::{
    Entry, LeaderId, LogId, Membership, Node, SnapshotMeta, StoredMembership, Vote,
};

const BLANK: u8 = 0;
const MEMBERSHIP: u8 = 2;

pub(crate) fn entry_id(id: &LogId) -> EntryId {
    let leader = id.committed_leader_id();
    EntryId { term: leader.term, node: leader.node_id, index: id.index() }
}

pub(crate) fn log_id(id: EntryId) -> LogId {
    LogId::new(LeaderId { term: id.term, node_id: id.node }, id.index)
}

pub(crate) fn record(entry: &Entry) -> Record {
    let payload = match &entry.payload {
        EntryPayload::Blank => Bytes::from_static(&[BLANK]),
        EntryPayload::Normal(batch) => batch.payload().clone(),
        EntryPayload::Membership(membership) => {
            let mut bytes = vec![MEMBERSHIP];
            put_membership(membership, &mut bytes);
            bytes.into()
        }
    };
    Record { id: entry_id(&entry.log_id), payload }
}

pub(crate) fn entry(record: Record) -> Result<Entry, Malformed> {
    let payload = match record.payload.first() {
        Some(&BLANK) => EntryPayload::Blank,
        Some(&NORMAL) => EntryPayload::Normal(Batch::from_payload(record.payload)?),
        Some(&MEMBERSHIP) => {
            let mut rest = &record.payload[1..];
            EntryPayload::Membership(take_membership(&mut rest)?)
        }
        _ => return Err(Malformed),
    };
    Ok(Entry { log_id: log_id(record.id), payload })
}

pub(crate) fn vote_bytes(vote: &Vote) -> Vec<u8> {
    let mut out = Vec::new();
    put_vote(vote, &mut out);
    out
}

pub(crate) fn vote(mut bytes: &[u8]) -> Result<Vote, Malformed> {
    take_vote(&mut bytes)
}

pub(crate) fn put_vote(vote: &Vote, out: &mut Vec<u8>) {
    vote.leader_id.term.put(out);
    vote.leader_id.node_id.put(out);
    vote.committed.put(out);
}

pub(crate) fn take_vote(rest: &mut &[u8]) -> Result<Vote, Malformed> {
    let leader_id = LeaderId { term: u64::take(rest)?, node_id: u64::take(rest)? };
    Ok(Vote { leader_id, committed: bool::take(rest)? })
}

/// How many bytes the payload of an entry takes, roughly.
pub(crate) fn payload_bytes(entry: &Entry) -> usize {
    match &entry.payload {
        EntryPayload::Normal(batch) => batch.payload().len(),
        EntryPayload::Membership(_) => 1024,
        EntryPayload::Blank => 1,
    }
}

pub(crate) fn meta_bytes(meta: &SnapshotMeta) -> Vec<u8> {
    let mut out = Vec::new();
    put_log_id(meta.last_log_id.as_ref(), &mut out);
    put_log_id(meta.last_membership.log_id().as_ref(), &mut out);
    put_membership(meta.last_membership.membership(), &mut out);
    out
}

pub(crate) fn meta(mut bytes: &[u8]) -> Result<SnapshotMeta, Malformed> {
    let last_log_id = take_log_id(&mut bytes)?;
    let membership_id = take_log_id(&mut bytes)?;
    let membership = take_membership(&mut bytes)?;
    Ok(SnapshotMeta {
        last_log_id,
        last_membership: StoredMembership::new(membership_id, membership),
    })
}

pub(crate) fn put_log_id(id: Option<&LogId>, out: &mut Vec<u8>) {
    id.is_some().put(out);
    if let Some(id) = id.map(entry_id) {
        id.term.put(out);
        id.node.put(out);
        id.index.put(out);
    }
}

pub(crate) fn take_log_id(input: &mut &[u8]) -> Result<Option<LogId>, Malformed> {
    if !bool::take(input)? {
        return Ok(None);
    }
    let (term, node) = (u64::take(input)?, u64::take(input)?);
    Ok(Some(log_id(EntryId { term, node, index: u64::take(input)? })))
}

fn put_membership(membership: &Membership, out: &mut Vec<u8>) {
    let configs = membership.get_joint_config();
    configs.len().put(out);
    for config in configs {
        config.iter().copied().collect::<Vec<u64>>().put(out);
    }
    let nodes: Vec<_> = membership.nodes().map(|(id, node)| (*id, node.addr.as_bytes())).collect();
    nodes.put(out);
}

fn take_membership(input: &mut &[u8]) -> Result<Membership, Malformed> {
    let count = usize::take(input)?;
    if count > input.len() {
        return Err(Malformed);
    }
    let configs = (0..count)
        .map(|_| Ok(Vec::<u64>::take(input)?.into_iter().collect()))
        .collect::<Result<Vec<BTreeSet<u64>>, Malformed>>()?;
    let nodes = Vec::<(u64, &[u8])>::take(input)?
        .into_iter()
        .map(|(id, address)| {
            let address = std::str::from_utf8(address).map_err(|_| Malformed)?;
            Ok((id, Node { addr: address.to_owned() }))
        })
        .collect::<Result<BTreeMap<_, _>, Malformed>>()?;
    if configs.is_empty() && nodes.is_empty() {
        return Ok(Membership::default());
    }
    Membership::new(configs, nodes).map_err(|_| Malformed)
}
