//! The least recently used line goes. Lines are spread over several lists, so that
//! readers of different lines seldom wait for each other; the last ones of all lists
//! are compared, so the order is that of one list.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;

use super::list::{List, Tag};

/// Over so many lists they are spread.
const LISTS: usize = 16;

#[derive(Debug, Default)]
pub(super) struct Lru {
    lists: [Mutex<List>; LISTS],
    /// How often any line was used.
    uses: AtomicU64,
}

impl Lru {
    pub(super) fn used(&self, tag: &Tag) {
        let mut list = self.list(tag).lock();
        self.stamp(tag);
        list.move_to_front(tag);
    }

    pub(super) fn add(&self, tag: Arc<Tag>) {
        let mut list = self.list(&tag).lock();
        self.stamp(&tag);
        list.push(tag);
    }

    pub(super) fn remove(&self, tag: &Tag) {
        self.list(tag).lock().remove(tag);
    }

    pub(super) fn victim(&self) -> Option<Arc<Tag>> {
        let last = |list: &Mutex<List>| list.lock().last().map(|tag| tag.used_at.load(Relaxed));
        let lists = self.lists.iter().filter_map(|list| Some((last(list)?, list)));
        // Used meanwhile, it is another one that goes, which is nearly as old.
        let (_, list) = lists.min_by_key(|(used_at, _)| *used_at)?;
        list.lock().pop()
    }

    pub(super) fn len(&self) -> usize {
        self.lists.iter().map(|list| list.lock().len()).sum()
    }

    /// Under the lock of the list, so that its order is that of the stamps.
    fn stamp(&self, tag: &Tag) {
        tag.used_at.store(self.uses.fetch_add(1, Relaxed), Relaxed);
    }

    fn list(&self, tag: &Tag) -> &Mutex<List> {
        // Other bits than those by which the map is parted.
        &self.lists[(tag.hash >> 16) as usize % LISTS]
    }
}
