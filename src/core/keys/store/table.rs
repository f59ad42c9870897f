//! Hashes and sets: entries that are found by their key.
//!
//! As long as they are few they stand in a pack in the order in which they came. A
//! tree has them in the order of four bytes of their hash, which stand before the
//! key, so that the order depends on the keys alone.

use smallvec::SmallVec;

use super::collection::{Collection, Form};
use super::pack::{Entries, Entry};
use super::tree::{Range, Tree};
use super::{Hasher, PackView};
use crate::Fault;
use crate::keys::chosen;

/// How many bytes of its hash stand before a key.
pub(in crate::keys) const HASH_BYTES: usize = 4;

/// How many entries one answer gives that may be the same.
const REPEATED_MAX: usize = 1_000_000;

/// How many bytes one answer gives of entries that may be the same.
pub(in crate::keys) const CHOSEN_BYTES_MAX: usize = 64 << 20;

/// From which share of the entries on it is cheaper to walk over all of them than to
/// look for each one.
const WALK_SHARE: usize = 16;

/// Up to where a table is a pack.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Limits {
    /// How many entries.
    pub entries: usize,
    /// How long a key or a value.
    pub part_bytes: usize,
    /// How many bytes all together.
    pub bytes: usize,
}

/// What Redis calls a listpack of a hash.
pub(in crate::keys) const HASH_LIMITS: Limits =
    Limits { entries: 512, part_bytes: 64, bytes: usize::MAX };

/// A set that is small.
pub(in crate::keys) const SET_LIMITS: Limits = Limits { entries: 64, part_bytes: 64, bytes: 1024 };

impl Limits {
    /// Whether a pack that is as large as this may still be one with `entry` in it.
    pub(in crate::keys) fn admit(self, pack: PackView<'_>, entry: &Entry<'_>) -> bool {
        pack.len() < self.entries
            && self.admit_parts(entry)
            && pack.size() + entry.size() <= self.bytes
    }

    fn admit_parts(self, entry: &Entry<'_>) -> bool {
        entry.key.len() <= self.part_bytes && entry.value.len() <= self.part_bytes
    }
}

/// Walks over a table.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Rows<'a> {
    Packed(Entries<'a>),
    Tree(Range<'a>),
}

impl<'a> Iterator for Rows<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        match self {
            Rows::Packed(entries) => entries.next(),
            Rows::Tree(range) => range.next().map(without_hash),
        }
    }
}

impl Collection {
    /// The value of a key.
    pub(in crate::keys) fn get(&self, hasher: Hasher, key: &[u8]) -> Option<&[u8]> {
        match self.form() {
            Form::Packed(pack) => pack.find(key).map(|(_, entry)| entry.value),
            Form::Tree(tree) => tree.get(&placed(hasher, key)),
            Form::Ranked(ranked) => ranked.members.get(&placed(hasher, key)),
        }
    }

    /// All entries, in an order that is the same on all replicas.
    pub(in crate::keys) fn rows(&self) -> Rows<'_> {
        match self.form() {
            Form::Packed(pack) => Rows::Packed(pack.iter()),
            Form::Tree(tree) => Rows::Tree(tree.from(0)),
            Form::Ranked(ranked) => Rows::Tree(ranked.members.from(0)),
        }
    }

    /// The entry with so many before it.
    pub(in crate::keys) fn nth(&self, index: usize) -> Option<Entry<'_>> {
        match self.form() {
            Form::Packed(pack) => pack.nth(index),
            Form::Tree(tree) => tree.nth(index).map(without_hash),
            Form::Ranked(ranked) => ranked.members.nth(index).map(without_hash),
        }
    }

    /// Gives a key a value; whether the key is new.
    pub(in crate::keys) fn put(
        &mut self,
        hasher: Hasher,
        limits: Limits,
        entry: Entry<'_>,
    ) -> bool {
        let Form::Packed(pack) = self.form() else { return self.put_in_tree(hasher, entry) };
        match pack.find(entry.key) {
            Some((at, _)) if limits.admit_parts(&entry) => {
                self.edit_pack(|pack| pack.set_value(at, entry.value));
                false
            }
            None if limits.admit(pack, &entry) => {
                self.edit_pack(|pack| pack.push(entry));
                true
            }
            _ => {
                self.spread(hasher);
                self.put_in_tree(hasher, entry)
            }
        }
    }

    /// Removes a key; whether it was there.
    pub(in crate::keys) fn remove(&mut self, hasher: Hasher, key: &[u8]) -> bool {
        if let Form::Packed(pack) = self.form() {
            let Some((at, _)) = pack.find(key) else { return false };
            self.edit_pack(|pack| pack.remove(at));
            return true;
        }
        let there = self.get(hasher, key).is_some();
        if there && let Some(tree) = self.tree_mut() {
            tree.remove(&placed(hasher, key));
        }
        there
    }

    /// Makes a tree of a pack.
    fn spread(&mut self, hasher: Hasher) {
        let mut tree = Tree::default();
        for entry in self.rows() {
            tree.put(Entry { key: &placed(hasher, entry.key), ..entry });
        }
        *self = Collection::of_tree(tree);
    }

    fn put_in_tree(&mut self, hasher: Hasher, entry: Entry<'_>) -> bool {
        let tree = self.tree_mut().expect("it is no pack");
        tree.put(Entry { key: &placed(hasher, entry.key), ..entry })
    }

    /// `count` different entries, or, when it is negative, so many of which some may be
    /// the same; `seed` chooses, and `shown` says how many bytes of one are shown.
    ///
    /// # Errors
    /// One answer does not give so many, or not so many bytes.
    pub(in crate::keys) fn chosen(
        &self,
        count: i64,
        seed: u64,
        shown: impl Fn(&Entry<'_>) -> usize,
    ) -> Result<Vec<Entry<'_>>, Fault> {
        let len = self.len();
        let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
        if len == 0 || wanted == 0 {
            return Ok(Vec::new());
        }
        if count > 0 {
            return Ok(self.at_places(&chosen::some(seed, len, wanted)));
        }
        if wanted > REPEATED_MAX {
            return Err(Fault::CountTooLarge);
        }
        let places = chosen::any(seed, len, wanted);
        let found: Vec<Entry<'_>> = if wanted > len / WALK_SHARE {
            let all: Vec<Entry<'_>> = self.rows().collect();
            places.map(|place| all[place]).collect()
        } else {
            places.filter_map(|place| self.nth(place)).collect()
        };
        let bytes: usize = found.iter().map(shown).sum();
        if bytes > CHOSEN_BYTES_MAX { Err(Fault::AnswerTooBig) } else { Ok(found) }
    }

    /// The entries at these places, which are in order.
    fn at_places(&self, places: &[usize]) -> Vec<Entry<'_>> {
        if places.len() <= self.len() / WALK_SHARE {
            return places.iter().filter_map(|place| self.nth(*place)).collect();
        }
        let mut places = places.iter().copied().peekable();
        let wanted = |(at, _): &(usize, Entry<'_>)| places.next_if_eq(at).is_some();
        self.rows().enumerate().filter(wanted).map(|(_, entry)| entry).collect()
    }

    /// `count` entries or a few more from a cursor on, and the next cursor, 0 at the
    /// end. A pack is given as a whole.
    pub(in crate::keys) fn scan(&self, cursor: u64, count: u64) -> (u64, Vec<Entry<'_>>) {
        let tree = match self.form() {
            Form::Packed(pack) => return (0, pack.iter().collect()),
            Form::Tree(tree) => tree,
            Form::Ranked(ranked) => &ranked.members,
        };
        let Ok(from) = u32::try_from(cursor) else { return (0, Vec::new()) };
        let (position, _) = tree.rank(&from.to_be_bytes());
        let mut found: Vec<Entry<'_>> = Vec::new();
        let mut last = None;
        for entry in tree.from(position) {
            let hash = u32::from_be_bytes(*hash_of(entry));
            // What shares a cursor is given together. One of 0 is never left over: it
            // would be the first of all.
            if found.len() as u64 >= count && last != Some(hash) {
                return (hash.into(), found);
            }
            last = Some(hash);
            found.push(without_hash(entry));
        }
        (0, found)
    }
}

/// A key as it stands in a tree.
pub(in crate::keys) fn placed(hasher: Hasher, key: &[u8]) -> SmallVec<[u8; 64]> {
    let hash = (hasher.hash(key) >> 32) as u32;
    let mut placed = SmallVec::from_slice(&hash.to_be_bytes());
    placed.extend_from_slice(key);
    placed
}

/// An entry of a tree as it was given.
pub(in crate::keys) fn without_hash(entry: Entry<'_>) -> Entry<'_> {
    Entry { key: &entry.key[HASH_BYTES..], ..entry }
}

fn hash_of(entry: Entry<'_>) -> &[u8; HASH_BYTES] {
    entry.key.first_chunk().expect("a key in a tree begins with its hash")
}
