//! Waiting for what was begun, and answering it in order.

use std::time::{Duration, Instant};

use lockstep_commands::{Command, Group, Reply, error};
use lockstep_core::{Db, Outcome};
use lockstep_net::{Handler, Next, Output};
use lockstep_raft::{Delivery, Refusal};

use super::Front;
use super::parts::Failure;
use super::pending::{Blocked, Pending};
use super::transaction::Step;
use crate::shards::Shards;

/// What came of one thing that was pending.
enum Settled {
    /// The next reply.
    Reply(Reply),
    /// Nothing to tell.
    Nothing,
    /// Its request waits in a machine.
    Waits,
    /// Nobody knows, and the client's command has no word for that: as with a
    /// lost connection, it must not be taken for done or undone.
    Unknown,
}

impl Front {
    /// Brings everything unfinished to its end, or to where it waits.
    pub(super) async fn settle_all(&mut self, out: &mut Output) -> Next {
        if !self.pending.is_empty() {
            self.parts.carry_out(&self.node.shards).await;
            let next = self.finish(out);
            // What may take long begins when the client has seen the rest.
            if next != Next::More || self.deferred_is_paused() {
                return if next == Next::More { Next::Block } else { next };
            }
        }
        if self.blocked.is_some() {
            return self.wait_blocked(out).await;
        }
        if let Some(mut later) = self.later.take() {
            let reply = (&mut later.future).await;
            self.answer(later.command, reply, later.begun, &[], out);
            return self.end();
        }
        if let Some(words) = self.deferred.take() {
            let refs: Vec<&[u8]> = words.iter().map(|word| &word[..]).collect();
            if self.is_deferred_paused(&refs) {
                self.node.clients.pause.over().await;
            }
            return self.command(&refs, out);
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
        lockstep_commands::table::find(words).is_ok_and(|(command, _)| self.is_paused(command))
    }

    /// Answers what is pending from the outcomes that have come.
    fn finish(&mut self, out: &mut Output) -> Next {
        let mut next = Next::More;
        self.busy_with = None;
        self.reads = 0;
        for pending in std::mem::take(&mut self.pending) {
            match self.settle_one(pending) {
                Settled::Reply(reply) => {
                    self.session.send(&reply, out);
                    out.protocol = self.session.protocol;
                }
                Settled::Nothing => {}
                Settled::Waits => next = Next::Block,
                Settled::Unknown => {
                    self.closing = true;
                    break;
                }
            }
        }
        self.session.forget_words();
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
            Pending::Wait { command, shard, begun, kept } => match self.parts.next(shard) {
                Ok(Outcome::Waits) => Settled::Waits,
                outcome => {
                    self.not_blocked();
                    self.settle_outcome(command, outcome, begun, kept)
                }
            },
            Pending::Watch { command, keys } => self.settle_watch(command, keys),
            Pending::Exec { command, shard, steps, db, begun } => {
                let outcome = shard.map(|shard| self.parts.next(shard)).transpose();
                self.settle_exec(command, outcome, steps, db, begun)
            }
        }
    }

    fn settle_outcome(
        &mut self,
        command: &'static Command,
        outcome: Result<Outcome, Failure>,
        begun: Instant,
        kept: Option<usize>,
    ) -> Settled {
        let reply = match outcome {
            Ok(outcome) => (command.reply)(command.spec, outcome),
            Err(failure) => match failed(command, failure) {
                Some(reply) => reply,
                None => return Settled::Unknown,
            },
        };
        let elapsed = begun.elapsed();
        self.node.stats.record(command, elapsed, &reply);
        self.session.offer_kept(&self.node, elapsed, kept);
        Settled::Reply(reply)
    }

    fn not_blocked(&mut self) {
        if let Some(blocked) = self.blocked.take() {
            self.node.waits.leave(self.origin.conn, blocked.request);
        }
    }

    fn settle_watch(&mut self, command: &'static Command, keys: Vec<(Db, Vec<u8>)>) -> Settled {
        let outcome = self.parts.next(Shards::KEY_SPACE);
        match &outcome {
            Ok(Outcome::List(versions)) => {
                let versions = versions.iter().map(|version| match version {
                    Outcome::Int(version) => u64::try_from(*version).unwrap_or(0),
                    _ => 0,
                });
                self.transaction.watch(keys, versions);
            }
            _ => self.transaction.watch_failed(),
        }
        self.settle_outcome(command, outcome.map(|_| Outcome::Ok), Instant::now(), None)
    }

    fn settle_exec(
        &mut self,
        command: &'static Command,
        outcome: Result<Option<Outcome>, Failure>,
        steps: Vec<Step>,
        db: Db,
        begun: Instant,
    ) -> Settled {
        let reply = match outcome {
            Ok(outcome) => self.executed(steps, outcome, db),
            Err(failure) => match failed(command, failure) {
                Some(reply) => reply,
                None => return Settled::Unknown,
            },
        };
        self.node.stats.record(command, begun.elapsed(), &reply);
        Settled::Reply(reply)
    }

    fn executed(&mut self, steps: Vec<Step>, outcome: Option<Outcome>, db: Db) -> Reply {
        let mut outcomes = match outcome {
            None => Vec::new().into_iter(),
            Some(Outcome::List(outcomes)) => outcomes.into_iter(),
            // A watched key has changed.
            Some(_) => return Reply::NilArray,
        };
        self.session.db = db;
        let replies = steps
            .into_iter()
            .map(|step| match step {
                Step::Reply(reply) => reply,
                Step::Here(queued) => self.run_step(&queued),
                Step::Outcome(command) => {
                    let outcome = outcomes.next().expect("an outcome for every operation");
                    let reply = (command.reply)(command.spec, outcome);
                    self.node.stats.record(command, Duration::ZERO, &reply);
                    reply
                }
            })
            .collect();
        Reply::Array(replies)
    }

    /// Waits for the answer of a request that waits in a machine, or for
    /// CLIENT UNBLOCK.
    async fn wait_blocked(&mut self, out: &mut Output) -> Next {
        let Some(blocked) = &self.blocked else { return Next::More };
        let unblocked = tokio::select! {
            biased;
            delivery = blocked.mailbox.take() => return self.unblock(delivery, out),
            error = self.session.client.unblocked() => error,
        };
        // Either the wait ends with this, or it had ended already: the answer
        // comes to the mailbox in both cases.
        let group = self.node.shards.get(blocked.shard);
        let _ = group.insist(&blocked.cancel(self.origin, unblocked)).await;
        Next::Block
    }

    fn unblock(&mut self, delivery: Delivery, out: &mut Output) -> Next {
        let Some(Blocked { command, .. }) = self.blocked.take() else { return Next::More };
        let Delivery::Done(mut outcomes) = delivery else {
            self.closing = true;
            return Next::Close;
        };
        let reply = (command.reply)(command.spec, outcomes.pop().unwrap_or(Outcome::Nil));
        // Redis does not count the time it waited, either.
        self.node.stats.record(command, Duration::ZERO, &reply);
        self.session.send(&reply, out);
        self.end()
    }
}

/// The reply to a command that has no outcome; none: the connection must close.
fn failed(command: &Command, failure: Failure) -> Option<Reply> {
    let bad = match failure {
        Failure::Refused(Refusal::NotLeader) => error::NO_LEADER,
        Failure::Refused(Refusal::Busy) => error::BUSY,
        Failure::Refused(Refusal::Stopping) => error::STOPPING,
        Failure::Unknown if matches!(command.spec.group, Group::Locks | Group::Queues) => {
            error::UNCERTAIN
        }
        Failure::Unknown => return None,
    };
    Some(Reply::Error(bad))
}
