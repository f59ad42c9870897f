//! Reading streams.

use super::info::{consumers, groups, info, info_full};
use super::pending::{range, summary};
use super::{After, Id, Op};
use crate::keys::store::{Stream, StreamEntry};
use crate::wire::Wire;
use crate::{Fault, Outcome};

/// Answers an operation on the stream at a key, if there is one.
pub(in crate::keys) fn read(
    stream: Option<&Stream>,
    key: &[u8],
    now_ms: u64,
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    let there = || stream.ok_or(Fault::NoSuchKey);
    Ok(match op {
        Op::Len {} => Outcome::Int(stream.map_or(0, |stream| stream.len() as i64)),
        Op::Range { start, end, reverse, count } => match (stream, count) {
            (None, _) => Outcome::List(Vec::new()),
            (Some(_), Some(0)) => Outcome::Nil,
            (Some(stream), _) => {
                let count = count.map_or(usize::MAX, |count| count as usize);
                between(stream, *start, *end, *reverse, count)
            }
        },
        Op::Info {} => info(there()?),
        Op::InfoFull { count } => info_full(there()?, *count),
        Op::Groups {} => groups(there()?),
        Op::Consumers { group } => match there()?.group(group) {
            Some(group) => consumers(group, now_ms),
            None => no_group(key, group),
        },
        Op::Pending { group } => match stream.and_then(|stream| stream.group(group)) {
            Some(group) => summary(group),
            None => no_group(key, group),
        },
        Op::PendingRange { group, start, end, count, idle_ms, consumer } => {
            match stream.and_then(|stream| stream.group(group)) {
                Some(group) => range(group, now_ms, [*start, *end], *count, *idle_ms, *consumer),
                None => no_group(key, group),
            }
        }
        _ => unreachable!("the caller tells reads from writes"),
    })
}

/// XREAD: of each stream what comes behind an entry, at most `count` (0: all), and until
/// so many bytes. List[Bytes key, List[entry...], ...] or nil.
pub(in crate::keys) fn read_several(
    streams: &[Option<&Stream>],
    keys: &[&[u8]],
    after: &[After],
    count: u64,
    bytes_max: usize,
) -> Outcome {
    let mut parts = Vec::new();
    for ((stream, key), after) in streams.iter().zip(keys).zip(after) {
        let (Some(stream), After::Id { id }) = (stream, after) else { continue };
        if stream.len() == 0 || stream.last() <= *id {
            continue;
        }
        let from = id.next().unwrap_or(Id::MAX);
        parts.push(Outcome::Bytes(key.to_vec()));
        parts.push(Outcome::List(until(bytes_max, stream.entries(from).take(limit(count)))));
    }
    if parts.is_empty() { Outcome::Nil } else { Outcome::List(parts) }
}

/// At most so many; 0 stands for all.
pub(super) fn limit(count: u64) -> usize {
    match usize::try_from(count) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(count) => count,
    }
}

/// Entries as they are shown, until there are so many bytes; at least the first one.
fn until<'a>(bytes_max: usize, entries: impl Iterator<Item = StreamEntry<'a>>) -> Vec<Outcome> {
    let mut bytes = 0;
    let mut all = Vec::new();
    for entry in entries {
        if bytes >= bytes_max {
            break;
        }
        let entry = shown(&entry);
        bytes += entry.memory();
        all.push(entry);
    }
    all
}

/// An entry as it is shown.
pub(super) fn shown(entry: &StreamEntry<'_>) -> Outcome {
    let parts = entry.parts().map(|part| Outcome::Bytes(part.to_vec())).collect();
    Outcome::List(vec![Outcome::Bytes(entry.id.text()), Outcome::List(parts)])
}

/// There is no such group, or not even a stream: the names of both.
pub(super) fn no_group(key: &[u8], group: &[u8]) -> Outcome {
    let mut text = Vec::new();
    key.put(&mut text);
    group.put(&mut text);
    Outcome::Refused { fault: Fault::NoGroup, text }
}

fn between(stream: &Stream, start: Id, end: Id, reverse: bool, count: usize) -> Outcome {
    let within = |entry: &StreamEntry<'_>| (start..=end).contains(&entry.id);
    let entries = if reverse {
        stream.entries_back(end).take_while(within).take(count).map(|one| shown(&one)).collect()
    } else {
        stream.entries(start).take_while(within).take(count).map(|one| shown(&one)).collect()
    };
    Outcome::List(entries)
}
