//! The lock table of a shard and its operations.

use super::deadlock::Ring;
use super::index::Index;
use super::latch::Latch;
use super::lock::Lock;
use super::memo::{Age, Memo};
#[cfg(test)]
use super::mutant::Mutant;
use super::{Op, Stats, fence::Fence};
use crate::image::{Named, Paged};
use crate::lives::Lives;
use crate::{Effects, Fault, Outcome, Read, Stamp};

/// The locks of a shard.
#[derive(Debug, Default)]
pub struct Table {
    /// The locks that are held, waited for, or not to be had for a while. No other
    /// has an entry.
    pub(super) locks: Named<Lock>,
    /// The latches that were set.
    pub(super) latches: Named<Latch>,
    /// The highest tokens that were seen.
    pub(super) fences: Named<Fence>,
    /// What requests gave that have a name.
    pub(super) memos: Paged<Memo>,
    /// How old the victims of deadlocks were.
    pub(super) ages: Paged<Age>,
    /// The newest deadlocks.
    pub(super) deadlocks: Ring,
    /// The newest token.
    pub(super) last_token: u64,
    /// The newest number of a hold, a wait, or anything else that has one.
    pub(super) last_id: u64,
    pub(super) lives: Lives,
    pub(super) stats: Stats,
    /// How many holds there are.
    pub(super) holds: usize,
    /// How many requests wait for any lock or latch.
    pub(super) waiting: usize,
    /// How to find all this.
    pub(super) index: Index,
    #[cfg(test)]
    pub(super) mutant: Option<Mutant>,
}

impl Table {
    /// A table without locks.
    pub fn new() -> Self {
        Table::default()
    }

    /// Carries out an operation. One that only reads changes nothing. `birth_ms`:
    /// when the session began in whose name it asks ([`Op::session`]).
    pub fn apply(
        &mut self,
        at: &Stamp,
        op: &Op<'_>,
        birth_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        if !op.is_write() {
            return self.look(at.now_ms, op);
        }
        if self.index.is_due(at.now_ms) {
            op.names().iter().for_each(|name| self.settle(at, name, fx));
        }
        let outcome = self.carry_out(at, op, birth_ms, fx);
        self.check_touched(op.names());
        outcome
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    pub fn read(&self, now_ms: u64, clock_ms: u64, op: &Op<'_>) -> Read {
        let now_ms = now_ms.max(clock_ms);
        let due = self.index.is_due(now_ms);
        if due && op.names().iter().any(|name| self.is_overdue(now_ms, name)) {
            return Read::TickFirst;
        }
        Read::Done(self.look(now_ms, op))
    }

    /// How many holds there are.
    pub fn held(&self) -> usize {
        self.holds
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// When the next thing is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.index.next_deadline()
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    fn carry_out(
        &mut self,
        at: &Stamp,
        op: &Op<'_>,
        birth_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        match *op {
            Op::Acquire { name, ref terms } => self.acquire(at, name, terms, birth_ms, fx),
            Op::Release { name, ref owner, token, all, strict } => {
                let released = self.release(at, name, owner, token, all, fx);
                if strict && !released {
                    return Fault::NotHeld.into();
                }
                Outcome::Int(released.into())
            }
            Op::Renew { name, ref owner, token, lease_ms, rule } => {
                Outcome::Int(self.renew(at, name, owner, token, lease_ms, rule, fx).into())
            }
            Op::CancelWait { name, origin, request, error } => {
                let answer = if error { Fault::Unblocked.into() } else { Outcome::Nil };
                Outcome::Int(self.cancel_wait(at, name, origin, request, &answer, fx).into())
            }
            Op::AcquireMany { ref names, ref modes, ref terms } => {
                self.acquire_many(at, names, modes, terms, birth_ms, fx)
            }
            Op::Confirm { ref names, ref owner, lease_ms } => {
                Outcome::Int(self.confirm(at, names, owner, lease_ms, fx).into())
            }
            Op::ReleaseMany { ref names, ref tokens, ref owner, waits } => {
                Outcome::Int(self.release_many(at, names, tokens, owner, waits, fx))
            }
            Op::Abandon { ref names, ref owner } => {
                Outcome::Int(self.abandon(at, names, owner, fx))
            }
            Op::Surrender { ref owner } => Outcome::Int(self.surrender(at, owner, fx)),
            Op::Convert { name, ref owner, mode, wait, client, full } => {
                let ask = super::convert::Ask { name, owner, mode, wait, client, full };
                self.convert(at, &ask, fx)
            }
            Op::Cancel { name, ref owner, id } => {
                Outcome::Int(self.cancel(at, name, owner, id, fx).into())
            }
            Op::Kill { name, ref which, .. } => Outcome::Int(self.kill(at, name, which, fx)),
            Op::Break { name, wait, cycle, ref links, spared, stood_ms } => {
                let found = super::deadlock::Told { cycle, links, spared, stood_ms };
                Outcome::Int(self.break_cycle(at, name, wait, &found, fx).into())
            }
            Op::Assert { name, token, ref owner } => {
                self.assert_held(at.now_ms, name, token, owner.as_ref())
            }
            Op::Fence { name, token, ttl_ms } => self.fence(at, name, token, ttl_ms),
            Op::LatchSet { name, count, ttl_ms } => self.latch_set(at, name, count, ttl_ms, fx),
            Op::LatchDown { name, by } => self.latch_down(at, name, by, fx),
            Op::LatchWait { name, wait, client } => self.latch_wait(at, name, wait, client),
            _ => self.look(at.now_ms, op),
        }
    }
}
