//! Waiting for what was begun, and answering it in order.

use std::time::{Duration, Instant};

use lockstep_commands::{BadArgs, Command, Reply, error};
use lockstep_core::{Db, Fault, Outcome, ShardId};
use lockstep_net::{Handler, Next, Output};
use lockstep_raft::Delivery;

use super::pending::{Blocked, Pending};
use super::take::pause_over;
use super::tracking::was_counted;
use super::transaction::Step;
use super::{Front, life, locks};
use crate::queues::{Back, Call, ask_again};

/// How long a request may take to be taken back whose time has long been up.
const OVERDUE_TAKE_BACK_MAX: Duration = Duration::from_millis(500);

/// How long a request may take to be taken back when the node stops.
const TAKE_BACK_MAX: Duration = Duration::from_secs(2);

/// Why a wait ends before its answer came.
enum Broken {
    /// CLIENT UNBLOCK; with an error or as if its time had run out.
    Unblocked(bool),
    /// The answer may have been lost.
    Adrift,
    /// The node stops.
    GivenUp,
    /// Its time has long been up: nobody leads the shard.
    Overdue,
}

/// What came of one thing that was pending.
enum Settled {
    /// The next reply.
    Reply(Reply),
    /// The same, with messages in it.
    Given(Reply, Option<Back>),
    /// It is carried out with the partitions of a queue.
    Begins(&'static Command, Call, Instant),
    /// Nothing to tell.
    Nothing,
    /// Its request waits in a machine.
    Waits,
}

impl Front {
    /// Brings everything unfinished to its end, or to where it waits.
    pub(super) async fn settle_all(&mut self, out: &mut Output) -> Next {
        if self.later.is_some() && !self.pending.is_empty() {
            // What is pending stands behind it.
            let next = self.wait_for_later(out).await;
            return if next == Next::More { Next::Settle } else { next };
        }
        if !self.pending.is_empty() {
            self.settle_lines().await;
            self.parts.carry_out(&self.node, self.origin).await;
            let next = self.finish(out);
            // What may take long begins when the client has seen the rest.
            if next != Next::More || self.deferred_is_paused() {
                return if next == Next::More { Next::Block } else { next };
            }
        }
        if self.blocked.is_some() {
            return self.wait_blocked(out).await;
        }
        if self.later.is_some() {
            return self.wait_for_later(out).await;
        }
        if self.opening.is_some() {
            let next = self.settle_opening(out).await;
            if next != Next::More || !self.pending.is_empty() {
                return next;
            }
        }
        if let Some(words) = self.deferred.take() {
            let refs: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
            if self.is_deferred_paused(&refs) {
                let held = self.would_carry_out(&refs);
                self.session.client.postponed(pause_over(self.node.clone(), held)).await;
            }
            return self.command(&refs, out);
        }
        self.end()
    }

    /// Waits for an answer that takes time. What happens meanwhile is told
    /// meanwhile.
    async fn wait_for_later(&mut self, out: &mut Output) -> Next {
        let Some(later) = &mut self.later else { return Next::More };
        let (client, alone) = (&self.session.client, self.pending.is_empty());
        let interrupted = async {
            if alone {
                client.interrupted(out).await
            } else {
                client.interrupted_by_message(out).await
            }
        };
        let reply = tokio::select! {
            biased;
            reply = &mut later.future => reply,
            next = interrupted => return still_waits(next),
        };
        let Some(later) = self.later.take() else { return Next::More };
        let behind = std::mem::take(&mut self.pending);
        if later.waits {
            // Redis does not count the time it waited, either.
            self.node.stats.record(later.command, Duration::ZERO, &reply);
            self.emit(reply, out);
        } else {
            self.answer(later.command, reply, later.begun, &[], out);
        }
        self.pending = behind;
        if let Some(back) = later.given.and_then(|mut given| given.try_recv().ok()) {
            self.handed.note(self.session.client.link(), out, back);
        }
        self.end()
    }

    fn end(&self) -> Next {
        if self.closing { Next::Close } else { Next::More }
    }

    fn deferred_is_paused(&self) -> bool {
        self.deferred.as_ref().is_some_and(|words| {
            let refs: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
            self.is_deferred_paused(&refs)
        })
    }

    fn is_deferred_paused(&self, words: &[&[u8]]) -> bool {
        let found = lockstep_commands::table::find(words);
        found.is_ok_and(|(command, _)| self.is_paused(command, words))
    }

    /// Answers what is pending from the outcomes that have come.
    fn finish(&mut self, out: &mut Output) -> Next {
        let mut next = Next::More;
        self.busy_with = None;
        self.run = None;
        self.spread = false;
        self.reads = 0;
        let mut all = std::mem::take(&mut self.pending).into_iter();
        while let Some(pending) = all.next() {
            let exec = matches!(pending, Pending::Exec { .. });
            let settled = self.settle_one(pending);
            if exec {
                // What was listened to no longer within it must not be told of
                // behind it.
                self.session.client.hand_over_messages(out);
            }
            match settled {
                Settled::Reply(reply) => {
                    self.session.send(&reply, out);
                    out.protocol = self.session.protocol;
                }
                Settled::Given(reply, back) => {
                    self.session.send(&reply, out);
                    if let Some(back) = back {
                        self.handed.note(self.session.client.link(), out, back);
                    }
                }
                Settled::Begins(command, call, begun) => {
                    next = self.begin_call(command, call, begun, out);
                    self.pending.extend(all);
                    break;
                }
                Settled::Nothing => {}
                Settled::Waits => next = Next::Block,
            }
        }
        self.session.forget_words();
        self.forget_refused();
        self.tell_own_changes(out);
        if self.closing { Next::Close } else { next }
    }

    fn settle_one(&mut self, pending: Pending) -> Settled {
        match pending {
            Pending::Ready(reply) => Settled::Reply(reply),
            Pending::Tick { shard } | Pending::Eviction { shard, .. } => {
                // Whoever needed it is told what came of the command itself.
                let _ = self.parts.next(shard);
                Settled::Nothing
            }
            Pending::Outcome { command, shard, begun, kept } => {
                let outcome = self.parts.next(shard);
                self.settle_outcome(command, outcome, begun, kept)
            }
            Pending::Found { command, outcome, begun, kept } => {
                self.settle_outcome(command, Ok(outcome), begun, kept)
            }
            Pending::Line { .. } => unreachable!("copies were waited for"),
            Pending::Queue { command, shard, begun, kept, op } => {
                let outcome = self.parts.next(shard);
                self.settle_queue(command, outcome, &op, (begun, kept))
            }
            Pending::Wait { command, shard, begun, kept } => match self.parts.next(shard) {
                Ok(Outcome::Waits) => {
                    if let Some(blocked) = &mut self.blocked {
                        blocked.words = self.session.shown_words(&self.node, kept);
                    }
                    Settled::Waits
                }
                outcome => {
                    let (loses_all, queue_op) = self.not_blocked();
                    if let Some(op) = queue_op {
                        return self.settle_queue(command, outcome, &op, (begun, kept));
                    }
                    let victim = outcome.as_ref().is_ok_and(locks::is_victim);
                    let settled = self.settle_outcome(command, outcome, begun, kept);
                    match (settled, loses_all) {
                        (Settled::Reply(reply), Some(owner)) if victim => {
                            self.lose_all(command, owner, reply);
                            Settled::Waits
                        }
                        (settled, _) => settled,
                    }
                }
            },
            Pending::Attach { command, shard, begun, kept, then } => {
                let outcome = self.settle_attach(shard, then);
                self.settle_outcome(command, outcome, begun, kept)
            }
            Pending::Watch { command, shard, keys } => self.settle_watch(command, shard, keys),
            Pending::Exec { command, shard, steps, db, begun } => {
                let outcome = shard.map(|shard| self.parts.next(shard)).transpose();
                self.settle_exec(command, outcome, steps, db, begun)
            }
        }
    }

    fn settle_outcome(
        &mut self,
        command: &'static Command,
        outcome: Result<Outcome, BadArgs>,
        begun: Instant,
        kept: Option<usize>,
    ) -> Settled {
        self.ran(command, outcome.as_ref().ok());
        let counted =
            outcome.as_ref().is_ok_and(|outcome| was_counted(&self.node, command, outcome));
        let reply = match outcome {
            Ok(outcome) => (command.reply)(command.spec, outcome),
            Err(bad) => Reply::Error(bad),
        };
        let elapsed = begun.elapsed();
        self.node.stats.record_run(command, elapsed, &reply, counted);
        self.session.offer_kept(&self.node, elapsed, kept);
        Settled::Reply(reply)
    }

    /// What an operation on a queue gave: it may have to be asked of its partitions, and
    /// the messages in it are given back if they cannot be sent.
    fn settle_queue(
        &mut self,
        command: &'static Command,
        outcome: Result<Outcome, BadArgs>,
        op: &[u8],
        (begun, kept): (Instant, Option<usize>),
    ) -> Settled {
        let op = crate::queues::read(op);
        let again = outcome.as_ref().ok().and_then(|outcome| self.as_partitioned(&op, outcome));
        if let Some(call) = again {
            return Settled::Begins(command, call, begun);
        }
        let back = outcome.as_ref().ok().and_then(|outcome| Back::of(&self.node, &op, outcome));
        match self.settle_outcome(command, outcome, begun, kept) {
            Settled::Reply(reply) => Settled::Given(reply, back),
            other => other,
        }
    }

    /// The request need not wait. The owner that loses all if it was the victim of a
    /// deadlock, if that was said; and the operation, if it is on queues.
    fn not_blocked(&mut self) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
        let Some(blocked) = self.blocked.take() else { return (None, None) };
        self.node.waits.leave(self.origin.conn, blocked.request);
        (blocked.loses_all, blocked.queue_op)
    }

    fn settle_watch(
        &mut self,
        command: &'static Command,
        shard: ShardId,
        keys: Vec<(Db, Vec<u8>)>,
    ) -> Settled {
        let outcome = self.parts.next(shard);
        match &outcome {
            Ok(Outcome::List(versions)) => {
                let versions = versions.iter().map(|version| match version {
                    Outcome::Int(version) => u64::try_from(*version).unwrap_or(0),
                    _ => 0,
                });
                self.transaction.watch(shard, keys, versions);
            }
            _ => self.transaction.watch_failed(),
        }
        self.settle_outcome(command, outcome.map(|_| Outcome::Ok), Instant::now(), None)
    }

    fn settle_exec(
        &mut self,
        command: &'static Command,
        outcome: Result<Option<Outcome>, BadArgs>,
        steps: Vec<Step>,
        db: Db,
        begun: Instant,
    ) -> Settled {
        let reply = match outcome {
            Ok(outcome) => self.executed(command, steps, outcome, db),
            Err(bad) => Reply::Error(bad),
        };
        self.node.stats.record(command, begun.elapsed(), &reply);
        Settled::Reply(reply)
    }

    /// Waits for the answer of a request that waits in a machine, for CLIENT
    /// UNBLOCK, or for the end of the node.
    async fn wait_blocked(&mut self, out: &mut Output) -> Next {
        let Some(blocked) = &self.blocked else { return Next::More };
        let broken = tokio::select! {
            biased;
            delivery = blocked.expected.mailbox.take() => {
                return self.unblock_surely(delivery, out).await;
            }
            error = self.session.client.unblocked() => Broken::Unblocked(error),
            () = blocked.expected.adrift.notified() => Broken::Adrift,
            () = self.node.waits.given_up() => Broken::GivenUp,
            () = overdue(blocked.overdue) => Broken::Overdue,
            next = self.session.client.interrupted_in_wait(out) => return still_waits(next),
        };
        // Either the wait ends with this, or it had ended already: the answer
        // comes to the mailbox in both cases, unless it was lost.
        match broken {
            Broken::Unblocked(error) => {
                let cancel = blocked.cancel(self.origin, error);
                let _ = self.node.shards.insist(blocked.shard, &cancel).await;
                Next::Block
            }
            Broken::Adrift if blocked.queue_op.is_some() => {
                let Some(op) = &blocked.queue_op else { return Next::Block };
                match ask_again(&self.node, blocked.shard, op).await {
                    Some(answer) => self.unblock(answer, out),
                    None => Next::Block,
                }
            }
            Broken::Adrift if blocked.can_look() => {
                match blocked.look_again(&self.node, self.origin).await {
                    Some(answer) => self.unblock_surely(answer, out).await,
                    None => Next::Block,
                }
            }
            Broken::Adrift => {
                let answer = blocked.take_back(&self.node, self.origin).await;
                self.unblock(answer, out)
            }
            Broken::Overdue if blocked.only_pops() => self.leave_wait(out),
            Broken::Overdue => {
                // Its wait ends as soon as somebody leads: the time is up.
                let ended = blocked.end_now(&self.node, self.origin);
                let limit = tokio::time::timeout(OVERDUE_TAKE_BACK_MAX, ended);
                let answer = limit.await.unwrap_or(Delivery::Unknown);
                self.unblock_surely(answer, out).await
            }
            Broken::GivenUp if blocked.has_done_something() => {
                let ended = blocked.end_now(&self.node, self.origin);
                let limit = tokio::time::timeout(TAKE_BACK_MAX, ended);
                let answer = limit.await.unwrap_or(Delivery::Unknown);
                self.unblock(answer, out)
            }
            Broken::GivenUp => {
                let taken_back = blocked.take_back(&self.node, self.origin);
                let limit = tokio::time::timeout(TAKE_BACK_MAX, taken_back);
                let answer = limit.await.unwrap_or(Delivery::Unknown);
                let answer = blocked.confirmed(&self.node, self.origin, answer).await;
                self.give_up(answer, out)
            }
        }
    }

    /// The time of a request for messages is up, whatever its shard says: what it is
    /// given later is given back.
    fn leave_wait(&mut self, out: &mut Output) -> Next {
        let Some(blocked) = self.blocked.take() else { return Next::More };
        let nothing = (blocked.command.reply)(blocked.command.spec, Outcome::Nil);
        self.node.stats.record(blocked.command, Duration::ZERO, &nothing);
        self.session.send(&nothing, out);
        let (node, origin) = (self.node.clone(), self.origin);
        tokio::spawn(async move {
            let answer = blocked.take_back(&node, origin).await;
            node.waits.leave(origin.conn, blocked.request);
            life::give_back_answer(&node, &blocked, answer).await;
        });
        self.end()
    }

    /// Answers a request that was taken back because the node stops.
    fn give_up(&mut self, delivery: Delivery, out: &mut Output) -> Next {
        let taken_back = matches!(
            &delivery,
            Delivery::Done(outcomes) if outcomes[..] == [Outcome::Fault(Fault::Unblocked)]
        );
        if !taken_back {
            return self.unblock(delivery, out);
        }
        self.end_wait(|_, _| Reply::Error(error::GIVEN_UP), out)
    }

    /// The same for an answer that may be kept until it is confirmed: nobody is told what
    /// could still be given back.
    async fn unblock_surely(&mut self, delivery: Delivery, out: &mut Output) -> Next {
        let delivery = match &self.blocked {
            Some(blocked) => blocked.confirmed(&self.node, self.origin, delivery).await,
            None => delivery,
        };
        self.unblock(delivery, out)
    }

    fn unblock(&mut self, delivery: Delivery, out: &mut Output) -> Next {
        let outcome = match delivery {
            Delivery::Done(mut outcomes) => Ok(outcomes.pop().unwrap_or(Outcome::Nil)),
            other => Err(other),
        };
        if outcome.as_ref().is_ok_and(locks::is_victim)
            && let Some(blocked) = &mut self.blocked
            && let Some(owner) = blocked.loses_all.take()
        {
            return self.end_as_victim(owner, outcome.unwrap_or(Outcome::Nil));
        }
        let back = match (&self.blocked, &outcome) {
            (Some(Blocked { queue_op: Some(op), .. }), Ok(outcome)) => {
                Back::of(&self.node, &crate::queues::read(op), outcome)
            }
            _ => None,
        };
        let reply = |front: &Front, blocked: &Blocked| match outcome {
            Ok(outcome) => (blocked.command.reply)(blocked.command.spec, outcome),
            Err(other) => Reply::Error(front.node.shards.failure(blocked.shard, &other)),
        };
        let next = self.end_wait(reply, out);
        if let Some(back) = back {
            self.handed.note(self.session.client.link(), out, back);
        }
        next
    }

    /// Before a victim is told it loses what it said it would.
    fn end_as_victim(&mut self, owner: Vec<u8>, outcome: Outcome) -> Next {
        let Some(blocked) = self.blocked.take() else { return Next::More };
        self.node.waits.leave(self.origin.conn, blocked.request);
        let reply = (blocked.command.reply)(blocked.command.spec, outcome);
        self.lose_all(blocked.command, owner, reply)
    }

    fn end_wait(
        &mut self,
        reply: impl FnOnce(&Front, &Blocked) -> Reply,
        out: &mut Output,
    ) -> Next {
        let Some(blocked) = self.blocked.take() else { return Next::More };
        self.node.waits.leave(self.origin.conn, blocked.request);
        let reply = reply(self, &blocked);
        // Redis does not count the time it waited, either.
        self.node.stats.record(blocked.command, Duration::ZERO, &reply);
        if let Some(words) = blocked.words {
            self.node.slowlog.offer_shown(&self.node, &self.session, words);
        }
        self.session.send(&reply, out);
        self.tell_own_changes(out);
        self.end()
    }
}

/// Returns when a wait is overdue, if it can be.
async fn overdue(at: Option<tokio::time::Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// What goes on behind something that was told to a client that waits.
fn still_waits(next: Next) -> Next {
    if next == Next::More { Next::Block } else { next }
}
