//! Writing hashes.

use super::Op;
use crate::keys::extended::Extended;
use crate::keys::store::{Collection, Entry, HASH_LIMITS, Hasher, Value};
use crate::keys::write::Writer;
use crate::keys::{Event, parse_integer};
use crate::{Db, Fault, Outcome};

pub(in crate::keys) fn write(
    writer: &mut Writer<'_>,
    db: Db,
    key: &[u8],
    op: &Op<'_>,
) -> Result<Outcome, Fault> {
    // An increment that is no number is told before the type of the key.
    let by = match op {
        Op::IncrByFloat { by, .. } => Extended::parse(by).ok_or(Fault::NotFloat)?,
        _ => Extended::ZERO,
    };
    writer.edit(
        db,
        key,
        || Value::Hash(Collection::default()),
        event(op),
        |value, hasher| {
            let Value::Hash(of) = value else { return Err(Fault::WrongType) };
            let mut fields = Fields { of, hasher };
            match op {
                Op::Set { pairs } => Ok(fields.set(pairs)),
                Op::SetNew { field, value } => Ok(fields.set_new(field, value)),
                Op::Del { fields: names } => Ok(fields.del(names)),
                Op::IncrBy { field, by } => fields.incr_by(field, *by),
                Op::IncrByFloat { field, .. } => fields.incr_by_float(field, by),
                _ => unreachable!("the caller tells writes from reads"),
            }
        },
    )
}

fn event(op: &Op<'_>) -> Option<Event> {
    match op {
        Op::Set { .. } | Op::SetNew { .. } => Some(Event::HSet {}),
        Op::Del { .. } => Some(Event::HDel {}),
        Op::IncrBy { .. } => Some(Event::HIncrBy {}),
        Op::IncrByFloat { .. } => Some(Event::HIncrByFloat {}),
        _ => None,
    }
}

/// A hash that is changed. Every change says what it gives, and whether it did change
/// anything.
struct Fields<'a> {
    of: &'a mut Collection,
    hasher: Hasher,
}

impl Fields<'_> {
    fn set(&mut self, pairs: &[(&[u8], &[u8])]) -> (Outcome, bool) {
        let new = pairs.iter().filter(|(field, value)| self.put(field, value)).count();
        (Outcome::Int(new as i64), true)
    }

    fn set_new(&mut self, field: &[u8], value: &[u8]) -> (Outcome, bool) {
        let new = self.of.get(self.hasher, field).is_none();
        if new {
            self.put(field, value);
        }
        (Outcome::Int(new.into()), new)
    }

    fn del(&mut self, fields: &[&[u8]]) -> (Outcome, bool) {
        let there = fields.iter().filter(|field| self.of.remove(self.hasher, field)).count();
        (Outcome::Int(there as i64), there > 0)
    }

    fn incr_by(&mut self, field: &[u8], by: i64) -> Result<(Outcome, bool), Fault> {
        let old = match self.of.get(self.hasher, field) {
            Some(text) => parse_integer(text).ok_or(Fault::FieldNotNumber)?,
            None => 0,
        };
        let new = old.checked_add(by).ok_or(Fault::Overflow)?;
        self.put(field, new.to_string().as_bytes());
        Ok((Outcome::Int(new), true))
    }

    fn incr_by_float(&mut self, field: &[u8], by: Extended) -> Result<(Outcome, bool), Fault> {
        let old = match self.of.get(self.hasher, field) {
            Some(text) => Extended::parse(text).ok_or(Fault::FieldNotNumber)?,
            None => Extended::ZERO,
        };
        let text = old.sum(by).ok_or(Fault::NotFinite)?.to_text();
        self.put(field, &text);
        Ok((Outcome::Bytes(text), true))
    }

    fn put(&mut self, field: &[u8], value: &[u8]) -> bool {
        self.of.put(self.hasher, HASH_LIMITS, Entry { key: field, value })
    }
}
