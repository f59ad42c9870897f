//! Lists: elements that are found by their position.
//!
//! A few stand in a pack, many in a tree; their keys are empty.

use super::collection::{Collection, Form};
use super::pack::{Entries, Entry};
use super::tree::{Backward, Range, Tree};

/// How many bytes a list that is a pack has at most.
const PACK_BYTES_MAX: usize = 1024;

/// Walks over elements.
#[derive(Clone, Debug)]
pub(in crate::keys) enum Elements<'a> {
    Packed(Entries<'a>),
    Tree(Range<'a>),
}

/// Walks back over elements.
#[derive(Clone, Debug)]
pub(in crate::keys) enum ElementsBack<'a> {
    Packed(std::iter::Rev<std::vec::IntoIter<Entry<'a>>>),
    Tree(Backward<'a>),
}

impl<'a> Iterator for Elements<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let entry = match self {
            Elements::Packed(entries) => entries.next(),
            Elements::Tree(range) => range.next(),
        };
        entry.map(|entry| entry.value)
    }
}

impl<'a> Iterator for ElementsBack<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let entry = match self {
            ElementsBack::Packed(entries) => entries.next(),
            ElementsBack::Tree(range) => range.next(),
        };
        entry.map(|entry| entry.value)
    }
}

impl Collection {
    /// The element at a position.
    pub(in crate::keys) fn element(&self, position: usize) -> Option<&[u8]> {
        match self.form() {
            Form::Packed(pack) => pack.nth(position).map(|entry| entry.value),
            Form::Tree(tree) => tree.nth(position).map(|entry| entry.value),
            Form::Ranked(_) => None,
        }
    }

    /// The elements from a position on.
    pub(in crate::keys) fn elements(&self, position: usize) -> Elements<'_> {
        match self.form() {
            Form::Packed(pack) => {
                let mut entries = pack.iter();
                (0..position).for_each(|_| _ = entries.next());
                Elements::Packed(entries)
            }
            Form::Tree(tree) => Elements::Tree(tree.from(position)),
            Form::Ranked(_) => Elements::Packed(Entries::none()),
        }
    }

    /// All elements, the last one first.
    pub(in crate::keys) fn elements_back(&self) -> ElementsBack<'_> {
        match self.form() {
            Form::Packed(pack) => {
                let entries: Vec<_> = pack.iter().collect();
                ElementsBack::Packed(entries.into_iter().rev())
            }
            Form::Tree(tree) => ElementsBack::Tree(tree.back_from(usize::MAX)),
            Form::Ranked(_) => ElementsBack::Packed(Vec::new().into_iter().rev()),
        }
    }

    /// Puts an element at a position, before the one that stands there.
    pub(in crate::keys) fn insert_element(&mut self, position: usize, value: &[u8]) {
        let entry = Entry { key: b"", value };
        self.make_room(entry.size());
        match self.tree_mut() {
            Some(tree) => tree.insert_at(position, entry),
            None => self.edit_pack(|pack| {
                let at = pack.view().place(position);
                pack.insert(at, entry);
            }),
        }
    }

    /// Gives the element at a position, which there is, another value.
    pub(in crate::keys) fn set_element(&mut self, position: usize, value: &[u8]) {
        self.make_room(Entry { key: b"", value }.size());
        match self.tree_mut() {
            Some(tree) => tree.set_at(position, value),
            None => self.edit_pack(|pack| {
                let at = pack.view().place(position);
                pack.set_value(at, value);
            }),
        }
    }

    /// Removes `count` elements from a position on, as far as there are so many.
    pub(in crate::keys) fn remove_elements(&mut self, position: usize, count: usize) {
        let count = count.min(self.len().saturating_sub(position));
        match self.tree_mut() {
            _ if count == 0 => {}
            Some(tree) => tree.remove_range(position, count),
            None => self.edit_pack(|pack| pack.remove_range(position, count)),
        }
    }

    /// Makes a tree of a pack that would become too large.
    fn make_room(&mut self, size: usize) {
        let Form::Packed(pack) = self.form() else { return };
        if pack.size() + size <= PACK_BYTES_MAX {
            return;
        }
        let mut tree = Tree::default();
        pack.iter().for_each(|entry| tree.push(entry));
        *self = Collection::of_tree(tree);
    }

    /// Whether a list of this size may be a pack.
    pub(in crate::keys) fn list_fits_pack(size: usize) -> bool {
        size <= PACK_BYTES_MAX
    }
}
