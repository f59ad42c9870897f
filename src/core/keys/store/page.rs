//! A page: a few items that are copied together.

use memchr::memchr_iter;

use super::{Hasher, Item};

/// How many items a page holds before it is split in two.
pub(super) const PAGE_ITEMS_MAX: usize = 64;

/// By how many items a page's room grows.
const ROOM_STEP: usize = 8;

/// Items in no order, and a byte of each one's hash to find it by.
#[derive(Debug)]
pub(in crate::keys) struct Page {
    /// Only as many as there are items mean something.
    tags: [u8; PAGE_ITEMS_MAX],
    items: Vec<Item>,
}

impl Page {
    pub(super) fn new() -> Self {
        Page { tags: [0; PAGE_ITEMS_MAX], items: Vec::new() }
    }

    pub(in crate::keys) fn items(&self) -> &[Item] {
        &self.items
    }

    pub(super) fn into_items(self) -> Vec<Item> {
        self.items
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn item_mut(&mut self, at: usize) -> &mut Item {
        &mut self.items[at]
    }

    pub(super) fn find(&self, hash: u64, key: &[u8]) -> Option<usize> {
        self.tagged(hash).find(|at| self.items[*at].key.bytes() == key)
    }

    /// The items that may have this hash.
    pub(super) fn tagged(&self, hash: u64) -> impl Iterator<Item = usize> + '_ {
        let tags = self.len().min(PAGE_ITEMS_MAX);
        // More items than tags are in a page only if all their hashes are equal.
        memchr_iter(tag(hash), &self.tags[..tags]).chain(tags..self.len())
    }

    pub(super) fn push(&mut self, hash: u64, item: Item) {
        let at = self.items.len();
        if at == self.items.capacity() {
            self.items.reserve_exact(ROOM_STEP);
        }
        if let Some(slot) = self.tags.get_mut(at) {
            *slot = tag(hash);
        }
        self.items.push(item);
    }

    pub(super) fn remove(&mut self, at: usize) -> Item {
        let item = self.items.swap_remove(at);
        let last = self.items.len();
        if last < PAGE_ITEMS_MAX {
            self.tags[at] = self.tags[last];
        }
        if self.items.capacity() >= last + 2 * ROOM_STEP {
            self.items.shrink_to(last + ROOM_STEP);
        }
        item
    }

    /// Parts the items by the bit `bit` of their hashes: those without it, those with it.
    pub(super) fn split(self, bit: u64, hasher: Hasher) -> (Page, Page) {
        let (mut low, mut high) = (Page::new(), Page::new());
        for item in self.items {
            let hash = hasher.hash(item.key.bytes());
            let page = if hash & bit == 0 { &mut low } else { &mut high };
            page.push(hash, item);
        }
        (low, high)
    }

    /// Takes over all items of another page.
    pub(super) fn merge(&mut self, other: Page) {
        self.items.reserve_exact(other.len());
        for (at, item) in other.items.into_iter().enumerate() {
            let to = self.items.len();
            self.tags[to] = other.tags[at];
            self.items.push(item);
        }
    }

    /// The items in the order of their hashes, keys deciding between equal ones.
    pub(in crate::keys) fn sorted(&self, hasher: Hasher) -> Vec<(u64, &Item)> {
        let mut sorted: Vec<_> =
            self.items.iter().map(|item| (hasher.hash(item.key.bytes()), item)).collect();
        sorted.sort_unstable_by(|a, b| (a.0, a.1.key.bytes()).cmp(&(b.0, b.1.key.bytes())));
        sorted
    }
}

impl Clone for Page {
    /// With the same room, so that the next insertion does not move the items.
    fn clone(&self) -> Self {
        let mut items = Vec::with_capacity(self.items.capacity());
        items.extend(self.items.iter().cloned());
        Page { tags: self.tags, items }
    }
}

/// The lowest byte: pages are split by the highest bits.
fn tag(hash: u64) -> u8 {
    hash as u8
}
