//! Digests of the key space.
//!
//! Each key with all that belongs to it gives a hash of its own; the hashes are
//! joined by an operation that does not care for order.

use std::hash::Hasher as _;

use siphasher::sip::SipHasher13;
use siphasher::sip128::SipHasher13 as SipHasher128;

use super::Keyspace;
use super::store::{
    Collection, ConsumerGroup, Entry, Form, Item, Place, Scored, Str, Stream, Value,
};
use super::streams::Id;
use crate::Db;
use crate::wire::Wire;

/// Over what clients can see at `now_ms`: keys, types, values, deadlines.
pub(super) fn of_content(space: &Keyspace, now_ms: u64) -> [u8; 20] {
    let mut digest = [0; 20];
    for (db, item) in items(space).filter(|(_, item)| !item.is_due(now_ms)) {
        let mut bytes = vec![db.0];
        put(&mut bytes, item.key.bytes());
        put(&mut bytes, &item.deadline().unwrap_or(0).to_le_bytes());
        match item.value.without_due(space.hasher, now_ms) {
            Some(value) => put_value(&mut bytes, &value),
            None => put_value(&mut bytes, &item.value),
        }
        join(&mut digest, wide(&bytes));
    }
    digest
}

/// Over one value (DEBUG DIGEST-VALUE).
pub(super) fn of_value(value: &Value, ends: bool) -> [u8; 20] {
    let mut bytes = Vec::new();
    put(&mut bytes, &[u8::from(ends)]);
    put_value(&mut bytes, value);
    wide(&bytes)
}

/// Over all that replicas must agree on.
pub(super) fn of_state(space: &Keyspace) -> u64 {
    items(space).fold(space.hasher.seed, |digest, (db, item)| {
        let mut hasher = SipHasher13::new();
        hasher.write_u8(db.0);
        hasher.write_usize(item.key.bytes().len());
        hasher.write(item.key.bytes());
        hasher.write_u64(item.deadline().unwrap_or(u64::MAX));
        hasher.write_u64(item.version);
        match &item.value {
            Value::Str(string) => {
                hasher.write_u8(form(string));
                hasher.write(&string.bytes());
            }
            Value::Hash(hash) | Value::Integers(hash) | Value::Set(hash) => {
                hasher.write(item.value.encoding().as_bytes());
                hash.rows().for_each(|entry| write_entry(&mut hasher, entry));
            }
            Value::Timed(hash) => {
                hasher.write(item.value.encoding().as_bytes());
                hash.fields.rows().for_each(|entry| write_entry(&mut hasher, entry));
                hasher.write(&[is_pack(&hash.ends).into()]);
                write_scores(&mut hasher, &hash.ends);
            }
            Value::Sorted(set) => {
                hasher.write(item.value.encoding().as_bytes());
                write_scores(&mut hasher, set);
            }
            Value::List(list) => {
                list.elements(0)
                    .for_each(|value| write_entry(&mut hasher, Entry { key: b"", value }));
            }
            Value::Stream(stream) => {
                hasher.write(&head_of(stream));
                for block in stream.blocks_from(0) {
                    let (key, value) = (&block.id.key()[..], block.bytes);
                    write_entry(&mut hasher, Entry { key, value });
                }
                for (name, group) in stream.groups() {
                    write_entry(&mut hasher, Entry { key: name, value: &bytes_of(group) });
                    hasher.write_u64(group.next());
                }
            }
        }
        digest.wrapping_add(hasher.finish())
    })
}

fn items(space: &Keyspace) -> impl Iterator<Item = (Db, &Item)> {
    space.in_use().flat_map(|(db, database)| {
        let pages = database.slots().pages_from(Place::default());
        pages.flat_map(move |(_, page)| page.items().iter().map(move |item| (db, item)))
    })
}

fn write_scores(hasher: &mut SipHasher13, set: &Collection) {
    for Scored { member, score } in set.ranks(0, usize::MAX) {
        write_entry(hasher, Entry { key: member, value: &score.to_le_bytes() });
    }
}

fn is_pack(collection: &Collection) -> bool {
    matches!(collection.form(), Form::Packed(_))
}

fn write_entry(hasher: &mut SipHasher13, entry: Entry<'_>) {
    for part in [entry.key, entry.value] {
        hasher.write_usize(part.len());
        hasher.write(part);
    }
}

/// What OBJECT ENCODING depends on besides the bytes.
fn form(string: &Str) -> u8 {
    match string {
        Str::Int(_) => 0,
        Str::Inline(..) | Str::Heap(_) => 1,
        Str::Shared(_) => 2,
    }
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
    bytes.extend_from_slice(part);
}

fn put_value(bytes: &mut Vec<u8>, value: &Value) {
    put(bytes, value.kind().as_bytes());
    match value {
        Value::Str(string) => put(bytes, &string.bytes()),
        Value::Hash(of) | Value::Integers(of) | Value::Set(of) => {
            put(bytes, &unordered(of.rows()));
        }
        Value::Timed(hash) => {
            put(bytes, &unordered(hash.fields.rows()));
            put_scores(bytes, &hash.ends);
        }
        Value::Sorted(set) => put_scores(bytes, set),
        Value::List(list) => list.elements(0).for_each(|element| put(bytes, element)),
        Value::Stream(stream) => {
            put(bytes, &head_of(stream));
            for entry in stream.entries(Id::MIN) {
                put(bytes, &entry.id.key());
                entry.parts().for_each(|part| put(bytes, &part.to_vec()));
            }
            for (name, group) in stream.groups() {
                put(bytes, name);
                put(bytes, &bytes_of(group));
            }
        }
    }
}

fn put_scores(bytes: &mut Vec<u8>, set: &Collection) {
    for Scored { member, score } in set.ranks(0, usize::MAX) {
        put(bytes, member);
        put(bytes, &score.to_le_bytes());
    }
}

/// What is known of a stream as a whole.
fn head_of(stream: &Stream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.last_id.put(&mut bytes);
    stream.max_deleted.put(&mut bytes);
    stream.added.put(&mut bytes);
    bytes
}

/// All that clients can see of a group.
fn bytes_of(group: &ConsumerGroup) -> Vec<u8> {
    let mut bytes = Vec::new();
    group.last_id.put(&mut bytes);
    group.read.put(&mut bytes);
    for consumer in group.consumers() {
        put(&mut bytes, consumer.name);
        consumer.seen_ms.put(&mut bytes);
        for one in group.owned(consumer.number, Id::MIN) {
            one.id.put(&mut bytes);
            one.given_ms.put(&mut bytes);
            one.count.put(&mut bytes);
        }
    }
    bytes
}

/// Over entries whose order is no part of what they are.
fn unordered<'a>(entries: impl Iterator<Item = Entry<'a>>) -> [u8; 20] {
    let mut digest = [0; 20];
    for entry in entries {
        let mut bytes = Vec::new();
        put(&mut bytes, entry.key);
        put(&mut bytes, entry.value);
        join(&mut digest, wide(&bytes));
    }
    digest
}

fn join(digest: &mut [u8; 20], more: [u8; 20]) {
    digest.iter_mut().zip(more).for_each(|(sum, byte)| *sum ^= byte);
}

fn wide(bytes: &[u8]) -> [u8; 20] {
    let mut digest = [0; 20];
    digest[..16].copy_from_slice(&SipHasher128::new().hash(bytes).as_bytes());
    let rest = SipHasher13::new_with_keys(1, 1).hash(bytes).to_le_bytes();
    digest[16..].copy_from_slice(&rest[..4]);
    digest
}
