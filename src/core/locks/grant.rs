//! How holds begin: at once, or from the line.

use smallvec::SmallVec;

use super::hold::{Extra, Hold, Holders, Part};
use super::lock::{Caller, Lock, Waiter, Want};
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::table::Table;
use super::{Mode, Owner};
use crate::effects::{EventKind, LockEvent, Notice};
use crate::image::Name;
use crate::{Effect, Effects, Origin, Outcome, Stamp, Token};

/// How many holders are told that somebody waits for them.
const TOLD_MAX: usize = 64;

impl Table {
    /// Gives a lock without an entry to who asks for it.
    pub(super) fn grant_free(
        &mut self,
        at: &Stamp,
        name: Name,
        want: Want,
        fx: &mut Effects,
    ) -> Token {
        let hold = self.begin_hold(at, want, None, 1);
        let token = hold.token;
        self.index.add_hold(&name, &hold);
        self.holds += 1;
        event(fx, EventKind::Granted {}, &name, &hold.owner, token);
        let holders = Holders::One(hold);
        self.locks.insert(name, Lock { holders, token, epoch_ms: at.now_ms, more: None });
        token
    }

    /// Gives a lock that has an entry to who may have it.
    pub(super) fn grant_beside(
        &mut self,
        at: &Stamp,
        name: &Name,
        want: Want,
        count: u32,
        fx: &mut Effects,
    ) -> Token {
        let lock = self.locks.get(name).expect("the lock has an entry");
        let joins = !lock.holders.is_empty() && shares(want.mode);
        let joins = joins || self.is_broken(Mutant::TokenUsedAgain) && lock.token.0 > 0;
        let joins = joins && !self.is_broken(Mutant::ReadersTokensDiffer);
        let hold = self.begin_hold(at, want, joins.then_some(lock.token), count);
        let token = hold.token;
        event(fx, EventKind::Granted {}, name, &hold.owner, token);
        self.put_hold(name, hold);
        let lock = self.locks.get_mut(name).expect("the lock has an entry");
        if lock.token != token {
            (lock.token, lock.epoch_ms) = (token, at.now_ms);
        }
        token
    }

    fn begin_hold(&mut self, at: &Stamp, want: Want, joins: Option<Token>, count: u32) -> Hold {
        self.stats.grants += 1;
        let token = joins.unwrap_or_else(|| {
            self.last_token += 1;
            Token(self.last_token)
        });
        let mut hold = Hold {
            id: self.next_id(),
            owner: want.owner,
            client: want.client,
            mode: want.mode,
            token,
            count,
            since_ms: at.now_ms,
            deadline_ms: end_of(at, want.lease_ms),
            extra: want.extra,
        };
        if let Some(Extra { acquiring_ms: Some(acquiring_ms), part, .. }) =
            hold.extra.as_deref_mut()
        {
            *part = Part::Acquiring;
            hold.deadline_ms = end_of(at, Some(*acquiring_ms));
        }
        hold
    }

    /// Puts a hold in its place.
    pub(super) fn put_hold(&mut self, name: &Name, hold: Hold) {
        self.index.add_hold(name, &hold);
        self.holds += 1;
        let lock = self.locks.get_mut(name).expect("the lock has an entry");
        if let Some(first) = lock.holders.only() {
            self.index.sharers.insert((name.clone(), first.owner.clone()), first.id);
        }
        if !lock.holders.is_empty() {
            self.index.sharers.insert((name.clone(), hold.owner.clone()), hold.id);
        }
        lock.holders.insert(hold);
    }

    /// Takes a hold out of its place.
    pub(super) fn take_hold(&mut self, name: &Name, id: u64) -> Option<Hold> {
        let lock = self.locks.get_mut(name)?;
        let several = lock.holders.len() > 1;
        let hold = lock.holders.remove(id)?;
        self.holds -= 1;
        self.index.remove_hold(&hold);
        if several {
            self.index.sharers.remove(&(name.clone(), hold.owner.clone()));
            if let Some(last) = lock.holders.only() {
                self.index.sharers.remove(&(name.clone(), last.owner.clone()));
            }
        }
        Some(hold)
    }

    /// The hold of an owner.
    pub(super) fn own(&self, name: &[u8], owner: &Owner<'_>) -> Option<&Hold> {
        let lock = self.locks.get(name)?;
        match &lock.holders {
            Holders::None => None,
            Holders::One(hold) => hold.is_of(owner).then_some(hold),
            Holders::Many(_) => {
                let name = self.locks.shared_name(name)?;
                let id = self.index.sharers.get(&(name, OwnerKey::from(owner)))?;
                lock.holders.get(*id)
            }
        }
    }

    /// Changes the mode of a hold, which has another number from then on.
    pub(super) fn change_mode(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        mode: Mode,
        fx: &mut Effects,
    ) -> u64 {
        let mut hold = self.take_hold(name, id).expect("who converts holds the lock");
        let stronger = matches!(mode, Mode::Exclusive {}) && hold.mode != mode;
        self.stats.converted += 1;
        (hold.id, hold.mode) = (self.next_id(), mode);
        if stronger && !self.is_broken(Mutant::TokenUsedAgain) {
            self.last_token += 1;
            hold.token = Token(self.last_token);
            let lock = self.locks.get_mut(name).expect("the lock has an entry");
            (lock.token, lock.epoch_ms) = (hold.token, at.now_ms);
        }
        event(fx, EventKind::Converted {}, name, &hold.owner, hold.token);
        let id = hold.id;
        self.put_hold(name, hold);
        id
    }

    /// Gives a lock to those at the head of its line who may have it, and forgets it
    /// when nobody has anything to do with it any more.
    pub(super) fn serve(&mut self, at: &Stamp, name: &Name, fx: &mut Effects) {
        let mut granted: SmallVec<[Origin; 4]> = SmallVec::new();
        while let Some(mut waiter) = self.next_in_line(name) {
            self.dismiss_late_callers(at, &mut waiter, fx);
            if waiter.callers.is_empty() {
                continue;
            }
            if granted.len() < TOLD_MAX {
                granted.push(waiter.want.client);
            }
            self.hand_over(at, name, waiter, fx);
        }
        if !granted.is_empty() {
            self.tell_who_waits(name, &granted, fx);
        }
        self.tidy(name);
    }

    /// Takes the first waiter out of the line if the lock may be granted to it.
    fn next_in_line(&mut self, name: &Name) -> Option<Waiter> {
        let first = *self.index.line(name)?.first()?;
        let lock = self.locks.get(name)?;
        let waiter = lock.waiter(first.id).expect("the index says it is there");
        if lock.is_delayed() || !self.may_have(name, lock, waiter) {
            return None;
        }
        self.take_waiter(name, first.id)
    }

    fn may_have(&self, name: &Name, lock: &Lock, waiter: &Waiter) -> bool {
        let own = waiter.converts.then(|| self.own(name, &waiter.want.owner.as_owner()));
        let own = own.flatten().map(|hold| hold.mode);
        self.admits(lock, own, waiter.want.mode)
    }

    /// Whether a mode can be granted beside all holds but one in the mode `own`.
    pub(super) fn admits(&self, lock: &Lock, own: Option<Mode>, mode: Mode) -> bool {
        let careless = self.is_broken(Mutant::SharedBesideExclusive) && shares(mode);
        careless || lock.holders.tally().without(own).admits(mode)
    }

    /// Sends those away whose time is up, though nobody has told them yet.
    fn dismiss_late_callers(&mut self, at: &Stamp, waiter: &mut Waiter, fx: &mut Effects) {
        if self.is_broken(Mutant::LateGrant) {
            return;
        }
        waiter.callers.retain(|caller| {
            let late = caller.is_late(at.now_ms);
            if late {
                self.stats.timeouts += 1;
                answer(caller, &Outcome::Nil, fx);
            }
            !late
        });
    }

    fn hand_over(&mut self, at: &Stamp, name: &Name, waiter: Waiter, fx: &mut Effects) {
        self.stats.handed_over += 1;
        let Waiter { since_ms, converts, callers, want, .. } = waiter;
        let owner = want.owner.clone();
        let id = if converts {
            let own = self.own(name, &owner.as_owner()).expect("who converts holds the lock").id;
            self.change_mode(at, name, own, want.mode, fx)
        } else {
            let again = Waiter::count_of(&callers);
            self.grant_beside(at, name, want, again, fx);
            self.last_id
        };
        let lock = self.locks.get(name).expect("it was just granted");
        let hold = lock.holders.get(id).expect("it was just granted");
        let plain = Outcome::Int(hold.token.0 as i64);
        let waited_ms = at.now_ms.saturating_sub(since_ms);
        for caller in &callers {
            if caller.asynchronous {
                let owner = owner.text().into_owned();
                let notice = Notice::Granted { owner, name: name.to_vec(), token: hold.token };
                fx.push(Effect::Notice { to: caller.origin, notice });
            } else if caller.full {
                answer(caller, &full(at.now_ms, hold, waited_ms), fx);
            } else {
                answer(caller, &plain, fx);
            }
        }
        let token = hold.token;
        for caller in callers {
            if let Some(id) = caller.id {
                self.remember(name, &owner, id, token);
            }
        }
    }

    /// Tells new holders that somebody waits for them already.
    fn tell_who_waits(&mut self, name: &Name, holders: &[Origin], fx: &mut Effects) {
        let Some(first) = self.index.line(name).and_then(|line| line.first()) else { return };
        let lock = self.locks.get(name).expect("what is waited for is in the table");
        let waiter = lock.waiter(first.id).expect("the index says it is there");
        holders.iter().for_each(|to| blocking(fx, *to, name, waiter.want.mode));
    }

    /// Tells the holders in whose way it is that somebody waits for them.
    pub(super) fn tell_holders(&self, name: &Name, mode: Mode, but: &OwnerKey, fx: &mut Effects) {
        let Some(lock) = self.locks.get(name) else { return };
        let in_the_way = |hold: &&Hold| hold.mode.is_in_the_way_of(mode) && hold.owner != *but;
        for hold in lock.holders.iter().filter(in_the_way).take(TOLD_MAX) {
            blocking(fx, hold.client, name, mode);
        }
    }

    /// Forgets a lock that nobody has anything to do with.
    pub(super) fn tidy(&mut self, name: &Name) {
        if let Some(lock) = self.locks.get_mut(name)
            && lock.tidy()
        {
            self.locks.remove(name);
        }
    }
}

/// Whether several may hold the lock in this mode with one token.
fn shares(mode: Mode) -> bool {
    matches!(mode, Mode::Shared {} | Mode::Update {})
}

fn blocking(fx: &mut Effects, to: Origin, name: &Name, mode: Mode) {
    let mode = mode.word().as_bytes().to_vec();
    fx.push(Effect::Notice { to, notice: Notice::Blocking { name: name.to_vec(), mode } });
}

/// Notes an event, if anybody wants to know.
pub(super) fn event(
    fx: &mut Effects,
    kind: EventKind,
    name: &[u8],
    owner: &OwnerKey,
    token: Token,
) {
    if fx.wants_events() {
        let (name, owner) = (name.to_vec(), owner.text().into_owned());
        let event = LockEvent::Of { kind, name, owner, token: token.0 };
        fx.push(Effect::Event { event });
    }
}

/// Answers a request, unless it has gone on already.
pub(super) fn answer(caller: &Caller, outcome: &Outcome, fx: &mut Effects) {
    if !caller.asynchronous {
        let (origin, request, outcome) = (caller.origin, caller.request, outcome.clone());
        fx.push(Effect::Answer { origin, request, outcome });
    }
}

/// The reply that tells more than the token.
pub(super) fn full(now_ms: u64, hold: &Hold, waited_ms: u64) -> Outcome {
    let left_ms = hold.deadline_ms.map_or(-1, |ms| ms.saturating_sub(now_ms) as i64);
    let value = hold.extra().value.as_ref().map_or(Vec::new(), |value| value.to_vec());
    Outcome::List(vec![
        Outcome::Int(hold.token.0 as i64),
        Outcome::Word(hold.mode.word()),
        Outcome::Bytes(hold.owner.text().into_owned()),
        Outcome::Int(hold.count.into()),
        Outcome::Int(left_ms),
        Outcome::Int(waited_ms as i64),
        Outcome::Bytes(value),
    ])
}

/// When something of this length ends.
pub(super) fn end_of(at: &Stamp, lease_ms: Option<u64>) -> Option<u64> {
    lease_ms.map(|lease_ms| at.now_ms.saturating_add(lease_ms))
}
