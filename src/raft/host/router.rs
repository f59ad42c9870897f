//! The way of operations to the leader of their shard.
//!
//! What was surely not proposed is tried again for a while, with whoever leads
//! by then. What may have been proposed is tried again only under its name, so
//! that it is applied once, or when it only reads.

mod errand;
mod knowledge;
mod limits;

use std::sync::Arc;

use lockstep_core::{NodeId, Op, ShardId};
use tokio::time::{Duration, Instant};

pub(super) use errand::ANSWER_WAIT;
#[cfg(test)]
pub(super) use errand::NEWS_WAIT;
pub(super) use knowledge::Knowledge;
pub(super) use limits::InFlight;
pub use limits::{FORWARDED_BYTES_MAX, FORWARDED_MAX};

use super::{Host, Inner};
use crate::{Delivery, Mailbox, Ops, Refusal};

/// How long what must not be lost is tried.
const INSIST_MAX: Duration = Duration::from_secs(30);
/// How long whoever insists waits before the next try.
const INSIST_AGAIN: Duration = Duration::from_millis(50);

impl Host {
    /// The leader of a shard, as far as this node knows.
    pub fn leader_of(&self, shard: ShardId) -> Option<NodeId> {
        self.inner.leader_of(shard)
    }

    /// Hands in operations for a shard; what becomes of them comes to `mailbox`,
    /// for whoever waits there. A mailbox that is dropped ends the tries.
    pub fn submit(&self, shard: ShardId, mut ops: Ops, mailbox: &Arc<Mailbox>) {
        let alone = self.inner.groups.with(shard, |group| {
            if !(group.is_alone() && group.leads()) {
                return None;
            }
            // Nobody else could take it: no name, no second try.
            let mut ops = std::mem::take(&mut ops);
            ops.forget_id();
            Some(group.submit(ops, mailbox))
        });
        match alone.flatten() {
            Some(Ok(())) => {}
            Some(Err(refusal)) => mailbox.put(Delivery::Refused(refusal)),
            None => self.inner.send(shard, ops, mailbox),
        }
    }

    /// Hands in one operation and waits for what became of it.
    pub async fn ask(&self, shard: ShardId, op: &Op<'_>) -> Delivery {
        self.inner.ask(shard, op).await
    }

    /// Like [`Host::ask`], again and again until it is applied, for half a minute
    /// at most: for what does no harm when it happens twice.
    pub async fn insist(&self, shard: ShardId, op: &Op<'_>) -> Delivery {
        self.inner.insist(shard, share_of(op)).await
    }

    /// The same for a whole share. Under a name it also keeps what was sent
    /// before it, and arrives late, from being applied.
    pub async fn insist_on(&self, shard: ShardId, mut ops: Ops) -> Delivery {
        let alone = |group: &crate::Group| group.is_alone() && group.leads();
        if self.inner.groups.with(shard, alone) == Some(true) {
            // As in `submit`: nothing was sent anywhere.
            ops.forget_id();
        }
        self.inner.insist(shard, ops).await
    }
}

/// A share of one operation.
pub(super) fn share_of(op: &Op<'_>) -> Ops {
    let mut ops = Ops::default();
    if op.is_write() {
        ops.write(op);
    } else {
        ops.read(op);
    }
    ops
}

impl Inner {
    /// Sends an errand out with a share.
    fn send(self: &Arc<Self>, shard: ShardId, ops: Ops, mailbox: &Mailbox) {
        match self.in_flight.enter(ops.bytes()) {
            Some(place) => mailbox.send(Box::pin(self.clone().carry(shard, ops, place))),
            None => mailbox.put(Delivery::Refused(Refusal::Busy)),
        }
    }

    pub(super) async fn ask(self: &Arc<Self>, shard: ShardId, op: &Op<'_>) -> Delivery {
        self.try_once(shard, share_of(op)).await
    }

    async fn try_once(self: &Arc<Self>, shard: ShardId, ops: Ops) -> Delivery {
        // Never refused as busy: it is small, and what makes room may be among it.
        let place = self.in_flight.enter_always(ops.bytes());
        self.clone().carry(shard, ops, place).await
    }

    /// Tries until it is applied, there is no more hope, or the node stops.
    pub(super) async fn insist(self: &Arc<Self>, shard: ShardId, mut ops: Ops) -> Delivery {
        let until = Instant::now() + INSIST_MAX;
        loop {
            let delivery = self.try_once(shard, ops.clone()).await;
            let again = match &delivery {
                Delivery::Done(_) => false,
                Delivery::Refused(_) => true,
                Delivery::Unknown => {
                    ops.set_retry();
                    true
                }
            };
            let vain = Instant::now() >= until || *self.stop.borrow() || self.is_over(&ops);
            if !again || vain {
                return delivery;
            }
            tokio::time::sleep(INSIST_AGAIN).await;
        }
    }

    /// Whether a share is of a former life of this node: the shards take nothing of
    /// it any more, and have ended what it left.
    fn is_over(&self, ops: &Ops) -> bool {
        let origin = ops.id().map(|id| id.origin);
        let life = self.life.borrow().boot;
        origin.is_some_and(|origin| origin.node == self.me() && origin.boot < life)
    }
}
