//! MLOCK and MUNLOCK over several shards, and MLOCK that waits, for the connections of
//! this node.
//!
//! The coordinator runs on a task of its own: the end of the connection does not break
//! it off but makes it give back, and the connection's last words to the shards wait
//! for that.

mod release;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use lockstep_commands::{BadArgs, error};
use lockstep_core::{Op, Outcome, ShardId, locks};
use lockstep_raft::many::{self, Asked, Coordinator, End, Expected};
pub(crate) use lockstep_raft::many::{Line, Plan, at_once, is_deadlock};

use crate::Node;
use crate::clients::Client;
use crate::running::{self, Awaited, Running};
use crate::sessions::ensure_open;
pub(crate) use release::release;

/// How many operations one coordinator may need in one shard, with renewals.
pub(crate) const NUMBERS: u64 = 1 << 32;

/// How many waits one coordinator may begin for each name.
pub(crate) const REQUESTS_PER_NAME: u64 = 16;

/// The shard of a lock.
pub(crate) fn shard_of(node: &Node, name: &[u8]) -> ShardId {
    let op = Op::Lock { op: locks::Op::Info { name } };
    crate::cluster::shard_of(node, &op).expect("it names a lock")
}

/// Where a coordinator sits: a connection of this node.
pub(crate) struct Seat {
    pub node: Arc<Node>,
    /// The connection.
    pub conn: u64,
}

impl many::Seat for Seat {
    type Refusal = BadArgs;

    fn host(&self) -> &lockstep_raft::Host {
        self.node.shards.host()
    }

    async fn open(&self, session: &[u8], shard: ShardId) -> Result<(), BadArgs> {
        ensure_open(&self.node, session, shard).await
    }

    fn enter(&self, request: u64, shard: ShardId) -> Expected {
        self.node.waits.enter(self.conn, request, shard)
    }

    fn leave(&self, request: u64) {
        self.node.waits.leave(self.conn, request);
    }

    fn refusal(&self, end: End<'_>) -> BadArgs {
        match end {
            End::Undone(shard, delivery) => self.node.shards.failure(shard, delivery),
            End::Lost => error::LOCKS_LOST,
            End::Uncertain => error::UNCERTAIN,
            End::GivenUp => error::GIVEN_UP,
        }
    }
}

/// Begins to take several locks for a client.
pub(crate) fn begin(asked: Asked<Seat>, client: Arc<Client>) -> (Running, Awaited<Outcome>) {
    running::begin(asked.seat.node.clone(), client, |stop, tell| {
        let coordinator = Coordinator::new(asked, stop);
        (coordinator.deadline(), coordinator.run(tell))
    })
}
