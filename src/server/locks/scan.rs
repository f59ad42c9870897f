//! LOCKSCAN: one walk over the locks of all shards.

use lockstep_commands::BadArgs;
use lockstep_core::Outcome;
use lockstep_core::locks::{Filter, Op};

use super::read;
use crate::Node;
use crate::shards::Walk;

/// Goes on with a walk: the next cursor and names.
pub(super) async fn scan(
    node: &Node,
    cursor: u64,
    count: u32,
    filter: &Filter<'_>,
) -> Result<Outcome, BadArgs> {
    let mut walk = Walk::at(cursor, node.shards.count());
    while let Some((shard, from)) = walk.place() {
        let op = Op::Scan { cursor: from, count, filter: *filter };
        walk.found(read(node, shard, &op).await?);
        if !walk.is_bare() {
            break;
        }
    }
    Ok(walk.reply())
}
