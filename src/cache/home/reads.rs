//! Reads: who gets a copy, and who may keep it.

use lockstep_core::NodeId;

use super::{Asked, Home, Look, Out, Share};
use crate::message::{Grant, Payload, ToNode};
use crate::time::nanos;
use crate::{Label, Name, Refresh, Session, Time};

/// As long as the directory holds fewer keys than these, the home is entered as one that
/// has what its own clients use; others' copies are what the room is for.
const OWN_KEYS_MAX: usize = 1_000;

impl Home {
    /// A node asks for a copy of a key. `look` reads the state of the shard: at once,
    /// or later when it is asked again ([`Out::retry`]).
    pub fn get(
        &mut self,
        now: Time,
        asked: Asked,
        look: &mut dyn FnMut(&Name) -> Look,
        out: &mut Out,
    ) {
        self.pass_time(now, out);
        let Asked { from, flight, name, has } = &asked;
        let (from, flight, has) = (*from, *flight, *has);
        if !self.serves(now) {
            return out.messages.push((from, ToNode::Refused { flight }));
        }
        if self.settings.rules.lent_called_back && self.is_lent(name) {
            self.call_back(now, std::slice::from_ref(name), out);
            if self.is_lent(name) {
                return self.hold(asked, out);
            }
        }
        let found = look(name);
        let Some(payload) = found.payload else {
            return out.messages.push((from, ToNode::Refused { flight }));
        };
        if self.gates.first_of(name).is_none() {
            let name = name.clone();
            let grant = self.grant(now, from, &name, &payload, out);
            out.messages.push((from, self.answer(flight, grant, payload.clone(), has)));
            if grant.is_some() {
                self.refresh(now, &name, &payload, out);
            }
            return;
        }
        if !self.hides(name, found.seq) {
            // The last open value: good for those who wait, and not to be kept.
            return out.messages.push((from, self.answer(flight, None, payload, has)));
        }
        self.hold(asked, out);
    }

    /// Keeps a request until it can be answered.
    fn hold(&mut self, asked: Asked, out: &mut Out) {
        if self.held_count >= self.settings.held_max {
            let refused = ToNode::Refused { flight: asked.flight };
            return out.messages.push((asked.from, refused));
        }
        self.held_count += 1;
        self.held.entry(asked.name.clone()).or_default().push(asked);
    }

    /// What a key holds; its bytes only if the node has not got them.
    fn answer(
        &self,
        flight: u64,
        grant: Option<Grant>,
        payload: Payload,
        has: Option<u64>,
    ) -> ToNode {
        let Payload { value, version, left } = &payload;
        let compares = self.settings.rules.versions_compared;
        if value.is_some() && has.is_some_and(|has| has == *version || !compares) {
            return ToNode::Same { flight, grant, version: *version, left: *left };
        }
        ToNode::Data { flight, grant, payload }
    }

    /// Whether what a state holds of a key, that has seen so many operations, may be
    /// shown to clients of this node.
    pub fn shows(&self, now: Time, name: &Name, seq: u64) -> bool {
        let lent = self.settings.rules.lent_called_back && self.is_lent(name);
        let missed = seq < self.back_at();
        self.serves(now) && !lent && !missed && !self.hides(name, seq)
    }

    fn hides(&self, name: &Name, seq: u64) -> bool {
        self.settings.rules.unopened_is_hidden && self.gates.hides(name, seq)
    }

    /// Whether this node itself is entered as one that has a key: others have it, or there
    /// is room to spare.
    pub fn counts_itself(&self, name: &Name) -> bool {
        self.directory.get(name).is_some() || self.directory.len() < OWN_KEYS_MAX
    }

    /// A client of this node read a key: the home counts as one of the sharers.
    pub fn read_here(&mut self, now: Time, name: &Name, payload: &Payload, out: &mut Out) {
        self.pass_time(now, out);
        if self.serves(now)
            && !self.is_lent(name)
            && self.counts_itself(name)
            && self.gates.first_of(name).is_none()
            && self.share(self.me, name, None, false, out).is_some()
        {
            self.refresh(now, name, payload, out);
        }
    }

    /// Sends a node what a key holds, as the one that wrote it or as one of many; to
    /// be called as soon as an entry is open ([`Out::opened`]).
    pub fn push(&mut self, now: Time, node: NodeId, name: &Name, payload: &Payload, out: &mut Out) {
        if !self.serves(now) || self.gates.first_of(name).is_some() || self.is_lent(name) {
            return;
        }
        if self.follows(node) {
            // It reads what it wrote from its replica.
        } else if node != self.me {
            let _ = self.send(now, node, name, payload, Label::Modified, out);
        } else if self.counts_itself(name) {
            self.share(node, name, Some(Label::Modified), false, out);
        }
    }

    /// The right of a node to keep a copy; none where it has no session, is slow, or
    /// there is no room to remember it.
    fn grant(
        &mut self,
        now: Time,
        node: NodeId,
        name: &Name,
        payload: &Payload,
        out: &mut Out,
    ) -> Option<Grant> {
        let session = self.may_keep(node, payload)?;
        let share = self.share(node, name, None, false, out).or_else(|| {
            // There is room at once if nobody else has the key that goes.
            self.make_room(now, out);
            self.share(node, name, None, false, out)
        });
        share.map(|Share { q, label, .. }| Grant { session, q, label })
    }

    /// The session in which a node may keep what a key holds, if it may.
    pub(super) fn may_keep(&self, node: NodeId, payload: &Payload) -> Option<Session> {
        let session = self.session_of(node)?;
        let slow = self.seats.get(&node)?.acks_in > self.settings.slow_sharer;
        let is_nothing = payload.value.is_none() && !self.settings.negative;
        (!slow && !is_nothing && !self.is_too_large(payload)).then_some(session)
    }

    /// Calls back the key that was granted least lately. False: there is none.
    pub(super) fn make_room(&mut self, now: Time, out: &mut Out) -> bool {
        let oldest = self.directory.oldest();
        oldest.map(|oldest| self.recall(now, vec![oldest], out)).is_some()
    }

    fn is_too_large(&self, payload: &Payload) -> bool {
        payload.value.as_ref().is_some_and(|value| value.len() > self.settings.value_max)
    }

    /// Notes that a node has a copy; those who were alone with theirs are told.
    pub(super) fn share(
        &mut self,
        node: NodeId,
        name: &Name,
        label: Option<Label>,
        pushed: bool,
        out: &mut Out,
    ) -> Option<Share> {
        let entry = self.directory.enter(name)?;
        if node == self.me && entry.sharers.contains_key(&node) {
            return None;
        }
        let others = entry.sharers.iter_mut().filter(|(other, _)| **other != node);
        let mut alone = true;
        for (other, share) in others {
            alone = false;
            if share.label != Label::Shared {
                share.label = Label::Shared;
                out.probes += 1;
                let seat = self.seats.get(other).filter(|seat| seat.lasts);
                if let Some(seat) = seat.filter(|_| *other != self.me) {
                    let (session, q, name) = (seat.session, share.q, name.clone());
                    out.messages.push((*other, ToNode::Downgrade { session, q, name }));
                }
            }
        }
        self.q += 1;
        let fitting = if alone { label.unwrap_or(Label::Exclusive) } else { Label::Shared };
        let share = Share { q: self.q, label: fitting, pushed };
        entry.sharers.insert(node, share);
        entry.previous.remove(&node);
        if !pushed {
            entry.uninterested.remove(&node);
        }
        Some(share)
    }

    /// Sends a copy to those who had one before the last write.
    fn refresh(&mut self, now: Time, name: &Name, payload: &Payload, out: &mut Out) {
        let Some(entry) = self.directory.get_mut(name) else { return };
        let previous = std::mem::take(&mut entry.previous);
        let uninterested = entry.uninterested.clone();
        let wanted = |node: &NodeId| match self.settings.refresh {
            Refresh::Off => false,
            Refresh::Adaptive => !uninterested.contains(node),
            Refresh::On => true,
        };
        for node in previous.into_iter().filter(wanted).collect::<Vec<_>>() {
            if node != self.me {
                let _ = self.send(now, node, name, payload, Label::Shared, out);
            } else if self.share(node, name, None, true, out).is_some() {
                out.pushes += 1;
            }
        }
    }

    /// Sends a node a copy, and says with which message.
    pub(super) fn send(
        &mut self,
        now: Time,
        node: NodeId,
        name: &Name,
        payload: &Payload,
        label: Label,
        out: &mut Out,
    ) -> Option<u64> {
        if self.session_of(node).is_none() || self.is_too_large(payload) {
            return None;
        }
        let pushed = label == Label::Shared;
        let share = self.share(node, name, Some(label), pushed, out)?;
        let seat = self.seats.get(&node)?;
        let grant = Grant { session: seat.session, q: share.q, label: share.label };
        // The node counts from when it sent its last request that was here.
        let past = nanos(now.since(seat.heard));
        let left = payload.left.map(|left| left.saturating_add(past));
        let payload = Payload { left, ..payload.clone() };
        let name = name.clone();
        out.pushes += u64::from(pushed);
        out.messages.push((node, ToNode::Push { grant, name, payload, since: seat.since }));
        Some(share.q)
    }

    /// A node has no copy any more, if it is that one.
    pub(super) fn put(&mut self, now: Time, from: NodeId, name: &Name, q: u64) {
        let Some(entry) = self.directory.get_mut(name) else { return };
        let names_it = |share: &Share| share.q == q || !self.settings.rules.put_names_grant;
        if entry.sharers.get(&from).is_some_and(names_it) {
            entry.sharers.remove(&from);
            self.directory.tidy(name);
            self.called_back(now, name);
            self.back(name, Some(from));
        }
    }

    /// What waited for a write of a key asks anew.
    pub(super) fn release(&mut self, name: &Name, out: &mut Out) {
        let asked = self.held.remove(name).unwrap_or_default();
        self.held_count -= asked.len();
        out.retry.extend(asked);
    }

    pub(super) fn release_all(&mut self, out: &mut Out) {
        self.held_count = 0;
        out.retry.extend(std::mem::take(&mut self.held).into_values().flatten());
    }
}
