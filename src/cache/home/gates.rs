//! Writes that are not open yet, and what touches what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use lockstep_core::NodeId;

use super::Wrote;

use crate::message::Payload;
use crate::{Name, Time};

/// The number of a proposed entry at its home: the order of the log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GateId(pub u64);

/// An entry that is not open yet, or keys that are called back.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Gate {
    /// The keys it writes.
    pub written: Vec<Name>,
    /// The keys it only reads.
    pub read: Vec<Name>,
    /// It writes everything there is.
    pub all: bool,
    /// It may write anything besides, and what that is comes out when it is applied.
    pub any: bool,
    /// It looks at more than keys, or at any of them: all before it opens first.
    pub in_order: bool,
    /// Who has to acknowledge which message.
    pub waiting: BTreeMap<NodeId, u64>,
    /// What it writes, if nodes are told beforehand.
    pub update: Option<Payload>,
    /// Who has that, not readable yet, by which message.
    pub updated: BTreeMap<NodeId, u64>,
    /// Who reads the whole shard and was told, by which message: also when it has
    /// acknowledged.
    pub followers: BTreeMap<NodeId, u64>,
    /// What begins before the state has seen so many operations is known to whoever is
    /// told of this entry.
    pub known: u64,
    pub applied: bool,
    /// How many operations the state had seen when it was proposed.
    pub after: u64,
    /// Who wrote which key last, and wants to keep it.
    pub writers: Vec<Wrote>,
    /// What keys that are lent were given at their nodes: with which message they were lent,
    /// and the number of the value.
    pub flushed: Vec<(Name, u64, u64)>,
    /// It is no entry of the log.
    pub recall: bool,
    pub sent: Time,
}

impl Gate {
    /// Whether it may write keys.
    pub(super) fn writes(&self) -> bool {
        self.is_about_all() || !self.written.is_empty()
    }

    /// Whether nobody may have any key before it is open.
    pub(super) fn is_about_all(&self) -> bool {
        self.all || self.any
    }

    /// The keys that it touches, and whether it writes them.
    fn names(&self) -> impl Iterator<Item = (&Name, bool)> {
        let written = self.written.iter().map(|name| (name, true));
        written.chain(self.read.iter().map(|name| (name, false)))
    }
}

/// The gates that touch a key, in their order, and whether they write it.
type Queue = VecDeque<(GateId, bool)>;

/// All of them.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Gates {
    list: BTreeMap<GateId, Gate>,
    /// Those that touch a key, in their order.
    queues: BTreeMap<Name, Queue>,
    /// Those that write everything, or may.
    all: BTreeSet<GateId>,
    last: u64,
}

impl Gates {
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn add(&mut self, gate: Gate) -> GateId {
        self.last += 1;
        let id = GateId(self.last);
        for (name, writes) in gate.names() {
            let queue = self.queues.entry(name.clone()).or_default();
            if queue.back().is_none_or(|(last, _)| *last != id) {
                queue.push_back((id, writes));
            }
        }
        if gate.is_about_all() {
            self.all.insert(id);
        }
        self.list.insert(id, gate);
        id
    }

    /// It turns out that one writes these keys as well.
    pub(super) fn writes_besides(&mut self, id: GateId, names: Vec<Name>) {
        for name in &names {
            let queue = self.queues.entry(name.clone()).or_default();
            match queue.binary_search_by_key(&id, |(other, _)| *other) {
                // It was taken for one that reads it.
                Ok(at) => queue[at].1 = true,
                Err(at) => queue.insert(at, (id, true)),
            }
        }
        if let Some(gate) = self.list.get_mut(&id) {
            gate.written.extend(names);
        }
    }

    pub(super) fn get(&self, id: GateId) -> Option<&Gate> {
        self.list.get(&id)
    }

    pub(super) fn get_mut(&mut self, id: GateId) -> Option<&mut Gate> {
        self.list.get_mut(&id)
    }

    /// The first one that writes a key and is not open.
    pub(super) fn first_of(&self, name: &Name) -> Option<&Gate> {
        let first = self.writers(name).next();
        let first = first.into_iter().chain(self.all.first().copied()).min()?;
        self.list.get(&first)
    }

    fn writers(&self, name: &Name) -> impl Iterator<Item = GateId> {
        let queue = self.queues.get(name).into_iter().flatten();
        queue.filter(|(_, writes)| *writes).map(|(id, _)| *id)
    }

    /// Whether a state that has seen so many operations shows of a key what is not open.
    /// Keys that are called back hide nothing by themselves.
    pub(super) fn hides(&self, name: &Name, seq: u64) -> bool {
        let all = self.all.iter().filter_map(|id| self.list.get(id));
        self.of(name).chain(all).any(|gate| !gate.recall && seq > gate.after)
    }

    /// All that write a key and are not open, in their order.
    pub(super) fn of(&self, name: &Name) -> impl Iterator<Item = &Gate> {
        self.writers(name).filter_map(|id| self.list.get(&id))
    }

    /// The entries that write everything.
    pub(super) fn of_all(&self) -> impl Iterator<Item = &Gate> {
        self.all.iter().filter_map(|id| self.list.get(id)).filter(|gate| gate.all)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Gate> {
        self.list.values_mut()
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = (GateId, &Gate)> {
        self.list.iter().map(|(id, gate)| (*id, gate))
    }

    /// Whether any reads or writes a key, or may.
    pub(super) fn touch(&self, name: &Name) -> bool {
        let looks = |gate: &Gate| gate.is_about_all() || gate.in_order;
        self.queues.contains_key(name) || self.list.values().any(looks)
    }

    /// Whether every entry before it is open.
    pub(super) fn is_first_entry(&self, id: GateId) -> bool {
        self.list.iter().find(|(_, gate)| !gate.recall).is_none_or(|(first, _)| *first == id)
    }

    /// Whether everything that touches the same and was before it is open. What only reads
    /// a key waits for those that write it, and those for what reads it: whoever sees the
    /// later one must not miss what the earlier one wrote elsewhere.
    pub(super) fn is_first(&self, id: GateId, gate: &Gate, reads_count: bool) -> bool {
        if gate.is_about_all() {
            return self.list.keys().next() == Some(&id);
        }
        let is_first = |(name, writes): (&Name, bool)| {
            let queue = self.queues.get(name).into_iter().flatten();
            let mut before = queue.take_while(|(other, _)| *other != id);
            !before.any(|(_, wrote)| (writes && *wrote) || (reads_count && writes != *wrote))
        };
        self.all.first().is_none_or(|first| id < *first) && gate.names().all(is_first)
    }

    pub(super) fn remove(&mut self, id: GateId) -> Option<Gate> {
        let gate = self.list.remove(&id)?;
        for (name, _) in gate.names() {
            if let Some(queue) = self.queues.get_mut(name) {
                queue.retain(|(other, _)| *other != id);
                if queue.is_empty() {
                    self.queues.remove(name);
                }
            }
        }
        self.all.remove(&id);
        Some(gate)
    }
}
