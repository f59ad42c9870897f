//! What several sorted sets, or sets whose members all count 1, have in common and
//! what not.

use std::collections::BTreeMap;

use super::Fold;
use crate::keys::Event;
use crate::keys::sets::{self, Merge};
use crate::keys::store::{Collection, Hasher, Scored, Value};
use crate::keys::write::Writer;
use crate::{Db, Fault, Outcome};

/// A set with or without scores, if there is one.
type Found<'a> = Option<&'a Value>;

/// The members of what the sets become, in their order.
pub(in crate::keys) fn merged<'a>(
    how: Merge,
    sets: &[Found<'a>],
    weights: &[f64],
    fold: Fold,
    hasher: Hasher,
) -> Vec<Scored<'a>> {
    let weight = |at: usize| weights.get(at).copied().unwrap_or(1.0);
    let mut weighted: Vec<Source<'a>> = sets
        .iter()
        .enumerate()
        .map(|(at, set)| Source { set: *set, weight: weight(at), hasher })
        .collect();
    let mut members = match how {
        Merge::Union {} => {
            // The smallest first, as in Redis: sums of fractions depend on the order.
            weighted.sort_by_key(Source::len);
            union(&weighted, fold)
        }
        Merge::Intersection {} => {
            weighted.sort_by_key(Source::len);
            shared(&weighted, fold)
        }
        Merge::Difference {} => difference(&weighted),
    };
    let order = |a: &Scored<'_>, b: &Scored<'_>| {
        let by_score = a.score.partial_cmp(&b.score).unwrap_or(std::cmp::Ordering::Equal);
        by_score.then_with(|| a.member.cmp(b.member))
    };
    members.sort_unstable_by(order);
    members
}

/// How many members all sets have, counted up to `limit` (0: to the end).
pub(in crate::keys) fn common(sets: &[Found<'_>], hasher: Hasher, limit: u64) -> usize {
    let sets: Vec<Option<&Collection>> = sets.iter().map(|set| set.and_then(collection)).collect();
    sets::common(&sets, hasher, limit)
}

/// The members of a set with or without scores.
fn collection(set: &Value) -> Option<&Collection> {
    match set {
        Value::Sorted(set) | Value::Set(set) | Value::Integers(set) => Some(set),
        _ => None,
    }
}

/// ZUNIONSTORE and its relatives. How many members there are.
pub(in crate::keys) fn store(
    writer: &mut Writer<'_>,
    db: Db,
    (how, fold): (Merge, Fold),
    to: &[u8],
    keys: &[&[u8]],
    weights: &[f64],
) -> Result<Outcome, Fault> {
    let hasher = writer.space.hasher;
    let sets = writer.found(db, keys, Value::any_set)?;
    let mut result = Collection::default();
    for scored in merged(how, &sets, weights, fold, hasher) {
        result.set_score(hasher, scored);
    }
    let count = result.len();
    let event = match how {
        Merge::Union {} => Event::ZUnionStore {},
        Merge::Intersection {} => Event::ZInterStore {},
        Merge::Difference {} => Event::ZDiffStore {},
    };
    writer.replace_collection(db, to, Value::Sorted(result), event);
    Ok(Outcome::Int(count as i64))
}

/// One of the sets.
struct Source<'a> {
    set: Found<'a>,
    weight: f64,
    hasher: Hasher,
}

impl<'a> Source<'a> {
    fn len(&self) -> usize {
        self.set.and_then(collection).map_or(0, Collection::len)
    }

    /// All members with what they count.
    fn all(&self) -> Vec<Scored<'a>> {
        let members = match self.set {
            Some(Value::Sorted(set)) => set.ranks(0, usize::MAX),
            Some(Value::Set(set) | Value::Integers(set)) => {
                set.rows().map(|entry| Scored { member: entry.key, score: 1.0 }).collect()
            }
            _ => Vec::new(),
        };
        let counted = |one: Scored<'a>| Scored { score: number(one.score * self.weight), ..one };
        members.into_iter().map(counted).collect()
    }

    /// What a member counts, if it is there. What is no number stays so, as in Redis:
    /// it makes a sum 0 and is neither less nor greater than anything.
    fn score(&self, member: &[u8]) -> Option<f64> {
        let score = match self.set {
            Some(Value::Sorted(set)) => set.score(self.hasher, member)?,
            Some(Value::Set(set) | Value::Integers(set)) => {
                set.get(self.hasher, member).map(|_| 1.0)?
            }
            _ => return None,
        };
        Some(score * self.weight)
    }
}

fn union<'a>(sources: &[Source<'a>], fold: Fold) -> Vec<Scored<'a>> {
    let mut members: BTreeMap<&[u8], f64> = BTreeMap::new();
    for Scored { member, score } in sources.iter().flat_map(Source::all) {
        let sum = members.get(member).map_or(score, |old| folded(fold, *old, score));
        members.insert(member, sum);
    }
    members.into_iter().map(|(member, score)| Scored { member, score }).collect()
}

fn shared<'a>(sources: &[Source<'a>], fold: Fold) -> Vec<Scored<'a>> {
    let Some((smallest, others)) = sources.split_first() else { return Vec::new() };
    let in_all = |one: Scored<'a>| {
        let mut score = one.score;
        for other in others {
            score = folded(fold, score, other.score(one.member)?);
        }
        Some(Scored { score, ..one })
    };
    smallest.all().into_iter().filter_map(in_all).collect()
}

fn difference<'a>(sources: &[Source<'a>]) -> Vec<Scored<'a>> {
    let Some((first, others)) = sources.split_first() else { return Vec::new() };
    let of_none = |one: &Scored<'a>| others.iter().all(|set| set.score(one.member).is_none());
    first.all().into_iter().filter(of_none).collect()
}

fn folded(fold: Fold, a: f64, b: f64) -> f64 {
    match fold {
        Fold::Sum {} => number(a + b),
        Fold::Min {} => {
            if b < a {
                b
            } else {
                a
            }
        }
        Fold::Max {} => {
            if b > a {
                b
            } else {
                a
            }
        }
    }
}

/// What is no number, as infinity less infinity, counts 0.
fn number(score: f64) -> f64 {
    if score.is_nan() { 0.0 } else { score }
}
