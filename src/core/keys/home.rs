//! Which keys an operation names, and the slot it belongs to where keys are
//! spread by slot.

use super::Op;
use crate::Db;
use crate::slot::Slot;

/// The keys that an operation names, in order, repeated ones too.
#[derive(Clone, Debug)]
pub struct KeyNames<'op, 'a> {
    first: Option<&'a [u8]>,
    second: Option<&'a [u8]>,
    keys: std::slice::Iter<'op, &'a [u8]>,
    pairs: std::slice::Iter<'op, (&'a [u8], &'a [u8])>,
    in_databases: std::slice::Iter<'op, (Db, &'a [u8])>,
}

impl<'a> KeyNames<'_, 'a> {
    fn of(first: Option<&'a [u8]>, second: Option<&'a [u8]>) -> Self {
        let (keys, pairs, in_databases) = ([].iter(), [].iter(), [].iter());
        KeyNames { first, second, keys, pairs, in_databases }
    }
}

impl<'a> Iterator for KeyNames<'_, 'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let one = self.first.take().or_else(|| self.second.take());
        one.or_else(|| self.keys.next().copied())
            .or_else(|| self.pairs.next().map(|(key, _)| *key))
            .or_else(|| self.in_databases.next().map(|(_, key)| *key))
    }
}

impl<'a> Op<'a> {
    /// The keys it names; none for what is about all keys of a database, or about
    /// a slot.
    pub fn key_names(&self) -> KeyNames<'_, 'a> {
        let none = KeyNames::of(None, None);
        match self {
            Op::Get { key, .. }
            | Op::GetRange { key, .. }
            | Op::StrLen { key, .. }
            | Op::Type { key, .. }
            | Op::Ttl { key, .. }
            | Op::Dump { key, .. }
            | Op::Object { key, .. }
            | Op::Set { key, .. }
            | Op::GetDel { key, .. }
            | Op::GetEx { key, .. }
            | Op::Append { key, .. }
            | Op::SetRange { key, .. }
            | Op::IncrBy { key, .. }
            | Op::IncrByFloat { key, .. }
            | Op::DelIfEqual { key, .. }
            | Op::Move { key, .. }
            | Op::Restore { key, .. }
            | Op::Expire { key, .. }
            | Op::Persist { key, .. }
            | Op::Hash { key, .. }
            | Op::List { key, .. }
            | Op::Members { key, .. }
            | Op::Scored { key, .. }
            | Op::Bits { key, .. }
            | Op::FillSet { key, .. }
            | Op::FillAbort { key, .. }
            | Op::Stream { key, .. }
            | Op::Sort { key, .. }
            | Op::CountDistinct { key, .. }
            | Op::DistinctInside { key, .. }
            | Op::KeepCount { key, .. }
            | Op::Near { key, .. }
            | Op::Distance { key, .. } => KeyNames::of(Some(key), None),
            Op::Lcs { a: from, b: to, .. }
            | Op::Copy { from, to, .. }
            | Op::Rename { from, to, .. }
            | Op::ListMove { from, to, .. }
            | Op::MemberMove { from, to, .. } => KeyNames::of(Some(from), Some(to)),
            Op::MGet { keys, .. }
            | Op::Exists { keys, .. }
            | Op::Touch { keys, .. }
            | Op::Versions { keys, .. }
            | Op::DigestValue { keys, .. }
            | Op::Del { keys, .. }
            | Op::ListPopFirst { keys, .. }
            | Op::SetMerge { keys, .. }
            | Op::SetCommon { keys, .. }
            | Op::ScoredMerge { keys, .. }
            | Op::ScoredCommon { keys, .. }
            | Op::ScoredPopFirst { keys, .. }
            | Op::StreamRead { keys, .. }
            | Op::StreamReadGroup { keys, .. }
            | Op::DistinctCount { keys, .. } => KeyNames { keys: keys.iter(), ..none },
            Op::ScoredRangeStore { to, from, .. }
            | Op::SortStore { to, key: from, .. }
            | Op::NearStore { to, key: from, .. }
            | Op::RadiusStore { to, key: from, .. } => KeyNames::of(Some(to), Some(from)),
            Op::SetMergeStore { to, keys, .. }
            | Op::ScoredMergeStore { to, keys, .. }
            | Op::BitMerge { to, keys, .. }
            | Op::DistinctMerge { to, keys, .. } => {
                KeyNames { first: Some(to), keys: keys.iter(), ..none }
            }
            Op::PopOrWait { keys, want, .. } => {
                KeyNames { first: want.to(), keys: keys.iter(), ..none }
            }
            Op::MSet { pairs, .. } => KeyNames { pairs: pairs.iter(), ..none },
            Op::Evict { keys } => KeyNames { in_databases: keys.iter(), ..none },
            Op::RandomKey { .. }
            | Op::Keys { .. }
            | Op::Scan { .. }
            | Op::DbSize { .. }
            | Op::Digest {}
            | Op::CountInSlot { .. }
            | Op::KeysInSlot { .. }
            | Op::FlushDb { .. }
            | Op::FlushAll {}
            | Op::SwapDb { .. }
            | Op::CancelWait { .. }
            | Op::ConfirmWait { .. }
            | Op::LookAtWait { .. } => none,
        }
    }

    /// The database it is about, of two the first; 0 for what is about all.
    pub fn db(&self) -> Db {
        match self {
            Op::Get { db, .. }
            | Op::MGet { db, .. }
            | Op::GetRange { db, .. }
            | Op::StrLen { db, .. }
            | Op::Lcs { db, .. }
            | Op::Exists { db, .. }
            | Op::Type { db, .. }
            | Op::Ttl { db, .. }
            | Op::RandomKey { db, .. }
            | Op::Keys { db, .. }
            | Op::Scan { db, .. }
            | Op::DbSize { db }
            | Op::Dump { db, .. }
            | Op::Object { db, .. }
            | Op::Touch { db, .. }
            | Op::Versions { db, .. }
            | Op::DigestValue { db, .. }
            | Op::CountInSlot { db, .. }
            | Op::KeysInSlot { db, .. }
            | Op::Set { db, .. }
            | Op::GetDel { db, .. }
            | Op::GetEx { db, .. }
            | Op::MSet { db, .. }
            | Op::Append { db, .. }
            | Op::SetRange { db, .. }
            | Op::IncrBy { db, .. }
            | Op::IncrByFloat { db, .. }
            | Op::Del { db, .. }
            | Op::DelIfEqual { db, .. }
            | Op::Copy { db, .. }
            | Op::Rename { db, .. }
            | Op::Move { db, .. }
            | Op::Restore { db, .. }
            | Op::Expire { db, .. }
            | Op::Persist { db, .. }
            | Op::FlushDb { db }
            | Op::Hash { db, .. }
            | Op::List { db, .. }
            | Op::ListMove { db, .. }
            | Op::ListPopFirst { db, .. }
            | Op::Members { db, .. }
            | Op::MemberMove { db, .. }
            | Op::SetMerge { db, .. }
            | Op::SetCommon { db, .. }
            | Op::SetMergeStore { db, .. }
            | Op::Scored { db, .. }
            | Op::ScoredMerge { db, .. }
            | Op::ScoredCommon { db, .. }
            | Op::ScoredMergeStore { db, .. }
            | Op::ScoredPopFirst { db, .. }
            | Op::ScoredRangeStore { db, .. }
            | Op::Stream { db, .. }
            | Op::StreamRead { db, .. }
            | Op::StreamReadGroup { db, .. }
            | Op::PopOrWait { db, .. }
            | Op::Bits { db, .. }
            | Op::FillSet { db, .. }
            | Op::FillAbort { db, .. }
            | Op::BitMerge { db, .. }
            | Op::Sort { db, .. }
            | Op::SortStore { db, .. }
            | Op::CountDistinct { db, .. }
            | Op::DistinctCount { db, .. }
            | Op::DistinctInside { db, .. }
            | Op::KeepCount { db, .. }
            | Op::DistinctMerge { db, .. }
            | Op::Near { db, .. }
            | Op::NearStore { db, .. }
            | Op::RadiusStore { db, .. }
            | Op::Distance { db, .. } => *db,
            Op::SwapDb { a, .. } => *a,
            Op::Digest {}
            | Op::FlushAll {}
            | Op::Evict { .. }
            | Op::CancelWait { .. }
            | Op::ConfirmWait { .. }
            | Op::LookAtWait { .. } => Db(0),
        }
    }

    /// Whether it reads keys that it does not name: SORT with BY or GET.
    pub fn looks_elsewhere(&self) -> bool {
        match self {
            Op::Sort { terms, get, .. } | Op::SortStore { terms, get, .. } => {
                terms.looks_elsewhere() || !get.is_empty()
            }
            _ => false,
        }
    }

    /// Whether it reads keys that it names, and gives the same at any time as long as these
    /// do not change and have no deadline.
    pub fn is_lasting(&self) -> bool {
        let names_all = matches!(
            self,
            Op::Get { .. }
                | Op::MGet { .. }
                | Op::GetRange { .. }
                | Op::StrLen { .. }
                | Op::Lcs { .. }
                | Op::Exists { .. }
                | Op::Type { .. }
                | Op::Ttl { .. }
                | Op::Hash { .. }
                | Op::List { .. }
                | Op::Members { .. }
                | Op::SetMerge { .. }
                | Op::SetCommon { .. }
                | Op::Scored { .. }
                | Op::ScoredMerge { .. }
                | Op::ScoredCommon { .. }
                | Op::Bits { .. }
                | Op::Near { .. }
                | Op::Distance { .. }
                | Op::DistinctCount { .. }
        );
        names_all && !self.is_write() && self.first_key().is_some()
    }

    /// The first of the keys it names; none for what is about all keys of a
    /// database, or about a slot.
    pub fn first_key(&self) -> Option<&'a [u8]> {
        self.key_names().next()
    }

    /// The slot it belongs to, that of its first key; none for what is about all
    /// keys of a database.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Op::CountInSlot { slot, .. } | Op::KeysInSlot { slot, .. } => Some(*slot),
            op => op.first_key().map(Slot::of),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::TtlForm;

    #[test]
    fn an_operation_belongs_to_the_slot_of_its_first_key() {
        let db = Db(0);
        let foo = Some(Slot(12_182));
        assert_eq!(Op::Get { db, key: b"foo" }.slot(), foo);
        assert_eq!(Op::Ttl { db, key: b"foo", form: TtlForm::Seconds {} }.slot(), foo);
        assert_eq!(Op::MGet { db, keys: vec![b"foo", b"{foo}2"] }.slot(), foo);
        assert_eq!(Op::MSet { db, pairs: vec![(b"foo", b"1")], only_new: false }.slot(), foo);
        assert_eq!(Op::Rename { db, from: b"foo", to: b"{foo}2", only_new: false }.slot(), foo);
        assert_eq!(Op::CountInSlot { db, slot: Slot(12_182) }.slot(), foo);
        assert_eq!(Op::DbSize { db }.slot(), None);
        assert_eq!(Op::FlushAll {}.slot(), None);
    }

    #[test]
    fn all_keys_of_an_operation_are_named() {
        let db = Db(0);
        let names = |op: Op<'static>| op.key_names().collect::<Vec<_>>();
        assert_eq!(names(Op::Get { db, key: b"a" }), [b"a"]);
        assert_eq!(names(Op::Rename { db, from: b"a", to: b"b", only_new: true }), [b"a", b"b"]);
        assert_eq!(names(Op::Lcs { db, a: b"a", b: b"b", form: 0, min_len: 0 }), [b"a", b"b"]);
        assert_eq!(names(Op::Del { db, keys: vec![b"a", b"b", b"a"] }), [b"a", b"b", b"a"]);
        let pairs: Vec<(&[u8], &[u8])> = vec![(b"a", b"1"), (b"b", b"2")];
        assert_eq!(names(Op::MSet { db, pairs, only_new: false }), [b"a", b"b"]);
        assert_eq!(names(Op::Evict { keys: vec![(db, b"a"), (db, b"b")] }), [b"a", b"b"]);
        assert!(names(Op::Keys { db, pattern: b"*" }).is_empty());
    }
}
