//! Queues over several shards: what one of them cannot do alone.
//!
//! An operation says which partition of its queue it is about, or that it is about the
//! [whole](WHOLE) queue. That one goes to the queue's home; if the queue has several
//! partitions, home refuses it with their number, and it is carried out by
//! `carry_out_whole`. A node that knows the number does not ask home first.

mod asker;
mod back;
mod call;
mod many;
mod moves;
mod partitions;
mod scan;
mod several;
#[cfg(test)]
mod tests;
mod wait;

use std::sync::atomic::AtomicUsize;

use lockstep_commands::BadArgs;
use lockstep_core::queues::{Op, Totals, WHOLE};
use lockstep_core::wire::Wire;
use lockstep_core::{Fault, Outcome, ShardId};
use lockstep_raft::Delivery;

use crate::Node;

pub(crate) use asker::{Asker, REQUESTS_PER_QUEUE};
pub(crate) use back::Back;
pub(crate) use call::{Call, carry_out};
pub use partitions::{Partitions, start};
pub(crate) use wait::{ask_again, request_name, told_apart};

/// Room for an operation beside the bodies in it, for most.
const KEPT_BYTES: usize = 128;

/// What a node knows of queues.
#[derive(Debug, Default)]
pub struct Queues {
    /// Those with several partitions.
    pub partitions: Partitions,
    /// How many requests wanted that each queue comes first in turn.
    turn: AtomicUsize,
}

/// The numbers of the queues in all shards that a node leads.
pub(crate) fn totals(node: &Node) -> Totals {
    let mut sum = Totals::default();
    for group in node.shards.led() {
        sum += group.state().queues().totals();
    }
    sum
}

/// What comes of a request, or what to tell the client instead.
pub(crate) type Answered = Result<Given, BadArgs>;

/// An outcome that may have messages in it.
#[derive(Debug)]
pub(crate) struct Given {
    /// The outcome.
    pub outcome: Outcome,
    /// The messages in it: given back when this is dropped.
    pub back: Option<Back>,
}

impl From<Outcome> for Given {
    fn from(outcome: Outcome) -> Self {
        Given { outcome, back: None }
    }
}

/// Carries out an operation on the whole of a queue that has `count` partitions.
pub(crate) async fn carry_out_whole(asker: &mut Asker, op: &Op<'_>, count: u32) -> Answered {
    match op {
        Op::Push { .. } => partitions::push(asker, op, count).await,
        Op::Pop { .. } => partitions::pop(asker, op, count).await,
        _ => partitions::all(asker, op, count).await,
    }
}

/// How many partitions its queue has, if an operation was refused for that.
pub(crate) fn partitions_in(outcome: &Outcome) -> Option<u32> {
    match outcome {
        Outcome::Refused { fault: Fault::Partitioned, text } => {
            std::str::from_utf8(text).ok()?.parse().ok()
        }
        _ => None,
    }
}

/// Whether an operation is about a whole queue.
pub(crate) fn is_whole(op: &Op<'_>) -> bool {
    op.part() == WHOLE
}

/// An operation as bytes that outlive the command.
pub(crate) fn kept(op: &Op<'_>) -> Vec<u8> {
    let bodies = match op {
        Op::Push { bodies, .. } => bodies.iter().map(|body| body.len()).sum(),
        _ => 0,
    };
    let mut bytes = Vec::with_capacity(KEPT_BYTES + bodies);
    op.put(&mut bytes);
    bytes
}

/// The operation that was [`kept`].
pub(crate) fn read(bytes: &[u8]) -> Op<'_> {
    Op::take(&mut &bytes[..]).expect("written by the node itself")
}

/// The shard of a queue's partition.
pub(crate) fn shard_of(node: &Node, queue: &[u8], part: u32) -> ShardId {
    let op = lockstep_core::Op::Queue { op: Op::Info { queue, part } };
    crate::cluster::shard_of(node, &op).expect("it names a queue")
}

/// Asks one shard, wherever it is led.
///
/// # Errors
/// Its leader cannot be reached, or nobody knows what became of it.
pub(crate) async fn ask(node: &Node, shard: ShardId, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let op = lockstep_core::Op::Queue { op: op.clone() };
    outcome_of(node, shard, node.shards.ask(shard, &op).await)
}

/// The outcome of one operation.
fn outcome_of(node: &Node, shard: ShardId, delivery: Delivery) -> Result<Outcome, BadArgs> {
    match delivery {
        Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
        other => Err(node.shards.failure(shard, &other)),
    }
}
