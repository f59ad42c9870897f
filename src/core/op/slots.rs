//! The slots that an operation touches, where names are spread by slot.

use super::{Op, Watched};
use crate::slot::Slot;
use crate::wire::Wire;

/// The slots of all names in an operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slots {
    /// It names nothing.
    #[default]
    None,
    /// All of them are in this one.
    One(Slot),
    /// They are in several: no shard need have them all.
    Several,
}

impl Slots {
    /// Those of both.
    #[must_use]
    pub fn and(self, other: Slots) -> Slots {
        match (self, other) {
            (Slots::None, slots) | (slots, Slots::None) => slots,
            (one, same) if one == same => one,
            _ => Slots::Several,
        }
    }

    fn of<'a>(names: impl Iterator<Item = &'a [u8]>) -> Slots {
        names.fold(Slots::None, |slots, name| slots.and(Slots::One(Slot::of(name))))
    }
}

impl Op<'_> {
    /// The slots of all keys, locks and queues that it names; of a transaction
    /// those of its operations and of the watched keys.
    pub fn slots(&self) -> Slots {
        match self {
            Op::Key { op } => match op.slot() {
                Some(slot) => Slots::One(slot).and(Slots::of(op.key_names().skip(1))),
                None => Slots::None,
            },
            Op::Lock { op } => Slots::of(op.names().iter().copied()),
            Op::Queue { op } => Slots::of(op.names()),
            Op::Script { op } => Slots::of(op.key_names().iter().copied()),
            Op::Transaction { watched, count, ops } => {
                let keys = watched.iter().map(|Watched::Key { key, .. }| *key);
                Slots::of(keys).and(slots_of_all(*count, ops))
            }
            Op::Tick {}
            | Op::Boot { .. }
            | Op::Session { .. }
            | Op::Gone { .. }
            | Op::Cluster { .. }
            | Op::User { .. }
            | Op::Request { .. }
            | Op::Refused { .. } => Slots::None,
        }
    }
}

fn slots_of_all(count: u32, mut ops: &[u8]) -> Slots {
    let mut slots = Slots::None;
    for _ in 0..count {
        // What is cut short is not carried out either, nor is a transaction
        // within a transaction.
        match Op::take(&mut ops) {
            Ok(Op::Transaction { .. }) => {}
            Ok(op) => slots = slots.and(op.slots()),
            Err(_) => break,
        }
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Db, keys, locks, queues};

    const DB: Db = Db(0);

    fn rename<'a>(from: &'a [u8], to: &'a [u8]) -> Op<'a> {
        Op::Key { op: keys::Op::Rename { db: DB, from, to, only_new: false } }
    }

    fn one(name: &[u8]) -> Slots {
        Slots::One(Slot::of(name))
    }

    #[test]
    fn names_with_one_tag_are_in_one_slot() {
        assert_eq!(rename(b"{t}a", b"{t}b").slots(), one(b"t"));
        assert_eq!(rename(b"a", b"b").slots(), Slots::Several);
        assert_eq!(Op::Key { op: keys::Op::DbSize { db: DB } }.slots(), Slots::None);
        let in_slot = keys::Op::CountInSlot { db: DB, slot: Slot(7) };
        assert_eq!(Op::Key { op: in_slot }.slots(), Slots::One(Slot(7)));
        let len = queues::Op::Len { queue: b"t", part: 0, which: None };
        assert_eq!(Op::Queue { op: len }.slots(), one(b"t"));
        assert_eq!(Op::Lock { op: locks::Op::Stats {} }.slots(), Slots::None);
        assert_eq!(Op::Tick {}.slots(), Slots::None);
    }

    #[test]
    fn a_transaction_is_in_the_slots_of_all_it_holds_and_watches() {
        let mut ops = Vec::new();
        rename(b"{t}a", b"{t}b").put(&mut ops);
        Op::Lock { op: locks::Op::Info { name: b"{t}door" } }.put(&mut ops);
        let watch = |key| vec![Watched::Key { db: DB, key, version: 0 }];
        let transaction = |watched| Op::Transaction { watched, count: 2, ops: &ops };
        assert_eq!(transaction(Vec::new()).slots(), one(b"t"));
        assert_eq!(transaction(watch(b"{t}w")).slots(), one(b"t"));
        assert_eq!(transaction(watch(b"w")).slots(), Slots::Several);
        let mut ops = ops.clone();
        rename(b"a", b"a").put(&mut ops);
        let wide = Op::Transaction { watched: Vec::new(), count: 3, ops: &ops };
        assert_eq!(wide.slots(), Slots::Several);
    }
}
