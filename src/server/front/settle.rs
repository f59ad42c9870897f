//! Waiting for what was begun, and answering it in order.

use lockstep_commands::{Command, Group, Reply, error};
use lockstep_core::{Db, Outcome, ShardId};
use lockstep_net::{Next, Output};
use lockstep_raft::{Delivery, Refusal};

use super::Front;
use super::parts::Failure;
use super::pending::{Blocked, Pending};
use super::transaction::Step;

impl Front {
    /// Brings everything unfinished to its end, or to where it waits.
    pub(super) async fn settle_all(&mut self, out: &mut Output) -> Next {
        if !self.pending.is_empty() {
            self.parts.carry_out(&self.node.shards).await;
            let next = self.finish(out);
            if next != Next::More {
                return next;
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
            let pause = self.node.clients.pause.over();
            pause.await;
            use lockstep_net::Handler;
            return self.command(&refs, out);
        }
        self.end()
    }

    fn end(&self) -> Next {
        if self.closing { Next::Close } else { Next::More }
    }

    /// Answers what is pending from the outcomes that have come.
    fn finish(&mut self, out: &mut Output) -> Next {
        let mut next = Next::More;
        for pending in std::mem::take(&mut self.pending) {
            let reply = match pending {
                Pending::Ready(reply) => reply,
                Pending::Skip { shard } => {
                    let _ = self.parts.next(shard);
                    continue;
                }
                Pending::Outcome { command, shard, begun, kept } => {
                    let reply = match self.parts.next(shard) {
                        Ok(Outcome::Waits) => {
                            // The last of its batch: its answer comes by itself.
                            next = Next::Block;
                            continue;
                        }
                        Ok(outcome) => {
                            self.not_blocked();
                            (command.reply)(command.spec, outcome)
                        }
                        Err(failure) => {
                            self.not_blocked();
                            match failed(command, failure) {
                                Some(reply) => reply,
                                None => return self.give_up(),
                            }
                        }
                    };
                    let elapsed = begun.elapsed();
                    self.node.stats.record(command, elapsed, &reply);
                    self.session.offer_kept(&self.node, elapsed, kept);
                    reply
                }
                Pending::Watch { command, keys } => match self.parts.next(Self::KEYS) {
                    Ok(outcome) => self.watched(keys, outcome),
                    Err(failure) => match failed(command, failure) {
                        Some(reply) => reply,
                        None => return self.give_up(),
                    },
                },
                Pending::Exec { command, shard, steps, db, begun } => {
                    let reply = match shard.map(|shard| self.parts.next(shard)).transpose() {
                        Ok(outcome) => self.executed(steps, outcome, db),
                        Err(failure) => match failed(command, failure) {
                            Some(reply) => reply,
                            None => return self.give_up(),
                        },
                    };
                    self.node.stats.record(command, begun.elapsed(), &reply);
                    reply
                }
            };
            self.session.send(&reply, out);
            out.protocol = self.session.protocol;
        }
        self.session.forget_words();
        if self.closing && next == Next::More { Next::Close } else { next }
    }

    const KEYS: ShardId = crate::shards::Shards::KEY_SPACE;

    /// The outcome is unknown and the client's command has no word for that: as
    /// with a lost connection, it must not take it for done or undone.
    fn give_up(&mut self) -> Next {
        self.closing = true;
        Next::Close
    }

    fn not_blocked(&mut self) {
        if let Some(blocked) = self.blocked.take() {
            self.node.waits.leave(self.origin.conn, blocked.request);
        }
    }

    fn watched(&mut self, keys: Vec<(Db, Vec<u8>)>, outcome: Outcome) -> Reply {
        let Outcome::List(versions) = outcome else { return Reply::Ok };
        let versions = versions.into_iter().map(|version| match version {
            Outcome::Int(version) => u64::try_from(version).unwrap_or(0),
            _ => 0,
        });
        self.transaction.watch(keys, versions);
        Reply::Ok
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
                    self.node.stats.record(command, std::time::Duration::ZERO, &reply);
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
        let _ = group.ask(&blocked.cancel(self.origin, unblocked)).await;
        Next::Block
    }

    fn unblock(&mut self, delivery: Delivery, out: &mut Output) -> Next {
        let Some(Blocked { command, .. }) = self.blocked.take() else { return Next::More };
        let outcome = match delivery {
            Delivery::Done(mut outcomes) => outcomes.pop().unwrap_or(Outcome::Nil),
            Delivery::Refused(_) | Delivery::Unknown => return self.give_up(),
        };
        let reply = (command.reply)(command.spec, outcome);
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
