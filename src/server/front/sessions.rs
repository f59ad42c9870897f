//! SESSION: what a connection has to do with sessions.

use std::sync::Arc;
use std::time::Instant;

use lockstep_commands::here::Session;
use lockstep_commands::{BadArgs, Command, Reply};
use lockstep_core::{Fault, Op, Outcome, ShardId, sessions};
use lockstep_net::{Next, Output};

use super::Front;
use super::pending::{Later, Pending};
use crate::sessions::{Call, carry_out, home_of};

impl Front {
    /// Carries out what is asked of sessions.
    pub(super) fn session(
        &mut self,
        command: &'static Command,
        asked: Session<'_>,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        if !self.pending.is_empty() {
            return self.defer(words);
        }
        match asked {
            Session::Attach(id) => self.attach(command, id, begun, words, out),
            Session::Detach => self.detach(command, begun, words, out),
            Session::KeepAlive(id) => {
                let op = Op::Session { op: sessions::Op::KeepAlive { id } };
                self.operate(command, &op, begun, words, out)
            }
            other => self.call(command, other, begun),
        }
    }

    /// From the outcome on the connection is attached; what comes behind it waits.
    fn attach(
        &mut self,
        command: &'static Command,
        id: &[u8],
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        let op = Op::Session { op: sessions::Op::Attach { id, origin: self.origin } };
        self.change_session(command, &op, Some(id.into()), (begun, words), out)
    }

    fn detach(
        &mut self,
        command: &'static Command,
        begun: Instant,
        words: &[&[u8]],
        out: &mut Output,
    ) -> Next {
        let Some(id) = self.session.attached.clone() else {
            let reply = (command.reply)(command.spec, Outcome::Int(0));
            self.answer(command, reply, begun, words, out);
            return Next::More;
        };
        let op = Op::Session { op: sessions::Op::Detach { id: &id, origin: self.origin } };
        self.change_session(command, &op, None, (begun, words), out)
    }

    fn change_session(
        &mut self,
        command: &'static Command,
        op: &Op<'_>,
        then: Option<Arc<[u8]>>,
        (begun, words): (Instant, &[&[u8]]),
        out: &mut Output,
    ) -> Next {
        let shard = match self.route(op) {
            Ok(shard) => shard.expect("it names a session"),
            Err(bad) => return self.refuse(command, bad, out),
        };
        self.hand_over(shard, op);
        let kept = self.session.keep_words(&self.node, words);
        self.pending.push(Pending::Attach { command, shard, begun, kept, then });
        Next::Settle
    }

    /// The connection is attached to what it asked for, if it was let.
    pub(super) fn settle_attach(
        &mut self,
        shard: ShardId,
        then: Option<Arc<[u8]>>,
    ) -> Result<Outcome, BadArgs> {
        let outcome = self.parts.next(shard)?;
        match outcome {
            Outcome::Int(_) => {
                let before = std::mem::replace(&mut self.session.attached, then.clone());
                if let (Some(before), Some(now)) = (before, then)
                    && before != now
                {
                    self.leave(&before);
                }
                Ok(outcome)
            }
            // The shard believes that the connection is gone.
            Outcome::Nil => Ok(Fault::NoSession.into()),
            other => Ok(other),
        }
    }

    /// Whoever attaches to another session leaves the one before.
    fn leave(&mut self, id: &[u8]) {
        let op = Op::Session { op: sessions::Op::Detach { id, origin: self.origin } };
        let shard = home_of(&self.node, id);
        self.hand_over(shard, &op);
        self.pending.push(Pending::Tick { shard });
    }

    fn call(&mut self, command: &'static Command, asked: Session<'_>, begun: Instant) -> Next {
        let call = Call::of(asked).expect("the others are the connection's own");
        let node = self.node.clone();
        let future = Box::pin(async move {
            match carry_out(node, call).await {
                Ok(outcome) => (command.reply)(command.spec, outcome),
                Err(bad) => Reply::Error(bad),
            }
        });
        self.later = Some(Later { command, begun, future, waits: false, given: None });
        Next::Block
    }
}
