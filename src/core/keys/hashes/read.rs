//! Reading hashes.

use super::{Op, Part};
use crate::keys::store::{Collection, Entry, Hasher, Value};
use crate::keys::{TtlForm, chosen};
use crate::{Fault, Outcome, glob};

/// What is asked of the hash at a key, of nothing if there is no value. Fields past their
/// deadline are not there.
pub(in crate::keys) fn read(
    of: Option<&Value>,
    hasher: Hasher,
    now_ms: u64,
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    let none = Collection::default();
    let hash = of.map_or(Ok(&none), Value::hash)?;
    let value = |field: &[u8]| of.and_then(|of| of.field(hasher, field, now_ms).ok().flatten());
    Ok(match op {
        Op::Get { field } => optional(value(field)),
        Op::MGet { fields } => {
            Outcome::List(fields.iter().map(|field| optional(value(field))).collect())
        }
        Op::Exists { field } => Outcome::Int(value(field).is_some().into()),
        Op::StrLen { field } => Outcome::Int(value(field).map_or(0, <[u8]>::len) as i64),
        Op::Len {} => Outcome::Int((hash.len() - of.map_or(0, |of| of.due(now_ms))) as i64),
        Op::Ttl { fields, form } => {
            let end = |field: &[u8]| of.and_then(|of| of.end_of(hasher, field));
            let one = |field: &&[u8]| match (value(field), end(field)) {
                (None, _) => -2,
                (_, None) => -1,
                (_, Some(end)) => shown(end, now_ms, *form),
            };
            Outcome::List(fields.iter().map(one).map(Outcome::Int).collect())
        }
        Op::Scan { cursor, pattern, count } => {
            let lives = |field: &[u8]| of.is_some_and(|of| of.lives(hasher, field, now_ms));
            scan(hash, *cursor, *pattern, *count, lives)
        }
        _ => match of.and_then(|of| of.without_due(hasher, now_ms)) {
            Some(without) => answer(without.hash()?, op),
            None => answer(hash, op),
        },
    })
}

/// A deadline as HTTL and its relatives show it: seconds are never fewer than there are.
fn shown(end: u64, now_ms: u64, form: TtlForm) -> i64 {
    let left = end.saturating_sub(now_ms);
    (match form {
        TtlForm::Seconds {} => left.div_ceil(1_000),
        TtlForm::Millis {} => left,
        TtlForm::AtSeconds {} => end.div_ceil(1_000),
        TtlForm::AtMillis {} => end,
    }) as i64
}

/// What looks at all fields, of which none is past its deadline.
fn answer(hash: &Collection, op: &Op<'_>) -> Outcome {
    match op {
        Op::All { part } => all(hash, *part),
        Op::Random { seed } => {
            let entry = hash.nth(chosen::one(*seed, hash.len()));
            optional(entry.map(|entry| entry.key))
        }
        Op::RandomSome { count, values, seed } => some(hash, *count, *values, *seed),
        _ => unreachable!("the caller tells reads from writes"),
    }
}

fn optional(found: Option<&[u8]>) -> Outcome {
    found.map_or(Outcome::Nil, bytes)
}

fn bytes(bytes: &[u8]) -> Outcome {
    Outcome::Bytes(bytes.to_vec())
}

fn all(hash: &Collection, part: Part) -> Outcome {
    let parts = if matches!(part, Part::Both {}) { 2 } else { 1 };
    let mut found = Vec::with_capacity(hash.len() * parts);
    for entry in hash.rows() {
        if !matches!(part, Part::Values {}) {
            found.push(bytes(entry.key));
        }
        if !matches!(part, Part::Fields {}) {
            found.push(bytes(entry.value));
        }
    }
    Outcome::List(found)
}

fn some(hash: &Collection, count: i64, values: bool, seed: u64) -> Outcome {
    let shown = |entry: Entry<'_>| match values {
        true => Outcome::List(vec![bytes(entry.key), bytes(entry.value)]),
        false => bytes(entry.key),
    };
    let bytes = |entry: &Entry<'_>| entry.key.len() + if values { entry.value.len() } else { 0 };
    match hash.chosen(count, seed, bytes) {
        Ok(entries) => Outcome::List(entries.into_iter().map(shown).collect()),
        Err(fault) => fault.into(),
    }
}

fn scan(
    hash: &Collection,
    cursor: u64,
    pattern: Option<&[u8]>,
    count: u64,
    lives: impl Fn(&[u8]) -> bool,
) -> Outcome {
    let (next, entries) = hash.scan(cursor, count.max(1));
    // The empty key fits a star only where that stands for no pattern at all.
    let pattern = pattern.filter(|pattern| *pattern != b"*");
    let fits = |entry: &Entry<'_>| {
        pattern.is_none_or(|pattern| glob::matches(pattern, entry.key)) && lives(entry.key)
    };
    let found = entries.into_iter().filter(fits);
    let parts = found.flat_map(|entry| [bytes(entry.key), bytes(entry.value)]);
    Outcome::List(vec![bytes(next.to_string().as_bytes()), Outcome::List(parts.collect())])
}
