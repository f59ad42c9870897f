//! Names for what the node hands in by itself, for many clients or for none.
//!
//! A share that may have been carried out is tried again under its name only. A name
//! is that of a connection; these belong to nobody, and one is used by one share at a
//! time, so that a shard need not remember more than one share of each.

use std::sync::Arc;

use lockstep_core::{Origin, ShardId};
use lockstep_raft::{Delivery, Mailbox, Ops};
use parking_lot::Mutex;

use crate::Node;

/// No client has so high a number.
const FIRST: u64 = 1 << 62;

/// The names.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    free: Vec<Lane>,
    made: u64,
}

#[derive(Debug)]
struct Lane {
    conn: u64,
    number: u64,
}

impl Lanes {
    /// Hands in a share and waits for what became of it, which is found out if it can
    /// be. Not to be broken off.
    pub async fn hand_in(&self, node: &Node, shard: ShardId, mut ops: Ops) -> Delivery {
        let mut lane = self.take();
        lane.number += 1;
        let origin = Origin { node: node.identity.node_id, boot: node.life(), conn: lane.conn };
        ops.identify(origin, lane.number);
        let mailbox = Arc::new(Mailbox::default());
        node.shards.submit(shard, ops.clone(), &mailbox);
        let delivery = match mailbox.take().await {
            Delivery::Unknown => {
                ops.set_retry();
                node.shards.insist_on(shard, ops).await
            }
            known => known,
        };
        self.inner.lock().free.push(lane);
        delivery
    }

    fn take(&self) -> Lane {
        let mut inner = self.inner.lock();
        inner.free.pop().unwrap_or_else(|| {
            inner.made += 1;
            Lane { conn: FIRST + inner.made, number: 0 }
        })
    }
}
