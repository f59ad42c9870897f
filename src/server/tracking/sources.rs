//! Where this node is told which keys of a shard change.

use std::collections::BTreeMap;
use std::time::Instant;

use lockstep_core::{NodeId, ShardId};

use super::LEASE;

/// Where this node is told which keys change, by shard. Where nothing stands it is not
/// told.
#[derive(Debug, Default)]
pub(super) struct Sources {
    list: BTreeMap<ShardId, Source>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// This node leads the shard, and did so at last then.
    Here { term: u64, at: Instant },
    /// A leader was, or is about to be, asked for a stream.
    Asked { stream: u64, from: Option<NodeId>, next: u64, since: Instant },
    /// The stream of the shard's leader, from which something was heard at last then.
    Stream { stream: u64, from: NodeId, next: u64, at: Instant },
}

/// How a shard looks from this node.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Whether this node leads it and may answer reads.
    pub leads: bool,
    /// The term, if there is a replica here.
    pub term: u64,
    /// Another node that leads it, as far as is known.
    pub leader: Option<NodeId>,
}

/// What came of a look at a shard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// Changes may have been missed.
    pub lost: bool,
    /// Its leader is to be asked for a stream with this number.
    pub ask: bool,
}

/// What a message of a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// The next one.
    Next,
    /// Of no stream that is listened to.
    Old,
    /// One before it is missing, where this node relied on it.
    Lost,
}

impl Sources {
    /// Whether whoever reads a key of the shard now will be told when it changes.
    pub fn covers(&self, shard: ShardId, leads: bool, now: Instant) -> bool {
        match self.list.get(&shard) {
            Some(Source::Here { .. }) => leads,
            Some(Source::Stream { at, .. }) => now.saturating_duration_since(*at) < LEASE,
            Some(Source::Asked { .. }) | None => false,
        }
    }

    /// Whether words in front of number `upto` of a stream of `node` are still to come, and
    /// this node relies on that.
    pub fn lacks(
        &self,
        (shard, number): (ShardId, u64),
        node: NodeId,
        upto: u64,
        now: Instant,
    ) -> bool {
        let comes = match self.list.get(&shard) {
            Some(Source::Stream { stream, from, next, .. }) => {
                (*stream, *from) == (number, node) && *next < upto
            }
            _ => false,
        };
        comes && self.covers(shard, false, now)
    }

    /// Whether what is applied here is what clients are told.
    pub fn is_here(&self, shard: ShardId) -> bool {
        matches!(self.list.get(&shard), Some(Source::Here { .. }))
    }

    /// Looks where the shard is led. A new stream would be number `stream`.
    pub fn look(&mut self, shard: ShardId, view: View, stream: u64, now: Instant) -> Look {
        let old = self.list.get(&shard).copied();
        let relied = matches!(old, Some(Source::Here { .. } | Source::Stream { .. }));
        if view.leads {
            let same = matches!(old, Some(Source::Here { term, .. }) if term == view.term);
            self.list.insert(shard, Source::Here { term: view.term, at: now });
            return Look { lost: relied && !same, ask: false };
        }
        let waits = |since: Instant| now.saturating_duration_since(since) < LEASE;
        let elsewhere = |from: NodeId| view.leader.is_some_and(|leader| leader != from);
        let goes_on = match old {
            Some(Source::Here { at, .. }) => waits(at) && view.leader.is_none(),
            Some(Source::Asked { since, .. }) => waits(since),
            Some(Source::Stream { from, at, .. }) => waits(at) && !elsewhere(from),
            None => false,
        };
        if !goes_on {
            self.list.insert(shard, Source::Asked { stream, from: None, next: 0, since: now });
        }
        Look { lost: relied && !goes_on, ask: !goes_on }
    }

    /// That leader is asked now for the stream; false: it is not wanted any more.
    pub fn asks(&mut self, shard: ShardId, number: u64, leader: NodeId) -> bool {
        match self.list.get_mut(&shard) {
            Some(Source::Asked { stream, from, .. }) if *stream == number => {
                *from = Some(leader);
                true
            }
            _ => false,
        }
    }

    /// The leader that was asked at `sent` has answered, or has not; whether the stream
    /// has begun.
    pub fn answered(&mut self, shard: ShardId, number: u64, begun: bool, sent: Instant) -> bool {
        let Some(Source::Asked { stream, from, next, .. }) = self.list.get(&shard).copied() else {
            return false;
        };
        if stream != number {
            return false;
        }
        match from.filter(|_| begun) {
            Some(from) => {
                self.list.insert(shard, Source::Stream { stream, from, next, at: sent });
                true
            }
            None => {
                self.list.remove(&shard);
                false
            }
        }
    }

    /// A message of a stream has come, with or without changes: they are numbered. One
    /// without says that its sender leads the shard; changes follow from one that does
    /// not lead any more as well.
    pub fn told(
        &mut self,
        (shard, number): (ShardId, u64),
        node: NodeId,
        (message, changes): (u64, bool),
        now: Instant,
    ) -> Word {
        let relied = match self.list.get_mut(&shard) {
            Some(Source::Asked { stream, from: Some(from), next, .. })
                if (*stream, *from) == (number, node) =>
            {
                if message == *next {
                    *next += u64::from(changes);
                    return Word::Next;
                }
                false
            }
            Some(Source::Stream { stream, from, next, at })
                if (*stream, *from) == (number, node) =>
            {
                if message == *next {
                    *next += u64::from(changes);
                    if !changes {
                        *at = now;
                    }
                    return Word::Next;
                }
                true
            }
            _ => return Word::Old,
        };
        self.list.remove(&shard);
        if relied { Word::Lost } else { Word::Old }
    }

    /// The other side has ended a stream; whether this node relied on it.
    pub fn over(&mut self, shard: ShardId, number: u64, node: NodeId) -> bool {
        let (relied, is_it) = match self.list.get(&shard) {
            Some(Source::Stream { stream, from, .. }) => (true, (*stream, *from) == (number, node)),
            Some(Source::Asked { stream, from, .. }) => {
                (false, (*stream, *from) == (number, Some(node)))
            }
            _ => (false, false),
        };
        if is_it {
            self.list.remove(&shard);
        }
        relied && is_it
    }

    /// The streams that are listened to, with who sends them.
    pub fn streams(&self) -> impl Iterator<Item = (NodeId, (ShardId, u64))> {
        self.list.iter().filter_map(|(shard, source)| match source {
            Source::Stream { stream, from, .. } => Some((*from, (*shard, *stream))),
            _ => None,
        })
    }

    /// Nothing is listened to any more.
    pub fn clear(&mut self) {
        self.list.clear();
    }
}
