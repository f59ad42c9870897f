//! Reads on the connection's own task, under the leader's lease.

use std::time::Instant;

use lockstep_commands::Command;
use lockstep_commands::here::CacheMode;
use lockstep_core::{Op, Outcome, Read, ShardId};
use lockstep_net::{Next, Output};

use super::Front;
use super::line::asked;
use super::pending::Pending;
use super::queues::pending;
use crate::pubsub::keyspace;

/// What came of a look at the state of a shard.
pub(super) enum Look<'op> {
    /// This.
    Done(Outcome),
    /// It has to be looked at again behind this operation, of which nobody wants the outcome.
    Behind(Box<Op<'op>>),
}

impl Front {
    /// Reads from the state of a shard, if this connection has nothing unfinished
    /// there; where another node leads, that node reads.
    pub(super) fn read(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        op: &Op<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if let Some(next) = self.read_line(command, shard, op, begun, words, out) {
            return next;
        }
        if let Some(outcome) = self.look_here(shard, op) {
            self.show(command, outcome, begun, words, out);
            return Next::More;
        }
        let read = self.look(shard, op);
        if read.is_none()
            && let Some(next) = self.fetch_line(command, shard, op, begun, words, out)
        {
            return next;
        }
        match read {
            Some(Look::Done(outcome)) => {
                if let Op::Queue { op } = op
                    && let Some(call) = self.as_partitioned(op, &outcome)
                {
                    return self.begin_call(command, call, begun, out);
                }
                if let Some((at, _)) = asked(op) {
                    self.node.cache.read_here(shard, at);
                }
                self.show(command, outcome, begun, words, out);
                return Next::More;
            }
            Some(Look::Behind(ahead)) => {
                self.hand_over(shard, &ahead);
                self.pending.push(Pending::Tick { shard });
            }
            None => {}
        }
        self.hand_over(shard, op);
        let kept = self.session.keep_words(&self.node, words);
        self.pending.push(pending(command, shard, begun, kept, op));
        self.more()
    }

    /// What a replica of a shard here says, which another node leads, if it may answer.
    fn look_here(&mut self, shard: ShardId, op: &Op<'_>) -> Option<Outcome> {
        let Op::Key { op } = op else { return None };
        if self.session.copies != CacheMode::Strict || !self.may_copy() {
            return None;
        }
        let cache = &self.node.cache;
        if !cache.reads_here(shard) {
            return None;
        }
        cache.look_here(self.near.replica(&self.node.shards, shard)?, op)
    }

    /// What the state of a shard says, if this node leads it and may answer.
    pub(super) fn look<'op>(&mut self, shard: ShardId, op: &Op<'op>) -> Option<Look<'op>> {
        let now_ms = self.watch.now_ms();
        let group = self.near.leader(&self.node.shards, shard)?;
        let hears = keyspace::hears_misses(&self.node);
        let (read, seq, missed) = {
            let state = group.state();
            if let Some(ahead) = state.ahead_of(now_ms, op) {
                drop(state);
                return group.leads().then(|| Look::Behind(Box::new(ahead)));
            }
            let missed = if hears { state.missed(now_ms, op) } else { Vec::new() };
            (state.read(now_ms, op), state.seq(), missed)
        };
        let look = match read {
            // What is held back until all copies are gone is read behind it.
            Read::Done(outcome) if group.shows(op, seq) => Look::Done(outcome),
            // The replicated clock is behind the leader's: what has ended
            // must end for all replicas before anybody is told.
            Read::Done(_) | Read::TickFirst => Look::Behind(Box::new(Op::Tick {})),
        };
        // Behind the look: the lease may have ended since it was looked at.
        let leads = group.leads();
        if leads && matches!(look, Look::Done(_)) {
            keyspace::publish_all(&self.node, missed);
        }
        leads.then_some(look)
    }
}
