//! A parsed command.

use lockstep_core::{Db, Op, Origin};

use crate::{Here, Protocol};

/// What parsing needs to know of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// The selected database.
    pub db: Db,
    /// The connection.
    pub origin: Origin,
    /// The number of this request on its connection; a wait is known by it.
    pub request: u64,
    /// The protocol it speaks.
    pub protocol: Protocol,
    /// The largest string there may be, in bytes (`proto-max-bulk-len`).
    pub string_bytes_max: u64,
    /// Whether the eviction policy counts accesses (LFU) rather than their times.
    pub lfu: bool,
    /// A seed for random choices of reads.
    pub seed: u64,
}

/// A parsed command: an operation on a shard, or something for this node.
#[derive(Clone, Debug, PartialEq)]
pub enum Request<'a> {
    /// For a shard.
    Op(Op<'a>),
    /// For this node.
    Here(Here<'a>),
}

impl<'a> From<lockstep_core::keys::Op<'a>> for Request<'a> {
    fn from(op: lockstep_core::keys::Op<'a>) -> Self {
        Request::Op(Op::Key { op })
    }
}

impl<'a> From<lockstep_core::locks::Op<'a>> for Request<'a> {
    fn from(op: lockstep_core::locks::Op<'a>) -> Self {
        Request::Op(Op::Lock { op })
    }
}

impl<'a> From<lockstep_core::queues::Op<'a>> for Request<'a> {
    fn from(op: lockstep_core::queues::Op<'a>) -> Self {
        Request::Op(Op::Queue { op })
    }
}

impl<'a> From<Here<'a>> for Request<'a> {
    fn from(here: Here<'a>) -> Self {
        Request::Here(here)
    }
}
