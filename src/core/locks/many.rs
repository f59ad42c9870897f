//! Several locks at once.

use super::acquire::want_of;
use super::grant::end_of;
use super::hold::Part;
use super::lock::{Lock, Place, lease_of, longer};
use super::owner::OwnerKey;
use super::part::shown_as_part;
use super::table::Table;
use super::{Again, Mode, Owner, REENTRIES_MAX, Terms};
use crate::{Effects, Fault, Outcome, Stamp, Token};

/// What is in the way of taking one of several.
enum Obstacle {
    /// Somebody else; it may be gone later.
    Busy,
    /// The request itself.
    Wrong(Fault),
}

impl Table {
    /// All of them or none.
    pub(super) fn acquire_many(
        &mut self,
        at: &Stamp,
        names: &[&[u8]],
        modes: &[Mode],
        terms: &Terms<'_>,
        birth_ms: Option<u64>,
        fx: &mut Effects,
    ) -> Outcome {
        let Terms::Of { owner, client, id, .. } = terms;
        if names.len() != modes.len() || self.comes_too_late(owner, *client, None) {
            return Outcome::Nil;
        }
        if let Some(tokens) = id.and_then(|id| self.recall_all(names, owner, id)) {
            return list(tokens);
        }
        let wanted = wanted(names, modes);
        for (name, mode) in &wanted {
            self.end_own_lease(at, name, owner, fx);
            match self.obstacle(at, name, *mode, terms) {
                Some(Obstacle::Busy) => return Outcome::Nil,
                Some(Obstacle::Wrong(fault)) => return fault.into(),
                None => {}
            }
        }
        for (name, mode) in &wanted {
            self.take_one(at, name, terms.clone().in_mode(*mode), birth_ms, fx);
        }
        let disputed = |(name, _): &(&[u8], Mode)| self.locks.get(name).is_some_and(Lock::has_line);
        if wanted.iter().any(disputed) {
            self.break_cycles_of(at, &OwnerKey::from(owner), fx);
        }
        let token = |hold| shown_as_part(terms, hold);
        let tokens = names.iter().map(|name| self.own(name, owner).map_or(0, token));
        Outcome::List(tokens.map(Outcome::Int).collect())
    }

    fn recall_all(&self, names: &[&[u8]], owner: &Owner<'_>, id: &[u8]) -> Option<Vec<Token>> {
        names.iter().map(|name| self.recall(name, owner, id)).collect()
    }

    fn obstacle(&self, at: &Stamp, name: &[u8], mode: Mode, terms: &Terms<'_>) -> Option<Obstacle> {
        let Terms::Of { owner, head_start_ms, again, .. } = terms;
        let lock = self.locks.get(name)?;
        if let Some(hold) = self.own(name, owner) {
            let fault = match again {
                _ if !hold.mode.covers(mode) => Fault::LockMode,
                Again::Refuse {} => Fault::AlreadyHeld,
                Again::Count {} if hold.count >= REENTRIES_MAX => Fault::TooDeep,
                Again::Same {} | Again::Count {} => return None,
            };
            return Some(Obstacle::Wrong(fault));
        }
        let name = self.locks.shared_name(name)?;
        let turn_ms = at.now_ms.saturating_sub(*head_start_ms);
        let place = Place { request: true, turn_ms, id: self.last_id + 1 };
        let first = self.index.line(&name).and_then(|line| line.first());
        let waits = self.index.waiters.contains_key(&(name.clone(), OwnerKey::from(owner)));
        let free = first.is_none_or(|first| place < *first) && !lock.is_delayed() && !waits;
        (!free || !self.admits(lock, None, mode)).then_some(Obstacle::Busy)
    }

    /// Nothing is in the way.
    fn take_one(
        &mut self,
        at: &Stamp,
        name: &[u8],
        terms: Terms<'_>,
        birth_ms: Option<u64>,
        fx: &mut Effects,
    ) {
        let Terms::Of { owner, again, id, .. } = &terms;
        let token = match (self.own(name, owner).map(|hold| hold.id), self.locks.shared_name(name))
        {
            (Some(hold), _) => self.prolong(at, name, hold, &terms, *again == Again::Count {}),
            (None, Some(name)) => self.grant_beside(at, &name, want_of(&terms, birth_ms), 1, fx),
            (None, None) => self.grant_free(at, name.into(), want_of(&terms, birth_ms), fx),
        };
        if let (Some(id), Some(name)) = (id, self.locks.shared_name(name)) {
            self.remember(&name, &OwnerKey::from(owner), (*id).into(), token);
        }
    }

    /// What was part of several becomes ordinary, if all of it is there.
    pub(super) fn confirm(
        &mut self,
        at: &Stamp,
        names: &[&[u8]],
        owner: &Owner<'_>,
        lease_ms: Option<u64>,
        fx: &mut Effects,
    ) -> bool {
        names.iter().for_each(|name| self.end_own_lease(at, name, owner, fx));
        if names.iter().any(|name| self.own(name, owner).is_none()) {
            return false;
        }
        names.iter().for_each(|name| self.confirm_one(at, name, owner, lease_ms));
        true
    }

    fn confirm_one(&mut self, at: &Stamp, name: &[u8], owner: &Owner<'_>, lease_ms: Option<u64>) {
        let Some(id) = self.own(name, owner).map(|hold| hold.id) else { return };
        let lock = self.locks.get_mut(name).expect("it is held");
        let hold = lock.holders.get_mut(id).expect("it was just found");
        let before_ms = hold.due_ms();
        let lease_ms = lease_of(&hold.owner, hold.session().is_some(), lease_ms);
        if hold.extra().part == Part::Acquiring {
            hold.extra_mut().part = Part::Confirmed;
            hold.deadline_ms = end_of(at, lease_ms);
        } else {
            hold.deadline_ms = longer(hold.deadline_ms, end_of(at, lease_ms));
        }
        let after_ms = hold.due_ms();
        self.index.set_due(id, 0, before_ms, after_ms);
    }

    /// Gives back all of these that the owner holds, and says how many that were. With
    /// `waits` however often they were taken, and it waits for none of them any longer.
    pub(super) fn release_many(
        &mut self,
        at: &Stamp,
        names: &[&[u8]],
        tokens: &[u64],
        owner: &Owner<'_>,
        waits: bool,
        fx: &mut Effects,
    ) -> i64 {
        let mut released = 0;
        for (place, name) in names.iter().enumerate() {
            let token = tokens.get(place).filter(|token| **token > 0).map(|token| Token(*token));
            if self.release(at, name, owner, token, waits, fx) {
                released += 1;
            }
            if waits {
                self.cancel(at, name, owner, None, fx);
            }
        }
        released
    }

    fn end_own_lease(&mut self, at: &Stamp, name: &[u8], owner: &Owner<'_>, fx: &mut Effects) {
        let over = self.own(name, owner).filter(|hold| hold.is_over(at.now_ms));
        if let (Some(id), Some(name)) = (over.map(|hold| hold.id), self.locks.shared_name(name)) {
            self.end_lease(at, &name, id, fx);
        }
    }

    /// How many requests wait for a lock.
    pub(super) fn waiting_for(&self, name: &[u8]) -> usize {
        self.locks.get(name).map_or(0, Lock::waiting)
    }
}

/// Each name once, with the strongest mode that is asked for, in order.
fn wanted<'a>(names: &[&'a [u8]], modes: &[Mode]) -> Vec<(&'a [u8], Mode)> {
    let mut wanted: Vec<(&[u8], Mode)> = names.iter().copied().zip(modes.iter().copied()).collect();
    wanted.sort_by(|a, b| a.0.cmp(b.0).then(b.1.class().cmp(&a.1.class())));
    wanted.dedup_by(|later, first| later.0 == first.0);
    wanted
}

fn list(tokens: Vec<Token>) -> Outcome {
    Outcome::List(tokens.into_iter().map(|token| Outcome::Int(token.0 as i64)).collect())
}
