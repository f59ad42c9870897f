//! Cluster mode: which node leads which slots, where commands go by their keys,
//! and how the cluster is shown to its clients.
//!
//! Without cluster mode nothing here but the list of nodes (NODE) is asked.

pub mod admin;
pub mod names;
pub mod route;
pub mod show;
pub mod topology;
pub mod wide;

mod source;
#[cfg(test)]
mod tests;

pub use route::{admit, admit_all, restrict};
pub(crate) use source::leader_elsewhere;
pub use source::{links, traffic};
pub use topology::Topology;

use lockstep_core::op::Slots;
use lockstep_core::{Op, ShardId};

use crate::Node;
use crate::config::Setting;
use crate::shards::Shards;

/// Whether keys are spread over the shards by slot, and clients see a cluster.
pub fn is_on(node: &Node) -> bool {
    node.settings.flag(Setting::ClusterEnabled)
}

/// The shard an operation belongs to in either mode; none: to every one, or to
/// all that this node leads (see [`wide`]).
pub fn shard_of(node: &Node, op: &Op<'_>) -> Option<ShardId> {
    match op {
        // FLUSHALL and FLUSHDB have no slot, but a place in a transaction if one shard has all.
        Op::Key { op } if is_on(node) => match op.slot() {
            Some(slot) => Some(node.shards.of_slot(slot)),
            None => {
                let only = op.is_write() && node.shards.count() == 1;
                (only && node.shards.leads(Shards::KEY_SPACE)).then_some(Shards::KEY_SPACE)
            }
        },
        // What is about no keys runs beside the first of them; what is about all scripts and
        // libraries, on every shard.
        Op::Script { op: script } if is_on(node) && script.runs() => match op.slots() {
            Slots::One(slot) => Some(node.shards.of_slot(slot)),
            _ => Some(Shards::KEY_SPACE),
        },
        Op::Script { .. } if is_on(node) => None,
        _ => node.shards.of(op.home()),
    }
}
