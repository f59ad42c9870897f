//! The elements of a payload, for who has to write a large value bit by bit.

use super::load;
use crate::keys::store::{Hasher, Scored, Value};

/// What is in a value of many elements.
#[derive(Clone, Debug, PartialEq)]
pub enum Elements {
    /// Of a list, the first one first.
    List(Vec<Vec<u8>>),
    /// Members of a set.
    Set(Vec<Vec<u8>>),
    /// Members of a sorted set, the lowest first.
    Sorted(Vec<(Vec<u8>, f64)>),
    /// Fields and values of a hash.
    Hash(Vec<(Vec<u8>, Vec<u8>)>),
    /// The same of one with fields that have deadlines, and those, in milliseconds since the
    /// Unix epoch.
    Timed(Vec<(Vec<u8>, Vec<u8>)>, Vec<(Vec<u8>, u64)>),
}

/// The elements in a payload of DUMP; none: it is damaged, or a string or a stream.
pub fn elements(payload: &[u8]) -> Option<Elements> {
    Some(match load(payload, Hasher::default()).ok()? {
        Value::List(list) => Elements::List(list.elements(0).map(<[u8]>::to_vec).collect()),
        Value::Integers(set) | Value::Set(set) => {
            Elements::Set(set.rows().map(|row| row.key.to_vec()).collect())
        }
        Value::Sorted(set) => {
            let all = set.ranks(0, usize::MAX).into_iter();
            let pair = |Scored { member, score }: Scored<'_>| (member.to_vec(), score);
            Elements::Sorted(all.map(pair).collect())
        }
        Value::Hash(hash) => {
            let pair = |row: crate::keys::store::Entry<'_>| (row.key.to_vec(), row.value.to_vec());
            Elements::Hash(hash.rows().map(pair).collect())
        }
        Value::Timed(hash) => {
            let pair = |row: crate::keys::store::Entry<'_>| (row.key.to_vec(), row.value.to_vec());
            let ends = hash.ends.ranks(0, usize::MAX).into_iter();
            let ends = ends.map(|one| (one.member.to_vec(), one.score as u64)).collect();
            Elements::Timed(hash.fields.rows().map(pair).collect(), ends)
        }
        Value::Str(_) | Value::Stream(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::with_footer;
    use super::{Elements, elements};

    #[test]
    fn elements_come_in_their_order() {
        let words = |words: &[&str]| -> Vec<Vec<u8>> {
            words.iter().map(|word| word.as_bytes().to_vec()).collect()
        };
        let list = with_footer(b"\x01\x03\x01b\x01a\xc0\x07");
        assert_eq!(elements(&list), Some(Elements::List(words(&["b", "a", "7"]))));
        let set = with_footer(b"\x02\x02\xc0\x02\xc0\x01");
        assert_eq!(elements(&set), Some(Elements::Set(words(&["1", "2"]))));
        let sorted = with_footer(b"\x05\x01\x01m\0\0\0\0\0\0\xf0\x3f");
        assert_eq!(elements(&sorted), Some(Elements::Sorted(vec![(b"m".to_vec(), 1.0)])));
        let hash = with_footer(b"\x04\x01\x01f\x01v");
        assert_eq!(elements(&hash), Some(Elements::Hash(vec![(b"f".to_vec(), b"v".to_vec())])));
        assert_eq!(elements(&with_footer(b"\0\x01v")), None);
        assert_eq!(elements(b"damage"), None);
    }
}
