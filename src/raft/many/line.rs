//! The operations that a coordinator hands in, one behind the other in each shard.

use std::collections::HashMap;
use std::sync::Arc;

use lockstep_core::{Op, Origin, ShardId, locks};

use crate::{Delivery, Host, Mailbox, Ops};

/// Gives the operations of one connection numbers of their own, so that each is
/// carried out once however often it is tried.
#[derive(Debug)]
pub struct Line {
    origin: Origin,
    last: HashMap<ShardId, u64>,
}

impl Line {
    /// Goes on behind these numbers.
    pub fn new(origin: Origin, last: HashMap<ShardId, u64>) -> Self {
        Line { origin, last }
    }

    /// The line of one shard: from now on its operations have their numbers from that.
    /// None where there are no numbers for it.
    pub fn take(&mut self, shard: ShardId) -> Option<Line> {
        let last = self.last.remove(&shard)?;
        Some(Line { origin: self.origin, last: HashMap::from([(shard, last)]) })
    }

    /// Whether there are numbers for a shard.
    pub fn has(&self, shard: ShardId) -> bool {
        self.last.contains_key(&shard)
    }

    /// A share of one operation, under the next number.
    pub fn share(&mut self, shard: ShardId, op: locks::Op<'_>) -> Ops {
        self.share_of(shard, &Op::Lock { op })
    }

    /// The same of any operation.
    pub fn share_of(&mut self, shard: ShardId, op: &Op<'_>) -> Ops {
        let mut ops = Ops::default();
        ops.write(op);
        let last = self.last.entry(shard).or_default();
        *last += 1;
        ops.identify(self.origin, *last);
        ops
    }
}

/// Hands in a share and waits for what became of it.
pub(super) async fn hand_in(host: &Host, shard: ShardId, ops: Ops) -> Delivery {
    let mailbox = Arc::new(Mailbox::default());
    host.submit(shard, ops, &mailbox);
    mailbox.take().await
}
