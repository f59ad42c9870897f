//! What is particular about the commands on queues.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lockstep_commands::here::QueueCall;
use lockstep_commands::{BadArgs, Command, Reply, Request};
use lockstep_core::{Db, Op, Outcome, ShardId, Wait, keys, queues};
use lockstep_net::{Next, Output};
use lockstep_raft::Delivery;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Front;
use super::parts::Unfinished;
use super::pending::{Later, Pending};
use crate::Node;
use crate::cluster;
use crate::locks::{Line, NUMBERS};
use crate::queues::{
    Asker, Back, Call, REQUESTS_PER_QUEUE, carry_out, is_whole, request_name, shard_of,
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

    /// What is asked instead, if an operation is not for one shard alone: because the
    /// queue is known to have several partitions, or as a SCAN that wants queues.
    pub(super) fn as_call(&self, op: &Op<'_>) -> Option<Call> {
        match op {
            Op::Queue { op } => {
                let count = self.node.queues.partitions.concerns(op)?;
                Some(Call::Whole(crate::queues::kept(op), count))
            }
            Op::Key {
                op: keys::Op::Scan { db: Db(0), cursor, pattern, count, kind: Some(kind) },
            } if kind.eq_ignore_ascii_case(b"queue") => {
                let (cursor, count, pattern) = (*cursor, *count, pattern.map(<[u8]>::to_vec));
                // Clients of a cluster ask every node for what it leads.
                let led = cluster::is_on(&self.node);
                Some(Call::Scan { cursor, count, pattern, length_min: None, dead: false, led })
            }
            _ => None,
        }
    }

    /// The same behind the outcome of an operation that went home.
    pub(super) fn as_partitioned(&self, op: &queues::Op<'_>, outcome: &Outcome) -> Option<Call> {
        let (op, count) = self.node.queues.partitions.again(op, outcome)?;
        Some(Call::Whole(crate::queues::kept(&op), count))
    }

    /// A name of the last request that no other has.
    pub(super) fn request_name(&self) -> Vec<u8> {
        request_name(self.origin, self.request).into_bytes()
    }

    /// The operations that were handed in and deliver messages, with the places of their
    /// outcomes, and where these come.
    pub(super) fn undelivered(&mut self) -> Vec<Undelivered> {
        let mut counts: HashMap<ShardId, usize> = HashMap::new();
        let mut list: Vec<Undelivered> = Vec::new();
        for pending in &self.pending {
            let Some(shard) = pending.shard() else { continue };
            let place = counts.entry(shard).or_default();
            if let Pending::Queue { op, .. } = pending {
                match list.iter_mut().find(|there| there.shard == shard) {
                    Some(there) => there.ops.push((*place, op.clone())),
                    None => {
                        let Some(outcomes) = self.parts.unfinished(shard) else { continue };
                        list.push(Undelivered { shard, ops: vec![(*place, op.clone())], outcomes });
                    }
                }
            }
            *place += 1;
        }
        list
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
        self.note_wait(words);
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
        let wait = call.ops().iter().find_map(queues::Op::wait);
        if wait.is_some() && self.node.waits.are_given_up() {
            return self.send_away(command, out);
        }
        let binds = wait.is_some() && !call.waits_here();
        let homes = call.homes();
        let shards = homes.iter().map(|(name, part)| shard_of(&self.node, name, *part));
        let shards: BTreeSet<ShardId> = shards.collect();
        let names = homes.len().max(1) as u64;
        let mut last = HashMap::new();
        for shard in shards {
            if binds {
                self.bind_to(shard);
            }
            last.insert(shard, self.parts.reserve(shard, NUMBERS));
        }
        let requests = self.request + 1..self.request + 1 + names * REQUESTS_PER_QUEUE;
        self.request = requests.end;
        let entered = wait.map(|_| Entered::new(&self.node, self.origin.conn, self.request));
        let (node, origin) = (self.node.clone(), self.origin);
        let line = Line::new(origin, last);
        let deadline = wait.and_then(deadline);
        let client = self.session.client.clone();
        let (running, awaited) = running::begin(self.node.clone(), client, |stop, tell| {
            let asker = Asker { node, origin, line, requests, stop };
            (deadline, async move { carry_out(asker, &call, tell).await })
        });
        self.running = Some(running);
        let (give, given) = oneshot::channel();
        let future = Box::pin(async move {
            let answer = awaited.answer().await;
            drop(entered);
            match answer {
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

/// Operations of one shard that deliver messages, handed in by a connection that is over.
pub(super) struct Undelivered {
    shard: ShardId,
    /// Each with the place of its outcome.
    ops: Vec<(usize, Vec<u8>)>,
    outcomes: Unfinished,
}

impl Undelivered {
    /// Waits for their outcomes and gives back what is in them.
    pub(super) async fn give_back(self, node: &Arc<Node>) {
        let outcomes = match self.outcomes {
            Unfinished::Delivered(outcomes) => outcomes,
            Unfinished::HandedIn(mailbox) => match timeout(OUTCOME_WAIT, mailbox.take()).await {
                Ok(Delivery::Done(outcomes)) => outcomes,
                // What is not known comes back when its lease ends.
                _ => return,
            },
        };
        for (place, op) in &self.ops {
            let outcome = outcomes.get(*place);
            let op = crate::queues::read(op);
            if let Some(back) = outcome.and_then(|outcome| Back::of(node, &op, outcome)) {
                back.give().await;
            }
        }
    }
}

/// A request that waits, whatever it is about to do: a node that stops closes its
/// connection behind its answer.
struct Entered {
    node: Arc<Node>,
    conn: u64,
    request: u64,
}

impl Entered {
    fn new(node: &Arc<Node>, conn: u64, request: u64) -> Self {
        // Nothing is answered under this number.
        node.waits.enter(conn, request, ShardId::META);
        Entered { node: node.clone(), conn, request }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        self.node.waits.leave(self.conn, self.request);
    }
}

/// How long the outcomes of what was handed in are waited for.
const OUTCOME_WAIT: Duration = Duration::from_secs(10);

/// A request that waits, whose answer may be lost: one for messages may have to be asked
/// again (see [`queues::told_apart`](crate::queues::told_apart)), what one for keys is
/// served is kept until this node has it.
pub(super) fn told_apart<'a>(
    node: &Node,
    shard: ShardId,
    mut op: Op<'a>,
    name: &'a [u8],
) -> Op<'a> {
    match &mut op {
        Op::Queue { op } if op.wait().is_some() => {
            crate::queues::told_apart(node, shard, op, name);
        }
        Op::Key { op: keys::Op::PopOrWait { wait: Some(_), keep, .. } } => {
            *keep = !node.shards.replica(shard).is_some_and(|group| group.is_alone());
        }
        _ => {}
    }
    op
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
        Op::Queue { op } if is_whole(op) || delivers(op) || is_placed(op) => {
            Pending::Queue { command, shard, begun, kept, op: crate::queues::kept(op) }
        }
        _ => Pending::Outcome { command, shard, begun, kept },
    }
}

/// Whether an operation went to a partition that may not be there.
fn is_placed(op: &queues::Op<'_>) -> bool {
    matches!(op, queues::Op::Push { .. })
}

fn delivers(op: &queues::Op<'_>) -> bool {
    matches!(op, queues::Op::Pop { .. } | queues::Op::Ack { pop: Some(_), .. })
}

fn deadline(Wait::For { block_ms, .. }: Wait) -> Option<tokio::time::Instant> {
    let block = Duration::from_millis(block_ms);
    if block_ms == 0 { None } else { tokio::time::Instant::now().checked_add(block) }
}
