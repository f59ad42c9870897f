//! How many entries of a stream a group has been given, and how many are before it.
//!
//! Both are told only where they are certain, by the rules of Redis 7.0: entries that were
//! deleted by name between others make them uncertain.

use super::Id;
use crate::keys::store::{ConsumerGroup, Stream};

/// How many entries the group has not been given yet, if that is known.
pub(super) fn lag(stream: &Stream, group: &ConsumerGroup) -> Option<i64> {
    let added = stream.added as i64;
    if stream.added == 0 {
        return Some(0);
    }
    let read = match group.read {
        Some(read) if !has_gap_behind(stream, group.last_id) => Some(read),
        _ => distance(stream, group.last_id),
    };
    read.map(|read| added.wrapping_sub(read))
}

/// A group is given the entry with this id, which is greater than all before.
pub(super) fn advance(stream: &Stream, group: &mut ConsumerGroup, id: Id) {
    group.read = match group.read {
        Some(read) if !has_gap_behind(stream, id) => Some(read.wrapping_add(1)),
        read if stream.added == 0 => read,
        _ => distance(stream, id),
    };
    group.last_id = id;
}

/// Whether an entry was deleted by name from this id on.
fn has_gap_behind(stream: &Stream, id: Id) -> bool {
    stream.len() > 0
        && stream.max_deleted != Id::MIN
        && stream.first() <= stream.max_deleted
        && id <= stream.max_deleted
}

/// How many entries there ever were up to this id, if that is known.
pub(in crate::keys) fn distance(stream: &Stream, id: Id) -> Option<i64> {
    let added = stream.added as i64;
    if stream.added == 0 {
        return Some(0);
    }
    if id == stream.last_id || (stream.len() == 0 && id < stream.last_id) {
        return Some(added);
    }
    let whole = stream.max_deleted == Id::MIN || stream.max_deleted < stream.first();
    if id > stream.last_id || !whole {
        return None;
    }
    let gone = added.wrapping_sub(stream.len() as i64);
    match id.cmp(&stream.first()) {
        std::cmp::Ordering::Less => Some(gone),
        std::cmp::Ordering::Equal => Some(gone.wrapping_add(1)),
        std::cmp::Ordering::Greater => None,
    }
}
