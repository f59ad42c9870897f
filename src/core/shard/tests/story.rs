//! A shard with a clock, for stories of those who wait for keys.

use super::NOW;
use crate::keys;
use crate::shard::Shard;
use crate::{Effect, Effects, NodeId, Op, Origin, Outcome};

/// A shard with a clock, and the answers that were given.
pub(super) struct Story {
    pub shard: Shard,
    pub now_ms: u64,
    pub fx: Effects,
}

impl Story {
    pub fn new() -> Self {
        Story { shard: Shard::new(3), now_ms: NOW, fx: Effects::default() }
    }

    pub fn run(&mut self, op: &Op<'_>) -> Outcome {
        self.shard.apply(self.now_ms, op, &mut self.fx)
    }

    /// The answers since they were last asked for: the connections and what they got.
    pub fn answers(&mut self) -> Vec<(u64, Outcome)> {
        let answer = |effect| match effect {
            Effect::Answer { origin, outcome, .. } => Some((origin.conn, outcome)),
            _ => None,
        };
        self.fx.take().into_iter().filter_map(answer).collect()
    }
}

/// A connection of the node 7.
pub(super) fn origin(conn: u64) -> Origin {
    Origin { node: NodeId(7), boot: 1, conn }
}

pub(super) fn key(op: keys::Op<'_>) -> Op<'_> {
    Op::Key { op }
}

pub(super) fn bytes(text: &[u8]) -> Outcome {
    Outcome::Bytes(text.to_vec())
}
