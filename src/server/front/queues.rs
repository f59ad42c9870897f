//! What is particular about the commands on queues.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use lockstep_commands::here::QueueCall;
use lockstep_commands::{BadArgs, Command, Reply, Request};
use lockstep_core::queues;
use lockstep_core::{Op, Outcome, ShardId, Wait};
use lockstep_net::{Next, Output};
use tokio::sync::oneshot;

use super::Front;
use super::pending::{Later, Pending};
use crate::locks::{Line, NUMBERS};
use crate::queues::{
    Asker, Call, REQUESTS_PER_QUEUE, carry_out, is_whole, partitions_in, shard_of,
};
use crate::running;

impl Front {
    /// Gives an operation on a whole queue its partition, where that is enough.
    pub(super) fn place<'a>(
        &self,
        request: Result<Request<'a>, BadArgs>,
    ) -> Result<Request<'a>, BadArgs> {
        match request {
            Ok(Request::Op(Op::Queue { op })) if is_whole(&op) => {
                Ok(Request::Op(Op::Queue { op: self.node.queues.partitions.place(op) }))
            }
            other => other,
        }
    }

    /// How many partitions the queue has that an operation is about the whole of, if
    /// they are known to be several.
    pub(super) fn partitions_of(&self, op: &Op<'_>) -> Option<u32> {
        match op {
            Op::Queue { op } if is_whole(op) => self.node.queues.partitions.count(op.name()),
            _ => None,
        }
    }

    /// What is asked instead of home, if a queue is known to have several partitions.
    pub(super) fn as_whole(&self, op: &Op<'_>) -> Option<Call> {
        let Op::Queue { op: on_queue } = op else { return None };
        self.partitions_of(op).map(|count| Call::Whole(crate::queues::kept(on_queue), count))
    }

    /// The same behind the outcome of an operation that went home.
    pub(super) fn as_partitioned(&self, op: &queues::Op<'_>, outcome: &Outcome) -> Option<Call> {
        let count = partitions_in(outcome).filter(|_| is_whole(op))?;
        self.node.queues.partitions.learn(op.name(), count);
        Some(Call::Whole(crate::queues::kept(op), count))
    }

    /// Carries out what is more than one operation of one shard.
    pub(super) fn queue_call(
        &mut self,
        command: &'static Command,
        call: QueueCall<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if !self.pending.is_empty() {
            return self.defer(words);
        }
        self.begin_call(command, Call::of(&call), begun, out)
    }

    /// Begins what goes on by itself until it is answered, or the connection ends.
    pub(super) fn begin_call(
        &mut self,
        command: &'static Command,
        call: Call,
        begun: Instant,
        out: &mut Output,
    ) -> Next {
        if self.node.shards.count() == 0 {
            let bad = self.node.shards.forming();
            return self.refuse(command, bad, out);
        }
        let ops = call.ops();
        let wait = ops.iter().find_map(queues::Op::wait);
        if wait.is_some() && self.node.waits.are_given_up() {
            return self.send_away(command, out);
        }
        let mut last = HashMap::new();
        for op in &ops {
            for name in op.names() {
                let shard = shard_of(&self.node, name, op.part());
                if wait.is_some() {
                    self.bind_to(shard);
                }
                last.entry(shard).or_insert_with(|| self.parts.reserve(shard, NUMBERS));
            }
        }
        let names = ops.iter().map(|op| op.names().count() as u64).sum::<u64>().max(1);
        drop(ops);
        let requests = self.request + 1..self.request + 1 + names * REQUESTS_PER_QUEUE;
        self.request = requests.end;
        let (node, origin) = (self.node.clone(), self.origin);
        let line = Line::new(origin, last);
        let deadline = wait.and_then(deadline);
        let client = self.session.client.clone();
        let (running, awaited) = running::begin(self.node.clone(), client, |stop, tell| {
            let asker = Asker { node, origin, line, requests, stop };
            let work = async move {
                // Dropped unheard it gives back what is in it.
                let _ = tell.send(carry_out(asker, &call).await);
            };
            (deadline, work)
        });
        self.running = Some(running);
        let (give, given) = oneshot::channel();
        let future = Box::pin(async move {
            match awaited.answer().await {
                Ok(answer) => {
                    if let Some(back) = answer.back {
                        let _ = give.send(back);
                    }
                    (command.reply)(command.spec, answer.outcome)
                }
                Err(bad) => Reply::Error(bad),
            }
        });
        let waits = wait.is_some();
        self.later = Some(Later { command, begun, future, waits, given: Some(given) });
        Next::Block
    }
}

/// What waits for the outcome of an operation that was handed in.
pub(super) fn pending(
    command: &'static Command,
    shard: ShardId,
    begun: Instant,
    kept: Option<usize>,
    op: &Op<'_>,
) -> Pending {
    match op {
        Op::Queue { op } if is_whole(op) || delivers(op) => {
            Pending::Queue { command, shard, begun, kept, op: crate::queues::kept(op) }
        }
        _ => Pending::Outcome { command, shard, begun, kept },
    }
}

fn delivers(op: &queues::Op<'_>) -> bool {
    matches!(op, queues::Op::Pop { .. } | queues::Op::Ack { pop: Some(_), .. })
}

fn deadline(Wait::For { block_ms, .. }: Wait) -> Option<tokio::time::Instant> {
    let block = Duration::from_millis(block_ms);
    if block_ms == 0 { None } else { tokio::time::Instant::now().checked_add(block) }
}
