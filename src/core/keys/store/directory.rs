//! A slot with more items than a page holds.

use std::sync::Arc;

use super::page::{PAGE_ITEMS_MAX, Page};
use super::{Hasher, Item, Name};

/// A range of hashes with the same highest bits, and its page.
#[derive(Clone, Debug)]
struct Part {
    /// The first hash of the range.
    start: u64,
    /// How many bits its hashes have in common.
    depth: u32,
    page: Arc<Page>,
}

/// The pages of a slot, in the order of their hashes.
///
/// Invariant: the ranges are the leaves of the binary trie in which a node has
/// children exactly if it holds more than a page may.
#[derive(Clone, Debug)]
pub(super) struct Directory {
    parts: Vec<Part>,
    len: usize,
}

impl Directory {
    pub(super) fn new(page: Arc<Page>) -> Self {
        let len = page.len();
        Directory { parts: vec![Part { start: 0, depth: 0, page }], len }
    }

    /// How many items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The pages from the one that covers `hash` on.
    pub(super) fn pages_from(&self, hash: u64) -> impl Iterator<Item = &Arc<Page>> {
        self.parts[self.index(hash)..].iter().map(|part| &part.page)
    }

    pub(super) fn into_pages(self) -> impl Iterator<Item = Arc<Page>> {
        self.parts.into_iter().map(|part| part.page)
    }

    pub(super) fn page(&self, hash: u64) -> &Arc<Page> {
        &self.parts[self.index(hash)].page
    }

    pub(super) fn page_mut(&mut self, hash: u64) -> &mut Arc<Page> {
        let index = self.index(hash);
        &mut self.parts[index].page
    }

    pub(super) fn insert(&mut self, name: &Name<'_>, item: Item, hasher: Hasher) {
        let mut index = self.index(name.hash);
        while self.parts[index].page.len() >= PAGE_ITEMS_MAX && self.split(index, hasher) {
            index = self.index(name.hash);
        }
        Arc::make_mut(&mut self.parts[index].page).push(name.hash, item);
        self.len += 1;
    }

    pub(super) fn remove(&mut self, name: &Name<'_>) -> Option<Item> {
        let index = self.index(name.hash);
        let at = self.parts[index].page.find(name.hash, name.key)?;
        let item = Arc::make_mut(&mut self.parts[index].page).remove(at);
        self.len -= 1;
        self.merge(index);
        Some(item)
    }

    /// The only page, if there is but one left.
    pub(super) fn only_page(&self) -> Option<&Arc<Page>> {
        match &self.parts[..] {
            [part] => Some(&part.page),
            _ => None,
        }
    }

    fn index(&self, hash: u64) -> usize {
        self.parts.partition_point(|part| part.start <= hash) - 1
    }

    /// Halves a range; false if it holds a single hash.
    fn split(&mut self, index: usize, hasher: Hasher) -> bool {
        let Part { start, depth, .. } = self.parts[index];
        if depth == u64::BITS {
            return false;
        }
        let bit = 1 << (u64::BITS - 1 - depth);
        let page = Arc::unwrap_or_clone(std::mem::replace(
            &mut self.parts[index].page,
            Arc::new(Page::new()),
        ));
        let (low, high) = page.split(bit, hasher);
        self.parts[index] = Part { start, depth: depth + 1, page: Arc::new(low) };
        let high = Part { start: start | bit, depth: depth + 1, page: Arc::new(high) };
        self.parts.insert(index + 1, high);
        true
    }

    /// Joins a range with its other half as long as one page holds both.
    fn merge(&mut self, mut index: usize) {
        while let Some((low, high)) = self.halves(index) {
            let page = self.parts.remove(high).page;
            Arc::make_mut(&mut self.parts[low].page).merge(Arc::unwrap_or_clone(page));
            self.parts[low].depth -= 1;
            index = low;
        }
    }

    /// Where this range and its other half stand, if they can be joined.
    fn halves(&self, index: usize) -> Option<(usize, usize)> {
        let part = &self.parts[index];
        if part.depth == 0 {
            return None;
        }
        let upper = part.start & (1 << (u64::BITS - part.depth)) != 0;
        let low = if upper { index.checked_sub(1)? } else { index };
        let (a, b) = (self.parts.get(low)?, self.parts.get(low + 1)?);
        let fit = a.depth == b.depth && a.page.len() + b.page.len() <= PAGE_ITEMS_MAX;
        fit.then_some((low, low + 1))
    }
}
