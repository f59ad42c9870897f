//! Walking over the keys of a database.

use super::View;
use crate::glob;
use crate::keys::store::{Database, Item, Page, Place, mix};
use crate::slot::{SLOTS, Slot};
use crate::{Db, Outcome};

/// How many bits of a hash a cursor holds. With the 14 bits of the slot it stays
/// below 2^53, so that clients that read numbers as doubles can hold it.
const HASH_BITS: u32 = 39;

/// How often RANDOMKEY tries again when it met a key past its deadline.
const RANDOM_TRIES: u64 = 100;

/// Which keys a SCAN gives.
pub(super) struct Filter<'a> {
    /// None: all.
    pattern: Option<&'a [u8]>,
    kind: Option<&'a [u8]>,
}

impl<'a> Filter<'a> {
    pub(super) fn new(pattern: Option<&'a [u8]>, kind: Option<&'a [u8]>) -> Self {
        Filter { pattern: pattern.filter(|pattern| *pattern != b"*"), kind }
    }

    fn takes(&self, item: &Item) -> bool {
        let kind = item.value.kind().as_bytes();
        self.kind.is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
            && self.pattern.is_none_or(|pattern| glob::matches(pattern, item.key.bytes()))
    }
}

impl View<'_> {
    pub(super) fn keys(&self, db: Db, pattern: &[u8]) -> Outcome {
        let filter = Filter::new(Some(pattern), None);
        let Some(database) = self.space.database(db) else { return Outcome::List(Vec::new()) };
        let mut found = Vec::new();
        for (_, page) in database.slots().pages_from(Place::default()) {
            let items = page.sorted(self.space.hasher).into_iter().map(|(_, item)| item);
            let wanted = items.filter(|item| filter.takes(item) && self.is_there(item));
            found.extend(wanted.map(key));
        }
        Outcome::List(found)
    }

    pub(super) fn scan(&self, db: Db, cursor: u64, count: u64, filter: &Filter<'_>) -> Outcome {
        let mut found = Vec::new();
        let next = self.space.database(db).map_or(0, |database| {
            self.walk(database, cursor, count.max(1), |item| {
                if filter.takes(item) && self.is_there(item) {
                    found.push(key(item));
                }
            })
        });
        Outcome::List(vec![Outcome::Bytes(next.to_string().into_bytes()), Outcome::List(found)])
    }

    pub(super) fn random_key(&self, db: Db, seed: u64) -> Outcome {
        let Some(database) = self.space.database(db) else { return Outcome::Nil };
        let tries = (0..RANDOM_TRIES).filter_map(|attempt| {
            random(database, mix(seed ^ attempt)).filter(|item| self.is_there(item))
        });
        let mut all = database
            .slots()
            .pages_from(Place::default())
            .flat_map(|(_, page)| page.items())
            .filter(|item| self.is_there(item));
        let mut tries = tries;
        tries.next().or_else(|| all.next()).map_or(Outcome::Nil, key)
    }

    pub(super) fn count_in_slot(&self, db: Db, slot: Slot) -> Outcome {
        let Some(database) = self.space.database(db) else { return Outcome::Int(0) };
        let items = pages_of(database, slot).flat_map(|page| page.items());
        Outcome::Int(items.filter(|item| self.is_there(item)).count() as i64)
    }

    pub(super) fn keys_in_slot(&self, db: Db, slot: Slot, count: u64) -> Outcome {
        let Some(database) = self.space.database(db) else { return Outcome::List(Vec::new()) };
        let items = pages_of(database, slot).flat_map(|page| page.sorted(self.space.hasher));
        let there = items.map(|(_, item)| item).filter(|item| self.is_there(item));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        Outcome::List(there.take(count).map(key).collect())
    }

    pub(super) fn db_size(&self, db: Db) -> Outcome {
        let Some(database) = self.space.database(db) else { return Outcome::Int(0) };
        self.notice_due(database);
        Outcome::Int(database.slots().len().saturating_sub(database.due(self.now_ms)) as i64)
    }

    /// For answers that depend on all keys of a database.
    pub(super) fn notice_due(&self, database: &Database) {
        let mut due = database.by_deadline(self.clock_ms.saturating_add(1));
        if due.next().and_then(Item::deadline).is_some_and(|end| end <= self.now_ms)
            || database.ends_between(self.clock_ms, self.now_ms)
        {
            self.met_due.set(true);
        }
    }

    /// Looks at `count` items or a few more from the cursor on and gives the
    /// next cursor, 0 at the end. Items come in the order of slots and hashes,
    /// which stays the same whatever comes and goes between two calls.
    fn walk(
        &self,
        database: &Database,
        cursor: u64,
        count: u64,
        mut look: impl FnMut(&Item),
    ) -> u64 {
        let Some(from) = place(cursor) else { return 0 };
        let mut left = count;
        let mut last = None;
        for (slot, page) in database.slots().pages_from(from) {
            for (hash, item) in page.sorted(self.space.hasher) {
                let here = Place { slot, hash };
                if slot == from.slot && hash < from.hash {
                    continue;
                }
                // Items that share a cursor are given together.
                let shown = self::cursor(here);
                if left == 0 && last != Some(shown) {
                    return shown;
                }
                left = left.saturating_sub(1);
                last = Some(shown);
                look(item);
            }
        }
        0
    }
}

fn pages_of(database: &Database, slot: Slot) -> impl Iterator<Item = &Page> {
    let pages = database.slots().pages_from(Place { slot: slot.0, hash: 0 });
    pages.take_while(move |(here, _)| *here == slot.0).map(|(_, page)| &**page)
}

/// A random item; the same one on every replica.
pub(in crate::keys) fn random(database: &Database, random: u64) -> Option<&Item> {
    let slots = database.slots();
    let (page, at) = slots.nth((random % (slots.len() as u64).max(1)) as usize)?;
    page.sorted(slots.hasher()).get(at).map(|(_, item)| *item)
}

fn cursor(place: Place) -> u64 {
    u64::from(place.slot) << HASH_BITS | place.hash >> (u64::BITS - HASH_BITS)
}

fn place(cursor: u64) -> Option<Place> {
    let slot = cursor_slot(cursor)?.0;
    Some(Place { slot, hash: cursor << (u64::BITS - HASH_BITS) })
}

/// The slot a SCAN cursor stands in; none if it is no cursor.
pub fn cursor_slot(cursor: u64) -> Option<Slot> {
    u16::try_from(cursor >> HASH_BITS).ok().filter(|slot| *slot < SLOTS).map(Slot)
}

/// The SCAN cursor at the beginning of a slot.
pub fn slot_cursor(slot: Slot) -> u64 {
    u64::from(slot.0) << HASH_BITS
}

fn key(item: &Item) -> Outcome {
    Outcome::Bytes(item.key.bytes().to_vec())
}
