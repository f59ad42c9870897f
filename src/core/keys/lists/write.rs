//! Writing lists.

use super::Op;
use super::read::{bytes, place, range};
use crate::keys::Event;
use crate::keys::store::{Collection, Value};
use crate::keys::write::Writer;
use crate::{Db, Fault, Outcome};

pub(in crate::keys) fn write(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    edit(writer, db, key, event(op), |list| match op {
        Op::Push { values, front, only_there } => Ok(push(list, values, *front, *only_there)),
        Op::Pop { front, count: None } => Ok(pop_one(list, *front)),
        Op::Pop { front, count: Some(count) } => Ok(pop(list, *front, *count)),
        Op::Set { index, value } => set(list, *index, value),
        Op::Insert { pivot, value, before } => Ok(insert(list, pivot, value, *before)),
        Op::Remove { count, value } => Ok(remove(list, *count, value)),
        Op::Trim { start, end } => Ok(trim(list, *start, *end)),
        _ => unreachable!("the caller tells writes from reads"),
    })
}

fn event(op: &Op<'_>) -> Option<Event> {
    match op {
        Op::Push { front, .. } => Some(pushed(*front)),
        Op::Pop { front, .. } => Some(popped(*front)),
        Op::Set { .. } => Some(Event::LSet {}),
        Op::Insert { .. } => Some(Event::LInsert {}),
        Op::Remove { .. } => Some(Event::LRem {}),
        Op::Trim { .. } => Some(Event::LTrim {}),
        _ => None,
    }
}

fn pushed(front: bool) -> Event {
    if front { Event::LPush {} } else { Event::RPush {} }
}

fn popped(front: bool) -> Event {
    if front { Event::LPop {} } else { Event::RPop {} }
}

/// LMOVE and RPOPLPUSH: an element of one list goes to another one, or to another end.
pub(in crate::keys) fn shift(
    writer: &mut Writer<'_>,
    db: Db,
    [from, to]: [&[u8]; 2],
    [from_front, to_front]: [bool; 2],
) -> Result<Outcome, Fault> {
    let moved = if from == to {
        // In one go, so that a list of one element is not gone in between, and its deadline.
        edit(writer, db, from, None, |list| {
            let (moved, there) = pop_one(list, from_front);
            if let Outcome::Bytes(element) = &moved {
                push(list, &[element], to_front, false);
            }
            Ok((moved, there))
        })?
    } else {
        // Nothing is taken away before it is known that it has where to go.
        let there = edit(writer, db, from, None, |list| Ok((list.len() > 0, false)))?;
        if !there {
            return Ok(Outcome::Nil);
        }
        edit(writer, db, to, None, |_| Ok(((), false)))?;
        let moved = edit(writer, db, from, None, |list| Ok(pop_one(list, from_front)))?;
        if let Outcome::Bytes(element) = &moved {
            edit(writer, db, to, None, |list| Ok(push(list, &[element], to_front, false)))?;
        }
        moved
    };
    if matches!(moved, Outcome::Bytes(_)) {
        tell_shift(writer, db, [from, to], [from_front, to_front]);
    }
    Ok(moved)
}

/// In the order of Redis: the element is pushed before the list that it came from is gone.
fn tell_shift(
    writer: &mut Writer<'_>,
    db: Db,
    [from, to]: [&[u8]; 2],
    [from_front, to_front]: [bool; 2],
) {
    writer.tell(db, to, pushed(to_front));
    writer.tell(db, from, popped(from_front));
    if !writer.has(db, from) {
        writer.tell(db, from, Event::Del {});
    }
}

/// LMPOP: from the first of some lists that is there.
pub(in crate::keys) fn pop_first(
    writer: &mut Writer<'_>,
    db: Db,
    keys: &[&[u8]],
    front: bool,
    count: u64,
) -> Result<Outcome, Fault> {
    for key in keys {
        let event = Some(popped(front));
        let popped = edit(writer, db, key, event, |list| Ok(pop(list, front, count)))?;
        if matches!(popped, Outcome::List(_)) {
            return Ok(Outcome::List(vec![bytes(key), popped]));
        }
    }
    Ok(Outcome::Nil)
}

/// `work` gives its result and whether it changed anything.
fn edit<T>(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    event: Option<Event>,
    work: impl FnOnce(&mut Collection) -> Result<(T, bool), Fault>,
) -> Result<T, Fault> {
    writer.edit(
        db,
        key,
        || Value::List(Collection::default()),
        event,
        |value, _| {
            let Value::List(list) = value else { return Err(Fault::WrongType) };
            work(list)
        },
    )
}

fn push(list: &mut Collection, values: &[&[u8]], front: bool, only: bool) -> (Outcome, bool) {
    let wanted = !only || list.len() > 0;
    for value in values.iter().filter(|_| wanted) {
        let position = if front { 0 } else { list.len() };
        list.insert_element(position, value);
    }
    (Outcome::Int(list.len() as i64), wanted)
}

fn pop_one(list: &mut Collection, front: bool) -> (Outcome, bool) {
    let Some(last) = list.len().checked_sub(1) else { return (Outcome::Nil, false) };
    let at = if front { 0 } else { last };
    let popped = list.element(at).map_or(Outcome::Nil, bytes);
    list.remove_elements(at, 1);
    (popped, true)
}

/// Ok: there is no list.
fn pop(list: &mut Collection, front: bool, count: u64) -> (Outcome, bool) {
    let len = list.len();
    if len == 0 {
        return (Outcome::Ok, false);
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX).min(len);
    let from = if front { 0 } else { len - count };
    let mut popped: Vec<Outcome> = list.elements(from).take(count).map(bytes).collect();
    if !front {
        popped.reverse();
    }
    list.remove_elements(from, count);
    (Outcome::List(popped), count > 0)
}

fn set(list: &mut Collection, index: i64, value: &[u8]) -> Result<(Outcome, bool), Fault> {
    if list.len() == 0 {
        return Err(Fault::NoSuchKey);
    }
    let at = place(list.len(), index).ok_or(Fault::OutOfRange)?;
    list.set_element(at, value);
    Ok((Outcome::Ok, true))
}

fn insert(list: &mut Collection, pivot: &[u8], value: &[u8], before: bool) -> (Outcome, bool) {
    if list.len() == 0 {
        return (Outcome::Int(0), false);
    }
    let Some(at) = list.elements(0).position(|element| element == pivot) else {
        return (Outcome::Int(-1), false);
    };
    list.insert_element(if before { at } else { at + 1 }, value);
    (Outcome::Int(list.len() as i64), true)
}

fn remove(list: &mut Collection, count: i64, value: &[u8]) -> (Outcome, bool) {
    let wanted = match usize::try_from(count.unsigned_abs()) {
        Ok(0) | Err(_) => usize::MAX,
        Ok(count) => count,
    };
    let len = list.len();
    let is_it = |(_, element): &(usize, &[u8])| *element == value;
    // From the end to the front, so that what is left to remove stays where it is.
    let places: Vec<usize> = if count < 0 {
        let back = list.elements_back().enumerate().filter(is_it).take(wanted);
        back.map(|(at, _)| len - 1 - at).collect()
    } else {
        let mut places: Vec<usize> =
            list.elements(0).enumerate().filter(is_it).take(wanted).map(|(at, _)| at).collect();
        places.reverse();
        places
    };
    // Those in a row go together.
    for row in places.chunk_by(|behind, before| behind - before == 1) {
        list.remove_elements(row[row.len() - 1], row.len());
    }
    (Outcome::Int(places.len() as i64), !places.is_empty())
}

/// Says that it changed something even when all stays, as Redis does.
fn trim(list: &mut Collection, start: i64, end: i64) -> (Outcome, bool) {
    let len = list.len();
    let (from, count) = range(len, start, end);
    list.remove_elements(from + count, len);
    list.remove_elements(0, from);
    (Outcome::Ok, len > 0)
}
