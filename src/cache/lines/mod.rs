//! The lines of a node: those of all shards, in one map, never more than their limits.
//!
//! Readers go straight to the map: they lock a part of it for as long as a copy of
//! the value takes, which is a count of references, and note in the line that it
//! was used. Whoever changes lines takes the lock of the room first, under which
//! the sums and the map say the same at all times; so the limits hold after every
//! step, and not only now and then.

mod list;

mod ghosts;
mod lru;
mod order;
mod pins;
mod s3fifo;
mod sieve;

#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use dashmap::DashMap;
use lockstep_core::ShardId;
use parking_lot::Mutex;
use siphasher::sip::SipHasher13;

use crate::store::{Evicted, Seen, Store};
use crate::{At, Line, Name, Named, State};
use list::Tag;
use order::Order;
use pins::Pins;

pub use order::Policy;
pub use pins::TooManyPins;

/// What a line costs besides its key and its value, about: its places in the map
/// and in the order, counters.
pub const LINE_BYTES: usize = 192;

/// How much there may be of lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Lines, those of which only the place is kept counted.
    pub entries: usize,
    /// Bytes of keys and values, and [`LINE_BYTES`] for each.
    pub bytes: usize,
    /// Of both, how much of a hundred may be pinned (`cache-pinned-max`).
    pub pinned_percent: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { entries: 1_000, bytes: 64 << 20, pinned_percent: 25 }
    }
}

/// What the lines take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// How many there are.
    pub entries: usize,
    /// Bytes of them.
    pub bytes: usize,
}

/// The lines of a node.
#[derive(Debug)]
pub struct Lines {
    map: DashMap<Place, Slot, Keyed>,
    order: Order,
    keyed: Keyed,
    room: Mutex<Room>,
}

#[derive(Debug)]
struct Room {
    limits: Limits,
    size: Size,
    pins: Pins,
}

/// A line in the map.
#[derive(Debug)]
struct Slot {
    line: Line,
    /// Whether it was read since it came.
    read: AtomicBool,
}

impl Lines {
    /// No lines yet. Names are hashed with `seed`, which clients must not know.
    pub fn new(limits: Limits, policy: Policy, seed: (u64, u64)) -> Self {
        let keyed = Keyed { seed };
        let room = Mutex::new(Room { limits, size: Size::default(), pins: Pins::default() });
        Lines { map: DashMap::with_hasher(keyed), order: Order::new(policy), keyed, room }
    }

    /// A number for a key, which no client can foresee.
    pub fn number_of(&self, at: At<'_>) -> u64 {
        self.keyed.hash_one((at.db.0, at.key))
    }

    /// What they take.
    pub fn size(&self) -> Size {
        self.room.lock().size
    }

    /// How much there may be.
    pub fn limits(&self) -> Limits {
        self.room.lock().limits
    }

    /// Sets other limits; what is too much by them goes at once.
    pub fn set_limits(&self, limits: Limits, evicted: &mut Vec<Evicted>) {
        let mut room = self.room.lock();
        room.limits = limits;
        self.keep_pins_within(&mut room);
        while room.is_over() && self.evict_one(&mut room, evicted) {}
        self.order.remember_at_most(limits.entries);
    }

    /// Drops all lines of a shard, or of all shards.
    pub fn flush(&self, shard: Option<ShardId>, evicted: &mut Vec<Evicted>) {
        let mut room = self.room.lock();
        let of = |line: &Line| shard.is_none_or(|shard| shard == line.shard);
        let chosen = self.map.iter().filter(|slot| of(&slot.line));
        let chosen: Vec<Arc<Tag>> = chosen.map(|slot| slot.key().0.clone()).collect();
        for tag in chosen {
            self.order.remove(&tag);
            self.take_out(&mut room, &tag, evicted);
        }
    }

    /// Shows all lines, in no order, while others go on changing them.
    pub fn each(&self, mut show: impl FnMut(&Name, &Line)) {
        for slot in &self.map {
            show(&slot.key().0.name, &slot.line);
        }
    }

    /// Looks whether all sums are right, walking over everything.
    ///
    /// # Panics
    /// When one is not.
    #[doc(hidden)]
    pub fn check(&self) {
        let room = self.room.lock();
        let bytes = self.map.iter().map(|slot| cost(&slot.key().0.name, &slot.line)).sum();
        assert_eq!(room.size, Size { entries: self.map.len(), bytes }, "the sums");
        let pinned = self.check_pins(&room);
        let places = self.order.len() + pinned;
        assert_eq!(places, self.map.len(), "every line has a place in the order, or is pinned");
        assert!(!room.is_over(), "{:?} of {:?}", room.size, room.limits);
        let ghosts = self.order.ghosts();
        assert!(ghosts <= room.limits.entries, "{ghosts} are remembered that are gone");
    }

    /// Removes the line that is least worth its place.
    fn evict_one(&self, room: &mut Room, evicted: &mut Vec<Evicted>) -> bool {
        let Some(tag) = self.order.victim() else { return false };
        self.take_out(room, &tag, evicted);
        true
    }

    /// Removes a line that has no place in the order any more.
    fn take_out(&self, room: &mut Room, tag: &Arc<Tag>, evicted: &mut Vec<Evicted>) {
        let (_, slot) = self
            .map
            .remove(&tag.name as &dyn Named)
            .expect("what has a place in the order is in the map");
        let cost = cost(&tag.name, &slot.line);
        room.size.entries -= 1;
        room.size.bytes -= cost;
        if room.pins.has(&tag.name) {
            room.pins.note(Some(cost), None);
        }
        if slot.line.state != State::Tag {
            evicted.push(Evicted::of(&tag.name, &slot.line));
        }
    }

    /// The place of a line, and what it costs.
    fn standing(&self, name: &Name) -> Option<(Arc<Tag>, usize)> {
        let slot = self.map.get(name as &dyn Named)?;
        Some((slot.key().0.clone(), cost(name, &slot.line)))
    }

    fn put_into(
        &self,
        room: &mut Room,
        name: &Name,
        line: Line,
        evicted: &mut Vec<Evicted>,
    ) -> bool {
        let needs = cost(name, &line);
        let mut old = self.standing(name);
        let mut pinned = room.pins.has(name);
        if pinned {
            let before = old.as_ref().map_or(0, |(_, cost)| *cost);
            if !room.pins.fits(&room.limits, needs, before) {
                pinned = !self.unpin_one(room, name);
            }
        }
        if !room.could_fit(needs, pinned, old.as_ref().map(|(_, cost)| *cost)) {
            if let Some((tag, _)) = old {
                self.order.remove(&tag);
                self.take_out(room, &tag, &mut Vec::new());
            }
            return false;
        }
        while !room.fits(needs, old.as_ref().map(|(_, cost)| *cost)) {
            let victim = self.order.victim().expect("lines take the room that is missing");
            if old.as_ref().is_some_and(|(tag, _)| Arc::ptr_eq(tag, &victim)) {
                // What takes its place comes in a moment.
                self.take_out(room, &victim, &mut Vec::new());
                old = None;
            } else {
                self.take_out(room, &victim, evicted);
            }
        }
        room.size.bytes += needs;
        let slot = Slot { line, read: AtomicBool::new(false) };
        if let Some((tag, before)) = old {
            room.size.bytes -= before;
            if pinned {
                room.pins.note(Some(before), Some(needs));
            }
            self.order.used(&tag);
            self.map.insert(Place(tag), slot);
        } else {
            room.size.entries += 1;
            let tag = Arc::new(Tag::new(name.clone(), self.keyed.hash_one(name)));
            self.map.insert(Place(tag.clone()), slot);
            if pinned {
                room.pins.note(None, Some(needs));
            } else {
                self.order.add(tag);
            }
        }
        true
    }
}

impl Store for Lines {
    fn copy(&self, at: At<'_>) -> Option<Seen> {
        let slot = self.map.get(&at as &dyn Named)?;
        let seen = Seen::of(&slot.line)?;
        self.order.used(&slot.key().0);
        if !slot.read.load(Relaxed) {
            slot.read.store(true, Relaxed);
        }
        Some(seen)
    }

    fn look(&self, at: At<'_>) -> Option<(Line, bool)> {
        let slot = self.map.get(&at as &dyn Named)?;
        Some((slot.line.clone(), slot.read.load(Relaxed)))
    }

    fn put(&self, name: &Name, line: Line, evicted: &mut Vec<Evicted>) -> bool {
        self.put_into(&mut self.room.lock(), name, line, evicted)
    }

    fn rewrite(&self, name: &Name, line: Line, evicted: &mut Vec<Evicted>) -> bool {
        let mut room = self.room.lock();
        // Nothing is taken out meanwhile that its home is told of later.
        let stands = self.map.get(name as &dyn Named).is_some_and(|slot| slot.line.lets_in(&line));
        stands && self.put_into(&mut room, name, line, evicted)
    }

    fn alter(&self, at: At<'_>, change: &mut dyn FnMut(&mut Line, bool)) {
        let mut room = self.room.lock();
        let Some(mut slot) = self.map.get_mut(&at as &dyn Named) else { return };
        let read = slot.read.load(Relaxed);
        let before = slot.line.content().map_or(0, |content| content.len());
        change(&mut slot.line, read);
        let after = slot.line.content().map_or(0, |content| content.len());
        assert!(after <= before, "what grows is put anew");
        room.size.bytes -= before - after;
        if room.pins.has(&slot.key().0.name) {
            room.pins.note(Some(before), Some(after));
        }
    }

    fn names_of(&self, shard: ShardId, most: usize) -> Vec<Name> {
        let holds = |line: &Line| line.shard == shard && line.content().is_some();
        let slots = self.map.iter().filter(|slot| holds(&slot.line));
        slots.take(most).map(|slot| slot.key().0.name.clone()).collect()
    }

    fn remove(&self, at: At<'_>) -> Option<Evicted> {
        let mut room = self.room.lock();
        let tag = self.map.get(&at as &dyn Named)?.key().0.clone();
        self.order.remove(&tag);
        let mut evicted = Vec::new();
        self.take_out(&mut room, &tag, &mut evicted);
        evicted.pop()
    }
}

impl Room {
    fn is_over(&self) -> bool {
        self.size.entries > self.limits.entries || self.size.bytes > self.limits.bytes
    }

    /// Whether there could be room for a line, if all others went that are not pinned.
    fn could_fit(&self, needs: usize, pinned: bool, old: Option<usize>) -> bool {
        let own = old.filter(|_| pinned);
        let bytes = self.pins.bytes() - own.unwrap_or(0) + needs;
        let lines = self.pins.lines() + usize::from(own.is_none());
        bytes <= self.limits.bytes && lines <= self.limits.entries
    }

    /// Whether a line of such a cost may come, in the place of one of that cost.
    fn fits(&self, needs: usize, old: Option<usize>) -> bool {
        let bytes = self.size.bytes - old.unwrap_or(0) + needs;
        let entries = self.size.entries + usize::from(old.is_none());
        bytes <= self.limits.bytes && entries <= self.limits.entries
    }
}

fn cost(name: &Name, line: &Line) -> usize {
    LINE_BYTES + name.key.len() + line.content().map_or(0, |content| content.len())
}

/// What the map is keyed by: the name, and the line's place in the order with it.
#[derive(Debug)]
struct Place(Arc<Tag>);

impl PartialEq for Place {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Place {}

impl Hash for Place {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}

impl<'a> Borrow<dyn Named + 'a> for Place {
    fn borrow(&self) -> &(dyn Named + 'a) {
        &self.0.name
    }
}

/// Hashes with a secret, so that no client can choose names that collide.
#[derive(Clone, Copy, Debug)]
struct Keyed {
    seed: (u64, u64),
}

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.seed.0, self.seed.1)
    }
}
