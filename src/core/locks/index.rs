//! How the table finds what it holds: by number, by owner, by session, by
//! connection, by deadline.
//!
//! All of this follows from the locks themselves. It is no part of a snapshot
//! and is built anew when one is read.

mod ids;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use super::hold::Hold;
use super::lock::{Caller, Place, Waiter};
use super::owner::OwnerKey;
use super::watch::Watch;
use crate::Origin;
use crate::image::Name;

pub(super) use ids::Ids;

/// The ways to what the table holds.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// What each number stands for.
    pub things: BTreeMap<u64, Thing>,
    /// What ends when, in the order it does: deadline, number, and for a waiter the
    /// number of the caller.
    due: BTreeSet<(u64, u64, u64)>,
    /// The holds and waits of each owner.
    pub owners: BTreeMap<OwnerKey, Ids>,
    /// The holds and waits that live by a session.
    pub sessions: BTreeMap<Name, Ids>,
    /// What the requests of connections wait for: request, number, caller.
    callers: BTreeSet<(Origin, u64, u64, u64)>,
    /// The lines in order.
    pub lines: BTreeMap<Name, BTreeSet<Place>>,
    /// The waits of the owners that wait.
    pub waiters: BTreeMap<(Name, OwnerKey), u64>,
    /// The holds of locks that have several.
    pub sharers: BTreeMap<(Name, OwnerKey), u64>,
    /// The remembered requests of an owner.
    pub memos: BTreeMap<(Name, OwnerKey), u64>,
    /// The remembered ages.
    pub ages: BTreeMap<OwnerKey, u64>,
    /// Notices what changes.
    pub watch: Watch,
}

/// What a number stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// A hold of the lock.
    Hold(Name),
    /// A waiter of the lock.
    Wait(Name),
    /// The time in which nobody gets the lock.
    Delay(Name),
    /// A latch.
    Latch(Name),
    /// Who waits for a latch.
    LatchWait(Name),
    /// The highest token seen.
    Fence(Name),
    /// Remembered requests.
    Memo,
    /// A remembered age.
    Age,
}

impl Index {
    /// A hold began.
    pub fn add_hold(&mut self, name: &Name, hold: &Hold) {
        self.watch.begin_hold(name, hold);
        self.things.insert(hold.id, Thing::Hold(name.clone()));
        add(&mut self.owners, &hold.owner, hold.id);
        if let Some(session) = hold.session() {
            add(&mut self.sessions, session, hold.id);
        }
        self.set_due(hold.id, 0, None, hold.due_ms());
    }

    /// A hold ended.
    pub fn remove_hold(&mut self, hold: &Hold) {
        if let Some(Thing::Hold(name)) = self.things.remove(&hold.id) {
            self.watch.touch(&name);
        }
        remove(&mut self.owners, &hold.owner, hold.id);
        if let Some(session) = hold.session() {
            remove(&mut self.sessions, session, hold.id);
        }
        self.set_due(hold.id, 0, hold.due_ms(), None);
    }

    /// An owner took a place in the line.
    pub fn add_waiter(&mut self, name: &Name, waiter: &Waiter) {
        self.watch.touch(name);
        self.things.insert(waiter.id, Thing::Wait(name.clone()));
        add(&mut self.owners, &waiter.want.owner, waiter.id);
        if let Some((session, _)) = &waiter.want.extra().session {
            add(&mut self.sessions, session, waiter.id);
        }
        self.waiters.insert((name.clone(), waiter.want.owner.clone()), waiter.id);
        self.lines.entry(name.clone()).or_default().insert(waiter.place());
        waiter.callers.iter().for_each(|caller| self.add_caller(waiter.id, caller));
    }

    /// An owner left the line.
    pub fn remove_waiter(&mut self, name: &Name, waiter: &Waiter) {
        self.watch.touch(name);
        self.things.remove(&waiter.id);
        remove(&mut self.owners, &waiter.want.owner, waiter.id);
        if let Some((session, _)) = &waiter.want.extra().session {
            remove(&mut self.sessions, session, waiter.id);
        }
        self.waiters.remove(&(name.clone(), waiter.want.owner.clone()));
        if let Some(line) = self.lines.get_mut(name) {
            line.remove(&waiter.place());
            if line.is_empty() {
                self.lines.remove(name);
            }
        }
        waiter.callers.iter().for_each(|caller| self.remove_caller(waiter.id, caller));
    }

    /// A request joined a waiter.
    pub fn add_caller(&mut self, id: u64, caller: &Caller) {
        self.set_due(id, caller.number, None, caller.deadline_ms);
        self.callers.insert((caller.origin, caller.request, id, caller.number));
    }

    /// A request left its waiter.
    pub fn remove_caller(&mut self, id: u64, caller: &Caller) {
        self.set_due(id, caller.number, caller.deadline_ms, None);
        self.callers.remove(&(caller.origin, caller.request, id, caller.number));
    }

    /// A deadline changed.
    pub fn set_due(&mut self, id: u64, number: u64, from_ms: Option<u64>, to_ms: Option<u64>) {
        if from_ms == to_ms {
            return;
        }
        if let Some(from_ms) = from_ms {
            self.due.remove(&(from_ms, id, number));
        }
        if let Some(to_ms) = to_ms {
            self.due.insert((to_ms, id, number));
        }
    }

    /// When the next thing is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(deadline_ms, ..)| *deadline_ms)
    }

    /// Whether anything is due.
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.next_deadline().is_some_and(|deadline_ms| deadline_ms <= now_ms)
    }

    /// The first that is due: its number, and that of the caller.
    pub fn first_due(&self, now_ms: u64) -> Option<(u64, u64)> {
        let (deadline_ms, id, number) = self.due.first()?;
        (*deadline_ms <= now_ms).then_some((*id, *number))
    }

    /// What a request waits for: numbers and callers.
    pub fn waits_of(&self, origin: Origin, request: u64) -> impl Iterator<Item = (u64, u64)> {
        let range = (origin, request, 0, 0)..=(origin, request, u64::MAX, u64::MAX);
        self.callers.range(range).map(|(_, _, id, number)| (*id, *number))
    }

    /// What the requests of some connections wait for.
    pub fn waits_of_all(&self, from: Origin, before: Option<Origin>) -> Vec<(u64, u64)> {
        let from = (from, 0, 0, 0);
        let range: Box<dyn Iterator<Item = &(Origin, u64, u64, u64)>> = match before {
            Some(before) => Box::new(self.callers.range(from..(before, 0, 0, 0))),
            None => Box::new(self.callers.range(from..=(from.0, u64::MAX, u64::MAX, u64::MAX))),
        };
        range.map(|(_, _, id, number)| (*id, *number)).collect()
    }

    /// What some connections hold or wait for as owners.
    pub fn owned_by(&self, owners: impl RangeBounds<OwnerKey>) -> Vec<u64> {
        self.owners.range(owners).flat_map(|(_, ids)| ids.iter()).collect()
    }

    /// The places of a line.
    pub fn line(&self, name: &Name) -> Option<&BTreeSet<Place>> {
        self.lines.get(name)
    }

    /// Whether it is the other, for tests.
    #[cfg(test)]
    pub fn is_same(&self, other: &Index) -> bool {
        self.things == other.things
            && self.due == other.due
            && self.owners == other.owners
            && self.sessions == other.sessions
            && self.callers == other.callers
            && self.lines == other.lines
            && self.waiters == other.waiters
            && self.sharers == other.sharers
            && self.memos == other.memos
            && self.ages == other.ages
    }
}

fn add<K: Ord + Clone>(map: &mut BTreeMap<K, Ids>, key: &K, id: u64) {
    match map.get_mut(key) {
        Some(ids) => ids.insert(id),
        None => {
            map.insert(key.clone(), Ids::of(id));
        }
    }
}

fn remove<K: Ord>(map: &mut BTreeMap<K, Ids>, key: &K, id: u64) {
    let Some(ids) = map.get_mut(key) else { return };
    ids.remove(id);
    if ids.is_empty() {
        map.remove(key);
    }
}
