//! The lock table of a shard and its operations.

use smallvec::smallvec;

use super::index::Index;
use super::lock::{Caller, Hold, Lock, OwnerKey, Waiter, lease_of, longer};
use super::{Mode, Op, Owner, Stats, Terms, WAITERS_MAX};
use crate::image::{Name, Named};
use crate::lives::Lives;
use crate::{Effects, Fault, Origin, Outcome, Read, Stamp, Token, Wait};

/// The locks of a shard.
#[derive(Debug, Default)]
pub struct Table {
    /// The locks that are held. A free lock has no entry.
    pub(super) locks: Named<Lock>,
    /// The newest token; grows with every grant.
    pub(super) last_token: u64,
    pub(super) lives: Lives,
    pub(super) stats: Stats,
    /// How many requests wait for any lock.
    pub(super) waiting: usize,
    /// How to find all this.
    pub(super) index: Index,
}

/// What a LOCK wants.
struct Ask<'a> {
    name: &'a [u8],
    owner: &'a Owner<'a>,
    mode: Mode,
    lease_ms: Option<u64>,
}

impl Table {
    /// A table without locks.
    pub fn new() -> Self {
        Table::default()
    }

    /// Carries out an operation. One that only reads changes nothing.
    pub fn apply(
        &mut self,
        at: &Stamp,
        op: &Op<'_>,
        _birth_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        if !op.is_write() {
            return self.look(at.now_ms, op);
        }
        self.settle(at, op.name(), fx);
        let outcome = self.carry_out(at, op, fx);
        debug_assert!(self.is_sound(op.name()), "a free lock has waiters, or a wait is lost");
        outcome
    }

    /// Answers an operation that only reads, at `now_ms` by the reader's clock
    /// and `clock_ms` by the shard's.
    pub fn read(&self, now_ms: u64, clock_ms: u64, op: &Op<'_>) -> Read {
        let now_ms = now_ms.max(clock_ms);
        let hold = self.locks.get(op.name()).map(|lock| &lock.hold);
        if hold.is_some_and(|hold| hold.is_over(now_ms)) {
            return Read::TickFirst;
        }
        Read::Done(self.look(now_ms, op))
    }

    /// How many locks are held.
    pub fn held(&self) -> usize {
        self.locks.len()
    }

    /// How many requests wait for a lock.
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    /// What happened so far.
    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Ends what a session waited for and held.
    pub fn end_session(&mut self, _at: &Stamp, _id: &[u8], _delay_ms: u64, _fx: &mut Effects) {}

    fn carry_out(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        match *op {
            Op::Acquire { name, terms: Terms::Of { ref owner, mode, lease_ms, wait, .. } } => {
                let lease_ms = lease_of(owner, lease_ms);
                self.acquire(at, &Ask { name, owner, mode, lease_ms }, wait)
            }
            Op::Release { name, ref owner, token, strict, .. } => {
                let released = self.release(at, name, owner, token, fx);
                if strict && !released {
                    return Fault::NotHeld.into();
                }
                Outcome::Int(released.into())
            }
            Op::Renew { name, ref owner, token, lease_ms, .. } => {
                Outcome::Int(self.renew(at, name, owner, token, lease_ms).into())
            }
            Op::CancelWait { name, origin, request, error } => {
                let answer = if error { Fault::Unblocked.into() } else { Outcome::Nil };
                Outcome::Int(self.cancel(name, origin, request, answer, fx).into())
            }
            Op::Check { .. } | Op::Info { .. } | Op::Stats {} => self.look(at.now_ms, op),
            _ => Fault::Limit.into(),
        }
    }

    fn acquire(&mut self, at: &Stamp, ask: &Ask<'_>, wait: Option<Wait>) -> Outcome {
        if self.comes_too_late(ask.owner, wait) {
            return Outcome::Nil;
        }
        let Some(lock) = self.locks.get(ask.name) else {
            return number(self.grant(at, ask));
        };
        if lock.hold.owner == *ask.owner {
            return number(self.prolong(at, ask));
        }
        match wait {
            Some(wait) => self.enqueue(at, ask, wait),
            None => Outcome::Nil,
        }
    }

    /// Whether the connection that asks cannot be there any more.
    fn comes_too_late(&self, owner: &Owner<'_>, wait: Option<Wait>) -> bool {
        let waits = wait.is_some_and(|Wait::For { origin, .. }| self.lives.is_over(origin));
        let owns = match owner {
            Owner::Connection { origin } => self.lives.is_over(*origin),
            Owner::Named { .. } | Owner::Session { .. } => false,
        };
        waits || owns
    }

    /// Gives a free lock to who asks for it.
    fn grant(&mut self, at: &Stamp, ask: &Ask<'_>) -> Token {
        let name: Name = ask.name.into();
        let hold = self.begin_hold(at, &name, ask.owner.into(), ask.mode, ask.lease_ms);
        let token = hold.token;
        self.locks.insert(name, Lock::held(hold));
        token
    }

    /// A new hold with a new token. It stands in the index already.
    pub(super) fn begin_hold(
        &mut self,
        at: &Stamp,
        name: &Name,
        owner: OwnerKey,
        mode: Mode,
        lease_ms: Option<u64>,
    ) -> Hold {
        self.last_token += 1;
        self.stats.grants += 1;
        let hold = Hold {
            owner,
            mode,
            token: Token(self.last_token),
            since_ms: at.now_ms,
            deadline_ms: end_of(at, lease_ms),
        };
        self.index.add_hold(name, &hold);
        hold
    }

    /// The owner asks again for what it holds: the same token, and the lease
    /// ends no sooner than before.
    fn prolong(&mut self, at: &Stamp, ask: &Ask<'_>) -> Token {
        let deadline_ms = end_of(at, ask.lease_ms);
        self.move_deadline(ask.name, |old_ms| longer(old_ms, deadline_ms))
    }

    fn move_deadline(
        &mut self,
        name: &[u8],
        change: impl FnOnce(Option<u64>) -> Option<u64>,
    ) -> Token {
        let name = self.locks.shared_name(name).expect("the caller found the lock held");
        let lock = self.locks.get_mut(&name).expect("the lock has a name");
        let before_ms = lock.hold.deadline_ms;
        lock.hold.deadline_ms = change(before_ms);
        self.index.move_hold(&name, before_ms, lock.hold.deadline_ms);
        lock.hold.token
    }

    fn enqueue(&mut self, at: &Stamp, ask: &Ask<'_>, wait: Wait) -> Outcome {
        let Wait::For { origin, request, block_ms } = wait;
        let name = self.locks.shared_name(ask.name).expect("the caller found the lock held");
        if self.index.place_of_request(&name, origin, request).is_some() {
            // The same request, sent once more after a change of leader.
            return Outcome::Waits;
        }
        let lock = self.locks.get_mut(&name).expect("the lock has a name");
        if lock.waiting >= WAITERS_MAX {
            return Fault::Limit.into();
        }
        let deadline_ms = (block_ms > 0).then(|| at.now_ms.saturating_add(block_ms));
        let caller = Caller { origin, request, deadline_ms };
        lock.waiting += 1;
        self.waiting += 1;
        let owner = OwnerKey::from(ask.owner);
        if let Some(place) = self.index.place_of(&name, &owner) {
            let waiter = lock.line.get_mut(place).expect("the index says it is there");
            waiter.lease_ms = longer(waiter.lease_ms, ask.lease_ms);
            waiter.callers.push(caller);
            self.index.add_caller(&name, place, &caller);
        } else {
            let (mode, lease_ms) = (ask.mode, ask.lease_ms);
            let waiter = Waiter { owner, mode, lease_ms, callers: smallvec![caller] };
            let place = lock.next_place();
            self.index.add_waiter(&name, place, &waiter);
            lock.line.insert(place, waiter);
        }
        Outcome::Waits
    }

    fn release(
        &mut self,
        at: &Stamp,
        name: &[u8],
        owner: &Owner<'_>,
        token: Option<Token>,
        fx: &mut Effects,
    ) -> bool {
        if !self.is_held_by(name, owner, token) {
            return false;
        }
        let name = self.locks.shared_name(name).expect("the lock is held");
        self.end_hold(at, &name, fx);
        true
    }

    fn renew(
        &mut self,
        at: &Stamp,
        name: &[u8],
        owner: &Owner<'_>,
        token: Option<Token>,
        lease_ms: u64,
    ) -> bool {
        let held = self.is_held_by(name, owner, token);
        if held {
            self.move_deadline(name, |_| end_of(at, Some(lease_ms)));
        }
        held
    }

    fn is_held_by(&self, name: &[u8], owner: &Owner<'_>, token: Option<Token>) -> bool {
        self.locks.get(name).is_some_and(|lock| lock.hold.is(owner, token))
    }

    fn cancel(
        &mut self,
        name: &[u8],
        origin: Origin,
        request: u64,
        answer: Outcome,
        fx: &mut Effects,
    ) -> bool {
        let Some(name) = self.locks.shared_name(name) else { return false };
        self.end_wait(&name, origin, request, Some(answer), fx)
    }

    /// Whether the sums of a lock are those of its waiters. Cheap enough for
    /// every step of a debug build; the tests look at everything.
    fn is_sound(&self, name: &[u8]) -> bool {
        let Some(lock) = self.locks.get(name) else { return true };
        let in_step = lock.waiting >= lock.line.len() && self.waiting >= lock.waiting;
        in_step && lock.hold.token.0 <= self.last_token
    }
}

fn number(token: Token) -> Outcome {
    Outcome::Int(token.0 as i64)
}

fn end_of(at: &Stamp, lease_ms: Option<u64>) -> Option<u64> {
    lease_ms.map(|lease_ms| at.now_ms.saturating_add(lease_ms))
}
