//! Reading sorted sets.

use super::{Op, span};
use crate::keys::chosen;
use crate::keys::store::{Collection, Entry, Hasher, Scored};
use crate::{Outcome, glob};

pub(in crate::keys) fn read(set: &Collection, hasher: Hasher, op: &Op<'_>) -> Outcome {
    let score = |member: &[u8]| set.score(hasher, member).map_or(Outcome::Nil, Outcome::Float);
    match op {
        Op::Score { member } => score(member),
        Op::MScore { members } => Outcome::List(members.iter().map(|one| score(one)).collect()),
        Op::Len {} => Outcome::Int(set.len() as i64),
        Op::Rank { member, reverse } => rank(set, hasher, member, *reverse),
        Op::Count { span } => Outcome::Int(span::ranks(set, *span, false).len() as i64),
        Op::Range { span, reverse, offset, limit, scores } => {
            let members = span::members(set, *span, *reverse, *offset, *limit);
            list(members, *scores)
        }
        Op::Random { seed } => {
            let found = set.nth(chosen::one(*seed, set.len()));
            found.map_or(Outcome::Nil, |entry| Outcome::Bytes(entry.key.to_vec()))
        }
        Op::RandomSome { count, scores, seed } => {
            match set.chosen(*count, *seed, |one| one.key.len()) {
                Ok(entries) => list(entries.into_iter().map(Scored::of), *scores),
                Err(fault) => fault.into(),
            }
        }
        Op::Scan { cursor, pattern, count } => scan(set, *cursor, *pattern, *count),
        _ => unreachable!("the caller tells reads from writes"),
    }
}

/// Members, alone or in pairs with their scores.
pub(in crate::keys) fn list<'a>(
    members: impl IntoIterator<Item = Scored<'a>>,
    scores: bool,
) -> Outcome {
    let shown = |one: Scored<'_>| match scores {
        true => pair(one),
        false => Outcome::Bytes(one.member.to_vec()),
    };
    Outcome::List(members.into_iter().map(shown).collect())
}

pub(super) fn pair(one: Scored<'_>) -> Outcome {
    Outcome::List(vec![Outcome::Bytes(one.member.to_vec()), Outcome::Float(one.score)])
}

fn rank(set: &Collection, hasher: Hasher, member: &[u8], reverse: bool) -> Outcome {
    let Some(score) = set.score(hasher, member) else { return Outcome::Nil };
    let rank = set.rank(member, score);
    Outcome::Int(if reverse { set.len() - 1 - rank } else { rank } as i64)
}

fn scan(set: &Collection, cursor: u64, pattern: Option<&[u8]>, count: u64) -> Outcome {
    let (next, entries) = set.scan(cursor, count.max(1));
    // The empty key fits a star only where that stands for no pattern at all.
    let pattern = pattern.filter(|pattern| *pattern != b"*");
    let fits = |entry: &Entry<'_>| pattern.is_none_or(|pattern| glob::matches(pattern, entry.key));
    let found = entries.into_iter().filter(fits).map(Scored::of);
    let cursor = Outcome::Bytes(next.to_string().into_bytes());
    Outcome::List(vec![cursor, list(found, true)])
}
