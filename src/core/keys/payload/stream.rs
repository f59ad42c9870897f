//! Streams in RDB files: their blocks as they are, then what is known of the whole, then
//! the groups.

use std::collections::BTreeMap;

use crate::keys::store::{Block, ConsumerGroup, Pending, Stream};
use crate::keys::streams::{Id, distance};
use crate::rdb::{Len, put_len, put_string, take_array, take_len, take_string};

/// Stands for a number of entries read that is not known.
const UNKNOWN: i64 = -1;

pub(super) fn put(out: &mut Vec<u8>, stream: &Stream) {
    put_len(out, stream.block_count() as u64);
    for block in stream.blocks_from(0) {
        put_string(out, &block.id.key());
        put_string(out, block.bytes);
    }
    put_len(out, stream.len());
    for id in [stream.last_id, stream.first(), stream.max_deleted] {
        put_id(out, id);
    }
    put_len(out, stream.added);
    put_len(out, stream.groups().len() as u64);
    for (name, group) in stream.groups() {
        put_group(out, name, group);
    }
}

fn put_group(out: &mut Vec<u8>, name: &[u8], group: &ConsumerGroup) {
    put_string(out, name);
    put_id(out, group.last_id);
    put_len(out, group.read.unwrap_or(UNKNOWN) as u64);
    put_len(out, group.pending_count() as u64);
    for one in group.pending(Id::MIN) {
        out.extend_from_slice(&one.id.key());
        out.extend_from_slice(&one.given_ms.to_le_bytes());
        put_len(out, one.count as u64);
    }
    put_len(out, group.consumer_count() as u64);
    for consumer in group.consumers() {
        put_string(out, consumer.name);
        out.extend_from_slice(&consumer.seen_ms.to_le_bytes());
        put_len(out, consumer.pending);
        group.owned(consumer.number, Id::MIN).for_each(|one| out.extend_from_slice(&one.id.key()));
    }
}

fn put_id(out: &mut Vec<u8>, id: Id) {
    put_len(out, id.ms);
    put_len(out, id.seq);
}

/// What is written of a stream.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Since Redis 5.
    Old,
    /// Since 7.0: also what is known of the whole.
    Counted,
    /// Since 7.2: also when each consumer was last given something.
    Active,
}

/// Reads a stream.
pub(super) fn take(input: &mut &[u8], form: Form) -> Option<Stream> {
    let mut stream = Stream::default();
    for _ in 0..take_number(input)? {
        let (id, bytes) = (Id::of_key(&take_string(input)?)?, take_string(input)?);
        stream.push_block(Block { id, bytes: &bytes }).then_some(())?;
    }
    let len = take_number(input)?;
    stream.last_id = take_id(input)?;
    if form >= Form::Counted {
        let _first = take_id(input)?;
        stream.max_deleted = take_id(input)?;
        stream.added = take_number(input)?;
    } else {
        stream.added = len;
    }
    (len == stream.len() && stream.last() <= stream.last_id).then_some(())?;
    for _ in 0..take_number(input)? {
        let name = take_string(input)?;
        let group = take_group(input, &stream, form)?;
        stream.add_group(&name, group).then_some(())?;
    }
    Some(stream)
}

fn take_group(input: &mut &[u8], stream: &Stream, form: Form) -> Option<ConsumerGroup> {
    let last_id = take_id(input)?;
    let read = if form >= Form::Counted {
        Some(take_number(input)? as i64).filter(|read| *read != UNKNOWN)
    } else {
        distance(stream, last_id)
    };
    let mut group = ConsumerGroup::new(last_id, read);
    let mut pending = BTreeMap::new();
    for _ in 0..take_number(input)? {
        let id = Id::of_key(&take_array::<16>(input)?)?;
        let given_ms = u64::from_le_bytes(take_array(input)?);
        let known = pending.insert(id, (given_ms, take_number(input)? as i64));
        known.is_none().then_some(())?;
    }
    for _ in 0..take_number(input)? {
        take_consumer(input, &mut group, &mut pending, form)?;
    }
    // Somebody has everything that is pending.
    pending.is_empty().then_some(group)
}

fn take_consumer(
    input: &mut &[u8],
    group: &mut ConsumerGroup,
    pending: &mut BTreeMap<Id, (u64, i64)>,
    form: Form,
) -> Option<()> {
    let name = take_string(input)?;
    group.consumer(&name).is_none().then_some(())?;
    let consumer = group.add_consumer(&name, u64::from_le_bytes(take_array(input)?));
    if form >= Form::Active {
        take_array::<8>(input)?;
    }
    for _ in 0..take_number(input)? {
        let id = Id::of_key(&take_array::<16>(input)?)?;
        let (given_ms, count) = pending.remove(&id)?;
        group.give(Pending { id, consumer, given_ms, count });
    }
    Some(())
}

fn take_id(input: &mut &[u8]) -> Option<Id> {
    Some(Id { ms: take_number(input)?, seq: take_number(input)? })
}

fn take_number(input: &mut &[u8]) -> Option<u64> {
    match take_len(input)? {
        Len::Bytes(number) => Some(number),
        Len::Encoded(_) => None,
    }
}
