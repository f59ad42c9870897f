//! S3-FIFO: a small queue for new lines, a main queue for those that were used there,
//! and the memory of those that were not. A line that comes back while it is
//! remembered goes to the main queue at once.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ghosts::Ghosts;
use super::list::{List, Tag};

const SMALL: u8 = 0;
const MAIN: u8 = 1;

/// The small queue has one of so many lines.
const SMALL_SHARE: usize = 10;

/// So often a line was used in the small queue that the main one takes it.
const USES_TO_STAY: u8 = 2;

#[derive(Debug, Default)]
pub(super) struct S3Fifo {
    small: List,
    main: List,
    ghosts: Ghosts,
}

impl S3Fifo {
    /// More uses than that count no more.
    pub(super) const USES_MAX: u8 = 3;

    pub(super) fn add(&mut self, tag: Arc<Tag>) {
        if self.ghosts.take(tag.hash) {
            self.add_to_main(tag);
        } else {
            tag.queue.store(SMALL, Relaxed);
            self.small.push(tag);
        }
    }

    pub(super) fn remove(&mut self, tag: &Tag) {
        match tag.queue.load(Relaxed) {
            SMALL => self.small.remove(tag),
            _ => self.main.remove(tag),
        };
    }

    pub(super) fn victim(&mut self) -> Option<Arc<Tag>> {
        loop {
            let evict_from_small = self.small.len() * SMALL_SHARE >= self.len();
            let victim =
                if evict_from_small { self.evict_from_small() } else { self.evict_from_main() };
            if victim.is_some() || self.len() == 0 {
                self.ghosts.keep(self.len());
                return victim;
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.small.len() + self.main.len()
    }

    pub(super) fn remember_at_most(&mut self, most: usize) {
        self.ghosts.keep(most);
    }

    pub(super) fn ghosts(&self) -> usize {
        self.ghosts.len()
    }

    /// Looks at the oldest of the small queue: it goes, or moves on.
    fn evict_from_small(&mut self) -> Option<Arc<Tag>> {
        let tag = self.small.pop()?;
        if tag.uses.load(Relaxed) >= USES_TO_STAY {
            self.add_to_main(tag);
            return None;
        }
        let most = self.len() - self.len() / SMALL_SHARE;
        self.ghosts.add(tag.hash, most);
        Some(tag)
    }

    /// Looks at the oldest of the main queue: it goes, or begins anew.
    fn evict_from_main(&mut self) -> Option<Arc<Tag>> {
        let tag = self.main.pop()?;
        let uses = tag.uses.load(Relaxed);
        if uses == 0 {
            return Some(tag);
        }
        // A use that comes in between may be lost: it is a hint.
        tag.uses.store(uses - 1, Relaxed);
        self.main.push(tag);
        None
    }

    fn add_to_main(&mut self, tag: Arc<Tag>) {
        tag.uses.store(0, Relaxed);
        tag.queue.store(MAIN, Relaxed);
        self.main.push(tag);
    }
}
