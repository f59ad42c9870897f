//! The items of a database by slot.

use std::sync::Arc;

use super::directory::Directory;
use super::page::{PAGE_ITEMS_MAX, Page};
use super::{Hasher, Item, Name};
use crate::slot::SLOTS;

/// How many slots stand together: as many as a `u128` has bits.
const GROUP_SLOTS: usize = 128;

/// How many groups there are.
const GROUPS: usize = SLOTS as usize / GROUP_SLOTS;

/// The items of a slot.
#[derive(Clone, Debug, Default)]
enum Cell {
    #[default]
    Empty,
    One(Arc<Page>),
    Many(Arc<Directory>),
}

/// The items of 128 neighbouring slots.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Group {
    /// A bit for each slot that is not empty.
    used: u128,
    len: usize,
    cells: [Cell; GROUP_SLOTS],
}

/// The items of all slots.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Slots {
    groups: Vec<Option<Arc<Group>>>,
    hasher: Hasher,
    len: usize,
}

/// A place in the order of all items: by slot, then by hash.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::keys) struct Place {
    pub slot: u16,
    pub hash: u64,
}

impl Slots {
    pub(in crate::keys) fn new(hasher: Hasher) -> Self {
        Slots { groups: vec![None; GROUPS], hasher, len: 0 }
    }

    /// How many items.
    pub(in crate::keys) fn len(&self) -> usize {
        self.len
    }

    pub(in crate::keys) fn hasher(&self) -> Hasher {
        self.hasher
    }

    /// The groups, to be looked at or written out later.
    pub(in crate::keys) fn groups(&self) -> impl Iterator<Item = &Arc<Group>> {
        self.groups.iter().flatten()
    }

    pub(in crate::keys) fn into_groups(self) -> impl Iterator<Item = Arc<Group>> {
        self.groups.into_iter().flatten()
    }

    pub(in crate::keys) fn get(&self, name: &Name<'_>) -> Option<&Item> {
        let page = self.page(name)?;
        page.find(name.hash, name.key).map(|at| &page.items()[at])
    }

    /// The item, in pages of our own.
    pub(super) fn get_mut(&mut self, name: &Name<'_>) -> Option<&mut Item> {
        // Looked for first, so that nothing is copied for a key that is not there.
        let at = self.page(name)?.find(name.hash, name.key)?;
        let cell = self.group_mut(name).cell_mut(name);
        let page = match cell {
            Cell::Empty => return None,
            Cell::One(page) => page,
            Cell::Many(directory) => Arc::make_mut(directory).page_mut(name.hash),
        };
        Some(Arc::make_mut(page).item_mut(at))
    }

    /// Adds an item whose key is not there yet.
    pub(super) fn insert(&mut self, name: &Name<'_>, item: Item) {
        let hasher = self.hasher;
        self.len += 1;
        let group = self.group_mut(name);
        group.len += 1;
        group.used |= 1 << (usize::from(name.slot) % GROUP_SLOTS);
        let cell = group.cell_mut(name);
        match cell {
            Cell::Empty => {
                let mut page = Page::new();
                page.push(name.hash, item);
                *cell = Cell::One(Arc::new(page));
            }
            Cell::One(page) if page.len() < PAGE_ITEMS_MAX => {
                Arc::make_mut(page).push(name.hash, item);
            }
            Cell::One(page) => {
                let page = std::mem::replace(page, Arc::new(Page::new()));
                let mut directory = Directory::new(page);
                directory.insert(name, item, hasher);
                *cell = Cell::Many(Arc::new(directory));
            }
            Cell::Many(directory) => Arc::make_mut(directory).insert(name, item, hasher),
        }
    }

    pub(super) fn remove(&mut self, name: &Name<'_>) -> Option<Item> {
        self.get(name)?;
        self.len -= 1;
        let group = self.group_mut(name);
        group.len -= 1;
        let cell = group.cell_mut(name);
        let item = match cell {
            Cell::Empty => None,
            Cell::One(page) => {
                let at = page.find(name.hash, name.key)?;
                Some(Arc::make_mut(page).remove(at))
            }
            Cell::Many(directory) => Arc::make_mut(directory).remove(name),
        };
        cell.settle();
        if matches!(cell, Cell::Empty) {
            group.used &= !(1 << (usize::from(name.slot) % GROUP_SLOTS));
        }
        if group.len == 0 {
            self.groups[usize::from(name.slot) / GROUP_SLOTS] = None;
        }
        item
    }

    /// The page on which the items with this hash stand.
    pub(in crate::keys) fn page(&self, name: &Name<'_>) -> Option<&Page> {
        let group = self.groups[usize::from(name.slot) / GROUP_SLOTS].as_ref()?;
        match group.cell(name.slot) {
            Cell::Empty => None,
            Cell::One(page) => Some(page),
            Cell::Many(directory) => Some(directory.page(name.hash)),
        }
    }

    /// The pages from the one that covers `place` on, with their slots.
    pub(in crate::keys) fn pages_from(
        &self,
        place: Place,
    ) -> impl Iterator<Item = (u16, &Arc<Page>)> {
        let first = usize::from(place.slot) / GROUP_SLOTS;
        let groups = self.groups.iter().enumerate().skip(first);
        groups.filter_map(|(at, group)| Some((at, group.as_ref()?))).flat_map(move |(at, group)| {
            let base = at * GROUP_SLOTS;
            let from = usize::from(place.slot).saturating_sub(base);
            group.used_from(from).flat_map(move |cell| {
                let slot = (base + cell) as u16;
                let hash = if slot == place.slot { place.hash } else { 0 };
                group.cells[cell].pages_from(hash).map(move |page| (slot, page))
            })
        })
    }

    /// The page and the position on it of the item with `n` items before it.
    pub(in crate::keys) fn nth(&self, mut n: usize) -> Option<(&Page, usize)> {
        let group = self.groups().find(|group| skip(&mut n, group.len))?;
        let cell = group.used_from(0).find(|at| skip(&mut n, group.cells[*at].len()))?;
        let page = group.cells[cell].pages().find(|page| skip(&mut n, page.len()))?;
        Some((page, n))
    }

    fn group_mut(&mut self, name: &Name<'_>) -> &mut Group {
        let group = &mut self.groups[usize::from(name.slot) / GROUP_SLOTS];
        Arc::make_mut(group.get_or_insert_with(|| Arc::new(Group::new())))
    }
}

/// Whether the wanted item is within the next `len`; if not, goes behind them.
fn skip(n: &mut usize, len: usize) -> bool {
    if *n < len {
        return true;
    }
    *n -= len;
    false
}

impl Group {
    fn new() -> Self {
        Group { used: 0, len: 0, cells: [const { Cell::Empty }; GROUP_SLOTS] }
    }

    /// All its pages.
    pub(in crate::keys) fn pages(&self) -> impl Iterator<Item = &Arc<Page>> {
        self.used_from(0).flat_map(|at| self.cells[at].pages())
    }

    /// How many items.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Its pages; what somebody else looks at is copied.
    pub(super) fn into_pages(self) -> impl Iterator<Item = Arc<Page>> {
        self.cells.into_iter().flat_map(Cell::into_pages)
    }

    fn cell(&self, slot: u16) -> &Cell {
        &self.cells[usize::from(slot) % GROUP_SLOTS]
    }

    fn cell_mut(&mut self, name: &Name<'_>) -> &mut Cell {
        &mut self.cells[usize::from(name.slot) % GROUP_SLOTS]
    }

    /// The cells from `from` on that are not empty.
    fn used_from(&self, from: usize) -> impl Iterator<Item = usize> + use<> {
        let mut left = if from < GROUP_SLOTS { self.used & (u128::MAX << from) } else { 0 };
        std::iter::from_fn(move || {
            let at = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(at)
        })
    }
}

impl Cell {
    fn len(&self) -> usize {
        match self {
            Cell::Empty => 0,
            Cell::One(page) => page.len(),
            Cell::Many(directory) => directory.len(),
        }
    }

    fn pages(&self) -> impl Iterator<Item = &Arc<Page>> {
        self.pages_from(0)
    }

    fn pages_from(&self, hash: u64) -> impl Iterator<Item = &Arc<Page>> {
        let (one, many) = match self {
            Cell::Empty => (None, None),
            Cell::One(page) => (Some(page), None),
            Cell::Many(directory) => (None, Some(directory.pages_from(hash))),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    fn into_pages(self) -> impl Iterator<Item = Arc<Page>> {
        let (one, many) = match self {
            Cell::Empty => (None, None),
            Cell::One(page) => (Some(page), None),
            Cell::Many(directory) => (None, Some(Arc::unwrap_or_clone(directory).into_pages())),
        };
        one.into_iter().chain(many.into_iter().flatten())
    }

    /// Goes back to the simplest form that holds what is left.
    fn settle(&mut self) {
        match self {
            Cell::One(page) if page.len() == 0 => *self = Cell::Empty,
            Cell::Many(directory) => {
                if let Some(page) = directory.only_page() {
                    *self = Cell::One(page.clone());
                }
            }
            _ => {}
        }
    }
}
