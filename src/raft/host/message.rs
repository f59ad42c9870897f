//! What hosts say to each other.
//!
//! Every message begins with what kind it is and in which format it is written;
//! a node that does not know the format answers with nothing at all, which the
//! asker takes for a message that was not understood and not carried out.

mod card;
mod reply;

use bytes::Bytes;
use lockstep_core::cluster::NodeInfo;
use lockstep_core::wire::{Malformed, Wire};
use lockstep_core::{NodeId, ShardId, wire_enum};

pub(super) use card::Card;
pub(super) use reply::{Delivered, Led, Noted, Verdict};

use crate::message::OTHERS_FROM;

/// Requests between nodes of a cluster.
const REQUEST: u8 = OTHERS_FROM;
/// Requests of nodes that may belong to no cluster.
const KNOCK: u8 = OTHERS_FROM + 1;
/// Answers to requests that wait, for the connections of the node that is told.
const ANSWERS: u8 = OTHERS_FROM + 2;
/// Requests of the host's user to its like.
const APP_REQUEST: u8 = OTHERS_FROM + 3;
/// Messages of the host's user that have no reply.
const APP_MESSAGE: u8 = OTHERS_FROM + 4;
/// The only format so far.
const FORMAT: u8 = 1;

wire_enum! {
    /// What a node asks another one of its cluster.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Request<'a> {
        /// Carry out the operations of a share.
        1 => Submit {
            /// For which shard.
            shard: ShardId,
            /// Good for one try: a copy of the message is not carried out.
            ticket: u64,
            /// The byte form of its [`Ops`](crate::Ops).
            share: &'a [u8],
        },
        /// Who leads a shard?
        2 => WhoLeads {
            /// Which shard.
            shard: ShardId,
        },
        /// Which shards does the node lead?
        3 => WhatLed {},
        /// Hand over the leadership of a shard.
        4 => Transfer {
            /// Which shard.
            shard: ShardId,
            /// To whom.
            to: NodeId,
        },
        /// May the asker, who has no part in the shard any more, forget what it
        /// kept of it?
        5 => MayErase {
            /// Which shard.
            shard: ShardId,
        },
        /// A node is there.
        6 => Alive {
            /// In which life.
            boot: u64,
        },
    }
}

wire_enum! {
    /// What a node asks whoever is at an address.
    #[derive(Clone, Debug, PartialEq)]
    pub enum Knock {
        /// Who are you?
        1 => Hello {
            /// Who asks.
            card: Card,
        },
        /// Belong to the cluster that is about to be founded.
        2 => Invite {
            /// The cluster.
            cluster: u64,
            /// Its first nodes, the founder among them.
            nodes: Vec<NodeInfo>,
            /// What is asked for.
            card: Card,
        },
        /// A node joins your cluster.
        3 => Join {
            /// The cluster it means.
            cluster: u64,
            /// The node.
            node: NodeInfo,
            /// The node that it was until its data was damaged.
            replaces: Option<NodeId>,
        },
        /// Ask at these addresses for a cluster to join.
        4 => Adopt {
            /// Addresses of peer ports.
            addresses: Vec<String>,
        },
    }
}

/// Begins a message.
fn begin(kind: u8, room: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(room + 2);
    out.extend_from_slice(&[kind, FORMAT]);
    out
}

/// The bytes behind the beginning of a message of this kind.
fn body(kind: u8, message: &[u8]) -> Result<&[u8], Malformed> {
    match message {
        [first, FORMAT, rest @ ..] if *first == kind => Ok(rest),
        _ => Err(Malformed),
    }
}

/// Takes a value that fills the input to its end.
pub(super) fn whole<'a, T: Wire<'a>>(mut input: &'a [u8]) -> Result<T, Malformed> {
    let value = T::take(&mut input)?;
    if input.is_empty() { Ok(value) } else { Err(Malformed) }
}

impl<'a> Request<'a> {
    pub(super) fn bytes(&self) -> Bytes {
        let room = if let Request::Submit { share, .. } = self { share.len() + 16 } else { 32 };
        let mut out = begin(REQUEST, room);
        self.put(&mut out);
        out.into()
    }

    pub(super) fn open(message: &'a [u8]) -> Result<Self, Malformed> {
        whole(body(REQUEST, message)?)
    }
}

impl Knock {
    pub(super) fn bytes(&self) -> Bytes {
        let mut out = begin(KNOCK, 256);
        self.put(&mut out);
        out.into()
    }

    pub(super) fn open(message: &[u8]) -> Result<Self, Malformed> {
        whole(body(KNOCK, message)?)
    }
}

/// A request of the host's user.
pub(super) fn app_request(request: &[u8]) -> Bytes {
    enclosed(APP_REQUEST, request)
}

/// What the host's user asks.
pub(super) fn open_app_request(message: &Bytes) -> Result<Bytes, Malformed> {
    body(APP_REQUEST, message).map(|inner| message.slice_ref(inner))
}

/// A message of the host's user.
pub(super) fn app_message(message: &[u8]) -> Bytes {
    enclosed(APP_MESSAGE, message)
}

/// What the host's user tells.
pub(super) fn open_app_message(message: &[u8]) -> Result<&[u8], Malformed> {
    body(APP_MESSAGE, message)
}

fn enclosed(kind: u8, inner: &[u8]) -> Bytes {
    let mut out = begin(kind, inner.len());
    out.extend_from_slice(inner);
    out.into()
}

/// Begins a message of answers.
pub(super) fn answers() -> Vec<u8> {
    begin(ANSWERS, 256)
}

/// The answers in a message, still in their byte form.
pub(super) fn open_answers(message: &[u8]) -> Result<&[u8], Malformed> {
    body(ANSWERS, message)
}

#[cfg(test)]
mod tests;
