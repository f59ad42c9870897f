//! Locks over several shards, and what clients are told about theirs.

mod attach;
mod clients;
mod elsewhere;
mod events;
mod info;
mod many;
mod notices;
mod scan;

use std::sync::Arc;

use futures_util::future::join_all;
use lockstep_commands::BadArgs;
use lockstep_core::locks::{Op, Owner};
use lockstep_core::{Outcome, ShardId};
use lockstep_raft::Delivery;

use crate::Node;
use crate::exchange::Topic;

pub(crate) use attach::{attach, attach_terms};
pub(crate) use info::{Call, carry_out};
pub(crate) use many::{
    Line, NUMBERS, Plan, REQUESTS_PER_NAME, Seat, at_once, begin, is_deadlock, release, shard_of,
};
pub use notices::Notices;

/// From now on the node tells its clients about their locks, and other nodes about
/// its clients.
pub fn start(node: &Arc<Node>) {
    node.waits.notify(Notices::of(node));
    node.exchange.listen(Topic::Clients, clients::Clients(Arc::downgrade(node)));
}

/// Reads from one shard, wherever it is led.
///
/// # Errors
/// Its leader cannot be reached, and what to tell the client.
pub(crate) async fn read(node: &Node, shard: ShardId, op: &Op<'_>) -> Result<Outcome, BadArgs> {
    let op = lockstep_core::Op::Lock { op: op.clone() };
    match node.shards.ask(shard, &op).await {
        Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
        other => Err(node.shards.failure(shard, &other)),
    }
}

/// Reads from several shards at the same time.
async fn read_all(
    node: &Node,
    shards: impl Iterator<Item = ShardId>,
    op: &Op<'_>,
) -> Result<Vec<(ShardId, Outcome)>, BadArgs> {
    let reads = shards.map(|shard| async move { Ok((shard, read(node, shard, op).await?)) });
    join_all(reads).await.into_iter().collect()
}

/// Takes from an owner all that it holds and waits for, in all shards. What cannot
/// be told ends with its lease, or with its connection.
pub(crate) async fn give_up_all(node: &Node, owner: &Owner<'_>) {
    let op = lockstep_core::Op::Lock { op: Op::Surrender { owner: *owner } };
    let op = &op;
    join_all(node.shards.ids().map(|shard| node.shards.insist(shard, op))).await;
}
