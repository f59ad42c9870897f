//! A tree of packs: a collection of any size.
//!
//! A B+tree that knows how many entries are in each of its parts, so that an entry
//! is found by its position as well as by its key. Nodes hang on reference counts
//! and are copied when they are written while somebody else still looks at them:
//! a change copies one leaf and the nodes above it, never more. Entries with keys
//! stand in the order of the keys' bytes; entries without keys where they were put.
//!
//! Where leaves begin and end depends on the history, and is nobody's business:
//! nothing that a client or another replica sees may depend on it.

mod node;
mod range;
#[cfg(test)]
mod tests;

use super::pack::{Entry, Pack};
use node::{Node, Seek};

pub(in crate::keys) use node::Node as TreeNode;
pub(in crate::keys) use range::{Backward, Range};

/// Entries in leaves of about half a kilobyte.
#[derive(Clone, Debug, Default)]
pub(in crate::keys) struct Tree {
    root: Node,
    len: usize,
    size: usize,
}

impl Tree {
    /// How many entries.
    pub(in crate::keys) fn len(&self) -> usize {
        self.len
    }

    /// What the entries take.
    pub(in crate::keys) fn size(&self) -> usize {
        self.size
    }

    /// Bytes of memory, estimated from what does not depend on the history.
    pub(in crate::keys) fn memory(&self) -> usize {
        self.size + self.size / 4 + 96
    }

    /// The value of a key.
    pub(in crate::keys) fn get(&self, key: &[u8]) -> Option<&[u8]> {
        let leaf = self.root.leaf_of(key);
        let (_, _, found) = leaf.seek(|entry| entry.key < key);
        found.filter(|entry| entry.key == key).map(|entry| entry.value)
    }

    /// How many entries stand before this key, and whether it is there.
    pub(in crate::keys) fn rank(&self, key: &[u8]) -> (usize, bool) {
        let (leaf, before) = self.root.leaf(Seek::Key(key));
        let (_, index, found) = leaf.seek(|entry| entry.key < key);
        (before + index, found.is_some_and(|entry| entry.key == key))
    }

    /// How many entries, from the first on, have a key that is below something.
    pub(in crate::keys) fn count_while(&self, below: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            let less = self.nth(middle).is_some_and(|entry| below(entry.key));
            if less { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The entry at a position.
    pub(in crate::keys) fn nth(&self, position: usize) -> Option<Entry<'_>> {
        if position >= self.len {
            return None;
        }
        let (leaf, before) = self.root.leaf(Seek::At(position));
        leaf.nth(position - before)
    }

    /// The entries from a position on.
    pub(in crate::keys) fn from(&self, position: usize) -> Range<'_> {
        Range::new(self, position)
    }

    /// The entries before a position, the last one first.
    pub(in crate::keys) fn back_from(&self, position: usize) -> Backward<'_> {
        Backward::new(self, position.min(self.len))
    }

    /// Gives a key a value; whether the key is new.
    pub(in crate::keys) fn put(&mut self, entry: Entry<'_>) -> bool {
        self.edit(Seek::Key(entry.key), |leaf, _| {
            let (at, _, found) = leaf.view().seek(|other| other.key < entry.key);
            let there = found.is_some_and(|found| found.key == entry.key);
            if there {
                leaf.set_value(at, entry.value);
            } else {
                leaf.insert(at, entry);
            }
            !there
        })
    }

    /// Removes a key that is there.
    pub(in crate::keys) fn remove(&mut self, key: &[u8]) {
        self.edit(Seek::Key(key), |leaf, _| {
            if let Some((at, _)) = leaf.view().find(key) {
                leaf.remove(at);
            }
        });
    }

    /// Puts an entry at a position, before the one that stands there.
    pub(in crate::keys) fn insert_at(&mut self, position: usize, entry: Entry<'_>) {
        if position == self.len {
            return self.push(entry);
        }
        self.edit(Seek::Gap(position), |leaf, index| {
            let at = leaf.view().place(index);
            leaf.insert(at, entry);
        });
    }

    /// Gives the entry at a position another value.
    pub(in crate::keys) fn set_at(&mut self, position: usize, value: &[u8]) {
        self.edit(self.at(position), |leaf, index| {
            let at = leaf.view().place(index);
            leaf.set_value(at, value);
        });
    }

    /// Makes the value of the entry at a position longer, and lets `change` write it anew.
    pub(in crate::keys) fn grow_at(
        &mut self,
        position: usize,
        more: usize,
        change: impl FnOnce(&mut [u8]),
    ) {
        self.edit(self.at(position), |leaf, index| {
            let at = leaf.view().place(index);
            leaf.grow_value(at, more, change);
        });
    }

    /// Removes the entries from a position on, `count` of them.
    pub(in crate::keys) fn remove_range(&mut self, position: usize, count: usize) {
        let mut left = count.min(self.len.saturating_sub(position));
        while left > 0 {
            left -= self.edit(self.at(position), |leaf, index| {
                let count = left.min(leaf.len() - index);
                leaf.remove_range(index, count);
                count
            });
        }
    }

    /// Adds an entry behind all others.
    pub(in crate::keys) fn push(&mut self, entry: Entry<'_>) {
        self.edit(Seek::End, |leaf, _| leaf.push(entry));
    }

    /// What is to be freed bit by bit.
    pub(in crate::keys) fn into_node(self) -> TreeNode {
        self.root
    }

    /// The way to a position, from the nearer end.
    fn at<'a>(&self, position: usize) -> Seek<'a> {
        let behind = self.len - 1 - position;
        if behind < position { Seek::Back(behind) } else { Seek::At(position) }
    }

    fn edit<T>(&mut self, to: Seek<'_>, change: impl FnOnce(&mut Pack, usize) -> T) -> T {
        let (mut before, mut after) = ((0, 0), (0, 0));
        let result = self.root.edit(to, |leaf, index| {
            before = (leaf.len(), leaf.size());
            let result = change(leaf, index);
            after = (leaf.len(), leaf.size());
            result
        });
        self.len = self.len + after.0 - before.0;
        self.size = self.size + after.1 - before.1;
        result
    }
}
