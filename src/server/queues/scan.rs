//! QSCAN and QLIST: one walk over the queues of all shards.

use lockstep_commands::BadArgs;
use lockstep_core::Outcome;
use lockstep_core::queues::Op;

use super::ask;
use crate::Node;
use crate::shards::Walk;

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

/// Goes on with a walk: the next cursor, and names.
pub(super) async fn scan(
    node: &Node,
    cursor: u64,
    count: u64,
    filter: Filter<'_>,
) -> Result<Outcome, BadArgs> {
    Ok(step(node, cursor, count, filter).await?.reply())
}

/// All names that fit.
pub(super) async fn list(node: &Node, pattern: Option<&[u8]>) -> Result<Outcome, BadArgs> {
    let filter = Filter { pattern, length_min: None, dead: false, led: false };
    let (mut cursor, mut names) = (0, Vec::new());
    loop {
        let (next, found) = step(node, cursor, LIST_COUNT, filter).await?.end();
        names.extend(found);
        if next == 0 {
            return Ok(Outcome::List(names));
        }
        cursor = next;
    }
}

async fn step(node: &Node, cursor: u64, count: u64, filter: Filter<'_>) -> Result<Walk, BadArgs> {
    let Filter { pattern, length_min, dead, led } = filter;
    let mut walk = Walk::at(cursor, node.shards.count());
    while let Some((shard, from)) = walk.place() {
        if led && !node.shards.leads(shard) {
            walk.skip();
            continue;
        }
        let op = Op::Scan { cursor: from, count, pattern, length_min, dead };
        walk.found(ask(node, shard, &op).await?);
        if !walk.is_bare() {
            break;
        }
    }
    Ok(walk)
}
