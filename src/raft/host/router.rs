//! The way of operations to the leader of their shard.

use std::sync::Arc;

use lockstep_core::{NodeId, Op, ShardId};

use super::Host;
use crate::{Delivery, Mailbox, Ops, Refusal};

impl Host {
    /// The leader of a shard, as far as this node knows.
    pub fn leader_of(&self, shard: ShardId) -> Option<NodeId> {
        self.inner.groups.with(shard, |group| group.status().leader).flatten()
    }

    /// Hands in operations for a shard; what becomes of them comes to `mailbox`.
    pub fn submit(&self, shard: ShardId, ops: Ops, mailbox: &Arc<Mailbox>) {
        let submitted = self.inner.groups.with(shard, |group| group.submit(ops, mailbox));
        if let Err(refusal) = submitted.unwrap_or(Err(Refusal::NoLeader)) {
            mailbox.put(Delivery::Refused(refusal));
        }
    }

    /// Hands in one operation and waits for what became of it.
    pub async fn ask(&self, shard: ShardId, op: &Op<'_>) -> Delivery {
        let mailbox = Arc::new(Mailbox::default());
        let mut ops = Ops::default();
        if op.is_write() {
            ops.write(op)
        } else {
            ops.read(op)
        }
        self.submit(shard, ops, &mailbox);
        mailbox.take().await
    }

    /// Like [`Host::ask`], again and again until it is applied, for half a minute
    /// at most: for what does no harm when it happens twice.
    pub async fn insist(&self, shard: ShardId, op: &Op<'_>) -> Delivery {
        match self.group(shard) {
            Some(group) => group.insist(op).await,
            None => Delivery::Refused(Refusal::NoLeader),
        }
    }
}
