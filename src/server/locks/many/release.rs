//! MUNLOCK: gives several locks back, those of each shard at once.

use std::sync::Arc;

use futures_util::future::join_all;
use lockstep_commands::BadArgs;
use lockstep_core::locks::Owner;
use lockstep_core::wire::Wire;
use lockstep_core::{Outcome, ShardId, locks};
use lockstep_raft::{Delivery, Mailbox};

use super::{Line, shard_of};
use crate::Node;

/// Gives several locks back: how many were held until now. `tokens` as in the
/// operation.
///
/// # Errors
/// What became of those of some shard is not known, or nothing became of it.
pub(crate) async fn release(
    node: Arc<Node>,
    mut line: Line,
    names: Vec<Vec<u8>>,
    tokens: Vec<u64>,
    owner: Vec<u8>,
) -> Result<Outcome, BadArgs> {
    let owner = Owner::take(&mut &owner[..]).expect("just written");
    let mut parts: Vec<(ShardId, Vec<usize>)> = Vec::new();
    for (at, name) in names.iter().enumerate() {
        let shard = shard_of(&node, name);
        match parts.iter_mut().find(|(there, _)| *there == shard) {
            Some((_, places)) => places.push(at),
            None => parts.push((shard, vec![at])),
        }
    }
    let handed_in = parts.into_iter().map(|(shard, places)| {
        let names = places.iter().map(|&at| &names[at][..]).collect();
        let tokens = places.iter().filter_map(|&at| tokens.get(at).copied()).collect();
        let op = locks::Op::ReleaseMany { names, tokens, owner, waits: false };
        let mailbox = Arc::new(Mailbox::default());
        node.shards.submit(shard, line.share(shard, op), &mailbox);
        (shard, mailbox)
    });
    let handed_in: Vec<(ShardId, Arc<Mailbox>)> = handed_in.collect();
    let outcomes = join_all(handed_in.iter().map(|(_, mailbox)| mailbox.take())).await;
    let mut released = 0;
    for ((shard, _), delivery) in handed_in.iter().zip(outcomes) {
        match delivery {
            Delivery::Done(outcomes) => match outcomes.into_iter().next() {
                Some(Outcome::Int(count)) => released += count,
                Some(other) => return Ok(other),
                None => {}
            },
            other => return Err(node.shards.failure(*shard, &other)),
        }
    }
    Ok(Outcome::Int(released))
}
