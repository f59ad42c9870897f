//! How the table finds what ends, by deadline and by connection.
//!
//! All of this follows from the queues themselves. It is no part of a snapshot
//! and is built anew when one is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use super::message::{Consumer, State};
use crate::Origin;
use crate::image::Name;

/// The ways to what ends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// All deadlines of messages and consumers, in their order.
    due: BTreeSet<(u64, Name, End)>,
    /// The requests of each connection that wait, with their places in line.
    connections: BTreeMap<Origin, BTreeMap<(Name, u64), u64>>,
}

/// What comes to its end at a deadline. Messages come first, so that one goes to
/// a consumer that still waits, if there is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The delay or the lease of the message with this number.
    Message(u64),
    /// The wait of the consumer at this place in line.
    Wait(u64),
}

impl Index {
    /// A message came into a state.
    pub fn add_state(&mut self, name: &Name, seq: u64, state: State) {
        if let Some(deadline_ms) = state.deadline_ms() {
            self.due.insert((deadline_ms, name.clone(), End::Message(seq)));
        }
    }

    /// A message left a state.
    pub fn remove_state(&mut self, name: &Name, seq: u64, state: State) {
        if let Some(deadline_ms) = state.deadline_ms() {
            self.due.remove(&(deadline_ms, name.clone(), End::Message(seq)));
        }
    }

    /// A consumer took a place in line.
    pub fn add_consumer(&mut self, name: &Name, place: u64, consumer: &Consumer) {
        if let Some(deadline_ms) = consumer.deadline_ms {
            self.due.insert((deadline_ms, name.clone(), End::Wait(place)));
        }
        let waits = self.connections.entry(consumer.origin).or_default();
        waits.insert((name.clone(), consumer.request), place);
    }

    /// A consumer left the line.
    pub fn remove_consumer(&mut self, name: &Name, place: u64, consumer: &Consumer) {
        if let Some(deadline_ms) = consumer.deadline_ms {
            self.due.remove(&(deadline_ms, name.clone(), End::Wait(place)));
        }
        let Some(waits) = self.connections.get_mut(&consumer.origin) else { return };
        waits.remove(&(name.clone(), consumer.request));
        if waits.is_empty() {
            self.connections.remove(&consumer.origin);
        }
    }

    /// When the next thing ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(deadline_ms, ..)| *deadline_ms)
    }

    /// The first that is due.
    pub fn first_due(&self, now_ms: u64) -> Option<(Name, End)> {
        let (deadline_ms, name, end) = self.due.first()?;
        (*deadline_ms <= now_ms).then(|| (name.clone(), *end))
    }

    /// Whether something of this queue is among the first `look_max` that are due.
    pub fn is_due(&self, now_ms: u64, name: &[u8], look_max: usize) -> bool {
        let due = self.due.iter().take(look_max).take_while(|(at_ms, ..)| *at_ms <= now_ms);
        due.into_iter().any(|(_, other, _)| **other == *name)
    }

    /// The place in line of a request.
    pub fn place_of(&self, name: &Name, origin: Origin, request: u64) -> Option<u64> {
        self.connections.get(&origin)?.get(&(name.clone(), request)).copied()
    }

    /// All waits of some connections, with their places.
    pub fn waits(&self, origins: impl RangeBounds<Origin>) -> Vec<(Name, u64)> {
        let all = self.connections.range(origins).flat_map(|(_, waits)| waits);
        all.map(|((name, _), place)| (name.clone(), *place)).collect()
    }
}
