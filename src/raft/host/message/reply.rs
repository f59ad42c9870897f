//! What comes back.

use bytes::Bytes;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::{NodeId, Outcome, ShardId, wire_enum};

use super::{FORMAT, whole};
use crate::{Refusal, Standing, Told};

/// What became of a share that was sent to another node.
#[derive(Debug)]
pub(crate) enum Delivered {
    /// Applied; the outcomes in order, a number of an operation of the shard from before
    /// the reply, and how far the node that asked was told what changed.
    Done { outcomes: Vec<Outcome>, seq: u64, told: Option<Told> },
    /// Surely not applied, and why; who leads the shard, if that is known.
    Refused { why: Refusal, leader: Option<NodeId> },
    /// Proposed; nobody knows what became of it.
    Unknown,
}

impl Delivered {
    pub(crate) fn bytes(&self) -> Bytes {
        reply(self)
    }

    /// Reads a reply; an empty one is that of a node that did not understand.
    pub(crate) fn open(reply: &[u8]) -> Result<Self, Malformed> {
        opened(reply)
    }
}

fn reply<'a>(value: &impl Wire<'a>) -> Bytes {
    let mut out = Vec::with_capacity(64);
    out.push(FORMAT);
    value.put(&mut out);
    out.into()
}

fn opened<'a, T: Wire<'a>>(reply: &'a [u8]) -> Result<T, Malformed> {
    match reply {
        [FORMAT, rest @ ..] => whole(rest),
        _ => Err(Malformed),
    }
}

const DONE: u8 = 0;
const REFUSED: u8 = 1;
const UNKNOWN: u8 = 2;

impl<'a> Wire<'a> for Delivered {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Delivered::Done { outcomes, seq, told } => {
                out.push(DONE);
                seq.put(out);
                told.put(out);
                outcomes.put(out);
            }
            Delivered::Refused { why, leader } => {
                out.push(REFUSED);
                why.put(out);
                leader.put(out);
            }
            Delivered::Unknown => out.push(UNKNOWN),
        }
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(match u8::take(input)? {
            DONE => {
                let (seq, told) = (u64::take(input)?, Wire::take(input)?);
                Delivered::Done { seq, told, outcomes: Vec::take(input)? }
            }
            REFUSED => {
                Delivered::Refused { why: Refusal::take(input)?, leader: Wire::take(input)? }
            }
            UNKNOWN => Delivered::Unknown,
            _ => return Err(Malformed),
        })
    }
}

impl<'a> Wire<'a> for Told {
    fn put(&self, out: &mut Vec<u8>) {
        self.stream.put(out);
        self.next.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Told { stream: u64::take(input)?, next: u64::take(input)? })
    }
}

impl<'a> Wire<'a> for Refusal {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(match self {
            Refusal::NotLeader => 0,
            Refusal::NoLeader => 1,
            Refusal::Busy => 2,
            Refusal::Stopping => 3,
        });
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        match u8::take(input)? {
            0 => Ok(Refusal::NotLeader),
            1 => Ok(Refusal::NoLeader),
            2 => Ok(Refusal::Busy),
            3 => Ok(Refusal::Stopping),
            _ => Err(Malformed),
        }
    }
}

/// How a shard stands, as one of its replicas knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Led {
    pub shard: ShardId,
    /// The leader, if one is known.
    pub leader: Option<NodeId>,
    pub term: u64,
    pub voters: Vec<NodeId>,
    pub learners: Vec<NodeId>,
    /// Whether the voters are just changing.
    pub joint: bool,
}

impl Led {
    pub(crate) fn of(shard: ShardId, standing: &Standing) -> Self {
        Led {
            shard,
            leader: standing.leader,
            term: standing.term,
            voters: standing.voters.clone(),
            learners: standing.learners.clone(),
            joint: standing.joint,
        }
    }

    pub(crate) fn list_bytes(list: &Vec<Led>) -> Bytes {
        reply(list)
    }

    pub(crate) fn open_list(reply: &[u8]) -> Result<Vec<Led>, Malformed> {
        opened(reply)
    }
}

impl<'a> Wire<'a> for Led {
    fn put(&self, out: &mut Vec<u8>) {
        self.shard.put(out);
        self.leader.put(out);
        self.term.put(out);
        self.voters.put(out);
        self.learners.put(out);
        self.joint.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Led {
            shard: ShardId::take(input)?,
            leader: Wire::take(input)?,
            term: u64::take(input)?,
            voters: Vec::take(input)?,
            learners: Vec::take(input)?,
            joint: bool::take(input)?,
        })
    }
}

wire_enum! {
    /// What the leader of the map answers to a node that says it is there.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Noted {
        /// It is known.
        1 => Alive {},
        /// That life is over.
        2 => Over {
            /// The last life that is.
            boot: u64,
        },
        /// Somebody else leads, or nobody can say.
        3 => Unknown {},
        /// The node was removed from the cluster.
        4 => Removed {},
    }
}

impl Noted {
    pub(crate) fn bytes(&self) -> Bytes {
        reply(self)
    }

    pub(crate) fn open(reply: &[u8]) -> Result<Self, Malformed> {
        opened(reply)
    }
}

wire_enum! {
    /// Whether a node does what it was asked for.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Verdict {
        /// It does, or has done it.
        0 => Yes {},
        /// It does not, and why.
        1 => No {
            /// For whoever has to do something about it.
            why: String,
        },
        /// It cannot tell now: ask again.
        2 => NotNow {},
    }
}

impl Verdict {
    pub(crate) fn no(why: impl Into<String>) -> Self {
        Verdict::No { why: why.into() }
    }

    pub(crate) fn bytes(&self) -> Bytes {
        reply(self)
    }

    pub(crate) fn open(reply: &[u8]) -> Result<Self, Malformed> {
        opened(reply)
    }
}

impl super::Card {
    pub(crate) fn reply_bytes(&self) -> Bytes {
        reply(self)
    }

    pub(crate) fn open_reply(reply: &[u8]) -> Result<Self, Malformed> {
        opened(reply)
    }
}
