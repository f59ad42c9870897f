//! Messages that are pushed once, however often they are sent.

use std::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher13};

use super::counts::Count;
use super::desk::Desk;
use super::message::Message;
use super::mutant::{Mutant, is_broken};
use super::queue::Known;
use crate::Stamp;

/// What copies of a message have in common: an id, in a group or in the whole queue.
pub(super) fn hash_of(id: &[u8], group: Option<&[u8]>) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(&[u8::from(group.is_some())]);
    hasher.write(&(group.map_or(0, <[u8]>::len) as u64).to_le_bytes());
    hasher.write(group.unwrap_or_default());
    hasher.write(id);
    hasher.finish128().as_u128()
}

impl Desk<'_> {
    /// The number and the content of what is known of this message, if it is a copy.
    pub fn find_known(&self, at: &Stamp, hash: u128) -> Option<(u64, Known)> {
        let number = *self.shape.known.get(&hash)?;
        let known = *self.queue.known.get(number)?;
        let over = known.until_ms.is_some_and(|until_ms| until_ms <= at.now_ms);
        (!over && !is_broken(Mutant::CopiesUnknown)).then_some((number, known))
    }

    /// From now on copies of a message are known, for so long (0: while it exists). What
    /// is known of it gets this number.
    pub fn make_known(&mut self, at: &Stamp, hash: u128, seq: u64, window_ms: u64) -> u64 {
        if let Some(before) = self.shape.known.get(&hash).copied() {
            self.remove_known(before);
        }
        while self.queue.known.len() as u64 >= self.queue.rules().dedup_max
            && let Some((_, first)) = self.shape.fading.first().copied()
        {
            self.remove_known(first);
            self.queue.counts.up(Count::DedupEvicted);
        }
        let number = self.queue.next_number();
        let until_ms = (window_ms > 0).then(|| at.now_ms.saturating_add(window_ms));
        self.add_known(number, Known { hash, seq, until_ms });
        number
    }

    /// Takes in what is known of a message.
    pub fn add_known(&mut self, number: u64, known: Known) {
        self.shape.known.insert(known.hash, number);
        self.shape.fading.insert((known.until_ms.unwrap_or(u64::MAX), number));
        self.queue.known.insert(number, known);
    }

    fn remove_known(&mut self, number: u64) {
        let Some(known) = self.queue.known.remove(number) else { return };
        self.shape.known.remove(&known.hash);
        self.shape.fading.remove(&(known.until_ms.unwrap_or(u64::MAX), number));
    }

    /// A message is gone: what was known of it as long as it exists is forgotten.
    pub fn forget_known(&mut self, message: &Message) {
        let Some((number, _)) = message.extra().dedup else { return };
        if self.queue.known.get(number).is_some_and(|known| known.until_ms.is_none()) {
            self.remove_known(number);
        }
    }

    /// The same for a message that died.
    pub fn forget_known_of(&mut self, seq: u64) {
        let number =
            self.queue.messages.get(seq).and_then(|message| message.extra().dedup.as_ref());
        let Some(number) = number.map(|(number, _)| *number) else { return };
        if self.queue.known.get(number).is_some_and(|known| known.until_ms.is_none()) {
            self.remove_known(number);
        }
    }

    /// The same for all messages.
    pub fn forget_lasting(&mut self) {
        while let Some((u64::MAX, number)) = self.shape.fading.last().copied() {
            self.remove_known(number);
        }
    }

    /// Forgets what is known for long enough, at most so much, and says how much it was.
    pub fn fade(&mut self, at: &Stamp, budget: usize) -> usize {
        let mut done = 0;
        while done < budget
            && let Some((until_ms, number)) = self.shape.fading.first().copied()
            && until_ms <= at.now_ms
        {
            self.remove_known(number);
            done += 1;
        }
        done
    }
}
