//! What several sets have in common and what not.

use std::collections::BTreeSet;

use super::Merge;
use crate::keys::Event;
use crate::keys::store::{Collection, Hasher, Value};
use crate::keys::write::Writer;
use crate::{Db, Fault, Outcome};

/// A set, if there is one.
type Found<'a> = Option<&'a Collection>;

/// The members of what the sets become, in an order that is the same on all replicas.
pub(in crate::keys) fn merged<'a>(how: Merge, sets: &[Found<'a>], hasher: Hasher) -> Vec<&'a [u8]> {
    match how {
        Merge::Union {} => {
            let all = sets.iter().flatten().flat_map(|set| set.rows());
            let different: BTreeSet<&[u8]> = all.map(|entry| entry.key).collect();
            different.into_iter().collect()
        }
        Merge::Intersection {} => shared(sets, hasher).collect(),
        Merge::Difference {} => {
            let Some((Some(first), others)) = sets.split_first() else { return Vec::new() };
            let of_none = |member: &&[u8]| {
                others.iter().flatten().all(|set| set.get(hasher, member).is_none())
            };
            first.rows().map(|entry| entry.key).filter(of_none).collect()
        }
    }
}

/// How many members all sets have, counted up to `limit` (0: to the end).
pub(in crate::keys) fn common(sets: &[Found<'_>], hasher: Hasher, limit: u64) -> usize {
    let limit = match usize::try_from(limit) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(limit) => limit,
    };
    shared(sets, hasher).take(limit).count()
}

/// SUNIONSTORE and its relatives. How many members there are.
pub(in crate::keys) fn store(
    writer: &mut Writer<'_>,
    db: Db,
    how: Merge,
    to: &[u8],
    keys: &[&[u8]],
) -> Result<Outcome, Fault> {
    let hasher = writer.space.hasher;
    let sets = writer.found(db, keys, Value::set)?;
    let mut result = Value::no_members();
    for member in merged(how, &sets, hasher) {
        result.add_member(hasher, member);
    }
    let count = result.set()?.len();
    let event = match how {
        Merge::Union {} => Event::SUnionStore {},
        Merge::Intersection {} => Event::SInterStore {},
        Merge::Difference {} => Event::SDiffStore {},
    };
    writer.replace_collection(db, to, result, event);
    Ok(Outcome::Int(count as i64))
}

fn shared<'a>(sets: &[Found<'a>], hasher: Hasher) -> impl Iterator<Item = &'a [u8]> {
    let all: Option<Vec<&Collection>> = sets.iter().copied().collect();
    let mut all = all.unwrap_or_default();
    all.sort_by_key(|set| set.len());
    let rows = all.first().map(|smallest| smallest.rows()).into_iter().flatten();
    let in_all =
        move |member: &&[u8]| all.iter().skip(1).all(|set| set.get(hasher, member).is_some());
    rows.map(|entry| entry.key).filter(in_all)
}
