//! Which slot an operation on keys belongs to, where keys are spread by slot.

use super::Op;
use crate::slot::Slot;

impl<'a> Op<'a> {
    /// The first of the keys it names; none for what is about all keys of a
    /// database, or about a slot.
    pub fn first_key(&self) -> Option<&'a [u8]> {
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
            | Op::Persist { key, .. } => Some(key),
            Op::Lcs { a: key, .. } | Op::Copy { from: key, .. } | Op::Rename { from: key, .. } => {
                Some(key)
            }
            Op::MGet { keys, .. }
            | Op::Exists { keys, .. }
            | Op::Touch { keys, .. }
            | Op::Versions { keys, .. }
            | Op::DigestValue { keys, .. }
            | Op::Del { keys, .. } => keys.first().copied(),
            Op::MSet { pairs, .. } => pairs.first().map(|(key, _)| *key),
            Op::Evict { keys } => keys.first().map(|(_, key)| *key),
            _ => None,
        }
    }

    /// The slot it belongs to; none for what is about all keys of a database.
    pub fn slot(&self) -> Option<Slot> {
        self.first_key().map(Slot::of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Db;
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
        assert_eq!(Op::DbSize { db }.slot(), None);
        assert_eq!(Op::FlushAll {}.slot(), None);
    }
}
