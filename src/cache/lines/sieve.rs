//! SIEVE: lines stay where they are, and a hand goes over them from the oldest to the
//! newest. What was used since it last came by is passed over once.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::list::{List, Seat, Tag};

#[derive(Debug, Default)]
pub(super) struct Sieve {
    list: List,
    /// The next line to look at; none: the oldest.
    hand: Option<Seat>,
}

impl Sieve {
    pub(super) fn add(&mut self, tag: Arc<Tag>) {
        self.list.push(tag);
    }

    pub(super) fn remove(&mut self, tag: &Tag) {
        if self.hand == Some(List::seat(tag)) {
            self.hand = self.list.ahead(List::seat(tag));
        }
        self.list.remove(tag);
    }

    pub(super) fn victim(&mut self) -> Option<Arc<Tag>> {
        loop {
            let seat = self.hand.or_else(|| self.list.last_seat())?;
            let tag = self.list.at(seat).expect("the hand is at a line").clone();
            self.hand = self.list.ahead(seat);
            if tag.uses.swap(0, Relaxed) == 0 {
                self.list.remove(&tag);
                return Some(tag);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }
}
