//! Consumers with names, and requests with names.

use super::CONSUMER_NAMES_MAX;
use super::desk::Desk;
use super::mutant::{Mutant, is_broken};
use super::queue::{Asked, Consumer};
use crate::Stamp;
use crate::image::Name;

impl Desk<'_> {
    /// The number of the consumer with this name, which does something now. None when
    /// there are too many that have something.
    pub fn see_consumer(&mut self, at: &Stamp, name: &Name) -> Option<u64> {
        if let Some(number) = self.shape.consumers.get(name).copied() {
            if let Some(consumer) = self.queue.consumers.get_mut(number) {
                consumer.seen_ms = at.now_ms;
            }
            return Some(number);
        }
        if self.queue.consumers.len() >= CONSUMER_NAMES_MAX && !self.forget_a_consumer() {
            return None;
        }
        let number = self.queue.next_number();
        self.add_consumer(number, Consumer { name: name.clone(), seen_ms: at.now_ms });
        Some(number)
    }

    /// Takes a consumer in.
    pub fn add_consumer(&mut self, number: u64, consumer: Consumer) {
        self.shape.consumers.insert(consumer.name.clone(), number);
        self.queue.consumers.insert(number, consumer);
    }

    /// Forgets the consumer that did nothing for longest, of those that have nothing.
    fn forget_a_consumer(&mut self) -> bool {
        let idle = self.queue.consumers.iter();
        let idle = idle.filter(|(number, _)| !self.shape.pending.contains_key(number));
        let oldest = idle.min_by_key(|(number, consumer)| (consumer.seen_ms, *number));
        let Some(number) = oldest.map(|(number, _)| number) else { return false };
        if let Some(consumer) = self.queue.consumers.remove(number) {
            self.shape.consumers.remove(&consumer.name);
        }
        true
    }

    /// What a request of this name was answered with, as far as nothing has become of it
    /// yet: its number and the messages.
    pub fn find_asked(&self, at: &Stamp, name: &Name) -> Option<(u64, Vec<u64>)> {
        if is_broken(Mutant::RepeatGetsOthers) {
            return None;
        }
        let number = *self.shape.asked.get(name)?;
        let asked = self.queue.asked.get(number)?;
        let lasts = |(seq, attempt): &&(u64, u32)| {
            let message = self.queue.messages.get(*seq).filter(|message| message.is_at(*attempt));
            let lease = message.and_then(|message| message.lease());
            lease.is_some_and(|lease| lease.until_ms > at.now_ms)
        };
        let seqs: Vec<u64> = asked.list.iter().filter(lasts).map(|(seq, _)| *seq).collect();
        (!seqs.is_empty()).then_some((number, seqs))
    }

    /// A number for a request with a name that is answered now.
    pub fn begin_asked(&mut self, name: &Name) -> u64 {
        if let Some(before) = self.shape.asked.get(name).copied() {
            // What it was answered with is over, though nobody has ended it yet.
            let list = self.queue.asked.get(before).map(|asked| asked.list.clone());
            for (seq, attempt) in list.unwrap_or_default() {
                self.unname(seq, attempt, before);
            }
            self.forget_asked(before);
        }
        let number = self.queue.next_number();
        self.add_asked(number, Asked { name: name.clone(), list: Vec::new() });
        number
    }

    fn unname(&mut self, seq: u64, attempt: u32, asked: u64) {
        let message = self.queue.messages.get(seq).filter(|message| message.is_at(attempt));
        let lease = message.and_then(|message| message.lease());
        if lease.is_some_and(|lease| lease.asked == asked) {
            self.edit(seq, |message| {
                if let super::message::State::Inflight(lease) = &mut message.state {
                    lease.asked = 0;
                }
            });
        }
    }

    /// Takes a request in.
    pub fn add_asked(&mut self, number: u64, asked: Asked) {
        self.shape.asked.insert(asked.name.clone(), number);
        self.queue.asked.insert(number, asked);
    }

    /// A request is answered with this delivery as well.
    pub fn note_asked(&mut self, number: u64, seq: u64, attempt: u32) {
        if let Some(asked) = self.queue.asked.get_mut(number) {
            asked.list.push((seq, attempt));
        }
    }

    /// Forgets a request none of whose deliveries is left.
    pub fn forget_asked(&mut self, number: u64) {
        if self.shape.asked_left.get(&number).is_some_and(|left| *left > 0) {
            return;
        }
        self.shape.asked_left.remove(&number);
        if let Some(asked) = self.queue.asked.remove(number) {
            self.shape.asked.remove(&asked.name);
        }
    }
}
