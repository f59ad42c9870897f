//! What is kept of one queue, and how its messages change their state.

use std::sync::Arc;

use super::index::Index;
use super::message::{Consumer, Message, State};
use super::receipt::PART;
use super::{DEFAULT_LEASE_MS, FAILS_MAX, LEASE_MS_MAX, Receipt};
use crate::Stamp;
use crate::image::{Name, Paged, SeqSet};

/// A queue.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    /// By number. Invariant: each is counted under exactly one state.
    pub messages: Paged<Message>,
    /// The number of the next message.
    pub next_seq: u64,
    /// Who waits, by place from 1 on. Invariant: nobody whose time is not up
    /// waits while a message is ready.
    pub line: Paged<Consumer>,
    pub counts: Counts,
    /// The messages that are ready. This and what follows can be counted anew.
    pub ready: SeqSet,
    pub dead: SeqSet,
    pub delayed: usize,
    pub inflight: usize,
    /// Bytes of all bodies.
    pub bytes: usize,
}

/// What happened in a queue since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub pushed: u64,
    pub delivered: u64,
    /// Deliveries of messages that were delivered before.
    pub redelivered: u64,
    pub acked: u64,
    /// Settled with the delivery (NOACK).
    pub unacked: u64,
    pub nacked: u64,
    pub expired: u64,
    pub died: u64,
    pub purged: u64,
    /// Acks that came after the lease, but before the next delivery.
    pub late_acks: u64,
    /// Acks that came after the next delivery.
    pub stale_acks: u64,
}

/// A change to a queue needs to know its name and to keep the index in step.
pub(super) struct Desk<'a> {
    pub name: &'a Name,
    pub queue: &'a mut Queue,
    pub index: &'a mut Index,
}

impl Queue {
    /// An empty queue whose first message gets the number `next_seq`.
    pub fn new(next_seq: u64) -> Self {
        Queue {
            messages: Paged::new(),
            next_seq,
            line: Paged::new(),
            counts: Counts::default(),
            ready: SeqSet::default(),
            dead: SeqSet::default(),
            delayed: 0,
            inflight: 0,
            bytes: 0,
        }
    }

    /// Whether anything was ever pushed. Otherwise it is only there for those
    /// who wait.
    pub fn exists(&self) -> bool {
        self.counts.pushed > 0
    }

    /// Whether every message that was pushed is in exactly one place.
    pub fn is_conserved(&self) -> bool {
        let kept = self.ready.len() + self.dead.len() + self.delayed + self.inflight;
        let gone = self.counts.acked + self.counts.unacked + self.counts.purged;
        kept == self.messages.len() && self.counts.pushed == kept as u64 + gone
    }

    /// The place in line of the next who comes.
    pub fn next_place(&self) -> u64 {
        self.line.last_number().map_or(1, |last| last + 1)
    }
}

impl Desk<'_> {
    /// A new message comes in.
    pub fn push(&mut self, at: &Stamp, body: &[u8], state: State) -> u64 {
        let seq = self.queue.next_seq;
        self.queue.next_seq += 1;
        self.queue.counts.pushed += 1;
        let pushed_ms = at.now_ms;
        self.add(seq, Message { body: body.into(), state, attempts: 0, fails: 0, pushed_ms });
        seq
    }

    /// A message is delivered under a lease.
    pub fn deliver(&mut self, at: &Stamp, seq: u64, lease_ms: Option<u64>) -> (Receipt, Arc<[u8]>) {
        let lease_ms = lease_ms.unwrap_or(DEFAULT_LEASE_MS).min(LEASE_MS_MAX);
        let until_ms = at.now_ms.saturating_add(lease_ms);
        let delivery = self.count_delivery(seq);
        self.change(seq, State::Inflight { since_ms: at.now_ms, until_ms });
        delivery
    }

    /// A message is delivered and settled at once.
    pub fn deliver_for_good(&mut self, seq: u64) -> (Receipt, Arc<[u8]>) {
        let delivery = self.count_delivery(seq);
        self.queue.counts.unacked += 1;
        self.remove(seq);
        delivery
    }

    fn count_delivery(&mut self, seq: u64) -> (Receipt, Arc<[u8]>) {
        let message = self.queue.messages.get_mut(seq).expect("what is ready is kept");
        message.attempts = message.attempts.saturating_add(1);
        let receipt = Receipt::Of { part: PART, seq, attempt: message.attempts };
        self.queue.counts.delivered += 1;
        self.queue.counts.redelivered += u64::from(message.attempts > 1);
        (receipt, message.body.clone())
    }

    /// A delivery failed: the message goes to `state`, or is dead if it failed
    /// too often.
    pub fn fail(&mut self, seq: u64, state: State) {
        let message = self.queue.messages.get_mut(seq).expect("what was delivered is kept");
        message.fails = message.fails.saturating_add(1);
        if message.fails >= FAILS_MAX {
            self.die(seq);
        } else {
            self.change(seq, state);
        }
    }

    /// A message is given up.
    pub fn die(&mut self, seq: u64) {
        self.queue.counts.died += 1;
        self.change(seq, State::Dead);
    }

    /// Brings a message into another state.
    pub fn change(&mut self, seq: u64, state: State) {
        let message = self.queue.messages.get_mut(seq).expect("only kept messages change");
        let before = std::mem::replace(&mut message.state, state);
        self.leave(seq, before);
        self.enter(seq, state);
    }

    /// Takes a message in.
    pub fn add(&mut self, seq: u64, message: Message) {
        let state = message.state;
        self.queue.bytes += message.body.len();
        self.queue.messages.insert(seq, message);
        self.enter(seq, state);
    }

    /// Takes a message out.
    pub fn remove(&mut self, seq: u64) {
        let message = self.queue.messages.remove(seq).expect("only kept messages go");
        self.queue.bytes -= message.body.len();
        self.leave(seq, message.state);
    }

    /// Takes all messages out and says how many there were.
    pub fn clear(&mut self) -> usize {
        let messages = std::mem::take(&mut self.queue.messages);
        for (seq, message) in messages.iter() {
            self.index.remove_state(self.name, seq, message.state);
        }
        self.queue.ready = SeqSet::default();
        self.queue.dead = SeqSet::default();
        (self.queue.delayed, self.queue.inflight, self.queue.bytes) = (0, 0, 0);
        messages.len()
    }

    fn enter(&mut self, seq: u64, state: State) {
        match state {
            State::Ready => drop(self.queue.ready.insert(seq)),
            State::Delayed { .. } => self.queue.delayed += 1,
            State::Inflight { .. } => self.queue.inflight += 1,
            State::Dead => drop(self.queue.dead.insert(seq)),
        }
        self.index.add_state(self.name, seq, state);
    }

    fn leave(&mut self, seq: u64, state: State) {
        match state {
            State::Ready => drop(self.queue.ready.remove(seq)),
            State::Delayed { .. } => self.queue.delayed -= 1,
            State::Inflight { .. } => self.queue.inflight -= 1,
            State::Dead => drop(self.queue.dead.remove(seq)),
        }
        self.index.remove_state(self.name, seq, state);
    }

    /// Takes a consumer into the line.
    pub fn enqueue(&mut self, place: u64, consumer: Consumer) {
        self.index.add_consumer(self.name, place, &consumer);
        self.queue.line.insert(place, consumer);
    }

    /// Takes a consumer out of the line.
    pub fn dequeue(&mut self, place: u64) -> Option<Consumer> {
        let consumer = self.queue.line.remove(place)?;
        self.index.remove_consumer(self.name, place, &consumer);
        Some(consumer)
    }
}
