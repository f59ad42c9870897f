//! The values in an image.

use std::sync::Arc;

use super::{CHUNK_BYTES, stream};
use crate::keys::hashes::KEPT_END_MAX_MS;
use crate::keys::store::{
    Collection, Entry, Form, HASH_LIMITS, Hasher, Limits, Pack, PackView, Ranked, SET_LIMITS,
    Scored, Str, Timed, Tree, Value, placed, without_hash,
};
use crate::wire::{Malformed, Wire};

const INTEGER: u8 = 0;
const TEXT: u8 = 1;
const CHANGED_TEXT: u8 = 2;
const HASH_PACK: u8 = 3;
const HASH_TREE: u8 = 4;
const LIST_PACK: u8 = 5;
const LIST_TREE: u8 = 6;
const INTEGERS: u8 = 7;
const SET_PACK: u8 = 8;
const SET_TREE: u8 = 9;
const SORTED_PACK: u8 = 10;
const SORTED_TREES: u8 = 11;
const STREAM: u8 = 12;
const TIMED_PACK: u8 = 13;
const TIMED_TREE: u8 = 14;

/// In what the deadlines of fields are.
const PACK: u8 = 0;
const TREES: u8 = 1;

/// Writes a value, of a large collection the beginning. Gives how many entries are
/// written if there are more.
pub(super) fn put(out: &mut Vec<u8>, hasher: Hasher, value: &Value) -> usize {
    match value {
        Value::Str(Str::Int(number)) => {
            INTEGER.put(out);
            number.put(out);
        }
        Value::Str(string) => {
            let form = if matches!(string, Str::Shared(_)) { CHANGED_TEXT } else { TEXT };
            form.put(out);
            string.bytes().as_ref().put(out);
        }
        Value::Hash(hash) => {
            form_of(hash, HASH_PACK, HASH_TREE).put(out);
            return put_entries(out, hasher, value, 0);
        }
        Value::Timed(hash) => {
            form_of(&hash.fields, TIMED_PACK, TIMED_TREE).put(out);
            form_of(&hash.ends, PACK, TREES).put(out);
            return put_entries(out, hasher, value, 0);
        }
        Value::List(list) => {
            form_of(list, LIST_PACK, LIST_TREE).put(out);
            return put_entries(out, hasher, value, 0);
        }
        Value::Sorted(set) => {
            form_of(set, SORTED_PACK, SORTED_TREES).put(out);
            return put_entries(out, hasher, value, 0);
        }
        Value::Integers(_) => {
            INTEGERS.put(out);
            return put_entries(out, hasher, value, 0);
        }
        Value::Set(set) => {
            form_of(set, SET_PACK, SET_TREE).put(out);
            return put_entries(out, hasher, value, 0);
        }
        Value::Stream(of) => {
            STREAM.put(out);
            stream::put_head(out, of);
            return put_entries(out, hasher, value, 0);
        }
    }
    0
}

fn form_of(collection: &Collection, pack: u8, tree: u8) -> u8 {
    if matches!(collection.form(), Form::Packed(_)) { pack } else { tree }
}

/// Writes how many entries follow, and those from the one with the number `from` on as
/// far as a chunk has room. Gives the number of the first that is left, 0 for none.
pub(super) fn put_entries(out: &mut Vec<u8>, hasher: Hasher, value: &Value, from: usize) -> usize {
    match value {
        Value::Str(_) => 0,
        Value::Stream(of) => stream::put_records(out, of, from, CHUNK_BYTES),
        Value::Hash(hash) => match hash.form() {
            Form::Packed(pack) => put_all(out, pack, put_both),
            Form::Tree(tree) => put_some(out, tree, from, |entry, out| {
                put_both(without_hash(entry), out);
            }),
            Form::Ranked(_) => unreachable!("a hash has no scores"),
        },
        Value::Timed(hash) => {
            let put_field = |entry: Entry<'_>, out: &mut Vec<u8>| {
                put_both(entry, out);
                hash.ends.score(hasher, entry.key).map(|end| end as u64).put(out);
            };
            match hash.fields.form() {
                Form::Packed(pack) => put_all(out, pack, put_field),
                Form::Tree(tree) => put_some(out, tree, from, |entry, out| {
                    put_field(without_hash(entry), out);
                }),
                Form::Ranked(_) => unreachable!("a hash has no scores"),
            }
        }
        Value::List(list) => match list.form() {
            Form::Packed(pack) => put_all(out, pack, put_value),
            Form::Tree(tree) => put_some(out, tree, from, put_value),
            Form::Ranked(_) => unreachable!("a list has no scores"),
        },
        Value::Sorted(set) => {
            let room = match set.form() {
                Form::Ranked(_) => CHUNK_BYTES,
                Form::Packed(_) | Form::Tree(_) => usize::MAX,
            };
            put_scored(out, set, from, room)
        }
        Value::Integers(set) | Value::Set(set) => match set.form() {
            Form::Packed(pack) => put_all(out, pack, put_key),
            Form::Tree(tree) => put_some(out, tree, from, |entry, out| {
                put_key(without_hash(entry), out);
            }),
            Form::Ranked(_) => unreachable!("a set has no scores"),
        },
    }
}

fn put_key(entry: Entry<'_>, out: &mut Vec<u8>) {
    entry.key.put(out);
}

fn put_both(entry: Entry<'_>, out: &mut Vec<u8>) {
    entry.key.put(out);
    entry.value.put(out);
}

fn put_value(entry: Entry<'_>, out: &mut Vec<u8>) {
    entry.value.put(out);
}

fn put_all(out: &mut Vec<u8>, pack: PackView<'_>, put: impl Fn(Entry<'_>, &mut Vec<u8>)) -> usize {
    pack.len().put(out);
    pack.iter().for_each(|entry| put(entry, out));
    0
}

fn put_some(
    out: &mut Vec<u8>,
    tree: &Tree,
    from: usize,
    put: impl Fn(Entry<'_>, &mut Vec<u8>),
) -> usize {
    let (mut entries, mut count) = (Vec::new(), 0_usize);
    for entry in tree.from(from) {
        put(entry, &mut entries);
        count += 1;
        if out.len() + entries.len() >= CHUNK_BYTES {
            break;
        }
    }
    count.put(out);
    out.extend_from_slice(&entries);
    if from + count < tree.len() { from + count } else { 0 }
}

pub(super) fn take(input: &mut &[u8], hasher: Hasher) -> Result<Value, Malformed> {
    let mut value = match u8::take(input)? {
        INTEGER => return Ok(Value::Str(Str::Int(i64::take(input)?))),
        TEXT => return Ok(Value::Str(Str::text(<&[u8]>::take(input)?))),
        CHANGED_TEXT => {
            let bytes = <&[u8]>::take(input)?.to_vec();
            return Ok(Value::Str(Str::Shared(Arc::new(bytes))));
        }
        HASH_PACK => return Ok(Value::Hash(take_fields(input)?)),
        HASH_TREE => Value::Hash(Collection::of_tree(Tree::default())),
        TIMED_PACK => return take_timed_pack(input, hasher),
        TIMED_TREE => {
            let ends = take_ends(input)?;
            let fields = Collection::of_tree(Tree::default());
            Value::Timed(Arc::new(Timed { fields, ends }))
        }
        LIST_PACK => return Ok(Value::List(take_list(input)?)),
        LIST_TREE => Value::List(Collection::of_tree(Tree::default())),
        SORTED_PACK => return Ok(Value::Sorted(take_scored(input, hasher)?)),
        SORTED_TREES => Value::Sorted(Collection::of_ranked(Ranked::default())),
        INTEGERS => return Ok(Value::Integers(take_integers(input)?)),
        SET_PACK => return Ok(Value::Set(take_members(input)?)),
        SET_TREE => Value::Set(Collection::of_tree(Tree::default())),
        STREAM => {
            let mut of = stream::take_head(input)?;
            let count = usize::take(input)?;
            stream::take_records(input, &mut of, count)?;
            return Ok(Value::of_stream(of));
        }
        _ => return Err(Malformed),
    };
    take_entries(input, hasher, &mut value)?;
    Ok(value)
}

/// Reads entries behind those that a value has.
pub(super) fn take_entries(
    input: &mut &[u8],
    hasher: Hasher,
    value: &mut Value,
) -> Result<(), Malformed> {
    let count = some(usize::take(input)?)?;
    match value {
        Value::Str(_) | Value::Integers(_) => return Err(Malformed),
        Value::Stream(of) => stream::take_records(input, Arc::make_mut(of), count)?,
        Value::Hash(hash) => {
            let tree = hash.tree_mut().ok_or(Malformed)?;
            for _ in 0..count {
                let (key, value) = (<&[u8]>::take(input)?, <&[u8]>::take(input)?);
                push(tree, Entry { key: &placed(hasher, key), value })?;
            }
        }
        Value::Timed(hash) => {
            let Timed { fields, ends } = Arc::make_mut(hash);
            let tree = fields.tree_mut().ok_or(Malformed)?;
            for _ in 0..count {
                let (key, value) = (<&[u8]>::take(input)?, <&[u8]>::take(input)?);
                push(tree, Entry { key: &placed(hasher, key), value })?;
                take_end(input, hasher, ends, key)?;
            }
        }
        Value::Sorted(set) => {
            for _ in 0..count {
                let (member, score) = (<&[u8]>::take(input)?, number(f64::take(input)?)?);
                if !set.push_ranked(hasher, Scored { member, score }) {
                    return Err(Malformed);
                }
            }
        }
        Value::Set(set) => {
            let tree = set.tree_mut().ok_or(Malformed)?;
            for _ in 0..count {
                push(tree, Entry { key: &placed(hasher, <&[u8]>::take(input)?), value: b"" })?;
            }
        }
        Value::List(list) => {
            let tree = list.tree_mut().ok_or(Malformed)?;
            for _ in 0..count {
                tree.push(Entry { key: b"", value: <&[u8]>::take(input)? });
            }
        }
    }
    Ok(())
}

/// Nothing is kept that is empty.
fn some(count: usize) -> Result<usize, Malformed> {
    if count == 0 { Err(Malformed) } else { Ok(count) }
}

/// The keys come in order.
fn push(tree: &mut Tree, entry: Entry<'_>) -> Result<(), Malformed> {
    let last = tree.len().checked_sub(1).and_then(|last| tree.nth(last));
    if last.is_some_and(|last| last.key >= entry.key) {
        return Err(Malformed);
    }
    tree.put(entry);
    Ok(())
}

/// A hash that is a pack.
fn take_fields(input: &mut &[u8]) -> Result<Collection, Malformed> {
    let count = some(usize::take(input)?)?;
    let mut pack = Pack::default();
    for _ in 0..count {
        let (key, value) = (<&[u8]>::take(input)?, <&[u8]>::take(input)?);
        add(&mut pack, HASH_LIMITS, Entry { key, value })?;
    }
    Ok(Collection::of_pack(pack))
}

/// What deadlines of fields come into.
fn take_ends(input: &mut &[u8]) -> Result<Collection, Malformed> {
    match u8::take(input)? {
        PACK => Ok(Collection::default()),
        TREES => Ok(Collection::of_ranked(Ranked::default())),
        _ => Err(Malformed),
    }
}

/// The deadline of a field, if it has one.
fn take_end(
    input: &mut &[u8],
    hasher: Hasher,
    ends: &mut Collection,
    field: &[u8],
) -> Result<(), Malformed> {
    let Some(end) = <Option<u64> as Wire>::take(input)? else { return Ok(()) };
    let packed = matches!(ends.form(), Form::Packed(_));
    ends.set_score(hasher, Scored { member: field, score: end as f64 });
    // What has outgrown a pack was no pack before.
    let fits = end <= KEPT_END_MAX_MS && packed == matches!(ends.form(), Form::Packed(_));
    if fits { Ok(()) } else { Err(Malformed) }
}

/// A hash that is a pack, with the deadlines of its fields.
fn take_timed_pack(input: &mut &[u8], hasher: Hasher) -> Result<Value, Malformed> {
    let (mut ends, mut pack) = (take_ends(input)?, Pack::default());
    for _ in 0..some(usize::take(input)?)? {
        let (key, value) = (<&[u8]>::take(input)?, <&[u8]>::take(input)?);
        add(&mut pack, HASH_LIMITS, Entry { key, value })?;
        take_end(input, hasher, &mut ends, key)?;
    }
    match ends.len() {
        0 => Err(Malformed),
        _ => Ok(Value::of_timed(Collection::of_pack(pack), ends)),
    }
}

/// A set that is a pack.
fn take_members(input: &mut &[u8]) -> Result<Collection, Malformed> {
    let count = some(usize::take(input)?)?;
    let mut pack = Pack::default();
    for _ in 0..count {
        add(&mut pack, SET_LIMITS, Entry { key: <&[u8]>::take(input)?, value: b"" })?;
    }
    Ok(Collection::of_pack(pack))
}

/// Every key comes once.
fn add(pack: &mut Pack, limits: Limits, entry: Entry<'_>) -> Result<(), Malformed> {
    if !limits.admit(pack.view(), &entry) || pack.view().find(entry.key).is_some() {
        return Err(Malformed);
    }
    pack.push(entry);
    Ok(())
}

fn take_integers(input: &mut &[u8]) -> Result<Collection, Malformed> {
    let count = some(usize::take(input)?)?;
    let mut set = Collection::default();
    for _ in 0..count {
        if !set.push_integer(<&[u8]>::take(input)?) {
            return Err(Malformed);
        }
    }
    Ok(set)
}

/// A list that is a pack.
fn take_list(input: &mut &[u8]) -> Result<Collection, Malformed> {
    let count = some(usize::take(input)?)?;
    let mut pack = Pack::default();
    for _ in 0..count {
        let entry = Entry { key: b"", value: <&[u8]>::take(input)? };
        if !Collection::list_fits_pack(pack.size() + entry.size()) {
            return Err(Malformed);
        }
        pack.push(entry);
    }
    Ok(Collection::of_pack(pack))
}

/// How many members are looked up at a time.
const SCORED_AT_ONCE: usize = 64;

fn put_scored(out: &mut Vec<u8>, set: &Collection, from: usize, room: usize) -> usize {
    let (mut entries, mut next) = (Vec::new(), from);
    while next < set.len() && out.len() + entries.len() < room {
        for Scored { member, score } in set.ranks(next, SCORED_AT_ONCE) {
            member.put(&mut entries);
            score.put(&mut entries);
            next += 1;
            if out.len() + entries.len() >= room {
                break;
            }
        }
    }
    (next - from).put(out);
    out.extend_from_slice(&entries);
    if next < set.len() { next } else { 0 }
}

/// A sorted set that is a pack.
fn take_scored(input: &mut &[u8], hasher: Hasher) -> Result<Collection, Malformed> {
    let count = some(usize::take(input)?)?;
    let mut set = Collection::default();
    for at in 0..count {
        let (member, score) = (<&[u8]>::take(input)?, number(f64::take(input)?)?);
        let known = set.score(hasher, member).is_some();
        set.set_score(hasher, Scored { member, score });
        let packed = matches!(set.form(), Form::Packed(_));
        if known || !packed || set.rank(member, score) != at {
            return Err(Malformed);
        }
    }
    Ok(set)
}

fn number(score: f64) -> Result<f64, Malformed> {
    if score.is_nan() { Err(Malformed) } else { Ok(score) }
}
