//! Looks for a cycle of waits through one owner.
//!
//! An owner waits for the holders that must let go before its wait can be granted,
//! for those ahead of it in the line that it does not get along with, and for
//! whatever those ahead have to wait for, since a line is served in order. It goes
//! on when all its waits have ended.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use super::Link;
use crate::image::Name;
use crate::locks::index::Thing;
use crate::locks::lock::{Lock, Place, Waiter};
use crate::locks::modes::CLASSES;
use crate::locks::owner::OwnerKey;
use crate::locks::table::Table;

/// How many owners are looked at; larger cycles are left to others.
const OWNERS_MAX: usize = 10_000;

/// How many holds and waits are looked at.
const STEPS_MAX: usize = 100_000;

/// What was found.
pub(super) enum Look {
    /// The shortest cycle through the owner, beginning with it.
    Cycle(Vec<Link>),
    /// No cycle, but among those it waits for some lack permits, which they may get
    /// from more than one.
    Permits,
    /// It can go on.
    Nothing,
}

/// Looks for the shortest cycle through an owner in which everyone has to let go.
pub(super) fn cycle(table: &Table, owner: &OwnerKey) -> Look {
    let mut search = Search {
        table,
        target: owner,
        links: BTreeMap::new(),
        next: VecDeque::from([owner.clone()]),
        gates: BTreeMap::new(),
        ahead: BTreeMap::new(),
        holders: BTreeMap::new(),
        permits: false,
        steps: 0,
    };
    match search.run() {
        Some(last) => Look::Cycle(search.way_to(last)),
        None if search.permits => Look::Permits,
        None => Look::Nothing,
    }
}

struct Search<'a> {
    table: &'a Table,
    target: &'a OwnerKey,
    /// Through which wait of whom each owner was found.
    links: BTreeMap<OwnerKey, Link>,
    /// Whose waits are still to be looked at.
    next: VecDeque<OwnerKey>,
    /// Up to where each line was looked through for those whose grant is waited for.
    gates: BTreeMap<&'a Name, Place>,
    /// Up to where it was for those who are in the way of a class of modes.
    ahead: BTreeMap<(&'a Name, usize), Place>,
    /// Whether the holders in the way of a class were looked at.
    holders: BTreeMap<(&'a Name, usize), ()>,
    /// Whether a wait for permits was met.
    permits: bool,
    steps: usize,
}

impl<'a> Search<'a> {
    /// The wait that closes the cycle.
    fn run(&mut self) -> Option<Link> {
        while let Some(owner) = self.next.pop_front() {
            if self.links.len() > OWNERS_MAX || self.steps > STEPS_MAX {
                return None;
            }
            let ids = self.table.index.owners.get(&owner);
            for id in ids.into_iter().flat_map(|ids| ids.iter()) {
                self.steps += 1;
                if let Some(Thing::Wait(name)) = self.table.index.things.get(&id)
                    && let Some(lock) = self.table.locks.get(name)
                    && let Some(waiter) = lock.waiter(id)
                {
                    let link = Link { owner: owner.clone(), name: name.clone(), wait: id };
                    if self.look(&link, name, lock, waiter) {
                        return Some(link);
                    }
                }
            }
        }
        None
    }

    /// Looks at all that a wait waits for; whether the target is among it.
    fn look(&mut self, link: &Link, name: &'a Name, lock: &'a Lock, waiter: &'a Waiter) -> bool {
        let place = waiter.place();
        let done = self.gates.get(name).copied();
        if done.is_some_and(|done| place <= done) {
            return false;
        }
        self.gates.insert(name, place);
        let mut seen = [false; CLASSES];
        let Some(line) = self.table.index.line(name) else { return false };
        let from = done.map_or(Bound::Unbounded, Bound::Excluded);
        for place in line.range((from, Bound::Included(place))).rev() {
            self.steps += 1;
            let Some(ahead) = lock.waiter(place.id) else { continue };
            let class = ahead.want.mode.class();
            self.permits |= ahead.want.mode.limit().is_some();
            // The one furthest back of a class waits for all that the others of it
            // wait for, if they differ in nothing else.
            if seen[class] && alike(ahead) {
                continue;
            }
            seen[class] = true;
            if self.look_around(link, name, lock, ahead) {
                return true;
            }
            if self.steps > STEPS_MAX {
                return false;
            }
        }
        false
    }

    /// Looks at who is in the way of one in the line.
    fn look_around(
        &mut self,
        link: &Link,
        name: &'a Name,
        lock: &'a Lock,
        waiter: &'a Waiter,
    ) -> bool {
        let (mode, class, place) = (waiter.want.mode, waiter.want.mode.class(), waiter.place());
        let alike = alike(waiter);
        let known = alike && self.holders.insert((name, class), ()).is_some();
        if !known {
            for hold in lock.holders.iter() {
                self.steps += 1;
                let own = hold.owner == waiter.want.owner;
                if !own && hold.mode.is_in_the_way_of(mode) && self.meet(link, &hold.owner) {
                    return true;
                }
            }
        }
        let done = if alike { self.ahead.get(&(name, class)).copied() } else { None };
        if done.is_some_and(|done| place <= done) {
            return false;
        }
        if alike {
            self.ahead.insert((name, class), place);
        }
        let Some(line) = self.table.index.line(name) else { return false };
        let from = done.map_or(Bound::Unbounded, Bound::Included);
        for place in line.range((from, Bound::Excluded(place))) {
            self.steps += 1;
            let Some(ahead) = lock.waiter(place.id) else { continue };
            let hinders = ahead.want.mode.is_in_the_way_of(mode);
            if hinders && self.meet(link, &ahead.want.owner) {
                return true;
            }
        }
        false
    }

    /// Somebody is in the way; whether it is the target.
    fn meet(&mut self, link: &Link, owner: &OwnerKey) -> bool {
        if *owner == link.owner {
            return false;
        }
        if owner == self.target {
            return true;
        }
        if !self.links.contains_key(owner) {
            self.links.insert(owner.clone(), link.clone());
            self.next.push_back(owner.clone());
        }
        false
    }

    /// The links from the target to this one, which closes the cycle.
    fn way_to(&self, last: Link) -> Vec<Link> {
        let mut way = vec![last];
        while let Some(link) = way.last().and_then(|link| self.links.get(&link.owner)) {
            way.push(link.clone());
        }
        way.reverse();
        way
    }
}

/// Whether a waiter has the same obstacles as others in its mode: who takes permits
/// wants its own number of them, and who converts is no obstacle to itself.
fn alike(waiter: &Waiter) -> bool {
    waiter.want.mode.limit().is_none() && !waiter.converts
}
