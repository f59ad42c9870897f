//! Which bodies of a table are in memory, which on disk, which in both.
//!
//! All of this is local to a replica. It is kept beside the messages, so that an image
//! knows which bodies were on disk when it was taken, and changes nothing else.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::body::{Body, BodyKey};
use super::desk::Desk;
use super::index::Index;
use super::message::Message;
use super::op::Order;
use super::table::Table;
use crate::image::{Paged, SeqSet};

/// What is where, over all queues.
#[derive(Debug, Default)]
pub(super) struct Held {
    /// Bytes in memory.
    resident: usize,
    /// Messages in memory.
    messages: usize,
    /// On disk, and their messages are gone.
    gone: Vec<BodyKey>,
    /// The queues with bodies that are not on disk, with some in both places, and with
    /// some that are not in memory.
    fresh: BTreeSet<u64>,
    both: BTreeSet<u64>,
    away: BTreeSet<u64>,
    /// Messages that left all at once and are not freed yet, with the numbers of their
    /// queues.
    discarded: VecDeque<(u64, Paged<Message>)>,
}

/// What of one queue is where: its messages by number.
#[derive(Debug, Default)]
pub(super) struct Local {
    /// In memory only.
    fresh: SeqSet,
    /// In memory and on disk.
    both: SeqSet,
    /// On disk only.
    away: SeqSet,
    /// When messages were taken last.
    pub popped_ms: u64,
    /// Whether it was told that there is something to be delivered.
    pub offered: bool,
}

/// About so many bytes a message takes in memory beside its body.
const MESSAGE_BYTES: usize = 150;

/// So many messages that are delivered next keep their bodies in memory.
const KEPT_AHEAD: usize = 256;

/// So far ahead bodies are looked for that are not in memory.
const LOOKED_AHEAD: usize = 1024;

/// So many pages of discarded messages are freed when somebody asks what is gone.
const PAGES_PER_LOOK: usize = 256;

/// Queues that nobody took messages of for so long are not read ahead.
const IDLE_MS: u64 = 60_000;

impl Held {
    /// A message has left for good.
    pub fn is_gone(&mut self, message: &Message, queue: u64, seq: u64) {
        if message.stored {
            self.gone.push(message.key(queue, seq));
        }
    }

    /// All messages of a queue have left for good.
    pub fn discard(&mut self, queue: u64, messages: Paged<Message>) {
        if !messages.is_empty() {
            self.discarded.push_back((queue, messages));
        }
    }

    /// Frees what was discarded, until its bodies had so many bytes; how many it were.
    fn free_bytes(&mut self, bytes: usize) -> usize {
        let before = self.resident;
        while before - self.resident < bytes && !self.discarded.is_empty() {
            self.free(1);
        }
        before - self.resident
    }

    /// Frees what was discarded, at most so many pages of it.
    pub fn free(&mut self, pages: usize) {
        for _ in 0..pages {
            let Some((queue, messages)) = self.discarded.front_mut() else { break };
            let queue = *queue;
            match messages.take_page() {
                Some((base, page)) => {
                    for (slot, message) in page.iter() {
                        self.resident -= message.body.as_ref().map_or(0, |body| body.len());
                        self.messages -= 1;
                        self.is_gone(message, queue, base + slot);
                    }
                }
                None => drop(self.discarded.pop_front()),
            }
        }
    }
}

impl Local {
    /// A message came in.
    pub fn add(&mut self, index: &mut Index, queue: u64, seq: u64, message: &Message) {
        index.held.resident += message.body.as_ref().map_or(0, |body| body.len());
        index.held.messages += 1;
        let (set, queues) = self.place(&mut index.held, message);
        if set.is_empty() {
            queues.insert(queue);
        }
        set.insert(seq);
    }

    /// A message left.
    pub fn remove(&mut self, index: &mut Index, queue: u64, seq: u64, message: &Message) {
        index.held.resident -= message.body.as_ref().map_or(0, |body| body.len());
        index.held.messages -= 1;
        let (set, queues) = self.place(&mut index.held, message);
        set.remove(seq);
        if set.is_empty() {
            queues.remove(&queue);
        }
    }

    /// All messages left.
    pub fn clear(&mut self, index: &mut Index, queue: u64) {
        let held = &mut index.held;
        for (set, queues) in [
            (&mut self.fresh, &mut held.fresh),
            (&mut self.both, &mut held.both),
            (&mut self.away, &mut held.away),
        ] {
            *set = SeqSet::default();
            queues.remove(&queue);
        }
    }

    /// The messages whose bodies are where this one's is, and the queues that have such.
    fn place<'a>(
        &'a mut self,
        held: &'a mut Held,
        message: &Message,
    ) -> (&'a mut SeqSet, &'a mut BTreeSet<u64>) {
        match (&message.body, message.stored) {
            (Some(_), false) => (&mut self.fresh, &mut held.fresh),
            (Some(_), true) => (&mut self.both, &mut held.both),
            (None, _) => (&mut self.away, &mut held.away),
        }
    }
}

impl Desk<'_> {
    /// The messages with bodies in both places that are delivered last, but none of
    /// those `ahead`: so many that their bodies have so many bytes.
    fn last_delivered(&self, bytes: usize, ahead: &BTreeSet<u64>) -> Vec<u64> {
        let newest_first = matches!(self.queue.rules().order, Order::Lifo {});
        let both = &self.local.both;
        let seqs: Box<dyn Iterator<Item = u64>> =
            if newest_first { Box::new(both.iter()) } else { Box::new(both.iter().rev()) };
        let mut sum = 0;
        let length = |seq: &u64| self.queue.messages.get(*seq).map_or(0, |it| it.bytes as usize);
        let within = |seq: &u64| {
            let open = sum < bytes;
            sum += length(seq);
            open
        };
        seqs.filter(|seq| !ahead.contains(seq)).take_while(within).collect()
    }

    /// Changes where the body of a message is.
    fn rehouse(&mut self, seq: u64, change: impl FnOnce(&mut Message)) {
        let number = self.queue.number;
        let Some(message) = self.queue.messages.get_mut(seq) else { return };
        self.local.remove(self.index, number, seq, message);
        change(message);
        self.local.add(self.index, number, seq, message);
    }
}

impl Table {
    /// Bytes of the bodies in memory.
    pub fn resident_bytes(&self) -> usize {
        self.index.held.resident
    }

    /// About how many bytes the messages take in memory beside their bodies.
    pub fn known_bytes(&self) -> usize {
        self.index.held.messages.saturating_mul(MESSAGE_BYTES)
    }

    /// Bodies that are not on disk yet, the oldest first: at most so many bytes (one
    /// body at least), and, if an age is given, only those that were pushed so long
    /// before `now_ms`.
    pub fn to_store(
        &self,
        bytes_max: usize,
        now_ms: u64,
        older_than_ms: Option<u64>,
    ) -> Vec<(BodyKey, Arc<[u8]>)> {
        let before_ms = older_than_ms.map_or(u64::MAX, |ms| now_ms.saturating_sub(ms));
        let mut list = Vec::new();
        let mut bytes = 0;
        for number in &self.index.held.fresh {
            let (Some(queue), Some(side)) = (self.queues.get(*number), self.sides.get(number))
            else {
                continue;
            };
            for seq in side.local.fresh.iter() {
                let Some(message) = queue.messages.get(seq) else { continue };
                let Some(body) = &message.body else { continue };
                if message.pushed_ms > before_ms {
                    break;
                }
                if !list.is_empty() && bytes + body.len() > bytes_max {
                    return list;
                }
                bytes += body.len();
                list.push((message.key(*number, seq), body.clone()));
            }
        }
        list
    }

    /// These bodies are on disk, synced. Those whose messages are gone by now are to be
    /// deleted: [`Table::take_gone`].
    pub fn stored(&mut self, keys: &[BodyKey]) {
        for key in keys {
            match self.place_of(key) {
                Some((number, seq)) => {
                    self.desk(number).rehouse(seq, |message| message.stored = true);
                }
                None => self.index.held.gone.push(*key),
            }
        }
    }

    /// Lets go of bodies that are on disk: of so many bytes, those first that are
    /// delivered last. How many bytes it were.
    pub fn release(&mut self, bytes: usize) -> usize {
        let mut released = self.index.held.free_bytes(bytes);
        for kept in [KEPT_AHEAD, 0] {
            let numbers: Vec<u64> = self.index.held.both.iter().copied().collect();
            for number in numbers {
                if released >= bytes {
                    return released;
                }
                released += self.release_of(number, kept, bytes - released);
            }
        }
        released
    }

    fn release_of(&mut self, number: u64, kept: usize, bytes: usize) -> usize {
        let mut desk = self.desk(number);
        if desk.local.both.len() <= kept {
            return 0;
        }
        let ahead: BTreeSet<u64> =
            super::look::in_order(desk.queue, desk.shape).take(kept).collect();
        let mut released = 0;
        for seq in desk.last_delivered(bytes, &ahead) {
            desk.rehouse(seq, |message| {
                released += message.body.take().map_or(0, |body| body.len());
            });
        }
        released
    }

    /// Bodies that will be asked for soon and are not in memory, of at most so many
    /// bytes.
    pub fn wanted(&self, bytes_max: usize) -> Vec<BodyKey> {
        let mut list = Vec::new();
        let mut bytes = 0;
        for number in &self.index.held.away {
            let (Some(queue), Some(side)) = (self.queues.get(*number), self.sides.get(number))
            else {
                continue;
            };
            let newest_ms = queue.used_ms;
            if side.local.popped_ms == 0 || newest_ms > side.local.popped_ms + IDLE_MS {
                continue;
            }
            for seq in super::look::in_order(queue, &side.shape).take(LOOKED_AHEAD) {
                let Some(message) = queue.messages.get(seq) else { continue };
                if message.body.is_some() {
                    continue;
                }
                bytes += message.bytes as usize;
                if bytes > bytes_max {
                    return list;
                }
                list.push(message.key(*number, seq));
            }
        }
        list
    }

    /// A body was read back. Ignored when its message is gone.
    pub fn arrived(&mut self, key: &BodyKey, body: Arc<[u8]>) {
        let Some((number, seq)) = self.place_of(key).filter(|_| key.fits(&body)) else { return };
        self.desk(number).rehouse(seq, |message| {
            message.body.get_or_insert(body);
        });
    }

    /// Bodies on disk whose messages left since the last call.
    pub fn take_gone(&mut self) -> Vec<BodyKey> {
        self.index.held.free(PAGES_PER_LOOK);
        std::mem::take(&mut self.index.held.gone)
    }

    /// All bodies on disk whose messages are there.
    pub fn stored_keys(&self) -> impl Iterator<Item = BodyKey> + '_ {
        self.queues.iter().flat_map(|(number, queue)| {
            let stored = queue.messages.iter().filter(|(_, message)| message.stored);
            stored.map(move |(seq, message)| message.key(number, seq))
        })
    }

    /// A body by its key, if its message is there.
    pub fn body(&self, key: &BodyKey) -> Option<Body> {
        let (number, seq) = self.place_of(key)?;
        let message = self.queues.get(number)?.messages.get(seq)?;
        Some(message.body(number, seq))
    }

    /// Where the message with this body is.
    fn place_of(&self, key: &BodyKey) -> Option<(u64, u64)> {
        let own = (key.queue, key.seq);
        let (number, seq) = self.index.foreign.get(&own).copied().unwrap_or(own);
        let message = self.queues.get(number)?.messages.get(seq)?;
        (message.key(number, seq) == *key).then_some((number, seq))
    }
}
