//! What is gone, and is given back to the allocator bit by bit.

use std::sync::Arc;

use super::{Group, Page, TreeNode};
use crate::keys::stats::Counter;

/// How many parts are at least given back at a time.
const PARTS_PER_STEP: usize = 64;

/// Which share of all that is owed is at least given back at a time.
const OWED_SHARE: usize = 128;

/// Parts of flushed databases and of large values.
#[derive(Debug, Default)]
pub(in crate::keys) struct Garbage {
    parts: Vec<Part>,
    /// How many items and entries are in the parts.
    owed: usize,
    /// How many of those were left when some were last given back.
    left: usize,
    /// How many large values there were among all that came.
    values: Counter,
}

#[derive(Debug)]
enum Part {
    Group(Arc<Group>),
    Page(Arc<Page>),
    Node(TreeNode),
}

impl Garbage {
    /// How many items and entries there are.
    #[cfg(test)]
    pub(in crate::keys) fn owed(&self) -> usize {
        self.owed
    }

    /// How many large values came.
    pub(in crate::keys) fn values(&self) -> &Counter {
        &self.values
    }

    /// Counts a large value, the parts of which come.
    pub(in crate::keys) fn note_value(&self) {
        self.note_values(1);
    }

    /// Counts values that are flushed, of any size.
    pub(in crate::keys) fn note_values(&self, count: usize) {
        self.values.add(count as u64);
    }

    /// Takes a group of what was flushed.
    pub(in crate::keys) fn put_group(&mut self, group: Arc<Group>) {
        self.put(Part::Group(group));
    }

    /// Takes a part of a large value.
    pub(in crate::keys) fn put_node(&mut self, node: TreeNode) {
        self.put(Part::Node(node));
    }

    /// Gives some back: a little of what is there, and of what is older as much as was
    /// added since this was last done. So a value that is gone is freed bit by bit, and
    /// what is there never grows beyond about twice what comes between two steps.
    #[inline]
    pub(in crate::keys) fn free_some(&mut self) {
        if !self.parts.is_empty() {
            self.free_more();
        }
    }

    fn free_more(&mut self) {
        let added = self.owed.saturating_sub(self.left);
        let due = added.min(self.left).max(self.owed / OWED_SHARE);
        let (mut parts, mut freed) = (0, 0);
        while (parts < PARTS_PER_STEP || freed < due)
            && let Some(part) = self.parts.pop()
        {
            freed += self.free(part);
            parts += 1;
        }
        self.left = self.owed;
    }

    fn put(&mut self, part: Part) {
        self.owed += part.len();
        self.parts.push(part);
    }

    /// Gives a part back, or takes it apart if nobody else looks at it. How many items
    /// and entries are gone by that.
    fn free(&mut self, part: Part) -> usize {
        let len = part.len();
        self.owed -= len;
        let owed = self.owed;
        match part {
            Part::Group(group) => {
                let pages = Arc::try_unwrap(group).map(Group::into_pages);
                pages.into_iter().flatten().for_each(|page| self.put(Part::Page(page)));
            }
            Part::Page(page) => {
                let items = Arc::try_unwrap(page).map(Page::into_items);
                let counted = self.values.get();
                items.into_iter().flatten().for_each(|item| item.value.discard(self));
                // They were counted when they were flushed.
                self.values.set(counted);
                return len;
            }
            Part::Node(node) => {
                node.into_parts().into_iter().for_each(|node| self.put_node(node));
            }
        }
        len - (self.owed - owed).min(len)
    }
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Part::Group(group) => group.len(),
            Part::Page(page) => page.len(),
            Part::Node(node) => node.len(),
        }
    }
}
