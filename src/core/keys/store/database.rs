//! One of the 16 databases.

use super::deadlines::Deadlines;
use super::{Access, Hasher, Item, Name, Place, Slots, Value};

/// Items, the index of their deadlines, and what they take.
#[derive(Debug)]
pub(in crate::keys) struct Database {
    slots: Slots,
    deadlines: Deadlines,
    with_deadline: u64,
    /// For the mean time to live.
    deadline_sum: u128,
    memory: u64,
}

impl Database {
    pub(in crate::keys) fn new(hasher: Hasher) -> Self {
        Database {
            slots: Slots::new(hasher),
            deadlines: Deadlines::default(),
            with_deadline: 0,
            deadline_sum: 0,
            memory: 0,
        }
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

    /// How many items are past their deadline.
    pub(in crate::keys) fn due(&self, now_ms: u64) -> usize {
        self.deadlines.due(now_ms)
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
        self.slots.insert(name, item);
    }

    /// Gives a key a value, whether it is there or not.
    pub(in crate::keys) fn set(
        &mut self,
        name: &Name<'_>,
        value: Value,
        deadline: Option<u64>,
        version: u64,
        now_ms: u64,
    ) {
        let Some(item) = self.slots.get_mut(name) else {
            let access = Access::new(now_ms);
            return self.insert(name, Item::new(name.key, value, deadline, version, access));
        };
        let (before, old) = (item.memory(), item.deadline());
        item.value = value;
        item.version = version;
        item.access.touch(now_ms, name.hash);
        item.set_deadline(deadline);
        self.memory = self.memory - before as u64 + item.memory() as u64;
        self.reindex(old, deadline, name);
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
        let before = item.memory() as u64;
        let result = change(&mut item.value);
        item.version = version;
        item.access.touch(now_ms, name.hash);
        self.memory = self.memory - before + item.memory() as u64;
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
    }

    pub(in crate::keys) fn remove(&mut self, name: &Name<'_>) -> Option<Item> {
        let item = self.slots.remove(name)?;
        self.memory -= item.memory() as u64;
        self.reindex(item.deadline(), None, name);
        Some(item)
    }

    /// Removes an item with the nearest deadline, if it is due.
    pub(in crate::keys) fn remove_due(&mut self, now_ms: u64) -> bool {
        let Some((deadline, place)) = self.deadlines.first() else { return false };
        if deadline > now_ms {
            return false;
        }
        let key = self.at(deadline, place).map(|item| item.key.clone());
        let key = key.expect("the index holds a deadline exactly as long as an item has it");
        let name = Name { key: key.bytes(), slot: place.slot, hash: place.hash };
        self.remove(&name).is_some()
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
        let name = Name { key: &[], slot: place.slot, hash: place.hash };
        let hasher = self.slots.hasher();
        let page = self.slots.page(&name)?;
        let here = |item: &&Item| {
            item.deadline() == Some(deadline) && hasher.hash(item.key.bytes()) == place.hash
        };
        page.tagged(place.hash).map(|at| &page.items()[at]).find(here)
    }
}
