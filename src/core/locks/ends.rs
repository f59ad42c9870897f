//! How holds and waits come to their end, and what follows.

mod all;

use super::grant::{answer, end_of, event};
use super::hold::Hold;
use super::index::Thing;
use super::lock::{Caller, Delay, Lock, Waiter};
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::table::Table;
use super::{Owner, Rule, Which};
use crate::effects::{EventKind, Notice, Reason};
use crate::image::Name;
use crate::{Effect, Effects, Fault, Origin, Outcome, Stamp, Token};

/// How many holds of the lock that an operation is about are ended with it if they
/// are overdue; the rest counts as held for a little longer.
const OVERDUE_PER_OP: usize = 64;

/// Why a hold ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Its owner gave it back.
    Released,
    /// Its connection ended, or the node that had it.
    Gone,
    /// Its lease ran out, or an older owner takes it.
    Due,
    /// LOCKKILL.
    Killed,
    /// Its session ended, which wants this delay.
    Session { delay_ms: u64 },
    /// Its owner was the victim of a deadlock and wants to lose it.
    Deadlock,
}

impl Table {
    /// Ends what is due, at most `budget` of it, and says how much that was.
    pub fn expire(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) -> usize {
        let mut ended = 0;
        while ended < budget
            && let Some((id, caller)) = self.index.first_due(at.now_ms)
        {
            self.end_due(at, id, caller, fx);
            ended += 1;
        }
        self.check_touched(&[]);
        ended
    }

    fn end_due(&mut self, at: &Stamp, id: u64, caller: u64, fx: &mut Effects) {
        let thing = self.index.things.get(&id).expect("what is due has a number").clone();
        match thing {
            Thing::Hold(name) => self.end_lease(at, &name, id, fx),
            Thing::Wait(name) => {
                self.stats.timeouts += 1;
                self.end_caller(at, &name, id, caller, Some(&Outcome::Nil), fx);
            }
            Thing::Delay(name) => self.end_delay(at, &name, fx),
            Thing::Latch(name) => self.end_latch(&name, fx),
            Thing::LatchWait(name) => {
                self.stats.timeouts += 1;
                self.end_latch_wait(&name, id, Some(&Outcome::Nil), fx);
            }
            Thing::Fence(name) => self.end_fence(&name),
            Thing::Memo => self.remove_memo(id),
            Thing::Age => self.remove_age(id),
        }
    }

    /// Ends what is overdue of one lock. After a long pause more may be due than one
    /// step ends; the lock an operation is about must not be among what is left.
    pub(super) fn settle(&mut self, at: &Stamp, name: &[u8], fx: &mut Effects) {
        let Some(lock) = self.locks.get(name) else { return };
        let first = lock.holders.iter().take(OVERDUE_PER_OP);
        let over: Vec<u64> =
            first.filter(|hold| hold.is_over(at.now_ms)).map(|hold| hold.id).collect();
        let delay = lock.more.as_ref().and_then(|more| more.delay);
        let delay = delay.filter(|delay| delay.until_ms <= at.now_ms);
        let Some(name) = self.locks.shared_name(name) else { return };
        over.into_iter().for_each(|id| self.end_lease(at, &name, id, fx));
        if delay.is_some() {
            self.end_delay(at, &name, fx);
        }
    }

    /// Whether something of a lock, latch or fence is over by the reader's clock that
    /// is not by the shard's.
    pub(super) fn is_overdue(&self, now_ms: u64, name: &[u8]) -> bool {
        let lock = self.locks.get(name);
        let hold = lock.is_some_and(|lock| lock.holders.iter().any(|hold| hold.is_over(now_ms)));
        let latch = self.latches.get(name).is_some_and(|latch| latch.until_ms <= now_ms);
        let fence = self.fences.get(name).and_then(|fence| fence.until_ms);
        hold || latch || fence.is_some_and(|until_ms| until_ms <= now_ms)
    }

    pub(super) fn end_lease(&mut self, at: &Stamp, name: &Name, id: u64, fx: &mut Effects) {
        if !self.end_plain_lease(at, name, id, fx) {
            self.end_hold(at, name, id, Why::Due, fx);
        }
    }

    /// The usual case without detours: leases may end by the thousand at once.
    fn end_plain_lease(&mut self, at: &Stamp, name: &Name, id: u64, fx: &mut Effects) -> bool {
        let plain = |hold: &Hold| hold.id == id && hold.extra().delay_ms == 0;
        let Some((name, lock)) = self.take_plain(at, name, plain) else { return false };
        let hold = lock.holders.only().expect("it was looked at");
        self.tell_of_end(at, &name, hold, Why::Due, fx);
        true
    }

    /// Takes a lock out of the table that has one holder, such a one, and nothing
    /// else: nobody waits, and nobody has to be served.
    fn take_plain(
        &mut self,
        at: &Stamp,
        name: &[u8],
        plain: impl Fn(&Hold) -> bool,
    ) -> Option<(Name, Lock)> {
        let lock = self.locks.get(name)?;
        if lock.more.is_some() || !lock.holders.only().is_some_and(plain) {
            return None;
        }
        let (name, lock) = self.locks.take(name)?;
        let hold = lock.holders.only()?;
        self.holds -= 1;
        self.index.remove_hold(hold);
        self.let_memo_fade(at, &name, hold);
        Some((name, lock))
    }

    /// Ends a hold and gives the lock to the next in line.
    pub(super) fn end_hold(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        why: Why,
        fx: &mut Effects,
    ) {
        self.drop_hold(at, name, id, why, fx);
        self.serve(at, name, fx);
    }

    /// Ends a hold. Whoever calls it serves the line afterwards.
    pub(super) fn drop_hold(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        why: Why,
        fx: &mut Effects,
    ) {
        let Some(hold) = self.take_hold(name, id) else { return };
        self.let_memo_fade(at, name, &hold);
        self.end_conversion(at, name, &hold.owner, fx);
        self.delay_next(at, name, &hold, why);
        self.tell_of_end(at, name, &hold, why, fx);
    }

    /// The owner cannot wait to hold differently what it does not hold.
    fn end_conversion(&mut self, at: &Stamp, name: &Name, owner: &OwnerKey, fx: &mut Effects) {
        if self.locks.get(name).is_none_or(|lock| lock.converting() == 0) {
            return;
        }
        let Some(id) = self.index.waiters.get(&(name.clone(), owner.clone())).copied() else {
            return;
        };
        let _ = at;
        if let Some(waiter) = self.take_waiter(name, id) {
            let gone = Fault::NotHeld.into();
            waiter.callers.iter().for_each(|caller| answer(caller, &gone, fx));
        }
    }

    fn delay_next(&mut self, at: &Stamp, name: &Name, hold: &Hold, why: Why) {
        let own_ms = hold.extra().delay_ms;
        let delay_ms = match why {
            Why::Gone | Why::Due => own_ms,
            Why::Session { delay_ms } => own_ms.max(delay_ms),
            Why::Released | Why::Killed | Why::Deadlock => 0,
        };
        if delay_ms == 0 || self.is_broken(Mutant::NoDelay) {
            return;
        }
        let until_ms = at.now_ms.saturating_add(delay_ms);
        let lock = self.locks.get(name).expect("its hold was just taken");
        let before = lock.more.as_ref().and_then(|more| more.delay);
        let id = before.map_or_else(|| self.next_id(), |delay| delay.id);
        let until_ms = before.map_or(until_ms, |delay| delay.until_ms.max(until_ms));
        self.put_delay(name, Delay { id, until_ms });
    }

    /// Puts a delay in its place, or moves it.
    pub(super) fn put_delay(&mut self, name: &Name, delay: Delay) {
        let lock = self.locks.get_mut(name).expect("the lock has an entry");
        let before = lock.more.get_or_insert_default().delay.replace(delay);
        self.index.things.insert(delay.id, Thing::Delay(name.clone()));
        let before_ms = before.map(|delay| delay.until_ms);
        self.index.set_due(delay.id, 0, before_ms, Some(delay.until_ms));
    }

    fn end_delay(&mut self, at: &Stamp, name: &Name, fx: &mut Effects) {
        let Some(lock) = self.locks.get_mut(name) else { return };
        let Some(delay) = lock.more.as_mut().and_then(|more| more.delay.take()) else { return };
        self.index.watch.touch(name);
        self.index.things.remove(&delay.id);
        self.index.set_due(delay.id, 0, Some(delay.until_ms), None);
        self.serve(at, name, fx);
    }

    fn tell_of_end(&mut self, at: &Stamp, name: &Name, hold: &Hold, why: Why, fx: &mut Effects) {
        let wounded = hold.extra().revoked_ms.is_some_and(|ms| ms <= at.now_ms);
        let (kind, reason) = match why {
            Why::Released | Why::Gone => (EventKind::Released {}, None),
            Why::Due if wounded => (EventKind::Wounded {}, Some(Reason::Wounded {})),
            Why::Due => (EventKind::Expired {}, Some(Reason::Expired {})),
            Why::Killed => (EventKind::Killed {}, Some(Reason::Killed {})),
            Why::Session { .. } => (EventKind::Released {}, Some(Reason::Session {})),
            Why::Deadlock => (EventKind::Released {}, Some(Reason::Deadlock {})),
        };
        match kind {
            EventKind::Wounded {} => self.stats.wounded += 1,
            EventKind::Expired {} => self.stats.expirations += 1,
            EventKind::Killed {} => self.stats.killed += 1,
            _ => {}
        }
        event(fx, kind, name, &hold.owner, hold.token);
        if let Some(reason) = reason {
            let notice = Notice::Lost { name: name.to_vec(), token: hold.token, reason };
            // Behind its end a session is attached nowhere.
            if let Some(id) = hold.session().filter(|_| !matches!(why, Why::Session { .. })) {
                let (session, notice) = (id.to_vec(), notice.clone());
                fx.push(Effect::SessionNotice { session, told: hold.client, notice });
            }
            fx.push(Effect::Notice { to: hold.client, notice });
        }
    }

    /// UNLOCK; whether it was held.
    pub(super) fn release(
        &mut self,
        at: &Stamp,
        name: &[u8],
        owner: &Owner<'_>,
        token: Option<Token>,
        all: bool,
        fx: &mut Effects,
    ) -> bool {
        if self.release_plain(at, name, owner, token, fx) {
            return true;
        }
        let any = self.is_broken(Mutant::ReleaseByAnyone);
        let own = self.own(name, owner);
        let own = own.or_else(|| self.locks.get(name)?.holders.iter().find(|_| any));
        let Some(hold) = own else { return false };
        let (id, count, over) = (hold.id, hold.count, hold.is_over(at.now_ms));
        let other = token.is_some_and(|token| token != hold.token);
        if other && !self.is_broken(Mutant::ReleaseWithAnyToken) {
            return false;
        }
        if over {
            let name = self.locks.shared_name(name).expect("it is held");
            self.end_lease(at, &name, id, fx);
            return false;
        }
        if count > 1 && !all {
            let lock = self.locks.get_mut(name).expect("it is held");
            lock.holders.get_mut(id).expect("it was just found").count -= 1;
            return true;
        }
        let name = self.locks.shared_name(name).expect("it is held");
        self.end_hold(at, &name, id, Why::Released, fx);
        true
    }

    /// The usual case without detours: one holder, taken once, and nobody waits.
    fn release_plain(
        &mut self,
        at: &Stamp,
        name: &[u8],
        owner: &Owner<'_>,
        token: Option<Token>,
        fx: &mut Effects,
    ) -> bool {
        let plain = |hold: &Hold| {
            hold.count == 1
                && hold.is_of(owner)
                && token.is_none_or(|token| token == hold.token)
                && !hold.is_over(at.now_ms)
        };
        let Some((name, lock)) = self.take_plain(at, name, plain) else { return false };
        let hold = lock.holders.only().expect("it was looked at");
        event(fx, EventKind::Released {}, &name, &hold.owner, hold.token);
        true
    }

    /// LOCKRENEW; whether it was done.
    #[allow(clippy::too_many_arguments, reason = "the words of the command")]
    pub(super) fn renew(
        &mut self,
        at: &Stamp,
        name: &[u8],
        owner: &Owner<'_>,
        token: Option<Token>,
        lease_ms: u64,
        rule: Rule,
        fx: &mut Effects,
    ) -> bool {
        let Some(hold) = self.own(name, owner) else { return false };
        let (id, over) = (hold.id, hold.is_over(at.now_ms));
        if token.is_some_and(|token| token != hold.token) {
            return false;
        }
        if over {
            let name = self.locks.shared_name(name).expect("it is held");
            self.end_lease(at, &name, id, fx);
            return false;
        }
        let new_ms = end_of(at, Some(lease_ms));
        // None is without end, later than all others.
        let (old, new) = (hold.deadline_ms.unwrap_or(u64::MAX), new_ms.unwrap_or(u64::MAX));
        let fits = match rule {
            Rule::Any {} => true,
            Rule::Greater {} => new > old,
            Rule::Less {} => new < old,
        };
        if fits && !self.is_broken(Mutant::RenewalForgotten) {
            let lock = self.locks.get_mut(name).expect("it is held");
            let hold = lock.holders.get_mut(id).expect("it was just found");
            let before_ms = hold.due_ms();
            hold.deadline_ms = new_ms;
            let after_ms = hold.due_ms();
            self.index.set_due(id, 0, before_ms, after_ms);
        }
        fits
    }

    /// LOCKKILL: how many holds were revoked.
    pub(super) fn kill(
        &mut self,
        at: &Stamp,
        name: &[u8],
        which: &Which<'_>,
        fx: &mut Effects,
    ) -> i64 {
        let Some(lock) = self.locks.get(name) else { return 0 };
        let meant = |hold: &&Hold| match which {
            Which::All {} => true,
            Which::Token { token } => hold.token == *token,
            Which::Owner { text } => *hold.owner.text() == **text,
        };
        let ids: Vec<u64> = lock.holders.iter().filter(meant).map(|hold| hold.id).collect();
        let name = self.locks.shared_name(name).expect("the lock has an entry");
        if !self.is_broken(Mutant::KilledGoesOn) {
            ids.iter().for_each(|id| self.drop_hold(at, &name, *id, Why::Killed, fx));
        }
        self.serve(at, &name, fx);
        ids.len() as i64
    }

    /// CLIENT UNBLOCK; whether it waited.
    pub(super) fn cancel_wait(
        &mut self,
        at: &Stamp,
        name: &[u8],
        origin: Origin,
        request: u64,
        outcome: &Outcome,
        fx: &mut Effects,
    ) -> bool {
        let waits: Vec<(u64, u64)> = self.index.waits_of(origin, request).collect();
        let mut ended = false;
        for (id, caller) in waits {
            match self.index.things.get(&id).cloned() {
                Some(Thing::Wait(of)) if *of == *name => {
                    self.end_caller(at, &of, id, caller, Some(outcome), fx);
                    ended = true;
                }
                Some(Thing::LatchWait(of)) if *of == *name => {
                    self.end_latch_wait(&of, id, Some(outcome), fx);
                    ended = true;
                }
                _ => {}
            }
        }
        ended
    }

    /// LOCKCANCEL; whether the owner waited.
    pub(super) fn cancel(
        &mut self,
        at: &Stamp,
        name: &[u8],
        owner: &Owner<'_>,
        request_id: Option<&[u8]>,
        fx: &mut Effects,
    ) -> bool {
        if self.waiting_for(name) == 0 {
            return false;
        }
        let name = self.locks.shared_name(name).expect("somebody waits for it");
        let own = (name.clone(), OwnerKey::from(owner));
        let Some(id) = self.index.waiters.get(&own).copied() else { return false };
        let lock = self.locks.get(&name).expect("somebody waits for it");
        let callers = lock.waiter(id).into_iter().flat_map(|waiter| &waiter.callers);
        let meant: Vec<u64> = callers
            .filter(|caller| request_id.is_none_or(|id| caller.id.as_deref() == Some(id)))
            .map(|caller| caller.number)
            .collect();
        for caller in &meant {
            self.end_caller(at, &name, id, *caller, Some(&Outcome::Nil), fx);
        }
        !meant.is_empty()
    }

    /// Ends the wait of one request. Without an outcome nobody is there to be told.
    fn end_caller(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        number: u64,
        outcome: Option<&Outcome>,
        fx: &mut Effects,
    ) {
        let waiter = self.locks.get(name).and_then(|lock| lock.waiter(id));
        let last = waiter.is_some_and(|waiter| {
            waiter.callers.len() == 1 && waiter.callers.iter().all(|one| one.number == number)
        });
        if last {
            return self.end_waiter(at, name, id, outcome, fx);
        }
        let caller = self.take_caller(name, id, number);
        if let (Some(caller), Some(outcome)) = (caller, outcome) {
            answer(&caller, outcome, fx);
        }
    }

    /// Takes one of several requests from a waiter.
    fn take_caller(&mut self, name: &Name, id: u64, number: u64) -> Option<Caller> {
        let lock = self.locks.get_mut(name)?;
        let waiter = lock.waiter_mut(id)?;
        let place = waiter.callers.binary_search_by_key(&number, |caller| caller.number).ok()?;
        let caller = waiter.callers.remove(place);
        lock.more.as_mut().expect("somebody waits").waiting -= 1;
        self.waiting -= 1;
        self.index.remove_caller(id, &caller);
        Some(caller)
    }

    /// Ends the wait of an owner, and lets those behind it go on.
    pub(super) fn end_waiter(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        outcome: Option<&Outcome>,
        fx: &mut Effects,
    ) {
        let first = self.index.line(name).and_then(|line| line.first()).copied();
        let Some(waiter) = self.take_waiter(name, id) else { return };
        if let Some(outcome) = outcome {
            waiter.callers.iter().for_each(|caller| answer(caller, outcome, fx));
        }
        if first.is_some_and(|first| first.id == id) && !self.is_broken(Mutant::LeaverBlocksLine) {
            self.serve(at, name, fx);
        } else {
            self.tidy(name);
        }
    }

    /// Takes a waiter out of its line.
    pub(super) fn take_waiter(&mut self, name: &Name, id: u64) -> Option<Waiter> {
        let more = self.locks.get_mut(name)?.more.as_mut()?;
        let waiter = more.line.remove(id)?;
        more.waiting -= waiter.callers.len();
        more.converting -= usize::from(waiter.converts);
        self.waiting -= waiter.callers.len();
        self.index.remove_waiter(name, &waiter);
        Some(waiter)
    }
}
