//! A stream as plain maps.

use std::collections::BTreeMap;

use super::{Id, bytes, list};
use crate::Outcome;

type Fields = Vec<(Vec<u8>, Vec<u8>)>;

/// A stream.
#[derive(Default)]
pub(super) struct Model {
    pub entries: BTreeMap<Id, Fields>,
    pub last_id: Id,
    pub max_deleted: Id,
    pub added: i64,
    pub groups: BTreeMap<Vec<u8>, Group>,
}

/// A group: what is pending with whom, since when, how often; who was seen when.
#[derive(Default)]
pub(super) struct Group {
    pub last_id: Id,
    pub pending: BTreeMap<Id, (Vec<u8>, u64, i64)>,
    pub consumers: BTreeMap<Vec<u8>, u64>,
}

impl Model {
    pub(super) fn shown(&self, id: Id) -> Outcome {
        let fields = self.entries[&id].iter().flat_map(|(field, value)| [field, value]);
        list([Outcome::Bytes(id.text()), list(fields.map(|part| Outcome::Bytes(part.clone())))])
    }

    pub(super) fn range(&self, start: Id, end: Id, reverse: bool, count: usize) -> Outcome {
        let mut ids: Vec<Id> =
            self.entries.keys().copied().filter(|id| (start..=end).contains(id)).collect();
        if reverse {
            ids.reverse();
        }
        list(ids.into_iter().take(count).map(|id| self.shown(id)))
    }

    pub(super) fn delete(&mut self, id: Id) -> bool {
        let there = self.entries.remove(&id).is_some();
        if there {
            self.max_deleted = self.max_deleted.max(id);
        }
        there
    }

    /// Leaves the newest so many; how many went.
    pub(super) fn keep(&mut self, count: usize) -> usize {
        let gone = self.entries.len().saturating_sub(count);
        (0..gone).for_each(|_| _ = self.entries.pop_first());
        gone
    }

    /// What the consumer is given that was given to nobody.
    pub(super) fn give(
        &mut self,
        group: &[u8],
        consumer: &[u8],
        count: usize,
        now: u64,
    ) -> Outcome {
        let ids: Vec<Id> = {
            let last = self.groups[group].last_id;
            self.entries.keys().copied().filter(|id| *id > last).take(count).collect()
        };
        if ids.is_empty() {
            return Outcome::Nil;
        }
        let known = self.groups.get_mut(group).unwrap();
        known.consumers.insert(consumer.to_vec(), now);
        for id in &ids {
            known.last_id = *id;
            known.pending.insert(*id, (consumer.to_vec(), now, 1));
        }
        list([bytes("s"), list(ids.into_iter().map(|id| self.shown(id)))])
    }

    /// What the consumer has, once more.
    pub(super) fn again(&mut self, group: &[u8], consumer: &[u8], after: Id, now: u64) -> Outcome {
        let known = self.groups.get_mut(group).unwrap();
        known.consumers.insert(consumer.to_vec(), now);
        let mut ids = Vec::new();
        for (id, (owner, given, count)) in &mut known.pending {
            if owner != consumer || *id <= after {
                continue;
            }
            if self.entries.contains_key(id) {
                (*given, *count) = (now, *count + 1);
            }
            ids.push(*id);
        }
        let shown = ids.into_iter().map(|id| match self.entries.contains_key(&id) {
            true => self.shown(id),
            false => list([Outcome::Bytes(id.text()), Outcome::Nil]),
        });
        let shown: Vec<Outcome> = shown.collect();
        list([bytes("s"), list(shown)])
    }

    /// XCLAIM of some ids, only the ids told.
    pub(super) fn claim(
        &mut self,
        group: &[u8],
        consumer: &[u8],
        ids: &[Id],
        (idle, force): (i64, bool),
        now: u64,
    ) -> Outcome {
        let mut claimed = Vec::new();
        let known = self.groups.get_mut(group).unwrap();
        for id in ids {
            if !self.entries.contains_key(id) {
                known.pending.remove(id);
                continue;
            }
            let before = known.pending.get(id).map(|(_, given, count)| (*given, *count));
            let fits = before.map_or(force, |(given, _)| idle == 0 || (now - given) as i64 >= idle);
            if fits {
                known.consumers.insert(consumer.to_vec(), now);
                let count = before.map_or(1, |(_, count)| count);
                known.pending.insert(*id, (consumer.to_vec(), now, count));
                claimed.push(Outcome::Bytes(id.text()));
            }
        }
        list(claimed)
    }

    /// XPENDING of all.
    pub(super) fn pending(&self, group: &[u8], now: u64) -> Outcome {
        let one = |(id, (owner, given, count)): (&Id, &(Vec<u8>, u64, i64))| {
            let (id, owner) = (Outcome::Bytes(id.text()), Outcome::Bytes(owner.clone()));
            list([id, owner, Outcome::Int((now - given) as i64), Outcome::Int(*count)])
        };
        list(self.groups[group].pending.iter().map(one))
    }

    /// XINFO CONSUMERS.
    pub(super) fn consumers(&self, group: &[u8], now: u64) -> Outcome {
        let group = &self.groups[group];
        let one = |(name, seen): (&Vec<u8>, &u64)| {
            let has = group.pending.values().filter(|(owner, ..)| owner == name).count();
            let idle = Outcome::Int((now - seen) as i64);
            list([Outcome::Bytes(name.clone()), Outcome::Int(has as i64), idle])
        };
        list(group.consumers.iter().map(one))
    }
}
