//! LOCK: taking a lock at once, again, or in its turn.

use smallvec::smallvec;

use super::grant::{end_of, full};
use super::hold::{Extra, Hold, Part};
use super::lock::{Caller, Lock, Place, Waiter, Want, lease_of, longer};
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::part::shown_as_part;
use super::table::Table;
use super::{Again, CALLERS_MAX, Mode, Owner, Policy, REENTRIES_MAX, Terms, WAITERS_MAX};
use crate::effects::EventKind;
use crate::image::Name;
use crate::{Effects, Fault, Origin, Outcome, Stamp, Token, Wait};

/// What a request gets: the token, or more of its hold.
pub(super) struct Form {
    pub full: bool,
}

impl Table {
    pub(super) fn acquire(
        &mut self,
        at: &Stamp,
        name: &[u8],
        terms: &Terms<'_>,
        birth_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        let Terms::Of { owner, client, wait, id, full, .. } = terms;
        if self.comes_too_late(owner, *client, *wait) {
            return Outcome::Nil;
        }
        if let Some(fault) = fault_in(terms) {
            return fault.into();
        }
        let form = Form { full: *full };
        if let Some(token) = id.and_then(|id| self.recall(name, owner, id)) {
            return self.shown(at.now_ms, name, owner, token, &form);
        }
        let Some(lock) = self.locks.get(name) else {
            let want = want_of(terms, birth_ms);
            return self.take_free(at, name.into(), want, *id, &form, fx);
        };
        if let Some(hold) = own_of(self, lock, name, owner) {
            let (hold, over) = (hold.id, hold.is_over(at.now_ms));
            if !over {
                return self.take_again(at, name, hold, terms, fx);
            }
            let name = self.locks.shared_name(name).expect("the lock has an entry");
            self.end_lease(at, &name, hold, fx);
            return self.acquire(at, &name, terms, birth_ms, fx);
        }
        self.take_turn(at, name, terms, birth_ms, fx)
    }

    /// Whether the connection that asks cannot be there any more.
    pub(super) fn comes_too_late(
        &self,
        owner: &Owner<'_>,
        client: Origin,
        wait: Option<Wait>,
    ) -> bool {
        let waits = wait.is_some_and(|Wait::For { origin, .. }| self.lives.is_over(origin));
        let owns = match owner {
            Owner::Connection { origin } => self.lives.is_over(*origin),
            Owner::Named { .. } | Owner::Session { .. } => false,
        };
        waits || owns || wait.is_some() && self.lives.is_over(client)
    }

    fn take_free(
        &mut self,
        at: &Stamp,
        name: Name,
        want: Want,
        id: Option<&[u8]>,
        form: &Form,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(id) = id else {
            if form.full {
                let owner = want.owner.clone();
                let token = self.grant_free(at, name.clone(), want, fx);
                return self.shown(at.now_ms, &name, &owner.as_owner(), token, form);
            }
            let token = self.grant_free(at, name, want, fx);
            return number(token);
        };
        let owner = want.owner.clone();
        let token = self.grant_free(at, name.clone(), want, fx);
        self.remember(&name, &owner, id.into(), token);
        self.shown(at.now_ms, &name, &owner.as_owner(), token, form)
    }

    /// The owner asks again for what it holds.
    fn take_again(
        &mut self,
        at: &Stamp,
        name: &[u8],
        hold: u64,
        terms: &Terms<'_>,
        fx: &mut Effects,
    ) -> Outcome {
        let Terms::Of { owner, mode, again, id, full, acquiring_ms, .. } = terms;
        let lock = self.locks.get(name).expect("the caller found it");
        let held = lock.holders.get(hold).expect("the caller found it");
        match held.mode.limit().zip(mode.limit()) {
            Some((limit, other)) if limit != other => return Fault::OtherLimit.into(),
            _ if !held.mode.covers(*mode) => return Fault::LockMode.into(),
            _ => {}
        }
        match again {
            Again::Refuse {} => return Fault::AlreadyHeld.into(),
            Again::Count {} if held.count >= REENTRIES_MAX => return Fault::TooDeep.into(),
            Again::Same {} | Again::Count {} => {}
        }
        let _ = fx;
        let token = self.prolong(at, name, hold, terms, *again == Again::Count {});
        if let Some(id) = id {
            let name = self.locks.shared_name(name).expect("the caller found it");
            self.remember(&name, &OwnerKey::from(owner), (*id).into(), token);
        }
        if let (Some(_), Some(hold)) = (acquiring_ms, self.own(name, owner)) {
            return Outcome::Int(shown_as_part(terms, hold));
        }
        self.shown(at.now_ms, name, owner, token, &Form { full: *full })
    }

    /// The lease ends no sooner than before; whatever else was said is taken over.
    pub(super) fn prolong(
        &mut self,
        at: &Stamp,
        name: &[u8],
        id: u64,
        terms: &Terms<'_>,
        counts: bool,
    ) -> Token {
        let Terms::Of { client, lease_ms, value, acquiring_ms, .. } = terms;
        let lock = self.locks.get_mut(name).expect("the caller found it");
        let hold = lock.holders.get_mut(id).expect("the caller found it");
        let before_ms = hold.due_ms();
        hold.client = *client;
        hold.count += u32::from(counts);
        if !value.is_empty() {
            hold.extra_mut().value = Some((*value).into());
        }
        let acquiring = hold.extra().part == Part::Acquiring;
        match acquiring_ms {
            Some(ms) if acquiring => {
                hold.deadline_ms = longer(hold.deadline_ms, end_of(at, Some(*ms)));
            }
            // What was there before is no part of what is asked for together.
            Some(_) => {
                if hold.extra().part == Part::Confirmed {
                    hold.extra_mut().part = Part::Whole;
                }
            }
            None => {
                let lease_ms = lease_of(&hold.owner, hold.session().is_some(), *lease_ms);
                hold.deadline_ms = longer(hold.deadline_ms, end_of(at, lease_ms));
                if hold.extra().part != Part::Whole {
                    hold.extra_mut().part = Part::Whole;
                }
            }
        }
        let (after_ms, token) = (hold.due_ms(), hold.token);
        self.index.set_due(id, 0, before_ms, after_ms);
        token
    }

    /// The lock has an entry, and the owner does not hold it.
    fn take_turn(
        &mut self,
        at: &Stamp,
        name: &[u8],
        terms: &Terms<'_>,
        birth_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        let Terms::Of { owner, mode, wait, head_start_ms, id, full, asynchronous, .. } = terms;
        let name = self.locks.shared_name(name).expect("the lock has an entry");
        let lock = self.locks.get(&name).expect("the lock has an entry");
        let tally = lock.holders.tally();
        if mode.limit().zip(tally.limit()).is_some_and(|(limit, other)| limit != other) {
            return Fault::OtherLimit.into();
        }
        if lock.has_line()
            && let Some(own) = self.index.waiters.get(&(name.clone(), OwnerKey::from(owner)))
        {
            return self.join(at, &name, *own, terms);
        }
        let head_start_ms = if self.is_broken(Mutant::NoHeadStart) { 0 } else { *head_start_ms };
        let turn_ms = at.now_ms.saturating_sub(head_start_ms);
        let place = Place { request: true, turn_ms, id: self.last_id + 1 };
        let first = self.index.line(&name).and_then(|line| line.first());
        let is_first = first.is_none_or(|first| place < *first);
        let is_first = is_first || self.is_broken(Mutant::NobodyQueues);
        if is_first && !lock.is_delayed() && self.admits(lock, None, *mode) {
            let want = want_of(terms, birth_ms);
            let (owner, form) = (want.owner.clone(), Form { full: *full });
            let token = self.grant_beside(at, &name, want, 1, fx);
            if let Some(id) = id {
                self.remember(&name, &owner, (*id).into(), token);
            }
            let outcome = self.shown(at.now_ms, &name, &owner.as_owner(), token, &form);
            if self.locks.get(&name).is_some_and(Lock::has_line) {
                self.break_cycles_of(at, &owner, fx);
            }
            return outcome;
        }
        let Some(wait) = wait else { return Outcome::Nil };
        let mut caller = caller_of(at, *wait);
        caller.full = *full;
        caller.asynchronous = *asynchronous;
        caller.counts = matches!(terms, Terms::Of { again: Again::Count {}, .. });
        caller.id = id.map(Name::from);
        let want = want_of(terms, birth_ms);
        self.enqueue(at, &name, want, turn_ms, false, caller, fx)
    }

    /// A request of an owner that waits already: it waits with the others.
    fn join(&mut self, at: &Stamp, name: &Name, id: u64, terms: &Terms<'_>) -> Outcome {
        let Terms::Of {
            mode,
            wait,
            lease_ms,
            again,
            id: request_id,
            full,
            asynchronous,
            acquiring_ms,
            ..
        } = terms;
        let Some(wait) = wait else { return Outcome::Nil };
        let Wait::For { origin, request, .. } = *wait;
        let repeated = self.index.waits_of(origin, request).any(|(waits, _)| waits == id);
        let waiting = self.locks.get(name).map_or(0, Lock::waiting);
        let broken = self.is_broken(Mutant::RepeatLosesPlace);
        let lock = self.locks.get_mut(name).expect("what is waited for is in the table");
        let waiter = lock.waiter_mut(id).expect("the index says it is there");
        if repeated {
            // The same request, sent once more after a change of leader.
            return self.queued(name, id, *asynchronous);
        }
        if !waiter.want.mode.covers(*mode) {
            return Fault::LockMode.into();
        }
        if waiter.callers.len() >= CALLERS_MAX || waiting >= WAITERS_MAX {
            return Fault::Limit.into();
        }
        let lease_ms =
            lease_of(&waiter.want.owner, waiter.want.extra().session.is_some(), *lease_ms);
        waiter.want.lease_ms = longer(waiter.want.lease_ms, lease_ms);
        // Who asks for the lock itself gets more than a part of several, which would
        // end with whoever gathers them.
        if let (None, Some(extra)) = (acquiring_ms, waiter.want.extra.as_deref_mut()) {
            extra.acquiring_ms = None;
        }
        waiter.next_caller += 1;
        let mut caller = caller_of(at, *wait);
        caller.number = waiter.next_caller;
        caller.full = *full;
        caller.asynchronous = *asynchronous;
        caller.counts = *again == Again::Count {};
        caller.id = request_id.map(Name::from);
        self.index.add_caller(id, &caller);
        waiter.callers.push(caller);
        if broken {
            let before = waiter.place();
            waiter.turn_ms = at.now_ms.saturating_add(1);
            let after = waiter.place();
            if let Some(line) = self.index.lines.get_mut(name) {
                line.remove(&before);
                line.insert(after);
            }
        }
        let more = lock.more.as_mut().expect("somebody waits");
        more.waiting += 1;
        self.waiting += 1;
        self.queued(name, id, *asynchronous)
    }

    /// An owner takes its place in the line. What comes of it: it waits, or it was
    /// granted at once after all, or it is a victim.
    #[allow(clippy::too_many_arguments, reason = "the parts of a waiter")]
    pub(super) fn enqueue(
        &mut self,
        at: &Stamp,
        name: &Name,
        want: Want,
        turn_ms: u64,
        converts: bool,
        caller: Caller,
        fx: &mut Effects,
    ) -> Outcome {
        let lock = self.locks.get_mut(name).expect("the lock has an entry");
        if lock.waiting() >= WAITERS_MAX {
            return Fault::Limit.into();
        }
        let (policy, mode, owner) = (want.extra().policy, want.mode, want.owner.clone());
        let (origin, request, asynchronous) = (caller.origin, caller.request, caller.asynchronous);
        let id = self.next_id();
        let callers = smallvec![caller];
        let waiter =
            Waiter { id, want, since_ms: at.now_ms, turn_ms, converts, next_caller: 1, callers };
        if policy == (Policy::WaitDie {})
            && !self.is_broken(Mutant::YoungerWaits)
            && let Some(older) = self.older_in_the_way(name, &waiter)
        {
            self.stats.deadlocks += 1;
            let text = [b"younger than ", &older.text()[..]].concat();
            return Outcome::Refused { fault: Fault::Deadlock, text };
        }
        let first = !self.locks.get(name).is_some_and(Lock::has_line);
        self.put_waiter(name, waiter);
        if first {
            self.tell_holders(name, mode, &owner, fx);
        }
        super::grant::event(fx, EventKind::Blocking {}, name, &owner, Token(0));
        let before = fx.len();
        if let Policy::Wound { grace_ms } = policy {
            self.wound_younger(at, name, id, grace_ms, fx);
        }
        self.break_cycles(at, name, id, fx);
        match fx.take_answer(before, origin, request) {
            Some(answer) => answer,
            None => self.queued(name, id, asynchronous),
        }
    }

    /// Puts a waiter in its place.
    pub(super) fn put_waiter(&mut self, name: &Name, waiter: Waiter) {
        self.index.add_waiter(name, &waiter);
        self.waiting += waiter.callers.len();
        let lock = self.locks.get_mut(name).expect("the lock has an entry");
        let more = lock.more.get_or_insert_default();
        more.waiting += waiter.callers.len();
        more.converting += usize::from(waiter.converts);
        more.line.insert(waiter.id, waiter);
    }

    /// What a request gets that waits now.
    fn queued(&self, name: &Name, id: u64, asynchronous: bool) -> Outcome {
        if !asynchronous {
            return Outcome::Waits;
        }
        let place = self.locks.get(name).and_then(|lock| lock.waiter(id)).map(Waiter::place);
        let position = match (place, self.index.line(name)) {
            // From the end, because that is where it mostly is.
            (Some(place), Some(line)) => line.len() - line.range(place..).count() + 1,
            _ => 0,
        };
        Outcome::List(vec![Outcome::Word("QUEUED"), Outcome::Int(position as i64)])
    }

    /// The token, or all about the hold that has it.
    fn shown(
        &self,
        now_ms: u64,
        name: &[u8],
        owner: &Owner<'_>,
        token: Token,
        form: &Form,
    ) -> Outcome {
        match self.own(name, owner).filter(|hold| form.full && hold.token == token) {
            Some(hold) => full(now_ms, hold, 0),
            None => number(token),
        }
    }
}

/// What is wrong with a request whatever the lock.
fn fault_in(terms: &Terms<'_>) -> Option<Fault> {
    let Terms::Of { mode, policy, session, .. } = terms;
    match mode {
        Mode::Permits { count, limit } if *count == 0 || count > limit => {
            return Some(Fault::OutOfRange);
        }
        _ => {}
    }
    let needs = *policy != Policy::Detect {} && session.is_none();
    needs.then_some(Fault::NeedsSession)
}

/// What a request wants.
pub(super) fn want_of(terms: &Terms<'_>, birth_ms: Option<u64>) -> Want {
    let Terms::Of { owner, session, client, mode, lease_ms, .. } = terms;
    let owner = OwnerKey::from(owner);
    let lease_ms = lease_of(&owner, session.is_some(), *lease_ms);
    Want { owner, client: *client, mode: *mode, lease_ms, extra: extra_of(terms, birth_ms) }
}

fn extra_of(terms: &Terms<'_>, birth_ms: Option<u64>) -> Option<Box<Extra>> {
    let Terms::Of {
        session, prio, value, delay_ms, release_on_deadlock, policy, acquiring_ms, ..
    } = terms;
    let extra = Extra {
        session: session.map(|id| (id.into(), birth_ms.unwrap_or_default())),
        value: (!value.is_empty()).then(|| (*value).into()),
        delay_ms: *delay_ms,
        prio: *prio,
        policy: *policy,
        release_on_deadlock: *release_on_deadlock,
        acquiring_ms: *acquiring_ms,
        part: Part::Whole,
        revoked_ms: None,
    };
    (extra != Extra::PLAIN).then(|| Box::new(extra))
}

/// A request that waits so.
pub(super) fn caller_of(at: &Stamp, wait: Wait) -> Caller {
    let Wait::For { origin, request, block_ms } = wait;
    let deadline_ms = (block_ms > 0).then(|| at.now_ms.saturating_add(block_ms));
    Caller {
        number: 1,
        origin,
        request,
        deadline_ms,
        full: false,
        asynchronous: false,
        counts: false,
        id: None,
    }
}

/// The same as [`Table::own`], with the lock at hand.
fn own_of<'a>(
    table: &'a Table,
    lock: &'a Lock,
    name: &[u8],
    owner: &Owner<'_>,
) -> Option<&'a Hold> {
    match lock.holders.only() {
        Some(hold) => hold.is_of(owner).then_some(hold),
        None => table.own(name, owner),
    }
}

pub(super) fn number(token: Token) -> Outcome {
    Outcome::Int(token.0 as i64)
}
