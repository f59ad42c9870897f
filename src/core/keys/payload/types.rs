//! The types of values in RDB files.

use std::collections::BTreeMap;

use super::packed::{self, Form};
use super::stream;
use crate::float;
use crate::keys::hashes::KEPT_END_MAX_MS;
use crate::keys::store::{Collection, Entry, HASH_LIMITS, Hasher, Rows, Scored, Str, Timed, Value};
use crate::rdb::{Len, put_len, put_string, take_array, take_len, take_plain_len, take_string};
use crate::wire::take_bytes;

const STRING: u8 = 0;
const LIST: u8 = 1;
const SET: u8 = 2;
/// Of before Redis 4: with scores as text.
const SORTED_OLD: u8 = 3;
const HASH: u8 = 4;
const SORTED: u8 = 5;
const HASH_ZIPMAP: u8 = 9;
const LIST_ZIPLIST: u8 = 10;
const INTEGERS: u8 = 11;
const SORTED_ZIPLIST: u8 = 12;
const HASH_ZIPLIST: u8 = 13;
/// Lists of before Redis 7: ziplists.
const LIST_ZIPLISTS: u8 = 14;
/// Of Redis 5.
const STREAM_OLD: u8 = 15;
const HASH_PACKED: u8 = 16;
const SORTED_PACKED: u8 = 17;
const LIST_PACKED: u8 = 18;
const STREAM: u8 = 19;
/// Of Redis 7.2.
const SET_PACKED: u8 = 20;
/// Of Redis 7.2.
const STREAM_NEW: u8 = 21;
/// Of Redis 7.4: fields with deadlines.
const HASH_TIMED: u8 = 24;
/// The same in a listpack.
const HASH_TIMED_PACKED: u8 = 25;

/// Writes the type and the value.
pub(super) fn put(out: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Str(string) => {
            out.push(STRING);
            put_string(out, &string.bytes());
        }
        Value::Hash(hash) => {
            out.push(HASH);
            put_rows(out, hash.len(), hash.rows());
        }
        Value::Timed(hash) => {
            out.push(HASH_TIMED);
            put_timed(out, hash);
        }
        Value::Integers(set) | Value::Set(set) => {
            out.push(SET);
            put_len(out, set.len() as u64);
            set.rows().for_each(|entry| put_string(out, entry.key));
        }
        Value::Sorted(set) => {
            out.push(SORTED);
            put_len(out, set.len() as u64);
            for Scored { member, score } in set.ranks(0, usize::MAX) {
                put_string(out, member);
                out.extend_from_slice(&score.to_le_bytes());
            }
        }
        Value::Stream(of) => {
            out.push(STREAM);
            stream::put(out, of);
        }
        Value::List(list) => {
            out.push(LIST);
            put_len(out, list.len() as u64);
            list.elements(0).for_each(|element| put_string(out, element));
        }
    }
}

fn put_rows(out: &mut Vec<u8>, len: usize, rows: Rows<'_>) {
    put_len(out, len as u64);
    for entry in rows {
        put_string(out, entry.key);
        put_string(out, entry.value);
    }
}

/// The nearest deadline, then each field behind how much later it ends, 0 for never and one
/// more otherwise.
fn put_timed(out: &mut Vec<u8>, hash: &Timed) {
    let ends: BTreeMap<&[u8], u64> = hash
        .ends
        .ranks(0, usize::MAX)
        .into_iter()
        .map(|one| (one.member, one.score as u64))
        .collect();
    let first = ends.values().min().copied().unwrap_or(0);
    out.extend_from_slice(&first.to_le_bytes());
    put_len(out, hash.fields.len() as u64);
    for entry in hash.fields.rows() {
        put_len(out, ends.get(entry.key).map_or(0, |end| end - first + 1));
        put_string(out, entry.key);
        put_string(out, entry.value);
    }
}

/// Reads a type and its value. None: it is no value that is known, or damaged.
pub(super) fn take(mut input: &[u8], hasher: Hasher) -> Option<Value> {
    let input = &mut input;
    let value = match take_bytes(input, 1).ok()? {
        [STRING] => return Some(Value::Str(Str::new(&take_string(input)?))),
        [HASH] => Value::Hash(take_hash(input, hasher)?),
        [LIST] => Value::List(take_list(input)?),
        [SET] => take_set(input, hasher)?,
        [SORTED] => Value::Sorted(take_sorted(input, hasher, take_score)?),
        [SORTED_OLD] => Value::Sorted(take_sorted(input, hasher, take_old_score)?),
        [INTEGERS] => packed::integers(input, hasher)?,
        [HASH_PACKED] => Value::Hash(packed::hash(input, Form::Listpack, hasher)?),
        [HASH_ZIPLIST] => Value::Hash(packed::hash(input, Form::Ziplist, hasher)?),
        [HASH_ZIPMAP] => Value::Hash(packed::hash(input, Form::Zipmap, hasher)?),
        [HASH_TIMED] => take_timed(input, hasher)?,
        [HASH_TIMED_PACKED] => packed::timed(input, hasher)?,
        [SORTED_PACKED] => Value::Sorted(packed::sorted(input, Form::Listpack, hasher)?),
        [SORTED_ZIPLIST] => Value::Sorted(packed::sorted(input, Form::Ziplist, hasher)?),
        [LIST_ZIPLIST] => Value::List(packed::old_list(input, false)?),
        [LIST_ZIPLISTS] => Value::List(packed::old_list(input, true)?),
        [LIST_PACKED] => Value::List(packed::list(input)?),
        [SET_PACKED] => packed::set(input, hasher)?,
        [STREAM_OLD] => Value::of_stream(stream::take(input, stream::Form::Old)?),
        [STREAM] => Value::of_stream(stream::take(input, stream::Form::Counted)?),
        [STREAM_NEW] => Value::of_stream(stream::take(input, stream::Form::Active)?),
        _ => return None,
    };
    (input.is_empty() && !value.is_empty()).then_some(value)
}

fn take_hash(input: &mut &[u8], hasher: Hasher) -> Option<Collection> {
    let mut hash = Collection::default();
    for _ in 0..take_plain_len(input)? {
        let (key, value) = (take_string(input)?, take_string(input)?);
        // A field that comes twice is damage.
        if !hash.put(hasher, HASH_LIMITS, Entry { key: &key, value: &value }) {
            return None;
        }
    }
    Some(hash)
}

fn take_timed(input: &mut &[u8], hasher: Hasher) -> Option<Value> {
    let first = u64::from_le_bytes(take_array(input)?);
    let (mut fields, mut ends) = (Collection::default(), Collection::default());
    for _ in 0..take_plain_len(input)? {
        let Len::Bytes(behind) = take_len(input)? else { return None };
        let (key, value) = (take_string(input)?, take_string(input)?);
        if !fields.put(hasher, HASH_LIMITS, Entry { key: &key, value: &value }) {
            return None;
        }
        if let Some(behind) = behind.checked_sub(1) {
            let end = first.checked_add(behind).filter(|end| *end <= KEPT_END_MAX_MS)?;
            ends.set_score(hasher, Scored { member: &key, score: end as f64 });
        }
    }
    Some(Value::of_timed(fields, ends))
}

fn take_list(input: &mut &[u8]) -> Option<Collection> {
    let mut list = Collection::default();
    for at in 0..take_plain_len(input)? {
        list.insert_element(at, &take_string(input)?);
    }
    Some(list)
}

fn take_set(input: &mut &[u8], hasher: Hasher) -> Option<Value> {
    let mut set = Value::no_members();
    for _ in 0..take_plain_len(input)? {
        if !set.add_member(hasher, &take_string(input)?) {
            return None;
        }
    }
    Some(set)
}

fn take_sorted(
    input: &mut &[u8],
    hasher: Hasher,
    take_score: fn(&mut &[u8]) -> Option<f64>,
) -> Option<Collection> {
    let mut set = Collection::default();
    for _ in 0..take_plain_len(input)? {
        let (member, score) = (take_string(input)?, take_score(input)?);
        if score.is_nan() || set.score(hasher, &member).is_some() {
            return None;
        }
        set.set_score(hasher, Scored { member: &member, score });
    }
    Some(set)
}

fn take_score(input: &mut &[u8]) -> Option<f64> {
    Some(f64::from_le_bytes(take_array(input)?))
}

/// A length and so much text, or in place of the length what has none.
fn take_old_score(input: &mut &[u8]) -> Option<f64> {
    match take_array::<1>(input)?[0] {
        253 => Some(f64::NAN),
        254 => Some(f64::INFINITY),
        255 => Some(f64::NEG_INFINITY),
        len => float::rounded(take_bytes(input, len.into()).ok()?),
    }
}
