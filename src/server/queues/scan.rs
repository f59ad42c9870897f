//! QSCAN and QLIST: one walk over the queues of all shards.

use lockstep_commands::BadArgs;
use lockstep_core::queues::Op;
use lockstep_core::{Outcome, ShardId};

use super::ask;
use crate::Node;

/// The bits of a cursor that name the shard.
const SHARD_BITS: u32 = 8;

/// How many shards are looked at for one reply, when they have nothing to show.
const SHARDS_MAX: usize = 16;

/// How many names QLIST asks for at once.
const LIST_COUNT: u64 = 1_000;

/// Which queues are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter<'a> {
    /// Those whose names fit.
    pub pattern: Option<&'a [u8]>,
    /// Those with so many messages.
    pub length_min: Option<u64>,
    /// Those with dead messages.
    pub dead: bool,
    /// Those of the shards that the node leads.
    pub led: bool,
}

/// Goes on with a walk: the next cursor, and names. A cursor holds the shard and where
/// to go on there, which is a position that any replica of it understands.
pub(super) async fn scan(
    node: &Node,
    cursor: u64,
    count: u64,
    filter: Filter<'_>,
) -> Result<Outcome, BadArgs> {
    let (next, names) = step(node, cursor, count, filter).await?;
    let next = Outcome::Bytes(next.to_string().into_bytes());
    Ok(Outcome::List(vec![next, Outcome::List(names)]))
}

/// All names that fit.
pub(super) async fn list(node: &Node, pattern: Option<&[u8]>) -> Result<Outcome, BadArgs> {
    let filter = Filter { pattern, length_min: None, dead: false, led: false };
    let (mut cursor, mut names) = (0, Vec::new());
    loop {
        let (next, found) = step(node, cursor, LIST_COUNT, filter).await?;
        names.extend(found);
        if next == 0 {
            return Ok(Outcome::List(names));
        }
        cursor = next;
    }
}

async fn step(
    node: &Node,
    cursor: u64,
    count: u64,
    filter: Filter<'_>,
) -> Result<(u64, Vec<Outcome>), BadArgs> {
    let (mut from, mut shard) = (cursor >> SHARD_BITS, cursor & ((1 << SHARD_BITS) - 1));
    let shards = node.shards.count() as u64;
    let Filter { pattern, length_min, dead, led } = filter;
    let mut names = Vec::new();
    for _ in 0..SHARDS_MAX {
        let id = ShardId(u16::try_from(shard).unwrap_or(u16::MAX));
        if shard >= shards {
            break;
        }
        if led && !node.shards.leads(id) {
            (from, shard) = (0, shard + 1);
            continue;
        }
        let op = Op::Scan { cursor: from, count, pattern, length_min, dead };
        let (next, found) = parts(ask(node, id, &op).await?);
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
    Ok((next, names))
}

/// The next cursor of a shard, and names.
fn parts(outcome: Outcome) -> (u64, Vec<Outcome>) {
    let Outcome::List(parts) = outcome else { return (0, Vec::new()) };
    match <[Outcome; 2]>::try_from(parts) {
        Ok([Outcome::Int(next), Outcome::List(names)]) => (u64::try_from(next).unwrap_or(0), names),
        _ => (0, Vec::new()),
    }
}
