//! Walking over a tree.

use super::node::Seek;
use super::{Entry, Tree};
use crate::keys::store::pack::Entries;

/// Entries from a position on.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Range<'a> {
    tree: &'a Tree,
    next: usize,
    leaf: Entries<'a>,
}

impl<'a> Range<'a> {
    pub(super) fn new(tree: &'a Tree, next: usize) -> Self {
        Range { tree, next, leaf: Entries::none() }
    }
}

impl<'a> Iterator for Range<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        loop {
            if let Some(entry) = self.leaf.next() {
                self.next += 1;
                return Some(entry);
            }
            if self.next >= self.tree.len {
                return None;
            }
            let (leaf, before) = self.tree.root.leaf(Seek::At(self.next));
            self.leaf = leaf.iter();
            for _ in before..self.next {
                self.leaf.next();
            }
        }
    }
}

/// Entries before a position, the last one first.
#[derive(Clone, Debug)]
pub(in crate::keys) struct Backward<'a> {
    tree: &'a Tree,
    /// How many are left behind those of `leaf`.
    left: usize,
    leaf: Vec<Entry<'a>>,
}

impl<'a> Backward<'a> {
    pub(super) fn new(tree: &'a Tree, left: usize) -> Self {
        Backward { tree, left, leaf: Vec::new() }
    }
}

impl<'a> Iterator for Backward<'a> {
    type Item = Entry<'a>;

    fn next(&mut self) -> Option<Entry<'a>> {
        if self.leaf.is_empty() && self.left > 0 {
            let (leaf, before) = self.tree.root.leaf(Seek::At(self.left - 1));
            self.leaf.extend(leaf.iter().take(self.left - before));
            self.left = before;
        }
        self.leaf.pop()
    }
}
