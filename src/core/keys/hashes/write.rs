//! Writing hashes.

use super::{END_MAX_MS, Op};
use crate::keys::extended::Extended;
use crate::keys::store::{Collection, Entry, HASH_LIMITS, Hasher, Value};
use crate::keys::write::{Writer, holds};
use crate::keys::{Event, ExpireWhen, Expiry, parse_integer};
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
    let now_ms = writer.at.now_ms;
    writer.end_fields(db, key, &op.fields());
    writer.edit(
        db,
        key,
        || Value::Hash(Collection::default()),
        event(op, now_ms),
        |value, hasher| {
            match op {
                Op::Expire { fields, expiry, when } => {
                    return expire(
                        value,
                        hasher,
                        fields,
                        deadline(*expiry, now_ms)?,
                        *when,
                        now_ms,
                    );
                }
                Op::Persist { fields } => return persist(value, hasher, fields),
                _ => {}
            }
            let (of, ends) = match value {
                Value::Hash(of) => (of, None),
                Value::Timed(_) => {
                    let hash = value.timed_mut().ok_or(Fault::WrongType)?;
                    (&mut hash.fields, Some(&mut hash.ends))
                }
                _ => return Err(Fault::WrongType),
            };
            let mut fields = Fields { of, ends, hasher };
            let done = match op {
                Op::Set { pairs } => Ok(fields.set(pairs)),
                Op::SetNew { field, value } => Ok(fields.set_new(field, value)),
                Op::Del { fields: names } => Ok(fields.del(names)),
                Op::IncrBy { field, by } => fields.incr_by(field, *by),
                Op::IncrByFloat { field, .. } => fields.incr_by_float(field, by),
                _ => unreachable!("the caller tells writes from reads"),
            };
            value.settle();
            done
        },
    )
}

fn event(op: &Op<'_>, now_ms: u64) -> Option<Event> {
    match op {
        Op::Set { .. } | Op::SetNew { .. } => Some(Event::HSet {}),
        Op::Del { .. } => Some(Event::HDel {}),
        Op::IncrBy { .. } => Some(Event::HIncrBy {}),
        Op::IncrByFloat { .. } => Some(Event::HIncrByFloat {}),
        // A deadline that is past removes the fields.
        Op::Expire { expiry, .. } => match deadline(*expiry, now_ms) {
            Ok(deadline) if deadline <= now_ms => Some(Event::HDel {}),
            _ => Some(Event::HExpire {}),
        },
        Op::Persist { .. } => Some(Event::HPersist {}),
        _ => None,
    }
}

/// The deadline that is given to fields.
fn deadline(expiry: Expiry, now_ms: u64) -> Result<u64, Fault> {
    let deadline = match expiry {
        Expiry::In { ms } => u64::try_from(ms).ok().and_then(|ms| now_ms.checked_add(ms)),
        Expiry::At { ms } => u64::try_from(ms).ok(),
        Expiry::Never {} | Expiry::Keep {} => None,
    };
    deadline.filter(|deadline| *deadline <= END_MAX_MS).ok_or(Fault::InvalidExpire)
}

fn expire(
    value: &mut Value,
    hasher: Hasher,
    fields: &[&[u8]],
    deadline: u64,
    when: ExpireWhen,
    now_ms: u64,
) -> Result<(Outcome, bool), Fault> {
    let hash = value.timed_mut().ok_or(Fault::WrongType)?;
    let mut changed = false;
    let mut one = |field: &[u8]| {
        if hash.fields.get(hasher, field).is_none() {
            return -2;
        }
        if !holds(when, hash.end_of(hasher, field), deadline as i64) {
            return 0;
        }
        changed = true;
        if deadline <= now_ms {
            hash.set_end(hasher, field, None);
            hash.fields.remove(hasher, field);
            return 2;
        }
        hash.set_end(hasher, field, Some(deadline));
        1
    };
    let told = fields.iter().map(|field| Outcome::Int(one(field))).collect();
    value.settle();
    Ok((Outcome::List(told), changed))
}

fn persist(value: &mut Value, hasher: Hasher, fields: &[&[u8]]) -> Result<(Outcome, bool), Fault> {
    let hash = value.timed_mut().ok_or(Fault::WrongType)?;
    let mut changed = false;
    let mut one = |field: &[u8]| {
        if hash.fields.get(hasher, field).is_none() {
            return -2;
        }
        if hash.end_of(hasher, field).is_none() {
            return -1;
        }
        changed = true;
        hash.set_end(hasher, field, None);
        1
    };
    let told = fields.iter().map(|field| Outcome::Int(one(field))).collect();
    value.settle();
    Ok((Outcome::List(told), changed))
}

/// A hash that is changed. Every change says what it gives, and whether it did change
/// anything.
struct Fields<'a> {
    of: &'a mut Collection,
    /// The deadlines of fields, if some have such.
    ends: Option<&'a mut Collection>,
    hasher: Hasher,
}

impl Fields<'_> {
    fn set(&mut self, pairs: &[(&[u8], &[u8])]) -> (Outcome, bool) {
        let new = pairs.iter().filter(|(field, value)| {
            self.end_never(field);
            self.put(field, value)
        });
        let new = new.count();
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
        let there = fields.iter().filter(|field| {
            self.end_never(field);
            self.of.remove(self.hasher, field)
        });
        let there = there.count();
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

    fn end_never(&mut self, field: &[u8]) {
        if let Some(ends) = &mut self.ends {
            ends.remove_scored(self.hasher, field);
        }
    }

    fn put(&mut self, field: &[u8], value: &[u8]) -> bool {
        self.of.put(self.hasher, HASH_LIMITS, Entry { key: field, value })
    }
}
