//! What is there already.

use super::{Kind, Want};
use crate::keys::store::Value;
use crate::keys::write::Writer;
use crate::keys::{lists, streams, zsets};
use crate::{Db, Fault, Outcome};

/// Takes what is wanted from the first of some keys that is there; nil: none is.
pub(in crate::keys) fn pop(
    writer: &mut Writer<'_>,
    db: Db,
    keys: &[&[u8]],
    want: &Want<'_>,
) -> Result<Outcome, Fault> {
    match *want {
        Want::Element { front } => {
            Ok(only(lists::pop_first(writer, db, keys, front, 1)?, |element| vec![element]))
        }
        Want::Elements { front, count } => lists::pop_first(writer, db, keys, front, count),
        Want::Moved { to, from_front, to_front } => {
            let Some(from) = keys.first() else { return Ok(Outcome::Nil) };
            lists::shift(writer, db, [from, to], [from_front, to_front])
        }
        Want::Member { max } => {
            Ok(only(zsets::pop_first(writer, db, keys, max, 1)?, |member| match member {
                Outcome::List(pair) => pair,
                other => vec![other],
            }))
        }
        Want::Members { max, count } => zsets::pop_first(writer, db, keys, max, count),
        Want::Fill { ttl_ms } => {
            let Some(key) = keys.first() else { return Ok(Outcome::Nil) };
            writer.fill(db, key, ttl_ms)
        }
        Want::Entries { ref after, count } => {
            let found = writer.found(db, keys, Value::stream)?;
            Ok(streams::read_several(&found, keys, after, count, usize::MAX))
        }
        Want::GroupEntries { ref after, .. } => match want.reader() {
            Some(reader) => streams::read_group(writer, db, reader, keys, after),
            None => Ok(Outcome::Nil),
        },
    }
}

/// The only one that was popped, behind the name of its key.
fn only(popped: Outcome, parts: impl FnOnce(Outcome) -> Vec<Outcome>) -> Outcome {
    let Outcome::List(mut key_and_list) = popped else { return popped };
    if let Some(Outcome::List(mut list)) = key_and_list.pop()
        && let Some(one) = list.pop()
    {
        key_and_list.extend(parts(one));
    }
    Outcome::List(key_and_list)
}

/// The kind of a value, if somebody may wait for it.
pub(in crate::keys) fn kind_of(value: &Value) -> Option<Kind> {
    match value {
        Value::List(_) => Some(Kind::List),
        Value::Sorted(_) => Some(Kind::Sorted),
        Value::Stream(_) => Some(Kind::Stream),
        _ => None,
    }
}
