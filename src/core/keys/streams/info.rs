//! What is known of a stream (XINFO).

use super::Id;
use super::lag::lag;
use super::pending::owner;
use super::read::{limit, shown};
use crate::Outcome;
use crate::keys::store::{Consumer, ConsumerGroup, Stream};

pub(super) fn info(stream: &Stream) -> Outcome {
    let mut parts = head(stream);
    parts.push(Outcome::Int(stream.groups().len() as i64));
    let edges = [stream.entries(Id::MIN).next(), stream.last_entry(Id::MAX)];
    parts.extend(edges.iter().map(|edge| edge.as_ref().map_or(Outcome::Nil, shown)));
    Outcome::List(parts)
}

pub(super) fn info_full(stream: &Stream, count: u64) -> Outcome {
    let mut parts = head(stream);
    let entries = stream.entries(Id::MIN).take(limit(count));
    parts.push(Outcome::List(entries.map(|entry| shown(&entry)).collect()));
    let groups = stream.groups().map(|(name, group)| full_group(stream, name, group, count));
    parts.push(Outcome::List(groups.collect()));
    Outcome::List(parts)
}

pub(super) fn groups(stream: &Stream) -> Outcome {
    let one = |(name, group): (&[u8], &ConsumerGroup)| {
        Outcome::List(vec![
            Outcome::Bytes(name.to_vec()),
            Outcome::Int(group.consumer_count() as i64),
            Outcome::Int(group.pending_count() as i64),
            Outcome::Bytes(group.last_id.text()),
            number(group.read),
            number(lag(stream, group)),
        ])
    };
    Outcome::List(stream.groups().map(one).collect())
}

pub(super) fn consumers(group: &ConsumerGroup, now_ms: u64) -> Outcome {
    let one = |consumer: Consumer<'_>| {
        Outcome::List(vec![
            Outcome::Bytes(consumer.name.to_vec()),
            Outcome::Int(consumer.pending as i64),
            Outcome::Int(now_ms.saturating_sub(consumer.seen_ms) as i64),
        ])
    };
    Outcome::List(group.consumers().map(one).collect())
}

fn head(stream: &Stream) -> Vec<Outcome> {
    let blocks = stream.block_count() as i64;
    vec![
        Outcome::Int(stream.len() as i64),
        Outcome::Int(blocks),
        // The blocks and what holds them together.
        Outcome::Int(blocks + 1),
        Outcome::Bytes(stream.last_id.text()),
        Outcome::Bytes(stream.max_deleted.text()),
        Outcome::Int(stream.added as i64),
        Outcome::Bytes(stream.first().text()),
    ]
}

fn full_group(stream: &Stream, name: &[u8], group: &ConsumerGroup, count: u64) -> Outcome {
    let pending = group.pending(Id::MIN).take(limit(count)).map(|one| {
        let (given, count) = (Outcome::Int(one.given_ms as i64), Outcome::Int(one.count));
        Outcome::List(vec![Outcome::Bytes(one.id.text()), owner(group, one), given, count])
    });
    let consumers = group.consumers().map(|consumer| full_consumer(group, consumer, count));
    Outcome::List(vec![
        Outcome::Bytes(name.to_vec()),
        Outcome::Bytes(group.last_id.text()),
        number(group.read),
        number(lag(stream, group)),
        Outcome::Int(group.pending_count() as i64),
        Outcome::List(pending.collect()),
        Outcome::List(consumers.collect()),
    ])
}

fn full_consumer(group: &ConsumerGroup, consumer: Consumer<'_>, count: u64) -> Outcome {
    let pending = group.owned(consumer.number, Id::MIN).take(limit(count)).map(|one| {
        let (given, count) = (Outcome::Int(one.given_ms as i64), Outcome::Int(one.count));
        Outcome::List(vec![Outcome::Bytes(one.id.text()), given, count])
    });
    Outcome::List(vec![
        Outcome::Bytes(consumer.name.to_vec()),
        Outcome::Int(consumer.seen_ms as i64),
        Outcome::Int(consumer.pending as i64),
        Outcome::List(pending.collect()),
    ])
}

fn number(number: Option<i64>) -> Outcome {
    number.map_or(Outcome::Nil, Outcome::Int)
}
