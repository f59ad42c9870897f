//! Reading sets.

use super::Op;
use crate::keys::chosen;
use crate::keys::store::{Collection, Entry, Hasher};
use crate::{Outcome, glob};

pub(in crate::keys) fn read(set: &Collection, hasher: Hasher, op: &Op<'_>) -> Outcome {
    let has = |member: &[u8]| Outcome::Int(set.get(hasher, member).is_some().into());
    match op {
        Op::All {} => Outcome::List(set.rows().map(member).collect()),
        Op::Len {} => Outcome::Int(set.len() as i64),
        Op::Has { member } => has(member),
        Op::HasEach { members } => Outcome::List(members.iter().map(|one| has(one)).collect()),
        Op::Random { seed } => set.nth(chosen::one(*seed, set.len())).map_or(Outcome::Nil, member),
        Op::RandomSome { count, seed } => match set.chosen(*count, *seed, |one| one.key.len()) {
            Ok(members) => Outcome::List(members.into_iter().map(member).collect()),
            Err(fault) => fault.into(),
        },
        Op::Scan { cursor, pattern, count } => scan(set, *cursor, *pattern, *count),
        _ => unreachable!("the caller tells reads from writes"),
    }
}

pub(super) fn member(entry: Entry<'_>) -> Outcome {
    Outcome::Bytes(entry.key.to_vec())
}

fn scan(set: &Collection, cursor: u64, pattern: Option<&[u8]>, count: u64) -> Outcome {
    let (next, entries) = set.scan(cursor, count.max(1));
    // The empty key fits a star only where that stands for no pattern at all.
    let pattern = pattern.filter(|pattern| *pattern != b"*");
    let fits = |entry: &Entry<'_>| pattern.is_none_or(|pattern| glob::matches(pattern, entry.key));
    let found = entries.into_iter().filter(fits).map(member).collect();
    Outcome::List(vec![Outcome::Bytes(next.to_string().into_bytes()), Outcome::List(found)])
}
