//! What this node answers itself, and how commands are refused.

use std::time::{Duration, Instant};

use lockstep_commands::{BadArgs, Command, Here, Reply, error};
use lockstep_core::Outcome;
use lockstep_net::{Next, Output};

use super::Front;
use super::pending::Later;
use super::tracking::was_counted;
use super::transaction::Transaction;
use crate::here::{self, Answer};

impl Front {
    /// Runs what this node answers itself.
    pub(super) fn here(
        &mut self,
        command: &'static Command,
        here: Here<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        let answer = match here {
            Here::Multi => return self.multi(command, out),
            Here::Exec => return self.exec(command, begun, out),
            Here::Discard => return self.discard(command, out),
            Here::Watch(keys) => return self.watch(command, &keys, out),
            Here::Unwatch => {
                self.transaction.unwatch();
                Reply::Ok.into()
            }
            Here::Reset => self.reset(),
            Here::Lock(call) => return self.lock_call(command, call, begun, words, out),
            Here::Queue(call) => return self.queue_call(command, call, begun, words, out),
            Here::Session(asked) => return self.session(command, asked, begun, words, out),
            other => {
                if matches!(other, Here::Client(_)) {
                    self.session.asks_with(words);
                }
                here::run(&self.node, &mut self.session, other)
            }
        };
        self.take_answer(command, answer, begun, words, out)
    }

    /// RESET: the connection is as good as new, and what it held is free before
    /// the client is told so.
    fn reset<'a>(&mut self) -> Answer<'a> {
        self.transaction = Transaction::default();
        self.session.client.set_queued(None);
        let answer = here::run(&self.node, &mut self.session, Here::Reset);
        let Some(free) = self.unbind() else { return answer };
        // On a task of its own: it must not break off with the connection.
        let free = tokio::spawn(free);
        Answer::Later(Box::pin(async move {
            // Whatever it met, the connection has let go.
            let _ = free.await;
            Reply::Simple("RESET")
        }))
    }

    fn take_answer(
        &mut self,
        command: &'static Command,
        answer: Answer<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        match answer {
            Answer::Reply(reply) => {
                self.answer(command, reply, begun, words, out);
                // HELLO and RESET: from the next reply on.
                out.protocol = self.session.protocol;
                Next::More
            }
            Answer::Op(op) => self.operate(command, &op, begun, words, out),
            Answer::Later(future) => {
                self.later = Some(Later { command, begun, future, waits: false, given: None });
                Next::Block
            }
            Answer::Close(reply) => {
                if let Some(reply) = reply {
                    self.answer(command, reply, begun, words, out);
                }
                self.closing = true;
                Next::Close
            }
        }
    }

    /// Gives the reply to a command that was carried out.
    pub(super) fn answer(
        &mut self,
        command: &'static Command,
        reply: Reply,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) {
        if is_behind_messages(command.spec.name) {
            self.session.client.hand_over(out);
        }
        let elapsed = self.watch.end(begun);
        self.node.stats.record(command, elapsed, &reply);
        self.node.slowlog.offer(&self.node, &self.session, elapsed, words);
        self.emit(reply, out);
    }

    /// Shows what a read gave.
    pub(super) fn show(
        &mut self,
        command: &'static Command,
        outcome: Outcome,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) {
        self.ran(command, Some(&outcome));
        let counted = was_counted(&self.node, command, &outcome);
        let reply = (command.reply)(command.spec, outcome);
        let elapsed = self.watch.end(begun);
        self.node.stats.record_run(command, elapsed, &reply, counted);
        self.node.slowlog.offer(&self.node, &self.session, elapsed, words);
        self.emit(reply, out);
    }

    /// Gives the reply to a command that took no time worth telling.
    pub(super) fn answer_at_once(
        &mut self,
        command: &'static Command,
        reply: Reply,
        out: &mut Output,
    ) -> Next {
        self.node.stats.record(command, Duration::ZERO, &reply);
        self.emit(reply, out);
        Next::More
    }

    /// Refuses a command without having run it.
    pub(super) fn refuse(
        &mut self,
        command: &'static Command,
        bad: BadArgs,
        out: &mut Output,
    ) -> Next {
        let bad = self.spoil(command.spec.name.as_bytes(), bad);
        self.reject(command, bad, out)
    }

    /// Refuses a request that would wait, because the node stops, and lets the client
    /// find another one: asking here again would lead to nothing else.
    pub(super) fn send_away(&mut self, command: &'static Command, out: &mut Output) -> Next {
        let next = self.refuse(command, error::STOPPING, out);
        self.closing = true;
        if next == Next::More && self.pending.is_empty() { Next::Close } else { Next::Settle }
    }

    /// Refuses a command, and leaves the transaction as it is.
    pub(super) fn reject(
        &mut self,
        command: &'static Command,
        bad: BadArgs,
        out: &mut Output,
    ) -> Next {
        self.node.stats.refused(Some(command), &bad);
        self.emit(Reply::Error(bad), out);
        Next::More
    }

    /// A refused command spoils the open transaction; a refused EXEC ends it.
    pub(super) fn spoil(&mut self, name: &[u8], bad: BadArgs) -> BadArgs {
        if name.eq_ignore_ascii_case(b"exec") {
            self.transaction = Transaction::default();
            self.session.client.set_queued(None);
            return error::exec_refused(&bad);
        }
        self.transaction.spoil();
        bad
    }
}

/// Whether messages that came before stand before the command's reply: what is
/// listened to no longer must not be told of behind it, and whoever publishes to
/// itself is told first.
fn is_behind_messages(name: &str) -> bool {
    matches!(
        name,
        "unsubscribe"
            | "punsubscribe"
            | "sunsubscribe"
            | "publish"
            | "spublish"
            | "reset"
            | "hello"
            | "client|tracking"
    )
}
