//! Small values in RDB files: whole ones that stand in one string.

use super::ziplist;
use crate::float;
use crate::keys::hashes::KEPT_END_MAX_MS;
use crate::keys::store::{
    Collection, Element, Entry, HASH_LIMITS, Hasher, Scored, Value, listpack_elements,
};
use crate::rdb::{take_array, take_plain_len, take_string};

/// How a node of a list holds its elements: one as it is, or several in a listpack.
const PLAIN: usize = 1;
const PACKED: usize = 2;

/// The head of integers: how many bytes each has, and how many they are.
const INTEGERS_HEAD_BYTES: usize = 8;

/// How the elements of a small value are packed.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// Since Redis 7.
    Listpack,
    /// Before.
    Ziplist,
    /// Hashes before Redis 2.6.
    Zipmap,
}

impl Form {
    fn elements(self, bytes: &[u8]) -> Option<Vec<Element<'_>>> {
        match self {
            Form::Listpack => Some(listpack_elements(bytes)?.collect()),
            Form::Ziplist => ziplist::elements(bytes),
            Form::Zipmap => ziplist::pairs(bytes),
        }
    }
}

/// Fields and values in turn.
pub(super) fn hash(input: &mut &[u8], form: Form, hasher: Hasher) -> Option<Collection> {
    let mut hash = Collection::default();
    pairs(&form.elements(&take_string(input)?)?, |field, value| {
        let (key, value) = (field.to_vec(), value.to_vec());
        // A field that comes twice is damage.
        hash.put(hasher, HASH_LIMITS, Entry { key: &key, value: &value })
    })?;
    Some(hash)
}

/// The nearest deadline, then fields, values and deadlines in turn; 0 for none.
pub(super) fn timed(input: &mut &[u8], hasher: Hasher) -> Option<Value> {
    let _nearest: [u8; 8] = take_array(input)?;
    let bytes = take_string(input)?;
    let elements: Vec<Element<'_>> = listpack_elements(&bytes)?.collect();
    let (parts, []) = elements.as_chunks::<3>() else { return None };
    let (mut fields, mut ends) = (Collection::default(), Collection::default());
    for [field, value, end] in parts {
        let (key, value) = (field.to_vec(), value.to_vec());
        let Element::Int(end) = end else { return None };
        let end = u64::try_from(*end).ok().filter(|end| *end <= KEPT_END_MAX_MS)?;
        if !fields.put(hasher, HASH_LIMITS, Entry { key: &key, value: &value }) {
            return None;
        }
        if end > 0 {
            ends.set_score(hasher, Scored { member: &key, score: end as f64 });
        }
    }
    Some(Value::of_timed(fields, ends))
}

/// Members and scores in turn.
pub(super) fn sorted(input: &mut &[u8], form: Form, hasher: Hasher) -> Option<Collection> {
    let mut set = Collection::default();
    pairs(&form.elements(&take_string(input)?)?, |member, score| {
        let member = member.to_vec();
        let score = match score {
            Element::Int(number) => Some(number as f64),
            Element::Text(text) => float::rounded(text),
        };
        let Some(score) = score.filter(|_| set.score(hasher, &member).is_none()) else {
            return false;
        };
        set.set_score(hasher, Scored { member: &member, score });
        true
    })?;
    Some(set)
}

/// Members.
pub(super) fn set(input: &mut &[u8], hasher: Hasher) -> Option<Value> {
    let bytes = take_string(input)?;
    let mut set = Value::no_members();
    let all_new = listpack_elements(&bytes)?.all(|one| set.add_member(hasher, &one.to_vec()));
    all_new.then_some(set)
}

/// Integers of the same size, the smallest first.
pub(super) fn integers(input: &mut &[u8], hasher: Hasher) -> Option<Value> {
    let bytes = take_string(input)?;
    let (head, body) = bytes.split_at_checked(INTEGERS_HEAD_BYTES)?;
    let (size, count) = head.split_first_chunk::<4>()?;
    let size = u32::from_le_bytes(*size) as usize;
    let count = u32::from_le_bytes(count.try_into().ok()?) as usize;
    let fits = matches!(size, 2 | 4 | 8) && size.checked_mul(count) == Some(body.len());
    let (mut set, mut last) = (Value::no_members(), None);
    for bytes in body.chunks_exact(if fits { size } else { return None }) {
        let number = integer(bytes)?;
        if last.is_some_and(|last| number <= last) {
            return None;
        }
        set.add_member(hasher, number.to_string().as_bytes());
        last = Some(number);
    }
    Some(set)
}

/// Nodes of elements.
pub(super) fn list(input: &mut &[u8]) -> Option<Collection> {
    let mut list = Collection::default();
    for _ in 0..take_plain_len(input)? {
        let form = take_plain_len(input)?;
        let bytes = take_string(input)?;
        match form {
            PLAIN => list.insert_element(list.len(), &bytes),
            PACKED => listpack_elements(&bytes)?
                .for_each(|element| list.insert_element(list.len(), &element.to_vec())),
            _ => return None,
        }
    }
    Some(list)
}

/// Ziplists of elements: so many as there are nodes, or one.
pub(super) fn old_list(input: &mut &[u8], nodes: bool) -> Option<Collection> {
    let mut list = Collection::default();
    for _ in 0..if nodes { take_plain_len(input)? } else { 1 } {
        let bytes = take_string(input)?;
        for element in ziplist::elements(&bytes)? {
            list.insert_element(list.len(), &element.to_vec());
        }
    }
    Some(list)
}

/// Gives `take` elements two by two, as long as it takes them.
fn pairs(
    elements: &[Element<'_>],
    mut take: impl FnMut(Element<'_>, Element<'_>) -> bool,
) -> Option<()> {
    let (pairs, rest) = elements.as_chunks::<2>();
    let all = pairs.iter().all(|[first, second]| take(*first, *second));
    (all && rest.is_empty()).then_some(())
}

fn integer(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        2 => i16::from_le_bytes(bytes.try_into().ok()?).into(),
        4 => i32::from_le_bytes(bytes.try_into().ok()?).into(),
        _ => i64::from_le_bytes(bytes.try_into().ok()?),
    })
}
