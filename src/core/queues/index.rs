//! How the table finds what ends, by deadline, connection and session.
//!
//! All of this follows from the queues and from those who wait. It is no part of an
//! image and is built anew when one is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use super::bodies::Held;
use super::waiter::Waiter;
use crate::Origin;
use crate::image::Name;

/// The ways to what ends.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// All deadlines, in their order.
    due: BTreeSet<(u64, u64, End)>,
    /// The requests of each connection that wait, with their places in line.
    connections: BTreeMap<Origin, BTreeMap<u64, u64>>,
    /// What ends with a session.
    sessions: BTreeMap<Name, Ties>,
    /// Dead messages that go to another queue before the operation ends.
    pub letters: Vec<(u64, u64)>,
    /// Messages whose bodies have the keys of other messages, by those.
    pub foreign: BTreeMap<(u64, u64), (u64, u64)>,
    /// What is where; local.
    pub held: Held,
}

/// What ends with a session.
#[derive(Debug, Default, PartialEq)]
struct Ties {
    /// Queue and message.
    leases: BTreeSet<(u64, u64)>,
    waits: BTreeSet<u64>,
}

/// What comes to its end at a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum End {
    /// The delay, the lease, the life or the death of the message with this number.
    Message(u64),
    /// Something of the queue as a whole.
    Timer(Timer),
    /// The wait of the consumer at this place in line.
    Wait(u64),
}

/// What happens to a queue as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
    /// A new span of time for the rate begins.
    Rate,
    /// A pause is over.
    Resume,
    /// The redrive goes on.
    Redrive,
    /// Ids of copies are forgotten.
    Fade,
    /// Nobody has used it for long.
    Idle,
}

impl Timer {
    /// All of them, in their order.
    pub const ALL: [Timer; 5] =
        [Timer::Rate, Timer::Resume, Timer::Redrive, Timer::Fade, Timer::Idle];
}

/// Waits stand behind all else that is due at the same time, so that a message goes to a
/// consumer that still waits, if there is any.
pub(super) const WAITS: u64 = u64::MAX;

impl Index {
    /// Something of a queue is due then.
    pub fn add_due(&mut self, at_ms: u64, queue: u64, end: End) {
        self.due.insert((at_ms, queue, end));
    }

    /// It is not.
    pub fn remove_due(&mut self, at_ms: u64, queue: u64, end: End) {
        self.due.remove(&(at_ms, queue, end));
    }

    /// All messages of a queue left; `may_end` says whether any had a deadline.
    pub fn forget_messages_of(&mut self, queue: u64, may_end: bool) {
        if may_end {
            let left =
                |(_, of, end): &&(u64, u64, End)| *of != queue || !matches!(end, End::Message(_));
            // Built from what is in order already: faster than taking out one by one.
            self.due = self.due.iter().filter(left).copied().collect();
        }
        if !self.foreign.is_empty() {
            self.foreign.retain(|_, (of, _)| *of != queue);
        }
    }

    /// When the next thing ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(at_ms, ..)| *at_ms)
    }

    /// The first that is due.
    pub fn first_due(&self, now_ms: u64) -> Option<(u64, End)> {
        let (at_ms, queue, end) = self.due.first()?;
        (*at_ms <= now_ms).then_some((*queue, *end))
    }

    /// Whether something of this queue is among the first `look_max` that are due.
    pub fn is_due(&self, now_ms: u64, queue: u64, look_max: usize) -> bool {
        let due = self.due.iter().take(look_max).take_while(|(at_ms, ..)| *at_ms <= now_ms);
        due.into_iter().any(|(_, other, _)| *other == queue)
    }

    /// Somebody took a place in line.
    pub fn add_waiter(&mut self, place: u64, waiter: &Waiter) {
        if let Some(deadline_ms) = waiter.deadline_ms {
            self.add_due(deadline_ms, WAITS, End::Wait(place));
        }
        self.connections.entry(waiter.origin).or_default().insert(waiter.request, place);
        if let Some(session) = &waiter.ask.session {
            self.sessions.entry(session.clone()).or_default().waits.insert(place);
        }
    }

    /// Somebody left the line.
    pub fn remove_waiter(&mut self, place: u64, waiter: &Waiter) {
        if let Some(deadline_ms) = waiter.deadline_ms {
            self.remove_due(deadline_ms, WAITS, End::Wait(place));
        }
        if let Some(session) = &waiter.ask.session {
            self.untie(session, |ties| ties.waits.remove(&place));
        }
        let Some(waits) = self.connections.get_mut(&waiter.origin) else { return };
        waits.remove(&waiter.request);
        if waits.is_empty() {
            self.connections.remove(&waiter.origin);
        }
    }

    /// A message is in flight as long as a session lives.
    pub fn tie(&mut self, session: &Name, queue: u64, seq: u64) {
        self.sessions.entry(session.clone()).or_default().leases.insert((queue, seq));
    }

    /// It is not any more.
    pub fn release(&mut self, session: &Name, queue: u64, seq: u64) {
        self.untie(session, |ties| ties.leases.remove(&(queue, seq)));
    }

    fn untie(&mut self, session: &Name, remove: impl FnOnce(&mut Ties) -> bool) {
        let Some(ties) = self.sessions.get_mut(session) else { return };
        remove(ties);
        if ties.leases.is_empty() && ties.waits.is_empty() {
            self.sessions.remove(session);
        }
    }

    /// What ends with a session: deliveries, by queue and message, and waits.
    pub fn ties(&self, session: &[u8]) -> (Vec<(u64, u64)>, Vec<u64>) {
        let Some(ties) = self.sessions.get(session) else { return Default::default() };
        (ties.leases.iter().copied().collect(), ties.waits.iter().copied().collect())
    }

    /// The place in line of a request.
    pub fn place_of(&self, origin: Origin, request: u64) -> Option<u64> {
        self.connections.get(&origin)?.get(&request).copied()
    }

    /// The places of all waits of some connections.
    pub fn waits(&self, origins: impl RangeBounds<Origin>) -> Vec<u64> {
        let all = self.connections.range(origins).flat_map(|(_, waits)| waits.values());
        all.copied().collect()
    }

    /// Whether both show the same ways.
    #[cfg(test)]
    pub fn is_same(&self, other: &Index) -> bool {
        self.due == other.due
            && self.connections == other.connections
            && self.sessions == other.sessions
            && self.letters == other.letters
            && self.foreign == other.foreign
    }
}
