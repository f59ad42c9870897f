//! Who asks for something of queues that goes on by itself.

use std::ops::Range;
use std::sync::Arc;

use lockstep_commands::BadArgs;
use lockstep_core::queues::Op;
use lockstep_core::{Op as AnyOp, Origin, Outcome, ShardId, Wait};
use lockstep_raft::Mailbox;
use lockstep_raft::many::{Expected, Line, Why};
use tokio::sync::watch;

use super::{Answered, Back, Given, ask, carry_out_whole, is_whole, outcome_of, partitions_in};
use crate::Node;
use crate::running::Stop;

/// How many waits a request may begin for each queue.
pub(crate) const REQUESTS_PER_QUEUE: u64 = 1 << 16;

/// Who asks: a connection of this node. Its request goes on by itself, until it is told
/// to stop.
pub(crate) struct Asker {
    /// The node.
    pub node: Arc<Node>,
    /// The connection.
    pub origin: Origin,
    /// Numbers for operations, with the shards of the queues that were named.
    pub line: Line,
    /// Numbers for requests that wait.
    pub requests: Range<u64>,
    /// Says that it is to stop, and why.
    pub stop: Stop,
}

impl Asker {
    /// The shard of a queue's partition.
    pub(crate) fn shard_of(&self, queue: &[u8], part: u32) -> ShardId {
        super::shard_of(&self.node, queue, part)
    }

    /// Hands in one operation. Where there are numbers it is carried out once, however
    /// often it is tried.
    ///
    /// # Errors
    /// The shard's leader cannot be reached, or nobody knows what became of it.
    pub(crate) async fn ask(&mut self, op: &Op<'_>) -> Result<Outcome, BadArgs> {
        let shard = self.shard_of(op.name(), op.part());
        if !op.is_write() || !self.line.has(shard) {
            return ask(&self.node, shard, op).await;
        }
        let ops = self.line.share_of(shard, &AnyOp::Queue { op: op.clone() });
        let mailbox = Arc::new(Mailbox::default());
        self.node.shards.submit(shard, ops, &mailbox);
        outcome_of(&self.node, shard, mailbox.take().await)
    }

    /// The same; with the partitions of the queue if it has several.
    pub(crate) async fn carry_out(&mut self, op: &Op<'_>) -> Answered {
        let known = self.node.queues.partitions.count(op.name()).filter(|_| is_whole(op));
        if let Some(count) = known {
            return carry_out_whole(self, op, count).await;
        }
        let outcome = self.ask(op).await?;
        match partitions_in(&outcome).filter(|_| op.names().count() == 1) {
            Some(count) => {
                self.node.queues.partitions.learn(op.name(), count);
                carry_out_whole(self, op, count).await
            }
            None => Ok(self.given(op, outcome)),
        }
    }

    /// An outcome, with the messages in it.
    pub(crate) fn given(&self, op: &Op<'_>, outcome: Outcome) -> Given {
        Given { back: Back::of(&self.node, op, &outcome), outcome }
    }

    /// Enters a request that is going to wait: how it waits, and where its answer comes.
    /// It has to be [left](Asker::leave) when it is over. None: there were too many.
    pub(crate) fn enter(&mut self, shard: ShardId, block_ms: u64) -> Option<(Wait, Expected)> {
        let request = self.requests.next()?;
        let expected = self.node.waits.enter(self.origin.conn, request, shard);
        Some((Wait::For { origin: self.origin, request, block_ms }, expected))
    }

    /// Forgets a request that did not have to wait, or no longer does.
    pub(crate) fn leave(&self, Wait::For { request, .. }: Wait) {
        self.node.waits.leave(self.origin.conn, request);
    }

    /// Why it is to stop, if it is.
    pub(crate) fn is_stopped(&self) -> Option<Why> {
        *self.stop.borrow()
    }

    /// One that does a part of the work, with the numbers of a shard, and what tells it
    /// to stop.
    pub(crate) fn part(&mut self, shard: Option<ShardId>) -> (Asker, watch::Sender<Option<Why>>) {
        let (sender, stop) = watch::channel(None);
        let from = self.requests.start;
        let until = from.saturating_add(REQUESTS_PER_QUEUE / 2).min(self.requests.end);
        self.requests.start = until;
        let line = shard.and_then(|shard| self.line.take(shard));
        let line = line.unwrap_or_else(|| Line::new(self.origin, Default::default()));
        let (node, origin) = (self.node.clone(), self.origin);
        (Asker { node, origin, line, requests: from..until, stop }, sender)
    }
}
