//! LOCKSCAN: one walk over the locks of all shards.

use lockstep_commands::BadArgs;
use lockstep_core::locks::{Filter, Op};
use lockstep_core::{Outcome, ShardId};

use super::read;
use crate::Node;

/// The bits of a cursor that name the shard.
const SHARD_BITS: u32 = 8;

/// How many shards are looked at for one reply, when they have nothing to show.
const SHARDS_MAX: usize = 16;

/// Goes on with a walk: the next cursor and names. A cursor holds the shard and
/// where to go on there.
pub(super) async fn scan(
    node: &Node,
    cursor: u64,
    count: u32,
    filter: &Filter<'_>,
) -> Result<Outcome, BadArgs> {
    let (mut from, mut shard) = (cursor >> SHARD_BITS, cursor & ((1 << SHARD_BITS) - 1));
    let shards = node.shards.count() as u64;
    let mut names = Vec::new();
    for _ in 0..SHARDS_MAX {
        if shard >= shards {
            break;
        }
        let op = Op::Scan { cursor: from, count, filter: *filter };
        let id = ShardId(u16::try_from(shard).unwrap_or(u16::MAX));
        let (next, found) = parts(read(node, id, &op).await?);
        names.extend(found);
        from = next;
        if next == 0 {
            shard += 1;
        }
        // An empty shard is no reason to come back to the client.
        if next != 0 || !names.is_empty() {
            break;
        }
    }
    let next = if shard >= shards { 0 } else { from << SHARD_BITS | shard };
    let next = Outcome::Bytes(next.to_string().into_bytes());
    Ok(Outcome::List(vec![next, Outcome::List(names)]))
}

/// The next cursor of a shard, and names.
fn parts(outcome: Outcome) -> (u64, Vec<Outcome>) {
    let Outcome::List(parts) = outcome else { return (0, Vec::new()) };
    let mut parts = parts.into_iter();
    let next = match parts.next() {
        Some(Outcome::Int(next)) => u64::try_from(next).unwrap_or(0),
        _ => 0,
    };
    match parts.next() {
        Some(Outcome::List(names)) => (next, names),
        _ => (next, Vec::new()),
    }
}
