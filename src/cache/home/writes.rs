//! Writes: whom they have to wait for, and when they open.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::NodeId;

use super::gates::Gate;
use super::{GateId, Home, Opened, Out};
use crate::message::{Payload, ToNode};
use crate::{HotUpdate, Label, Name, Session, Time};

/// What an entry does that is about to be proposed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    /// The keys it writes, or may write.
    pub written: Vec<Name>,
    /// The keys it only reads.
    pub read: Vec<Name>,
    /// Whether it may write any key, and nobody will say which.
    pub all: bool,
    /// Whether it may write keys besides, which are known when it is applied
    /// ([`Home::wrote_besides`]).
    pub any: bool,
    /// Whether it looks at more than keys, or at any of them.
    pub in_order: bool,
    /// How many operations the state has seen that it will be applied to.
    pub after: u64,
    /// Which node wrote which of the keys last, and wants to keep it.
    pub writers: Vec<Wrote>,
    /// What the key holds then, if it writes one and that is known.
    pub value: Option<Payload>,
    /// Whether replicas count it as one that may touch keys, though it names none.
    pub counts: bool,
    /// Whether it surely carries out an operation: then no other entry has as many before it.
    pub moves: bool,
}

/// Who wrote a key last, and wants to keep it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wrote {
    /// Which node.
    pub node: NodeId,
    /// Which key.
    pub name: Name,
    /// Whether it did nothing but set it, as it might by itself ([`Home::lend`]).
    pub plain: bool,
}

/// Of how many sharers a key is hot when they come back.
const HOT_SHARERS: usize = 2;
/// After how many writes in a row.
const HOT_WRITES: u8 = 2;
/// Values larger than this are not sent beforehand.
const UPDATE_BYTES_MAX: usize = 4_096;

impl Home {
    /// An entry is about to be proposed: those who have its keys are told at the same
    /// moment, and nobody gets them before it is open. Nothing may be proposed
    /// without.
    pub fn proposed(&mut self, now: Time, proposal: Proposal, out: &mut Out) -> GateId {
        self.pass_time(now, out);
        self.limbo = None;
        let Proposal { all, any, in_order, after, writers, value, counts, moves, .. } = proposal;
        let Proposal { written, read, .. } = proposal;
        self.reached(after);
        let targets = if all { self.all_targets() } else { self.targets(&written, out) };
        let update = value.filter(|value| self.updates(&written, value));
        let sent = now;
        let rest = Gate::default();
        let known = after + u64::from(moves);
        let gate =
            Gate { written, read, all, any, in_order, update, known, after, writers, sent, ..rest };
        let counts = counts || gate.writes();
        let followers = if counts { self.followers() } else { BTreeSet::new() };
        self.shut(gate, targets, &followers, out)
    }

    /// Keys are called back: to make room in the directory, or since they were lent.
    pub(super) fn recall(&mut self, now: Time, names: Vec<Name>, out: &mut Out) {
        names.iter().for_each(|name| self.called_back(now, name));
        let targets = self.targets(&names, out);
        let gate = Gate {
            written: names,
            recall: true,
            applied: true,
            after: u64::MAX,
            sent: now,
            ..Gate::default()
        };
        self.shut(gate, targets, &BTreeSet::new(), out);
        self.open_all(now, out);
    }

    /// Sends the messages of a gate, one to each node.
    fn shut(
        &mut self,
        mut gate: Gate,
        mut targets: BTreeSet<NodeId>,
        followers: &BTreeSet<NodeId>,
        out: &mut Out,
    ) -> GateId {
        let mut qs = BTreeMap::new();
        targets.retain(|node| !followers.contains(node));
        for node in targets {
            if let Some(session) = self.session_of(node) {
                self.q += 1;
                qs.insert(node, self.q);
                out.probes += 1;
                out.messages.push((node, told(&gate, session, self.q)));
            }
        }
        if gate.writes() {
            gate.followers = self.numbered(followers);
            out.probes += gate.followers.len() as u64;
            qs.extend(&gate.followers);
        }
        gate.waiting.clone_from(&qs);
        let id = self.gates.add(gate);
        self.tell_followers(id, followers, out);
        for (node, q) in qs {
            if let Some(seat) = self.seats.get_mut(&node) {
                seat.unacked.insert(q, id);
            }
        }
        id
    }

    /// Who has any of the keys, or will have it; it has them no more.
    fn targets(&mut self, names: &[Name], out: &mut Out) -> BTreeSet<NodeId> {
        let mut targets = BTreeSet::new();
        let followers = self.followers();
        for name in names {
            if self.settings.rules.updates_targeted {
                for gate in self.gates.of(name).filter(|gate| gate.update.is_some()) {
                    targets.extend(gate.waiting.keys().chain(gate.updated.keys()));
                }
            }
            let Some(entry) = self.directory.get_mut(name) else { continue };
            let came_back = entry.sharers.values().filter(|share| !share.pushed).count();
            entry.hot = if came_back >= HOT_SHARERS { (entry.hot + 1).min(HOT_WRITES) } else { 0 };
            entry.previous.clear();
            for (node, _) in std::mem::take(&mut entry.sharers) {
                if followers.contains(&node) {
                    // It reads the next one from its replica.
                    targets.insert(node);
                    continue;
                }
                entry.previous.insert(node);
                if node == self.me {
                    // Nothing has to be sent, and nothing waited for.
                    out.probes += 1;
                } else {
                    targets.insert(node);
                }
            }
            self.directory.tidy(name);
        }
        targets
    }

    fn all_targets(&mut self) -> BTreeSet<NodeId> {
        self.directory.clear();
        self.seats.keys().copied().collect()
    }

    fn updates(&self, names: &[Name], value: &Payload) -> bool {
        let [name] = names else { return false };
        let fits = value.value.as_ref().is_none_or(|value| value.len() <= UPDATE_BYTES_MAX);
        let wanted = match self.settings.hot_update {
            HotUpdate::No => false,
            HotUpdate::Auto => self.directory.get(name).is_some_and(|key| key.hot >= HOT_WRITES),
            HotUpdate::Always => true,
        };
        // The time until it opens would count as well.
        wanted && fits && value.left.is_none()
    }

    /// The key whose value was sent before the entry was applied, if it was.
    pub fn sent_beforehand(&self, id: GateId) -> Option<&Name> {
        self.gates.get(id).filter(|gate| gate.update.is_some())?.written.first()
    }

    /// What the key holds behind the entry: what was sent is confirmed only if it is that.
    /// The request may have been forgotten, or have been carried out before, and others
    /// since.
    pub fn wrote(&mut self, id: GateId, found: Option<Payload>) {
        let Some(gate) = self.gates.get_mut(id) else { return };
        let Some(update) = &mut gate.update else { return };
        match found {
            Some(found) if found.value == update.value && found.left.is_none() => {
                update.version = found.version;
            }
            _ if !self.settings.rules.sent_compared => {}
            _ => {
                gate.update = None;
                gate.updated.clear();
            }
        }
    }

    /// Whether it is wanted which keys an entry wrote.
    pub fn asks_for_names(&self, id: GateId) -> bool {
        self.gates.get(id).is_some_and(|gate| gate.any)
    }

    /// Which keys an entry wrote that might have written any; none: it may be any still. To
    /// be told before it counts as applied: it waits for those who have them as well (R32).
    ///
    /// Nobody was given a copy since it was proposed, but of what was written before. What
    /// others are about to drop, for an entry behind it or to make room, they may still have.
    pub fn wrote_besides(&mut self, id: GateId, names: Option<Vec<Name>>, out: &mut Out) {
        if !self.asks_for_names(id) || !self.settings.rules.besides_called_back {
            return;
        }
        let targets = match names {
            Some(mut names) => {
                names.sort_unstable();
                names.dedup();
                let known = self.gates.get(id).map(|gate| gate.written.clone()).unwrap_or_default();
                names.retain(|name| !known.contains(name));
                let mut targets = self.targets(&names, out);
                for gate in names.iter().flat_map(|name| self.gates.of(name)) {
                    targets.extend(gate.waiting.keys());
                }
                // One behind it that writes all has taken them out of the directory.
                for gate in self.gates.of_all().filter(|_| !names.is_empty()) {
                    targets.extend(gate.waiting.keys());
                }
                self.gates.writes_besides(id, names);
                targets
            }
            None => {
                if let Some(gate) = self.gates.get_mut(id) {
                    gate.all = true;
                }
                self.all_targets()
            }
        };
        self.tell_besides(id, targets, out);
    }

    fn tell_besides(&mut self, id: GateId, targets: BTreeSet<NodeId>, out: &mut Out) {
        for node in targets {
            let Some(session) = self.session_of(node) else { continue };
            self.q += 1;
            let q = self.q;
            let Some(gate) = self.gates.get_mut(id) else { return };
            gate.waiting.insert(node, q);
            out.probes += 1;
            out.messages.push((node, told(gate, session, q)));
            if let Some(seat) = self.seats.get_mut(&node) {
                seat.unacked.insert(q, id);
            }
        }
    }

    /// An entry is applied, or surely never will be.
    pub fn applied(&mut self, now: Time, id: GateId, out: &mut Out) {
        self.pass_time(now, out);
        self.flushed(id, out);
        if let Some(gate) = self.gates.get_mut(id) {
            gate.applied = true;
        }
        self.open_all(now, out);
    }

    /// Opens whatever may open, in the order of the log.
    pub(super) fn open_all(&mut self, now: Time, out: &mut Out) {
        if !self.is_open(now) {
            return;
        }
        let ids: Vec<GateId> = self.gates.ids().map(|(id, _)| id).collect();
        let mut followers = BTreeSet::new();
        for id in ids {
            if self.may_open(id)
                && let Some(gate) = self.gates.remove(id)
            {
                followers.extend(gate.followers.keys().copied());
                self.opens(id, gate, out);
            }
        }
        followers.into_iter().for_each(|node| self.tell_standing(node, out));
    }

    fn may_open(&self, id: GateId) -> bool {
        let Some(gate) = self.gates.get(id) else { return false };
        let rules = &self.settings.rules;
        gate.applied
            && (gate.waiting.is_empty() || !rules.open_after_acks)
            && (!rules.open_in_order || self.is_next(id, gate))
    }

    fn is_next(&self, id: GateId, gate: &super::gates::Gate) -> bool {
        let waits_for_all = !gate.recall && (self.settings.log_order || gate.in_order);
        (!waits_for_all || self.gates.is_first_entry(id))
            && self.gates.is_first(id, gate, self.settings.rules.reads_in_order)
    }

    /// Whether an entry will be open as soon as it is applied.
    pub fn opens_at_once(&self, id: GateId) -> bool {
        let is_next = |gate| self.is_open_now(gate) && self.is_next(id, gate);
        self.gates.get(id).is_none_or(is_next)
    }

    fn is_open_now(&self, gate: &super::gates::Gate) -> bool {
        gate.waiting.is_empty() && !gate.any && self.takeover.is_none()
    }

    fn opens(&mut self, id: GateId, gate: Gate, out: &mut Out) {
        if gate.recall {
            gate.written.iter().for_each(|name| self.back(name, None));
        }
        for name in gate.written.iter().chain(&gate.read) {
            self.release(name, out);
        }
        if gate.is_about_all() {
            self.release_all(out);
        }
        if let [name] = &gate.written[..]
            && !gate.updated.is_empty()
        {
            let version = gate.update.as_ref().map_or(0, |update| update.version);
            for (node, q) in &gate.updated {
                self.confirm(*node, *q, name, version, out);
            }
        }
        if gate.recall {
            gate.written.iter().for_each(|name| self.directory.remove(name));
        } else {
            out.opened.push(Opened { gate: id, writers: gate.writers });
        }
    }

    /// What a node was sent beforehand may be read, unless the next write has told it
    /// otherwise already.
    fn confirm(&mut self, node: NodeId, q: u64, name: &Name, version: u64, out: &mut Out) {
        let Some(session) = self.session_of(node) else { return };
        if self.gates.of(name).any(|gate| gate.waiting.contains_key(&node)) {
            return;
        }
        let Some(entry) = self.directory.enter(name) else { return };
        let share = super::Share { q, label: Label::Shared, pushed: false };
        entry.sharers.insert(node, share);
        entry.previous.remove(&node);
        out.messages.push((node, ToNode::Val { session, q, name: name.clone(), version }));
    }
}

/// The message of a gate to a node.
pub(super) fn told(gate: &Gate, session: Session, q: u64) -> ToNode {
    match (&gate.update, &gate.written[..]) {
        (Some(payload), [name]) => {
            ToNode::Upd { session, q, name: name.clone(), payload: payload.clone() }
        }
        _ if gate.all => ToNode::InvAll { session, q },
        (_, names) => ToNode::Inv { session, q, names: names.to_vec() },
    }
}
