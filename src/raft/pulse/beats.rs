//! The heartbeats of many groups in one message.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::{NodeId, ShardId};
use openraft::raft::AppendEntriesResponse;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{GATHER, Inner, Pulse};
use crate::message;
use crate::office::Office;
use crate::peers::{Lane, Served};
use crate::rpc::{self, Append, Appended};

/// What a heartbeat takes at least.
const BEAT_BYTES_MIN: usize = 6;
/// How many heartbeats before their reply is given up.
const PATIENCE: u32 = 4;

/// What waits to be sent, and who waits for replies.
#[derive(Debug, Default)]
pub(super) struct Beats(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    /// By peer.
    out: BTreeMap<u64, Vec<Beat>>,
    due: Option<Instant>,
    /// Who waits for the reply of a peer to a group, and with which heartbeat.
    replies: BTreeMap<(u64, ShardId), Reply>,
    count: u64,
}

/// A heartbeat of one group to one peer.
#[derive(Debug)]
struct Beat {
    /// `None`: Raft does not wait for the reply.
    number: Option<u64>,
    shard: ShardId,
    append: Append,
    office: Arc<Office>,
}

#[derive(Debug)]
struct Reply {
    number: u64,
    append: Append,
    to: oneshot::Sender<Appended>,
}

impl Pulse {
    /// Sends a heartbeat with the next message to the peer. The reply may be that
    /// to an earlier one.
    pub(crate) fn send(
        &self,
        peer: u64,
        shard: ShardId,
        append: Append,
        office: &Arc<Office>,
    ) -> oneshot::Receiver<Appended> {
        let (to, reply) = oneshot::channel();
        let first = {
            let mut waiting = self.0.beats.0.lock();
            waiting.count += 1;
            let number = waiting.count;
            let known = Reply { number, append: append.clone(), to };
            waiting.replies.insert((peer, shard), known);
            let beat = Beat { number: Some(number), shard, append, office: office.clone() };
            let out = waiting.out.entry(peer).or_default();
            out.retain(|earlier| earlier.shard != shard);
            out.push(beat);
            let first = waiting.due.is_none();
            waiting.due.get_or_insert_with(|| Instant::now() + GATHER);
            first
        };
        if first {
            self.wake();
        }
        reply
    }

    /// Sends a heartbeat that says nothing new with the next message to the peer,
    /// unless there is one of the group in it already.
    pub(crate) fn send_again(
        &self,
        peer: u64,
        shard: ShardId,
        append: Append,
        office: &Arc<Office>,
    ) {
        let mut waiting = self.0.beats.0.lock();
        let out = waiting.out.entry(peer).or_default();
        if out.iter().all(|beat| beat.shard != shard) {
            out.push(Beat { number: None, shard, append, office: office.clone() });
        }
    }
}

impl Beats {
    /// What waits is sent then, if not earlier.
    pub(super) fn send_at(&self, due: Instant) {
        let mut waiting = self.0.lock();
        if !waiting.out.is_empty() {
            waiting.due.get_or_insert(due);
        }
    }

    /// Sends what waits, if it is time; says when it will be.
    pub(super) fn send_due(&self, pulse: &Arc<Inner>, now: Instant) -> Option<Instant> {
        let out = {
            let mut waiting = self.0.lock();
            if waiting.due.is_some_and(|due| due > now) {
                return waiting.due;
            }
            waiting.due = None;
            std::mem::take(&mut waiting.out)
        };
        for (peer, beats) in out {
            tokio::spawn(carry(pulse.clone(), peer, beats));
        }
        None
    }

    /// A reply to a heartbeat: for whoever waits for it, or for a later one of the
    /// same leader, if it is good.
    fn deliver(&self, peer: u64, beat: &Beat, reply: Appended) {
        let Some(number) = beat.number else { return };
        let mut waiting = self.0.lock();
        let key = (peer, beat.shard);
        let meant = waiting.replies.get(&key).is_some_and(|known| {
            let same = known.number == number;
            let good = matches!(reply, AppendEntriesResponse::Success);
            same || good && known.append.vote == beat.append.vote && known.number > number
        });
        if let Some(known) = meant.then(|| waiting.replies.remove(&key)).flatten() {
            // Whoever gave up waiting needs it no more.
            let _ = known.to.send(reply);
        }
    }
}

/// Takes the heartbeats to a peer and brings its replies back.
async fn carry(pulse: Arc<Inner>, peer: u64, beats: Vec<Beat>) {
    let mut out = message::heartbeats(beats.len() * 48);
    beats.len().put(&mut out);
    for beat in &beats {
        u32::from(beat.shard.0).put(&mut out);
        rpc::put_head(&beat.append, &mut out);
    }
    let patience = pulse.timing.heartbeat * PATIENCE;
    let sent = Instant::now();
    let reply = pulse.peers.call(NodeId(peer), Lane::Urgent, out.into(), patience).await;
    let Some(replies) = reply.ok().and_then(|reply| take_replies(&reply).ok()) else { return };
    for (shard, reply) in replies {
        let Some(beat) = beats.iter().find(|beat| beat.shard == shard) else { continue };
        if !matches!(reply, AppendEntriesResponse::HigherVote(_)) {
            beat.office.acked(peer, beat.append.vote.leader_id, sent);
        }
        if beat.number.is_none() && !matches!(reply, AppendEntriesResponse::Success) {
            pulse.ask_raft(shard).await;
        }
        pulse.beats.deliver(peer, beat, reply);
    }
}

impl Inner {
    /// A follower does not agree: Raft has to hear it.
    async fn ask_raft(&self, shard: ShardId) {
        let group = self.groups.lock().get(&shard).and_then(Weak::upgrade);
        if let Some(group) = group {
            group.beat_by_raft().await;
        }
    }
}

/// Reads a message of heartbeats.
pub(super) fn take(mut rest: &[u8]) -> Result<Vec<(ShardId, Append)>, Malformed> {
    let count = usize::take(&mut rest)?;
    if count > rest.len() / BEAT_BYTES_MIN {
        return Err(Malformed);
    }
    let beats = (0..count)
        .map(|_| Ok((take_shard(&mut rest)?, rpc::take_head(&mut rest)?)))
        .collect::<Result<Vec<_>, Malformed>>()?;
    if rest.is_empty() { Ok(beats) } else { Err(Malformed) }
}

fn take_shard(rest: &mut &[u8]) -> Result<ShardId, Malformed> {
    u16::try_from(u32::take(rest)?).map(ShardId).map_err(|_| Malformed)
}

fn take_replies(mut rest: &[u8]) -> Result<Vec<(ShardId, Appended)>, Malformed> {
    let count = usize::take(&mut rest)?;
    if count > rest.len() {
        return Err(Malformed);
    }
    (0..count).map(|_| Ok((take_shard(&mut rest)?, rpc::take_appended(&mut rest)?))).collect()
}

/// Lets all groups hear what is for them, and gathers what they say.
pub(super) fn answer(pulse: &Pulse, from: NodeId, beats: Vec<(ShardId, Append)>) -> Served {
    let mut answers = Vec::with_capacity(beats.len());
    let mut open = Vec::new();
    for (shard, append) in beats {
        let Some(group) = pulse.group(shard) else { continue };
        match group.nod(from, &append) {
            Some(reply) => answers.push((shard, reply)),
            None => open.push((shard, group, append)),
        }
    }
    if open.is_empty() {
        return Served::Now(reply_bytes(&answers));
    }
    let patience = pulse.0.timing.heartbeat;
    Served::Later(Box::pin(async move {
        // One that does not answer in time holds up no other.
        let asked = open.into_iter().map(|(shard, group, append)| async move {
            let heard = tokio::time::timeout(patience, group.append(from, append)).await;
            heard.ok().flatten().map(|reply| (shard, reply))
        });
        answers.extend(futures_util::future::join_all(asked).await.into_iter().flatten());
        reply_bytes(&answers)
    }))
}

fn reply_bytes(answers: &[(ShardId, Appended)]) -> Bytes {
    let mut out = Vec::with_capacity(answers.len() * 8 + 8);
    answers.len().put(&mut out);
    for (shard, reply) in answers {
        u32::from(shard.0).put(&mut out);
        rpc::put_appended(reply, &mut out);
    }
    out.into()
}
