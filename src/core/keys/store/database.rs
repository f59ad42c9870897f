//! One of the 16 databases.

use super::deadlines::Deadlines;
use super::{Access, Hasher, Item, Key, Name, Place, Slots, Value};
use crate::keys::{Touched, TouchedKey};

/// Items, the index of their deadlines, and what they take.
#[derive(Debug)]
pub(in crate::keys) struct Database {
    slots: Slots,
    deadlines: Deadlines,
    /// The nearest deadline in each hash that has such fields.
    ends: Deadlines,
    with_deadline: u64,
    /// For the mean time to live.
    deadline_sum: u128,
    memory: u64,
    /// How often a value or a deadline was changed. No part of what replicas agree on.
    changes: u64,
    /// The names of keys that change, while somebody wants them.
    touched: Option<Touched>,
}

impl Database {
    pub(in crate::keys) fn new(hasher: Hasher) -> Self {
        Database {
            slots: Slots::new(hasher),
            deadlines: Deadlines::default(),
            ends: Deadlines::default(),
            with_deadline: 0,
            deadline_sum: 0,
            memory: 0,
            changes: 0,
            touched: None,
        }
    }

    /// Notes the names of keys that change from now on, or no longer.
    pub(in crate::keys) fn note_touched(&mut self, on: bool) {
        self.touched = on.then(Touched::default);
    }

    /// The names noted since they were last taken.
    pub(in crate::keys) fn take_touched(&mut self) -> Option<Touched> {
        let touched = self.touched.as_mut().filter(|touched| !touched.is_empty())?;
        Some(std::mem::take(touched))
    }

    pub(in crate::keys) fn slots(&self) -> &Slots {
        &self.slots
    }

    pub(in crate::keys) fn into_slots(self) -> Slots {
        self.slots
    }

    /// Bytes of memory, estimated.
    pub(in crate::keys) fn memory(&self) -> u64 {
        self.memory
    }

    pub(in crate::keys) fn with_deadline(&self) -> u64 {
        self.with_deadline
    }

    /// The mean of all deadlines.
    pub(in crate::keys) fn mean_deadline(&self) -> u64 {
        let mean = self.deadline_sum / u128::from(self.with_deadline.max(1));
        u64::try_from(mean).unwrap_or(u64::MAX)
    }

    pub(in crate::keys) fn next_deadline(&self) -> Option<u64> {
        self.deadlines.next()
    }

    /// When the next field of a hash ends.
    pub(in crate::keys) fn next_end(&self) -> Option<u64> {
        self.ends.next()
    }

    /// How many items are past their deadline.
    pub(in crate::keys) fn due(&self, now_ms: u64) -> usize {
        let lives = |item: &&Item| item.deadline().is_none_or(|deadline| deadline > now_ms);
        let ending = self.ends.from(0).take_while(|(end, _)| *end <= now_ms);
        let over = ending.filter_map(|(end, place)| self.ending_at(end, place));
        let over = over.filter(lives).filter(|item| item.value.is_over(now_ms)).count();
        self.deadlines.due(now_ms) + over
    }

    /// Whether a field of a hash ends behind the one time and not behind the other.
    pub(in crate::keys) fn ends_between(&self, from: u64, to: u64) -> bool {
        from < to
            && self.ends.from(0).take_while(|(end, _)| *end <= to).any(|(end, place)| {
                self.ending_at(end, place).is_some_and(|item| item.value.ends_between(from, to))
            })
    }

    /// The nearest and the farthest deadline.
    pub(in crate::keys) fn deadline_span(&self) -> Option<(u64, u64)> {
        self.deadlines.span()
    }

    /// Items with deadlines from `from` on, the nearest first.
    pub(in crate::keys) fn by_deadline(&self, from: u64) -> impl Iterator<Item = &Item> {
        self.deadlines.from(from).filter_map(|(deadline, place)| self.at(deadline, place))
    }

    pub(in crate::keys) fn get(&self, name: &Name<'_>) -> Option<&Item> {
        self.slots.get(name)
    }

    /// Adds an item whose key is not there yet.
    pub(in crate::keys) fn insert(&mut self, name: &Name<'_>, item: Item) {
        self.memory += item.memory() as u64;
        if let Some(deadline) = item.deadline() {
            self.index(deadline, name);
        }
        let end = item.value.next_end();
        self.slots.insert(name, item);
        self.reindex_end(None, end, name);
        self.note(name, false);
    }

    /// Gives a key a value, whether it is there or not. Gives back a collection that
    /// was there: to free one may take long.
    pub(in crate::keys) fn set(
        &mut self,
        name: &Name<'_>,
        value: Value,
        deadline: Option<u64>,
        version: u64,
        now_ms: u64,
    ) -> Option<Value> {
        let Some(item) = self.slots.get_mut(name) else {
            let access = Access::new(now_ms);
            self.insert(name, Item::new(name.key, value, deadline, version, access));
            return None;
        };
        let (before, old, old_end) = (item.memory(), item.deadline(), item.value.next_end());
        let end = value.next_end();
        let replaced = match item.value {
            Value::Str(_) => {
                item.value = value;
                None
            }
            _ => Some(std::mem::replace(&mut item.value, value)),
        };
        item.version = version;
        item.access.touch(now_ms, name.hash);
        item.set_deadline(deadline);
        self.memory = self.memory - before as u64 + item.memory() as u64;
        self.reindex(old, deadline, name);
        self.reindex_end(old_end, end, name);
        self.note(name, false);
        replaced
    }

    /// Works on the value of a key that is there; `work` says whether it changed it.
    pub(in crate::keys) fn edit<T>(
        &mut self,
        name: &Name<'_>,
        version: u64,
        now_ms: u64,
        work: impl FnOnce(&mut Value) -> (T, bool),
    ) -> Option<T> {
        let item = self.slots.get_mut(name)?;
        let (before, old_end) = (item.memory() as u64, item.value.next_end());
        let (result, changed) = work(&mut item.value);
        item.access.touch(now_ms, name.hash);
        if changed {
            item.version = version;
        }
        let end = item.value.next_end();
        self.memory = self.memory - before + item.memory() as u64;
        self.reindex_end(old_end, end, name);
        if changed {
            self.note(name, false);
        }
        Some(result)
    }

    /// Notes the name of a key whose value changed without a new version.
    pub(in crate::keys) fn note_changed(&mut self, name: &Name<'_>) {
        self.note(name, false);
    }

    /// Adds to the value of a key that a snapshot has begun.
    pub(in crate::keys) fn extend<T>(
        &mut self,
        name: &Name<'_>,
        add: impl FnOnce(&mut Value) -> T,
    ) -> Option<T> {
        let item = self.slots.get_mut(name)?;
        let (before, old_end) = (item.memory() as u64, item.value.next_end());
        let result = add(&mut item.value);
        let end = item.value.next_end();
        self.memory = self.memory - before + item.memory() as u64;
        self.reindex_end(old_end, end, name);
        Some(result)
    }

    /// Changes the value of a key that is there.
    pub(in crate::keys) fn change<T>(
        &mut self,
        name: &Name<'_>,
        version: u64,
        now_ms: u64,
        change: impl FnOnce(&mut Value) -> T,
    ) -> Option<T> {
        let item = self.slots.get_mut(name)?;
        let (before, old_end) = (item.memory() as u64, item.value.next_end());
        let result = change(&mut item.value);
        item.version = version;
        item.access.touch(now_ms, name.hash);
        let end = item.value.next_end();
        self.memory = self.memory - before + item.memory() as u64;
        self.reindex_end(old_end, end, name);
        self.note(name, false);
        Some(result)
    }

    /// Changes the deadline of a key that is there.
    pub(in crate::keys) fn set_deadline(
        &mut self,
        name: &Name<'_>,
        deadline: Option<u64>,
        version: u64,
    ) {
        let Some(item) = self.slots.get_mut(name) else { return };
        let (before, old) = (item.memory(), item.deadline());
        item.version = version;
        item.set_deadline(deadline);
        self.memory = self.memory - before as u64 + item.memory() as u64;
        self.reindex(old, deadline, name);
        self.note(name, false);
    }

    pub(in crate::keys) fn remove(&mut self, name: &Name<'_>) -> Option<Item> {
        let item = self.take_out(name)?;
        self.note(name, false);
        Some(item)
    }

    /// Removes an item whose time is over.
    pub(in crate::keys) fn end(&mut self, name: &Name<'_>) -> Option<Item> {
        let item = self.take_out(name)?;
        self.note(name, true);
        Some(item)
    }

    fn take_out(&mut self, name: &Name<'_>) -> Option<Item> {
        let item = self.slots.remove(name)?;
        self.memory -= item.memory() as u64;
        self.reindex(item.deadline(), None, name);
        self.reindex_end(item.value.next_end(), None, name);
        Some(item)
    }

    /// How often a value or a deadline was changed.
    pub(in crate::keys) fn changes(&self) -> u64 {
        self.changes
    }

    fn note(&mut self, name: &Name<'_>, ended: bool) {
        self.changes += 1;
        if let Some(touched) = &mut self.touched {
            touched.note(TouchedKey { name: name.key, ended });
        }
    }

    /// Removes an item with the nearest deadline, if it is due.
    pub(in crate::keys) fn remove_due(&mut self, now_ms: u64) -> Option<Item> {
        let (deadline, place) = self.deadlines.first()?;
        if deadline > now_ms {
            return None;
        }
        let key = self.at(deadline, place).map(|item| item.key.clone());
        let key = key.expect("the index holds a deadline exactly as long as an item has it");
        let name = Name { key: key.bytes(), slot: place.slot, hash: place.hash };
        self.end(&name)
    }

    /// Removes fields that are past their deadline from the hash where one is so for the
    /// longest time, at most so many. Gives the key, how many, and the item if nothing is left
    /// in it.
    pub(in crate::keys) fn end_fields(
        &mut self,
        version: u64,
        now_ms: u64,
        max: usize,
    ) -> Option<(Key, usize, Option<Item>)> {
        let (end, place) = self.ends.first().filter(|(end, _)| *end <= now_ms)?;
        let key = self.ending_at(end, place).map(|item| item.key.clone());
        let key = key.expect("the index holds a deadline exactly as long as a hash has it");
        let name = Name { key: key.bytes(), slot: place.slot, hash: place.hash };
        let (ended, gone) = self.end_fields_of(&name, version, now_ms, max);
        Some((key, ended, gone))
    }

    /// The same for the hash at a key that is there.
    pub(in crate::keys) fn end_fields_of(
        &mut self,
        name: &Name<'_>,
        version: u64,
        now_ms: u64,
        max: usize,
    ) -> (usize, Option<Item>) {
        let hasher = self.slots.hasher();
        self.end_some(name, version, |value| value.end_due(hasher, now_ms, max))
    }

    /// The same for these fields of it.
    pub(in crate::keys) fn end_named(
        &mut self,
        name: &Name<'_>,
        version: u64,
        now_ms: u64,
        fields: &[&[u8]],
    ) -> (usize, Option<Item>) {
        let hasher = self.slots.hasher();
        self.end_some(name, version, |value| value.end_named(hasher, now_ms, fields))
    }

    fn end_some(
        &mut self,
        name: &Name<'_>,
        version: u64,
        end_in: impl FnOnce(&mut Value) -> usize,
    ) -> (usize, Option<Item>) {
        let Some(item) = self.slots.get_mut(name) else { return (0, None) };
        let (before, old_end) = (item.memory() as u64, item.value.next_end());
        let ended = end_in(&mut item.value);
        if ended > 0 {
            item.version = version;
        }
        let (end, empty) = (item.value.next_end(), item.value.is_empty());
        self.memory = self.memory - before + item.memory() as u64;
        self.reindex_end(old_end, end, name);
        if empty {
            return (ended, self.end(name));
        }
        if ended > 0 {
            self.note(name, true);
        }
        (ended, None)
    }

    fn reindex_end(&mut self, old: Option<u64>, new: Option<u64>, name: &Name<'_>) {
        if old == new {
            return;
        }
        if let Some(end) = old {
            let place = Place { slot: name.slot, hash: name.hash };
            if self.ending_at(end, place).is_none() {
                self.ends.remove(end, name);
            }
        }
        if let Some(end) = new {
            self.ends.add(end, name);
        }
    }

    fn reindex(&mut self, old: Option<u64>, new: Option<u64>, name: &Name<'_>) {
        if old == new {
            return;
        }
        if let Some(deadline) = old {
            self.unindex(deadline, name);
        }
        if let Some(deadline) = new {
            self.index(deadline, name);
        }
    }

    fn index(&mut self, deadline: u64, name: &Name<'_>) {
        self.with_deadline += 1;
        self.deadline_sum += u128::from(deadline);
        self.deadlines.add(deadline, name);
    }

    /// To be called when the item has lost the deadline already.
    fn unindex(&mut self, deadline: u64, name: &Name<'_>) {
        self.with_deadline -= 1;
        self.deadline_sum -= u128::from(deadline);
        let place = Place { slot: name.slot, hash: name.hash };
        if self.at(deadline, place).is_none() {
            self.deadlines.remove(deadline, name);
        }
    }

    /// An item with this hash and this deadline.
    fn at(&self, deadline: u64, place: Place) -> Option<&Item> {
        self.with_hash(place, |item| item.deadline() == Some(deadline))
    }

    /// An item with this hash of which something ends at that time, and nothing earlier.
    fn ending_at(&self, end: u64, place: Place) -> Option<&Item> {
        self.with_hash(place, |item| item.value.next_end() == Some(end))
    }

    fn with_hash(&self, place: Place, is: impl Fn(&Item) -> bool) -> Option<&Item> {
        let name = Name { key: &[], slot: place.slot, hash: place.hash };
        let hasher = self.slots.hasher();
        let page = self.slots.page(&name)?;
        let here = |item: &&Item| is(item) && hasher.hash(item.key.bytes()) == place.hash;
        page.tagged(place.hash).map(|at| &page.items()[at]).find(here)
    }
}
