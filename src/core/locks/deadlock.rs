//! Deadlocks inside a shard: found when the wait is made that closes the cycle, and
//! broken in the same step.

pub mod knots;
mod ring;
mod scene;
mod search;
mod victim;

use std::collections::BTreeSet;

use super::ends::Why;
use super::grant::event;
use super::index::Thing;
use super::lock::Waiter;
use super::mutant::Mutant;
use super::owner::OwnerKey;
use super::table::Table;
use super::{Blocked, Policy};
use crate::effects::{EventKind, Notice, Reason};
use crate::image::Name;
use crate::{Effect, Effects, Fault, Outcome, Stamp, Token};

pub(super) use ring::{Deadlock, Kept, Ring};
#[cfg(test)]
pub(super) use scene::STEPS_MAX;
use search::Look;
use victim::{Suspect, victim};

/// How many cycles one wait may close that are broken at once; each costs a victim.
pub(super) const CYCLES_PER_WAIT: usize = 64;

/// How many bytes of a cycle a victim is told.
pub(super) const TEXT_BYTES_MAX: usize = 4096;

/// An owner of a cycle, and what it waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link {
    pub owner: OwnerKey,
    pub name: Name,
    pub wait: u64,
}

/// A deadlock that is about to be broken.
struct Found {
    /// The wait that ends.
    name: Name,
    wait: u64,
    rule: &'static str,
    /// The owners of the cycle; the victim first.
    way: Vec<OwnerKey>,
    links: Vec<Kept>,
}

/// What a detector of deadlocks says of one.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub cycle: &'a [u8],
    pub links: &'a [Blocked<'a>],
    pub spared: bool,
    pub stood_ms: u64,
}

impl Table {
    /// Breaks the cycles that a wait has closed.
    pub(super) fn break_cycles(&mut self, at: &Stamp, name: &Name, id: u64, fx: &mut Effects) {
        if self.is_broken(Mutant::NoSearch) {
            return;
        }
        for _ in 0..CYCLES_PER_WAIT {
            let waiter = self.locks.get(name).and_then(|lock| lock.waiter(id));
            let Some(owner) = waiter.map(|waiter| waiter.want.owner.clone()) else { return };
            if !self.is_waited_for(&owner, name) {
                return;
            }
            let Some(found) = self.deadlock_of(&owner) else { return };
            self.break_one(at, found, fx);
        }
    }

    /// Breaks the cycles that a grant has closed: others may wait for an owner now that
    /// waits elsewhere.
    pub(super) fn break_cycles_of(&mut self, at: &Stamp, owner: &OwnerKey, fx: &mut Effects) {
        let is_wait = |id| matches!(self.index.things.get(&id), Some(Thing::Wait(_)));
        let ids = self.index.owners.get(owner);
        let waits = ids.is_some_and(|ids| ids.iter().any(is_wait));
        if !waits || self.is_broken(Mutant::NoSearch) {
            return;
        }
        for _ in 0..CYCLES_PER_WAIT {
            let Some(found) = self.deadlock_of(owner) else { return };
            self.break_one(at, found, fx);
        }
    }

    /// Whether anybody waits for an owner, as far as a short look tells.
    fn is_waited_for(&self, owner: &OwnerKey, name: &Name) -> bool {
        const LOOKED_AT: usize = 64;
        let Some(ids) = self.index.owners.get(owner) else { return false };
        // On the lock itself it waits only if it holds it in another mode.
        let others = |of: &Name| {
            self.index.line(of).is_some_and(|line| line.len() > usize::from(of == name))
        };
        let behind = |of: &Name, wait: u64| {
            let last = self.index.line(of).and_then(|line| line.last());
            last.is_some_and(|last| last.id != wait)
        };
        ids.len() > LOOKED_AT
            || ids.iter().any(|tie| match self.index.things.get(&tie) {
                Some(Thing::Hold(of)) => others(of),
                Some(Thing::Wait(of)) => behind(of, tie),
                _ => false,
            })
    }

    /// A deadlock that an owner is in, or that keeps it from going on.
    fn deadlock_of(&self, owner: &OwnerKey) -> Option<Found> {
        match search::cycle(self, owner) {
            Look::Cycle(cycle) => self.of_cycle(&cycle),
            // Who lacks permits may get them from any of several: no cycle tells.
            Look::Permits if !self.is_broken(Mutant::PermitsPlain) => scene::deadlock(self, owner),
            Look::Permits | Look::Nothing => None,
        }
    }

    fn of_cycle(&self, cycle: &[Link]) -> Option<Found> {
        let suspects: Vec<Suspect> = cycle.iter().map(|link| self.suspect(link)).collect();
        let (mut place, rule) = victim(&suspects)?;
        if self.is_broken(Mutant::OldestDies) {
            place = (0..suspects.len())
                .min_by_key(|place| suspects[*place].birth_ms)
                .unwrap_or_default();
        }
        let turned: Vec<&Link> = cycle.iter().cycle().skip(place).take(cycle.len()).collect();
        let next = turned.iter().cycle().skip(1);
        let links = turned.iter().zip(next).filter_map(|(link, next)| self.kept(link, next));
        let Link { name, wait, .. } = turned[0];
        Some(Found {
            name: name.clone(),
            wait: *wait,
            rule,
            way: turned.iter().map(|link| link.owner.clone()).collect(),
            links: ring::bounded(links),
        })
    }

    fn kept(&self, link: &Link, next: &Link) -> Option<Kept> {
        let waiter = self.locks.get(&link.name)?.waiter(link.wait)?;
        Some(Kept {
            owner: link.owner.text().into_owned(),
            name: link.name.clone(),
            mode: waiter.want.mode,
            by: next.owner.text().into_owned(),
        })
    }

    fn break_one(&mut self, at: &Stamp, found: Found, fx: &mut Effects) {
        let text = text_of(&found.way);
        self.deadlocks.push(Deadlock {
            time_ms: at.now_ms,
            cycle: found.links,
            victim: found.way[0].text().into_owned(),
            rule: found.rule,
            found_ms: 0,
            text: text.clone(),
        });
        self.end_as_victim(at, &found.name, found.wait, text, fx);
    }

    fn suspect(&self, link: &Link) -> Suspect {
        let waiter = self.locks.get(&link.name).and_then(|lock| lock.waiter(link.wait));
        Suspect {
            owner: link.owner.text().into_owned(),
            prio: waiter.map_or(0, |waiter| waiter.want.extra().prio),
            birth_ms: self.birth_of(&link.owner),
        }
    }

    /// The wait ends; its owner is told why, and keeps its age.
    fn end_as_victim(&mut self, at: &Stamp, name: &Name, id: u64, text: Vec<u8>, fx: &mut Effects) {
        let Some(waiter) = self.locks.get(name).and_then(|lock| lock.waiter(id)) else { return };
        let Waiter { want, callers, .. } = waiter.clone();
        self.stats.deadlocks += 1;
        self.remember_age(at, &want.owner);
        event(fx, EventKind::Deadlock {}, name, &want.owner, Token(0));
        for caller in callers.iter().filter(|caller| caller.asynchronous) {
            let (token, reason) = (Token(0), Reason::Deadlock {});
            let notice = Notice::Lost { name: name.to_vec(), token, reason };
            fx.push(Effect::Notice { to: caller.origin, notice });
        }
        let outcome = Outcome::Refused { fault: Fault::Deadlock, text };
        self.end_waiter(at, name, id, Some(&outcome), fx);
        if want.extra().release_on_deadlock {
            let owned = self.index.owned_by(want.owner.clone()..=want.owner);
            let is_hold = |id: &u64| matches!(self.index.things.get(id), Some(Thing::Hold(_)));
            let holds = owned.into_iter().filter(is_hold).collect();
            self.end_ties(at, holds, Why::Deadlock, BTreeSet::new(), fx);
        }
    }

    /// Ends a wait that is part of a cycle over several shards; whether it was there.
    pub(super) fn break_cycle(
        &mut self,
        at: &Stamp,
        name: &[u8],
        id: u64,
        told: &Told<'_>,
        fx: &mut Effects,
    ) -> bool {
        let Some(name) = self.locks.shared_name(name) else { return false };
        let Some(waiter) = self.locks.get(&name).and_then(|lock| lock.waiter(id)) else {
            return false;
        };
        let text = told.cycle[..told.cycle.len().min(TEXT_BYTES_MAX)].to_vec();
        self.deadlocks.push(Deadlock {
            time_ms: at.now_ms,
            cycle: ring::bounded(told.links.iter().map(Kept::from)),
            victim: waiter.want.owner.text().into_owned(),
            rule: if told.spared { "priority" } else { "youngest" },
            found_ms: told.stood_ms,
            text: text.clone(),
        });
        self.end_as_victim(at, &name, id, text, fx);
        true
    }

    /// Gives younger owners that agreed to it a last moment to hold what a wait is
    /// for.
    pub(super) fn wound_younger(
        &mut self,
        at: &Stamp,
        name: &Name,
        id: u64,
        grace_ms: u64,
        fx: &mut Effects,
    ) {
        let lock = self.locks.get(name).expect("somebody waits for it");
        let waiter = lock.waiter(id).expect("it has just taken its place");
        let own = self.age_of(&waiter.want.owner);
        let wounded = lock.holders.iter().filter(|hold| {
            hold.mode.is_in_the_way_of(waiter.want.mode)
                && hold.owner != waiter.want.owner
                && matches!(hold.extra().policy, Policy::Wound { .. })
                && hold.extra().revoked_ms.is_none()
                && own < self.age_of(&hold.owner)
        });
        let wounded: Vec<u64> = wounded.map(|hold| hold.id).collect();
        let revoked_ms = at.now_ms.saturating_add(grace_ms);
        for hold in &wounded {
            self.wound(name, *hold, revoked_ms);
        }
        if grace_ms == 0 && !wounded.is_empty() {
            wounded.iter().for_each(|hold| self.drop_hold(at, name, *hold, Why::Due, fx));
            self.serve(at, name, fx);
        }
    }

    fn wound(&mut self, name: &Name, id: u64, revoked_ms: u64) {
        let lock = self.locks.get_mut(name).expect("somebody waits for it");
        let Some(hold) = lock.holders.get_mut(id) else { return };
        let before_ms = hold.due_ms();
        hold.extra_mut().revoked_ms = Some(revoked_ms);
        let after_ms = hold.due_ms();
        self.index.set_due(id, 0, before_ms, after_ms);
    }

    /// An owner in the way of a wait that is about to be made, and not younger.
    pub(super) fn older_in_the_way(&self, name: &Name, waiter: &Waiter) -> Option<OwnerKey> {
        let lock = self.locks.get(name)?;
        let births = waiter.want.extra().session.as_ref().map(|(_, birth_ms)| *birth_ms);
        let own = (births.unwrap_or(waiter.since_ms), waiter.want.owner.text().into_owned());
        let holders = lock.holders.iter();
        let holders = holders.filter(|hold| hold.mode.is_in_the_way_of(waiter.want.mode));
        let ahead = self.index.line(name).into_iter().flatten();
        let ahead = ahead.take_while(|place| **place < waiter.place());
        let ahead = ahead.filter_map(|place| lock.waiter(place.id));
        let owners = holders.map(|hold| &hold.owner).chain(ahead.map(|one| &one.want.owner));
        let mut owners = owners.filter(|owner| **owner != waiter.want.owner);
        owners.find(|owner| self.age_of(owner) < own).cloned()
    }

    /// What owners are compared by: who began earlier is older.
    fn age_of(&self, owner: &OwnerKey) -> (u64, Vec<u8>) {
        (self.birth_of(owner), owner.text().into_owned())
    }
}

/// `victim of cycle a->b->a`.
fn text_of(owners: &[OwnerKey]) -> Vec<u8> {
    let mut text = b"victim of cycle ".to_vec();
    for owner in owners {
        if text.len() > TEXT_BYTES_MAX {
            text.truncate(TEXT_BYTES_MAX);
            text.extend_from_slice(b"...");
            return text;
        }
        text.extend_from_slice(&owner.text());
        text.extend_from_slice(b"->");
    }
    text.extend_from_slice(&owners.first().map(|owner| owner.text()).unwrap_or_default());
    text
}
