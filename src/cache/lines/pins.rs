//! Lines that never make room for others, up to a share of what there may be.

use std::collections::BTreeSet;

use super::{Limits, Lines, Room, cost};
use crate::Name;

/// Names whose lines never make room for others.
#[derive(Debug, Default)]
pub(super) struct Pins {
    names: BTreeSet<Name>,
    /// How many lines of these there are, and what they take.
    lines: usize,
    bytes: usize,
}

/// More would be pinned than the share of the cache that may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooManyPins;

impl Limits {
    /// How many names may be pinned, and how many bytes their lines may take.
    fn pins(&self) -> (usize, usize) {
        let share = |all: usize| (all as u128 * u128::from(self.pinned_percent) / 100) as usize;
        (share(self.entries), share(self.bytes))
    }
}

impl Pins {
    pub(super) fn has(&self, name: &Name) -> bool {
        !self.names.is_empty() && self.names.contains(name)
    }

    /// What the lines take.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many lines there are.
    pub(super) fn lines(&self) -> usize {
        self.lines
    }

    /// Whether a line of such a cost may come in the place of one of that cost.
    pub(super) fn fits(&self, limits: &Limits, needs: usize, old: usize) -> bool {
        self.names.len() <= limits.pins().0 && self.bytes - old + needs <= limits.pins().1
    }

    /// A pinned line has come, or gone, or costs something else: what it cost, and costs.
    pub(super) fn note(&mut self, before: Option<usize>, now: Option<usize>) {
        self.bytes = self.bytes - before.unwrap_or(0) + now.unwrap_or(0);
        self.lines = self.lines - usize::from(before.is_some()) + usize::from(now.is_some());
    }
}

impl Lines {
    /// Pins names: their lines, as far as there are any, or will be, make no room for
    /// others. How many were not pinned before.
    ///
    /// # Errors
    /// All of them together are too many, or their lines too large; none is pinned then.
    pub fn pin(&self, names: &[Name]) -> Result<usize, TooManyPins> {
        let mut room = self.room.lock();
        let mut new: Vec<&Name> = names.iter().filter(|name| !room.pins.has(name)).collect();
        new.sort_unstable();
        new.dedup();
        let standing: Vec<_> = new.iter().map(|name| self.standing(name)).collect();
        let bytes: usize = standing.iter().flatten().map(|(_, cost)| cost).sum();
        let (names_max, bytes_max) = room.limits.pins();
        if room.pins.names.len() + new.len() > names_max || room.pins.bytes + bytes > bytes_max {
            return Err(TooManyPins);
        }
        standing.iter().flatten().for_each(|(tag, _)| self.order.remove(tag));
        standing.iter().flatten().for_each(|(_, cost)| room.pins.note(None, Some(*cost)));
        let count = new.len();
        room.pins.names.extend(new.into_iter().cloned());
        Ok(count)
    }

    /// Pins names no more. How many were.
    pub fn unpin<'n>(&self, names: impl IntoIterator<Item = &'n Name>) -> usize {
        let mut room = self.room.lock();
        names.into_iter().filter(|name| self.unpin_one(&mut room, name)).count()
    }

    /// The names that are pinned.
    pub fn pinned(&self) -> Vec<Name> {
        self.room.lock().pins.names.iter().cloned().collect()
    }

    /// A line takes its place in the order again.
    pub(super) fn unpin_one(&self, room: &mut Room, name: &Name) -> bool {
        if !room.pins.names.remove(name) {
            return false;
        }
        if let Some((tag, cost)) = self.standing(name) {
            room.pins.note(Some(cost), None);
            self.order.add(tag);
        }
        true
    }

    /// Pins as many names as still may be.
    pub(super) fn keep_pins_within(&self, room: &mut Room) {
        while !room.pins.fits(&room.limits, 0, 0)
            && let Some(name) = room.pins.names.last().cloned()
        {
            self.unpin_one(room, &name);
        }
    }

    /// Looks whether what pinned lines take is right.
    pub(super) fn check_pins(&self, room: &Room) -> usize {
        let lines = self.map.iter().filter(|slot| room.pins.has(&slot.key().0.name));
        let costs: Vec<usize> = lines.map(|slot| cost(&slot.key().0.name, &slot.line)).collect();
        let sums = (costs.len(), costs.iter().sum::<usize>());
        assert_eq!((room.pins.lines, room.pins.bytes), sums, "what pinned lines take");
        assert!(room.pins.fits(&room.limits, 0, 0), "more is pinned than may be");
        costs.len()
    }
}
