//! The ids of entries.

use crate::wire::{Malformed, Wire};

/// The id of an entry: a time, and a number among those of the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Milliseconds since the Unix epoch, or what the client said.
    pub ms: u64,
    /// Which of that time.
    pub seq: u64,
}

impl Id {
    /// The least; no entry has it.
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    /// The greatest.
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    /// The one behind this; none behind the last.
    #[must_use]
    pub fn next(self) -> Option<Id> {
        let Id { ms, seq } = self;
        match seq.checked_add(1) {
            Some(seq) => Some(Id { ms, seq }),
            None => Some(Id { ms: ms.checked_add(1)?, seq: 0 }),
        }
    }

    /// The one before this; none before the first.
    #[must_use]
    pub fn before(self) -> Option<Id> {
        let Id { ms, seq } = self;
        match seq.checked_sub(1) {
            Some(seq) => Some(Id { ms, seq }),
            None => Some(Id { ms: ms.checked_sub(1)?, seq: u64::MAX }),
        }
    }

    /// As clients see it: `ms-seq`.
    pub fn text(self) -> Vec<u8> {
        format!("{}-{}", self.ms, self.seq).into_bytes()
    }

    /// Bytes that are in the order of the ids.
    pub(in crate::keys) fn key(self) -> [u8; 16] {
        ((u128::from(self.ms) << 64) | u128::from(self.seq)).to_be_bytes()
    }

    /// The id of such bytes.
    pub(in crate::keys) fn of_key(key: &[u8]) -> Option<Id> {
        let number = u128::from_be_bytes(key.try_into().ok()?);
        Some(Id { ms: (number >> 64) as u64, seq: number as u64 })
    }
}

impl<'a> Wire<'a> for Id {
    fn put(&self, out: &mut Vec<u8>) {
        self.ms.put(out);
        self.seq.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Id { ms: u64::take(input)?, seq: u64::take(input)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_neighbours_and_keep_their_order_as_bytes() {
        let id = |ms, seq| Id { ms, seq };
        assert_eq!(id(1, 2).next(), Some(id(1, 3)));
        assert_eq!(id(1, u64::MAX).next(), Some(id(2, 0)));
        assert_eq!(id(2, 0).before(), Some(id(1, u64::MAX)));
        assert_eq!((Id::MAX.next(), Id::MIN.before()), (None, None));
        let all = [Id::MIN, id(0, u64::MAX), id(1, 0), id(256, 1), Id::MAX];
        assert!(all.is_sorted() && all.is_sorted_by_key(|id| id.key()));
        assert!(all.iter().all(|id| Id::of_key(&id.key()) == Some(*id)));
        assert_eq!((Id::of_key(b"short"), id(7, 0).text()), (None, b"7-0".to_vec()));
    }
}
