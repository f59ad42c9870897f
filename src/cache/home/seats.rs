//! The sessions of the nodes.

use std::collections::BTreeMap;
use std::time::Duration;

use lockstep_core::NodeId;

use super::directory::Directory;
use super::{GateId, Home, Out};
use crate::message::ToNode;
use crate::time::nanos;
use crate::{Name, Nonce, Session, Time};

/// What the home knows of a node.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Seat {
    /// Its newest session.
    pub session: Session,
    /// Whether it lasts.
    pub lasts: bool,
    /// When the node's lease is surely over, by the home's clock.
    pub until: Time,
    /// The newest request for it.
    pub nonce: Nonce,
    /// When that was sent, by the node's clock.
    pub since: Time,
    /// When it was here, by the home's clock.
    pub heard: Time,
    /// What it has to acknowledge.
    pub unacked: BTreeMap<u64, GateId>,
    /// How long it takes to, on average.
    pub acks_in: Duration,
    /// Whether it reads the whole shard from a replica of its own.
    pub follows: Follows,
    /// The session in which it writes by itself what is lent to it.
    pub borrows: Option<Session>,
}

/// Whether a node reads the whole shard in its session. Once only: what it was told the
/// first time would mean something else the second time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Follows {
    /// Not yet.
    #[default]
    No,
    Yes,
    /// Not any more.
    Over,
}

/// A request for a session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Renewal {
    pub nonce: Nonce,
    pub sent: Time,
    /// The newest session that the node ever had in this life.
    pub had: Option<Session>,
    /// Whether it has that still.
    pub keeps: bool,
}

/// What a node says about a message that it has carried out.
#[derive(Clone, Copy, Debug)]
pub(super) struct Acked {
    pub session: Session,
    pub q: u64,
    pub has: bool,
    pub unread: bool,
}

impl Home {
    /// A node asks for a session.
    pub(super) fn renew(&mut self, now: Time, from: NodeId, renewal: &Renewal, out: &mut Out) {
        let Renewal { nonce, sent, had, keeps } = *renewal;
        let left = self.left(now);
        let lends = self.settings.write_back;
        let seat = self.seats.entry(from).or_default();
        if left.is_zero() || (self.settings.rules.nonces_grow && nonce <= seat.nonce) {
            return;
        }
        if seat.follows == Follows::Yes && (lends || seat.acks_in > self.settings.slow_sharer) {
            // Every write waits for it: its session ends, and then it is told of nothing. Nor
            // may any be lent to whoever writes it.
            seat.acks_in -= seat.acks_in / 8;
            return;
        }
        let reborn = nonce.boot != seat.nonce.boot;
        seat.nonce = nonce;
        // One it never knew of may go on: nothing came of it.
        let current = Some(seat.session);
        let goes_on = seat.lasts && !reborn && (had < current || (had == current && keeps));
        if !goes_on {
            self.begin_session(from);
        }
        let drift = self.settings.drift;
        let waits = self.settings.rules.forget_after_lease;
        let lasts = if waits { drift.lengthened(left) } else { left / 2 };
        let seat = self.seats.entry(from).or_default();
        seat.until = if waits { seat.until.max(now.after(lasts)) } else { now.after(lasts) };
        (seat.since, seat.heard) = (sent, now);
        seat.acks_in -= seat.acks_in / 8;
        let granted = ToNode::Granted { nonce, sent, session: seat.session, left: nanos(left) };
        out.messages.push((from, granted));
        self.tell_again(from, out);
        if self.follows(from) {
            self.tell_standing(from, out);
        }
    }

    fn begin_session(&mut self, node: NodeId) {
        self.forget(node);
        self.sessions += 1;
        let session = Session { epoch: self.epoch, number: self.sessions };
        if let Some(seat) = self.seats.get_mut(&node) {
            (seat.session, seat.lasts, seat.until) = (session, true, Time(0));
        }
    }

    /// Repeats what a node has not acknowledged: it may have been lost.
    fn tell_again(&self, node: NodeId, out: &mut Out) {
        let Some(seat) = self.seats.get(&node) else { return };
        for (q, id) in &seat.unacked {
            if let Some(gate) = self.gates.get(*id) {
                let told = match gate.followers.get(&node) {
                    Some(_) => self.touch(node, gate, seat.session, *q),
                    None => super::writes::told(gate, seat.session, *q),
                };
                out.messages.push((node, told));
            }
        }
    }

    /// A node acknowledges a message.
    pub(super) fn ack(&mut self, now: Time, from: NodeId, ack: &Acked, out: &mut Out) {
        let Acked { session, q, has, unread } = *ack;
        let Some(seat) = self.seats.get_mut(&from) else { return };
        if !seat.lasts || seat.session != session {
            return;
        }
        let Some(id) = seat.unacked.remove(&q) else { return };
        let Some(gate) = self.gates.get_mut(id) else { return };
        // What was lent is in the log before it is back, and that says nothing of the node.
        let was_lent = gate.recall && gate.written.iter().any(|name| self.lent.holds(name));
        if self.settings.slow_sharer < Duration::MAX && !was_lent {
            let took = now.since(gate.sent);
            seat.acks_in = (seat.acks_in * 7 + took) / 8;
        }
        // Of what turned out later it was told by another one.
        if !(gate.any && seat.unacked.values().any(|other| *other == id)) {
            gate.waiting.remove(&from);
        }
        let wanted = match &gate.written[..] {
            [name] => !unread || is_interested(&mut self.directory, from, name),
            _ => true,
        };
        if has && wanted && gate.update.is_some() {
            gate.updated.insert(from, q);
        }
        self.open_all(now, out);
    }

    /// Forgets the nodes whose leases are over.
    pub(super) fn expire(&mut self, now: Time, out: &mut Out) {
        let over = |seat: &Seat| seat.lasts && seat.until <= now;
        let over = self.seats.iter().filter(|(_, seat)| over(seat)).map(|(node, _)| *node);
        for node in over.collect::<Vec<_>>() {
            self.forget(node);
            self.open_all(now, out);
        }
    }

    /// Ends the session of a node: it has no lines any more, and need acknowledge
    /// nothing.
    fn forget(&mut self, node: NodeId) {
        if let Some(seat) = self.seats.get_mut(&node) {
            (seat.lasts, seat.follows) = (false, Follows::No);
            seat.unacked.clear();
        }
        self.directory.forget(node);
        self.back_from(node);
        for gate in self.gates.values_mut() {
            gate.waiting.remove(&node);
            gate.updated.remove(&node);
            gate.followers.remove(&node);
        }
    }

    /// The session of a node, if it lasts.
    pub fn session_of(&self, node: NodeId) -> Option<Session> {
        self.seats.get(&node).filter(|seat| seat.lasts).map(|seat| seat.session)
    }
}

/// Whether a node that did not read a copy had read the one before: who did not is sent
/// none until it asks.
fn is_interested(directory: &mut Directory, node: NodeId, name: &Name) -> bool {
    directory.get_mut(name).is_some_and(|entry| entry.uninterested.insert(node))
}
