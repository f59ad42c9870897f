//! What sessions are to the rest of a shard: requests in their name are let in while
//! they live, and what they hold and wait for ends with them.

use super::Shard;
use crate::sessions::{Op, Over};
use crate::{Effect, Effects, Fault, Outcome, Stamp, locks};

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
        let mut over = Vec::new();
        self.sessions.settle(at, id, &mut over);
        self.end_sessions(at, &over, fx);
        match self.sessions.birth_of(id) {
            Some(birth_ms) => self.locks.apply(at, op, Some(birth_ms), fx),
            None => Fault::NoSession.into(),
        }
    }

    /// Ends the sessions whose time has run out, at most `budget` of them.
    pub(super) fn expire_sessions(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) {
        let mut over = Vec::new();
        self.sessions.expire(at, budget, &mut over);
        self.end_sessions(at, &over, fx);
    }

    fn end_sessions(&mut self, at: &Stamp, over: &[Over], fx: &mut Effects) {
        for Over { id, delay_ms, .. } in over {
            self.locks.end_session(at, id, *delay_ms, fx);
        }
        if over.iter().any(|over| over.elsewhere) {
            fx.push(Effect::Endings {});
        }
    }
}
