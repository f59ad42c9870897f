//! Groups of consumers, and what they are given (XREADGROUP, XACK).

use super::events::has_consumer;
use super::read::{limit, no_group, shown};
use super::write::edit;
use super::{After, Id, lag};
use crate::keys::Event;
use crate::keys::store::{ConsumerGroup, Pending, Stream, Value};
use crate::keys::write::{Change, Writer};
use crate::{Db, Fault, Outcome};

/// Who reads in a group, and how.
#[derive(Clone, Copy, Debug)]
pub(in crate::keys) struct Reader<'a> {
    pub group: &'a [u8],
    pub consumer: &'a [u8],
    /// At most so many entries of each stream; 0: all.
    pub count: u64,
    /// No more of what is new than until so many bytes; at least one entry.
    pub bytes_max: usize,
    /// What is given counts as acknowledged.
    pub no_ack: bool,
}

/// XREADGROUP: of each stream what was not given to the group, or what the consumer has
/// already. List[Bytes key, List[entry...], ...] or nil.
pub(in crate::keys) fn read_group(
    writer: &mut Writer<'_>,
    db: Db,
    reader: Reader<'_>,
    keys: &[&[u8]],
    after: &[After],
) -> Result<Outcome, Fault> {
    // Nothing is given before it is known that all groups are there.
    for key in keys {
        let stream = writer.found(db, &[key], Value::stream)?.pop().flatten();
        if stream.is_none_or(|stream| stream.group(reader.group).is_none()) {
            return Ok(no_group(key, reader.group));
        }
    }
    let (mut parts, now_ms) = (Vec::new(), writer.at.now_ms);
    for (key, after) in keys.iter().zip(after) {
        let Reader { group, consumer, .. } = reader;
        let known = !writer.space.hears_any() || has_consumer(writer, db, key, group, consumer);
        let given = edit(writer, db, key, |stream| Ok(reader.read(stream, *after, now_ms)))?;
        if !known && has_consumer(writer, db, key, group, consumer) {
            writer.tell(db, key, Event::XGroupCreateConsumer {});
        }
        if let Some(Some(entries)) = given {
            parts.push(Outcome::Bytes(key.to_vec()));
            parts.push(Outcome::List(entries));
        }
    }
    Ok(if parts.is_empty() { Outcome::Nil } else { Outcome::List(parts) })
}

impl Reader<'_> {
    /// What the stream gives; none where it has nothing for the group.
    fn read(
        self,
        stream: &mut Stream,
        after: After,
        now_ms: u64,
    ) -> (Option<Vec<Outcome>>, Change) {
        let Some(last_id) = stream.group(self.group).map(|group| group.last_id) else {
            return (None, Change::None);
        };
        let entries = match after {
            After::Newest {} if stream.len() == 0 || stream.last() <= last_id => {
                return (None, Change::None);
            }
            After::Newest {} => self.read_new(stream, last_id, now_ms),
            After::Id { id } => self.read_again(stream, id, now_ms),
        };
        (Some(entries), Change::Quiet)
    }

    fn read_new(self, stream: &mut Stream, last_id: Id, now_ms: u64) -> Vec<Outcome> {
        let from = last_id.next().unwrap_or(Id::MAX);
        let give = |stream: &Stream, group: &mut ConsumerGroup| {
            let consumer = group.hear_of(self.consumer, now_ms);
            let (mut given, mut bytes) = (Vec::new(), 0);
            for entry in stream.entries(from).take(limit(self.count)) {
                if bytes >= self.bytes_max {
                    break;
                }
                lag::advance(stream, group, entry.id);
                if !self.no_ack {
                    group.give(Pending { id: entry.id, consumer, given_ms: now_ms, count: 1 });
                }
                let entry = shown(&entry);
                bytes += entry.memory();
                given.push(entry);
            }
            given
        };
        stream.with_group(self.group, give).unwrap_or_default()
    }

    /// What the consumer has, given once more; of what is no longer there the ids only.
    fn read_again(self, stream: &mut Stream, after: Id, now_ms: u64) -> Vec<Outcome> {
        let give = |stream: &Stream, group: &mut ConsumerGroup| {
            let consumer = group.hear_of(self.consumer, now_ms);
            let Some(from) = after.next() else { return Vec::new() };
            let owned: Vec<_> = group.owned(consumer, from).take(limit(self.count)).collect();
            let again = |one: Pending| {
                let Some(entry) = stream.entry(one.id) else {
                    return Outcome::List(vec![Outcome::Bytes(one.id.text()), Outcome::Nil]);
                };
                group.give(Pending { given_ms: now_ms, count: one.count.wrapping_add(1), ..one });
                shown(&entry)
            };
            owned.into_iter().map(again).collect()
        };
        stream.with_group(self.group, give).unwrap_or_default()
    }
}

/// XACK. How many were pending.
pub(super) fn ack(stream: &mut Stream, group: &[u8], ids: &[Id]) -> u64 {
    let settle = |group: &mut ConsumerGroup| ids.iter().filter(|id| group.settle(**id)).count();
    stream.edit_group(group, settle).unwrap_or(0) as u64
}

/// XGROUP SETID.
pub(super) fn set(group: &mut ConsumerGroup, last_id: Id, read: Option<i64>) -> (Outcome, Change) {
    (group.last_id, group.read) = (last_id, read);
    (Outcome::Ok, Change::Quiet)
}

/// XGROUP CREATECONSUMER.
pub(super) fn create(group: &mut ConsumerGroup, consumer: &[u8], now_ms: u64) -> (Outcome, Change) {
    if group.consumer(consumer).is_some() {
        return (Outcome::Int(0), Change::None);
    }
    group.add_consumer(consumer, now_ms);
    (Outcome::Int(1), Change::Quiet)
}
