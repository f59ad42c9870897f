//! A queue is emptied in one step, however much was in it.
//!
//! What its messages took up in memory comes back piece by piece behind that: freeing a
//! million of them at once would hold up everything else in the shard. Where memory is
//! held is local, so that replicas need not agree on when it comes back.

use super::desk::Desk;
use super::shape::Shape;
use super::table::Table;
use crate::image::Paged;

/// So many pages of messages are freed with every operation.
const PAGES_PER_STEP: usize = 16;

impl Desk<'_> {
    /// Takes all messages out and says how many there were.
    pub fn clear(&mut self) -> usize {
        let number = self.queue.number;
        for seq in self.shape.inflight.iter() {
            let lease = self.queue.messages.get(seq).and_then(|message| message.lease());
            if let Some(session) = lease.and_then(|lease| lease.session.as_ref()) {
                self.index.release(session, number, seq);
            }
        }
        self.index.forget_messages_of(number, self.shape.may_end());
        self.forget_lasting();
        let messages = std::mem::take(&mut self.queue.messages);
        let count = messages.len();
        (self.queue.groups, self.queue.asked) = (Paged::new(), Paged::new());
        *self.shape = self.shape.without_messages();
        self.local.clear(self.index, number);
        self.index.held.discard(number, messages);
        self.index.held.free(PAGES_PER_STEP);
        count
    }
}

impl Table {
    /// Frees some of what left at once.
    pub(super) fn free_some(&mut self) {
        self.index.held.free(PAGES_PER_STEP);
    }
}

impl Shape {
    /// Whether something happens to a message by itself.
    fn may_end(&self) -> bool {
        let others = self.delayed.len() + self.inflight.len() + self.dead.len();
        self.mortal + others > 0
    }

    /// What is left of it without messages.
    fn without_messages(&mut self) -> Shape {
        Shape {
            known: std::mem::take(&mut self.known),
            fading: std::mem::take(&mut self.fading),
            consumers: std::mem::take(&mut self.consumers),
            line: std::mem::take(&mut self.line),
            waiting: self.waiting,
            timers: self.timers,
            ..Shape::default()
        }
    }
}
