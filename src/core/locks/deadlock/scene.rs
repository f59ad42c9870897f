//! All that an owner waits for, directly or through others, so that it can be told
//! whether it is stuck.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::knots::{self, Knot, Known, Line, Rules, Scene, Spot};
use super::{Found, Kept, ring};
use crate::image::Name;
use crate::locks::index::Thing;
use crate::locks::lock::{Lock, Place};
use crate::locks::owner::OwnerKey;
use crate::locks::table::Table;

/// How many holds and waits are looked at. What is larger is left to those who look
/// over all shards: this is done while all others wait.
pub(in crate::locks) const STEPS_MAX: usize = 5_000;

/// A deadlock that keeps an owner from going on.
pub(super) fn deadlock(table: &Table, owner: &OwnerKey) -> Option<Found> {
    let mut reach = Reach { table, places: BTreeMap::new(), numbers: BTreeMap::new(), steps: 0 };
    let mut owners = vec![owner.clone()];
    reach.numbers.insert(owner.clone(), 0);
    let mut next = 0;
    while next < owners.len() {
        reach.look_at(next, &mut owners);
        if reach.steps > STEPS_MAX {
            return None;
        }
        next += 1;
    }
    let names: Vec<&Name> = reach.places.keys().copied().collect();
    let knot = knots::knots(reach.scene(&owners), Rules::default(), 1).pop()?;
    Some(found(&knot, &owners, &names))
}

struct Reach<'a> {
    table: &'a Table,
    /// Up to where each line matters.
    places: BTreeMap<&'a Name, Place>,
    numbers: BTreeMap<OwnerKey, usize>,
    steps: usize,
}

impl<'a> Reach<'a> {
    /// Adds those that may keep the waits of an owner from being granted.
    fn look_at(&mut self, owner: usize, owners: &mut Vec<OwnerKey>) {
        let table = self.table;
        let ids = table.index.owners.get(&owners[owner]);
        for id in ids.into_iter().flat_map(|ids| ids.iter()) {
            self.steps += 1;
            let Some(Thing::Wait(name)) = table.index.things.get(&id) else { continue };
            let Some(lock) = table.locks.get(name) else { continue };
            let Some(waiter) = lock.waiter(id) else { continue };
            self.look_along(name, lock, waiter.place(), owners);
        }
    }

    fn look_along(
        &mut self,
        name: &'a Name,
        lock: &'a Lock,
        place: Place,
        owners: &mut Vec<OwnerKey>,
    ) {
        let done = self.places.get(name).copied();
        if done.is_some_and(|done| place <= done) {
            return;
        }
        self.places.insert(name, place);
        if done.is_none() {
            lock.holders.iter().for_each(|hold| self.meet(&hold.owner, owners));
        }
        let from = done.map_or(Bound::Unbounded, Bound::Excluded);
        let line = self.table.index.line(name).into_iter();
        let line = line.flat_map(|line| line.range((from, Bound::Included(place))));
        let waiters = line.filter_map(|place| lock.waiter(place.id));
        waiters.for_each(|waiter| self.meet(&waiter.want.owner, owners));
    }

    fn meet(&mut self, owner: &OwnerKey, owners: &mut Vec<OwnerKey>) {
        self.steps += 1;
        if !self.numbers.contains_key(owner) {
            self.numbers.insert(owner.clone(), owners.len());
            owners.push(owner.clone());
        }
    }

    fn scene(&self, owners: &[OwnerKey]) -> Scene {
        let known = |owner: &OwnerKey| Known {
            text: owner.text().into_owned(),
            birth_ms: self.table.birth_of(owner),
        };
        let lines = self.places.iter().map(|(name, place)| self.line(name, *place));
        Scene { owners: owners.iter().map(known).collect(), locks: lines.collect() }
    }

    fn line(&self, name: &Name, place: Place) -> Line {
        let Some(lock) = self.table.locks.get(name) else { return Line::default() };
        let holders = lock.holders.iter().map(|hold| Spot {
            owner: self.numbers[&hold.owner],
            id: hold.id,
            mode: hold.mode,
            prio: 0,
        });
        let places = self.table.index.line(name).into_iter().flat_map(|line| line.range(..=place));
        let line = places.filter_map(|place| lock.waiter(place.id)).map(|waiter| Spot {
            owner: self.numbers[&waiter.want.owner],
            id: waiter.id,
            mode: waiter.want.mode,
            prio: waiter.want.extra().prio,
        });
        Line { holders: holders.collect(), line: line.collect() }
    }
}

fn found(knot: &Knot, owners: &[OwnerKey], names: &[&Name]) -> Found {
    let links = knot.links.iter().map(|link| Kept {
        owner: owners[link.owner].text().into_owned(),
        name: names[link.lock].clone(),
        mode: link.mode,
        by: owners[link.by].text().into_owned(),
    });
    Found {
        name: names[knot.lock].clone(),
        wait: knot.wait,
        rule: knot.rule,
        way: knot.way.iter().map(|owner| owners[*owner].clone()).collect(),
        links: ring::bounded(links),
    }
}
