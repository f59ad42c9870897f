//! Values by number, copy-on-write: 64 to a page, 64 pages to a block.
//!
//! Made for numbers that grow and values that come and go near both ends. A
//! clone copies one pointer for 4,096 numbers; a change afterwards copies a page
//! and a block of pointers.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Values by number.
#[derive(Clone, Debug)]
pub struct Paged<T> {
    /// By number / 4,096. Invariant: no block and no page is empty.
    blocks: BTreeMap<u64, Arc<Block<T>>>,
    len: usize,
}

/// Up to 64 values, numbered 0 to 63.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// Which numbers have a value.
    mask: u64,
    /// The values that are there, in order.
    items: Vec<T>,
}

type Block<T> = Page<Arc<Page<T>>>;

const FANOUT: u64 = 64;

impl<T: Clone> Paged<T> {
    /// A map without values.
    pub fn new() -> Self {
        Paged { blocks: BTreeMap::new(), len: 0 }
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The value of a number.
    pub fn get(&self, number: u64) -> Option<&T> {
        let (block, page, slot) = split(number);
        self.blocks.get(&block)?.get(page)?.get(slot)
    }

    /// The value of a number, to be changed.
    pub fn get_mut(&mut self, number: u64) -> Option<&mut T> {
        // A miss must not cost a copy.
        self.get(number)?;
        let (block, page, slot) = split(number);
        let block = Arc::make_mut(self.blocks.get_mut(&block)?);
        Arc::make_mut(block.get_mut(page)?).get_mut(slot)
    }

    /// Gives a number a value and returns the one it had.
    pub fn insert(&mut self, number: u64, value: T) -> Option<T> {
        let (block, page, slot) = split(number);
        let block = Arc::make_mut(self.blocks.entry(block).or_default());
        if block.get(page).is_none() {
            block.insert(page, Arc::default());
        }
        let page = block.get_mut(page).expect("the page is there or was just made");
        let old = Arc::make_mut(page).insert(slot, value);
        self.len += usize::from(old.is_none());
        old
    }

    /// Takes a number out and returns its value.
    pub fn remove(&mut self, number: u64) -> Option<T> {
        self.get(number)?;
        let (block_number, page_number, slot) = split(number);
        let block = Arc::make_mut(self.blocks.get_mut(&block_number)?);
        let page = Arc::make_mut(block.get_mut(page_number)?);
        let old = page.remove(slot);
        if page.mask == 0 {
            block.remove(page_number);
        }
        if block.mask == 0 {
            self.blocks.remove(&block_number);
        }
        self.len -= 1;
        old
    }

    /// The smallest number and its value.
    pub fn first(&self) -> Option<(u64, &T)> {
        self.iter().next()
    }

    /// The largest number.
    pub fn last_number(&self) -> Option<u64> {
        let (block_number, block) = self.blocks.last_key_value()?;
        let page_number = block.last_slot()?;
        let slot = block.get(page_number)?.last_slot()?;
        Some((block_number * FANOUT + page_number) * FANOUT + slot)
    }

    /// All values with their numbers, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (u64, &T)> {
        self.blocks.iter().flat_map(|(block_number, block)| {
            block.iter().flat_map(move |(page_number, page)| {
                let base = (block_number * FANOUT + page_number) * FANOUT;
                page.iter().map(move |(slot, value)| (base + slot, value))
            })
        })
    }

    /// The values from a number on, in order.
    pub fn iter_from(&self, number: u64) -> impl Iterator<Item = (u64, &T)> {
        let blocks = self.blocks.range(split(number).0..);
        let values = blocks.flat_map(|(block_number, block)| {
            block.iter().flat_map(move |(page_number, page)| {
                let base = (block_number * FANOUT + page_number) * FANOUT;
                page.iter().map(move |(slot, value)| (base + slot, value))
            })
        });
        values.skip_while(move |(at, _)| *at < number)
    }

    /// Takes the first page out, with the number of its first slot.
    pub fn take_page(&mut self) -> Option<(u64, Arc<Page<T>>)> {
        let mut entry = self.blocks.first_entry()?;
        let block_number = *entry.key();
        let block = Arc::make_mut(entry.get_mut());
        let page_number = u64::from(block.mask.trailing_zeros());
        let page = block.remove(page_number);
        if block.mask == 0 {
            entry.remove();
        }
        self.len -= page.as_ref().map_or(0, |page| page.items.len());
        Some(((block_number * FANOUT + page_number) * FANOUT, page?))
    }

    /// The pages in order, each with the number of its first slot.
    pub fn into_pages(self) -> impl Iterator<Item = (u64, Arc<Page<T>>)> {
        self.blocks.into_iter().flat_map(|(block_number, block)| {
            let pages = block.iter().map(|(page_number, page)| {
                ((block_number * FANOUT + page_number) * FANOUT, page.clone())
            });
            pages.collect::<Vec<_>>()
        })
    }
}

impl<T: Clone> Default for Paged<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Page { mask: 0, items: Vec::new() }
    }
}

impl<T> Page<T> {
    /// The values with their slots, in order.
    pub fn iter(&self) -> PageIter<'_, T> {
        PageIter { mask: self.mask, items: self.items.iter() }
    }

    fn last_slot(&self) -> Option<u64> {
        (self.mask != 0).then(|| u64::from(63 - self.mask.leading_zeros()))
    }

    fn has(&self, slot: u64) -> bool {
        self.mask >> slot & 1 == 1
    }

    /// How many values stand before that of `slot`.
    fn rank(&self, slot: u64) -> usize {
        (self.mask & ((1 << slot) - 1)).count_ones() as usize
    }

    fn get(&self, slot: u64) -> Option<&T> {
        self.has(slot).then(|| &self.items[self.rank(slot)])
    }

    fn get_mut(&mut self, slot: u64) -> Option<&mut T> {
        if !self.has(slot) {
            return None;
        }
        let rank = self.rank(slot);
        Some(&mut self.items[rank])
    }

    fn insert(&mut self, slot: u64, value: T) -> Option<T> {
        let rank = self.rank(slot);
        if self.has(slot) {
            return Some(std::mem::replace(&mut self.items[rank], value));
        }
        self.mask |= 1 << slot;
        self.items.insert(rank, value);
        None
    }

    fn remove(&mut self, slot: u64) -> Option<T> {
        if !self.has(slot) {
            return None;
        }
        let value = self.items.remove(self.rank(slot));
        self.mask &= !(1 << slot);
        if self.items.len() * 4 < self.items.capacity() {
            self.items.shrink_to(self.items.len() * 2);
        }
        Some(value)
    }
}

/// The values of a page with their slots.
#[derive(Debug)]
pub struct PageIter<'a, T> {
    mask: u64,
    items: std::slice::Iter<'a, T>,
}

impl<'a, T> Iterator for PageIter<'a, T> {
    type Item = (u64, &'a T);

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.items.next()?;
        let slot = u64::from(self.mask.trailing_zeros());
        self.mask &= !(1 << slot);
        Some((slot, item))
    }
}

impl<T> DoubleEndedIterator for PageIter<'_, T> {
    fn next_back(&mut self) -> Option<Self::Item> {
        let item = self.items.next_back()?;
        let slot = u64::from(63 - self.mask.leading_zeros());
        self.mask &= !(1 << slot);
        Some((slot, item))
    }
}

/// The block, the page in it and the slot on that.
fn split(number: u64) -> (u64, u64, u64) {
    (number / (FANOUT * FANOUT), number / FANOUT % FANOUT, number % FANOUT)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// A fixed sequence of numbers without order.
    fn numbers() -> impl Iterator<Item = u64> {
        (0..4000u64).map(|step| step.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 50)
    }

    #[test]
    fn it_holds_what_a_plain_map_holds() {
        let mut paged = Paged::new();
        let mut plain = BTreeMap::new();
        for (step, number) in numbers().enumerate() {
            if step % 3 == 2 {
                let number = *plain.keys().next().unwrap_or(&number);
                assert_eq!(paged.remove(number), plain.remove(&number));
            } else {
                assert_eq!(paged.insert(number, step), plain.insert(number, step));
            }
            assert_eq!(paged.len(), plain.len());
            assert_eq!(paged.last_number(), plain.last_key_value().map(|(number, _)| *number));
            assert_eq!(
                paged.first(),
                plain.first_key_value().map(|(number, value)| (*number, value))
            );
            assert_eq!(paged.get(number), plain.get(&number));
        }
        assert!(paged.iter().eq(plain.iter().map(|(number, value)| (*number, value))));
        assert!(paged.iter().rev().eq(plain.iter().rev().map(|(number, value)| (*number, value))));
        for from in [0, 1, 5_000, 9_999, u64::MAX] {
            assert!(paged.iter_from(from).eq(paged.iter().filter(|(number, _)| *number >= from)));
        }
        let pages = paged.clone().into_pages();
        let numbers: Vec<u64> = pages
            .flat_map(|(base, page)| page.iter().map(|(slot, _)| base + slot).collect::<Vec<_>>())
            .collect();
        assert!(numbers.iter().eq(plain.keys()));
    }

    #[test]
    fn a_clone_keeps_what_was_there_when_it_was_made() {
        let mut paged = Paged::new();
        for number in 0..10_000 {
            paged.insert(number, number);
        }
        let image = paged.clone();
        for number in 0..10_000 {
            if number % 2 == 0 {
                paged.remove(number);
            } else {
                *paged.get_mut(number).unwrap() += 1;
            }
        }
        assert_eq!((image.len(), paged.len()), (10_000, 5_000));
        assert!(image.iter().all(|(number, value)| number == *value));
        assert!(paged.iter().all(|(number, value)| number + 1 == *value));
    }

    #[test]
    fn an_emptied_map_keeps_no_pages() {
        let mut paged = Paged::new();
        for number in numbers() {
            paged.insert(number, ());
        }
        for number in numbers() {
            paged.remove(number);
        }
        assert!(paged.is_empty() && paged.blocks.is_empty());
    }
}
