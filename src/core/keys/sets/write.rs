//! Writing sets.

use super::Op;
use super::read::member;
use crate::keys::store::{Hasher, Value};
use crate::keys::write::Writer;
use crate::keys::{Event, chosen};
use crate::{Db, Fault, Outcome};

pub(in crate::keys) fn write(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    let mut gone = None;
    let result = writer.edit(db, key, Value::no_members, event(op), |set, hasher| {
        set.set()?;
        Ok(match op {
            Op::Add { members } => add(set, hasher, members),
            Op::Remove { members } => remove(set, hasher, members),
            Op::Pop { seed } => pop(set, hasher, *seed)?,
            Op::PopSome { count, .. } if *count >= set.set()?.len() as u64 => {
                let all = std::mem::replace(set, Value::no_members());
                let popped: Vec<_> = all.set()?.rows().map(member).collect();
                gone = Some(all);
                let changed = !popped.is_empty();
                (Outcome::List(popped), changed)
            }
            Op::PopSome { count, seed } => pop_some(set, hasher, *count, *seed)?,
            _ => unreachable!("the caller tells writes from reads"),
        })
    });
    if let Some(gone) = gone {
        gone.discard(&mut writer.space.garbage);
    }
    result
}

fn event(op: &Op<'_>) -> Option<Event> {
    match op {
        Op::Add { .. } => Some(Event::SAdd {}),
        Op::Remove { .. } => Some(Event::SRem {}),
        Op::Pop { .. } | Op::PopSome { .. } => Some(Event::SPop {}),
        _ => None,
    }
}

/// SMOVE: a member goes from one set to another.
pub(in crate::keys) fn shift(
    writer: &mut Writer<'_>,
    db: Db,
    from: &[u8],
    to: &[u8],
    member: &[u8],
) -> Result<Outcome, Fault> {
    let there = writer.edit(db, from, Value::no_members, None, |set, hasher| {
        let set = set.set()?;
        Ok(((set.len() > 0, set.get(hasher, member).is_some()), false))
    })?;
    let (any, has) = there;
    if any && from != to {
        // Nothing is taken away before it is known that it has where to go.
        writer.edit(db, to, Value::no_members, None, |set, _| set.set().map(|_| ((), false)))?;
        if has {
            write(writer, db, from, &Op::Remove { members: vec![member] })?;
            write(writer, db, to, &Op::Add { members: vec![member] })?;
        }
    }
    Ok(Outcome::Int(has.into()))
}

fn add(set: &mut Value, hasher: Hasher, members: &[&[u8]]) -> (Outcome, bool) {
    let new = members.iter().filter(|member| set.add_member(hasher, member)).count();
    (Outcome::Int(new as i64), new > 0)
}

fn remove(set: &mut Value, hasher: Hasher, members: &[&[u8]]) -> (Outcome, bool) {
    let there = members.iter().filter(|member| set.remove_member(hasher, member)).count();
    (Outcome::Int(there as i64), there > 0)
}

fn pop(set: &mut Value, hasher: Hasher, seed: u64) -> Result<(Outcome, bool), Fault> {
    let members = set.set()?;
    let found = members.nth(chosen::one(seed, members.len()));
    let Some(name) = found.map(|entry| entry.key.to_vec()) else {
        return Ok((Outcome::Nil, false));
    };
    set.remove_member(hasher, &name);
    Ok((Outcome::Bytes(name), true))
}

fn pop_some(
    set: &mut Value,
    hasher: Hasher,
    count: u64,
    seed: u64,
) -> Result<(Outcome, bool), Fault> {
    let members = set.set()?;
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    // All different ones: there is no limit to them but the set itself.
    let chosen = members.chosen(count, seed, |one| one.key.len()).unwrap_or_default();
    let popped: Vec<Outcome> = chosen.into_iter().map(member).collect();
    for member in &popped {
        if let Outcome::Bytes(member) = member {
            set.remove_member(hasher, member);
        }
    }
    let changed = !popped.is_empty();
    Ok((Outcome::List(popped), changed))
}
