//! What is kept of one queue.

use std::sync::Arc;

use super::counts::Counts;
use super::message::Message;
use super::redrive::Task;
use super::rules::{Rules, USUAL};
use crate::image::{Name, Paged};

/// One partition of a queue: all that replicas must agree on. What follows from it is in
/// its [`Shape`](super::shape::Shape).
#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub name: Name,
    pub part: u32,
    /// Given when it was made and never used again.
    pub number: u64,
    /// Whether anybody made it, or pushed. Otherwise it is only there for those who
    /// wait.
    pub made: bool,
    pub made_ms: u64,
    /// When anybody used it last.
    pub used_ms: u64,
    /// The number of the next message.
    pub next_seq: u64,
    /// By number.
    pub messages: Paged<Message>,
    pub counts: Counts,
    /// How it is set; none: as usual.
    pub set: Option<Arc<Rules>>,
    /// The groups of its messages, by number.
    pub groups: Paged<Group>,
    /// What is known of messages with an id for copies, by number.
    pub known: Paged<Known>,
    /// Who took messages under a name, by number.
    pub consumers: Paged<Consumer>,
    /// What requests with a name of their own were answered with, by number.
    pub asked: Paged<Asked>,
    /// The newest number that any of these, a turn or a death has.
    pub last_number: u64,
    /// Nothing comes in before.
    pub closed_until_ms: u64,
    /// Nothing is delivered before.
    pub held_until_ms: u64,
    /// Since when deliveries are counted for the rate, and how many there were.
    pub window: Option<(u64, u64)>,
    /// The newest redrive.
    pub task: Option<Task>,
}

/// Messages that are delivered one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub name: Name,
    /// Its place among those that wait to be served: behind all messages before the
    /// first number, and in the order of the second.
    pub turn: (u64, u64),
    /// The next message that comes has lost the one before it.
    pub gap: bool,
}

/// A message that was pushed with an id for copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub hash: u128,
    pub seq: u64,
    /// Until when; none: as long as the message lives.
    pub until_ms: Option<u64>,
}

/// Somebody who takes messages under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Consumer {
    pub name: Name,
    /// When it did anything last.
    pub seen_ms: u64,
}

/// A request with a name of its own, and the deliveries it was answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub name: Name,
    pub list: Vec<(u64, u32)>,
}

impl Queue {
    /// A queue whose first message gets the number `next_seq`.
    pub fn new(name: Name, part: u32, number: u64, next_seq: u64) -> Self {
        Queue {
            name,
            part,
            number,
            made: false,
            made_ms: 0,
            used_ms: 0,
            next_seq,
            messages: Paged::new(),
            counts: Counts::default(),
            set: None,
            groups: Paged::new(),
            known: Paged::new(),
            consumers: Paged::new(),
            asked: Paged::new(),
            last_number: 0,
            closed_until_ms: 0,
            held_until_ms: 0,
            window: None,
            task: None,
        }
    }

    /// How it is set.
    pub fn rules(&self) -> &Rules {
        self.set.as_deref().unwrap_or(&USUAL)
    }

    /// Whether nothing comes in now.
    pub fn is_closed(&self, now_ms: u64) -> bool {
        self.closed_until_ms > now_ms
    }

    /// Whether nothing is delivered now.
    pub fn is_held(&self, now_ms: u64) -> bool {
        self.held_until_ms > now_ms
    }

    /// A number that nothing of this queue had before.
    pub fn next_number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// The number of the next message, used up.
    pub fn take_seq(&mut self) -> u64 {
        self.next_seq += 1;
        self.next_seq - 1
    }

    /// Whether every message that was pushed is in exactly one place.
    pub fn is_conserved(&self) -> bool {
        self.counts.of(super::counts::Count::Pushed)
            == self.messages.len() as u64 + self.counts.gone()
    }
}
