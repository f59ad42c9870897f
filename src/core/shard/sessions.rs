//! What sessions are to the rest of a shard: requests in their name are let in while
//! they live, and what they hold and wait for ends with them.

use super::Shard;
use crate::sessions::{Op, Over};
use crate::{Effect, Effects, Fault, Outcome, Stamp, locks, queues};

impl Shard {
    pub(super) fn apply_session(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        let mut over = Vec::new();
        let outcome = self.sessions.apply(at, op, &mut over);
        self.end_sessions(at, &over, fx);
        outcome
    }

    /// Lets an operation on locks in, unless it is made in the name of a session that
    /// is not known here, or not any more.
    pub(super) fn apply_lock(
        &mut self,
        at: &Stamp,
        op: &locks::Op<'_>,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(id) = op.session() else { return self.locks.apply(at, op, None, fx) };
        match self.admit_session(at, id, fx) {
            Some(birth_ms) => self.locks.apply(at, op, Some(birth_ms), fx),
            None => Fault::NoSession.into(),
        }
    }

    /// Lets an operation on queues in by the same rule.
    pub(super) fn apply_queue(
        &mut self,
        at: &Stamp,
        op: &queues::Op<'_>,
        fx: &mut Effects,
    ) -> Outcome {
        match op.session() {
            Some(id) if self.admit_session(at, id, fx).is_none() => Fault::NoSession.into(),
            _ => self.queues.apply(at, op, fx),
        }
    }

    /// When a session was created, if it lives and is known here.
    fn admit_session(&mut self, at: &Stamp, id: &[u8], fx: &mut Effects) -> Option<u64> {
        let mut over = Vec::new();
        self.sessions.settle(at, id, &mut over);
        self.end_sessions(at, &over, fx);
        self.sessions.birth_of(id)
    }

    /// Ends the sessions whose time has run out, at most `budget` of them.
    pub(super) fn expire_sessions(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) {
        if self.sessions.is_calm(at.now_ms) {
            return;
        }
        let mut over = Vec::new();
        self.sessions.expire(at, budget, &mut over);
        self.end_sessions(at, &over, fx);
    }

    fn end_sessions(&mut self, at: &Stamp, over: &[Over], fx: &mut Effects) {
        for Over { id, delay_ms, .. } in over {
            self.locks.end_session(at, id, *delay_ms, fx);
            self.queues.end_session(at, id, fx);
        }
        if over.iter().any(|over| over.elsewhere) {
            fx.push(Effect::Endings {});
        }
    }
}
