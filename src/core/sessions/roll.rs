//! Entries in the order they were entered, found by id, copy-on-write.

use std::collections::BTreeMap;

use crate::image::{Name, Paged};
use crate::wire::Malformed;

/// No shard ever has so many operations.
const PLACE_MAX: u64 = i64::MAX as u64;

/// What stands on a roll.
pub(super) trait Entry: Clone {
    /// Its id; no other entry has it.
    fn id(&self) -> &Name;
}

/// Entries in the order they were entered. Each keeps its place.
#[derive(Clone, Debug)]
pub(super) struct Roll<T> {
    list: Paged<T>,
    /// Follows from the list.
    places: BTreeMap<Name, u64>,
}

impl<T: Entry> Roll<T> {
    pub fn new() -> Self {
        Roll { list: Paged::new(), places: BTreeMap::new() }
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    pub fn has(&self, id: &[u8]) -> bool {
        self.places.contains_key(id)
    }

    /// The place of an id.
    pub fn place(&self, id: &[u8]) -> Option<u64> {
        self.places.get(id).copied()
    }

    pub fn get(&self, id: &[u8]) -> Option<&T> {
        self.list.get(self.place(id)?)
    }

    pub fn at(&self, place: u64) -> Option<&T> {
        self.list.get(place)
    }

    pub fn at_mut(&mut self, place: u64) -> Option<&mut T> {
        self.list.get_mut(place)
    }

    /// Enters what has an id that is not there, as the last one; its place is
    /// `wanted`, or the next that is free.
    pub fn add(&mut self, wanted: u64, entry: T) -> u64 {
        let next = self.list.last_number().map_or(0, |last| last.saturating_add(1));
        let place = wanted.max(next);
        self.places.insert(entry.id().clone(), place);
        self.list.insert(place, entry);
        place
    }

    pub fn remove(&mut self, place: u64) -> Option<T> {
        let entry = self.list.remove(place)?;
        self.places.remove(entry.id());
        Some(entry)
    }

    pub fn first(&self) -> Option<(u64, &T)> {
        self.list.first()
    }

    /// The entries from a place on, in order.
    pub fn from(&self, place: u64) -> impl Iterator<Item = (u64, &T)> {
        self.list.iter_from(place)
    }

    /// The entries as they are now; cheap.
    pub fn image(&self) -> Paged<T> {
        self.list.clone()
    }

    /// Enters what comes from an image, in order.
    pub fn restore(&mut self, place: u64, entry: T) -> Result<(), Malformed> {
        let in_order = self.list.last_number().is_none_or(|last| last < place);
        if !in_order || place > PLACE_MAX || self.has(entry.id()) {
            return Err(Malformed);
        }
        self.add(place, entry);
        Ok(())
    }
}
