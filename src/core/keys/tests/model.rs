//! What the key space should do, said as simply as possible.

use std::collections::BTreeMap;

use crate::keys::{About, ExpireWhen, Expiry, Op, TtlForm, When, parse_integer};
use crate::slot::Slot;
use crate::{Db, Fault, Outcome, Stamp};

#[derive(Clone, Debug)]
struct Entry {
    value: Vec<u8>,
    /// Changed in place.
    raw: bool,
    deadline: Option<i64>,
    version: u64,
}

/// All keys in one map.
#[derive(Debug, Default)]
pub(super) struct Model {
    entries: BTreeMap<(Db, Vec<u8>), Entry>,
    now: i64,
    seq: u64,
}

impl Model {
    /// The answer of the model. Nothing past its deadline is ever there.
    pub(super) fn apply(&mut self, at: &Stamp, op: &Op<'_>) -> Outcome {
        self.now = at.now_ms as i64;
        self.seq = at.seq;
        let now = self.now;
        self.entries.retain(|_, entry| entry.deadline.is_none_or(|deadline| deadline > now));
        let answer = if op.is_write() { self.write(op) } else { Ok(self.read(op)) };
        self.entries.retain(|_, entry| entry.deadline.is_none_or(|deadline| deadline > now));
        answer.unwrap_or_else(Outcome::Fault)
    }

    pub(super) fn size(&self) -> usize {
        self.entries.len()
    }

    fn get(&self, db: Db, key: &[u8]) -> Option<&Entry> {
        self.entries.get(&(db, key.to_vec()))
    }

    fn value(&self, db: Db, key: &[u8]) -> Outcome {
        self.get(db, key).map_or(Outcome::Nil, |entry| Outcome::Bytes(entry.value.clone()))
    }

    fn put(&mut self, db: Db, key: &[u8], value: &[u8], raw: bool, deadline: Option<i64>) {
        let entry = Entry { value: value.to_vec(), raw, deadline, version: self.seq };
        self.entries.insert((db, key.to_vec()), entry);
    }

    fn remove(&mut self, db: Db, key: &[u8]) -> Option<Entry> {
        self.entries.remove(&(db, key.to_vec()))
    }

    fn deadline(&self, db: Db, key: &[u8]) -> Option<i64> {
        self.get(db, key).and_then(|entry| entry.deadline)
    }

    fn read(&self, op: &Op<'_>) -> Outcome {
        let list = |keys: &[&[u8]], of: &dyn Fn(&[u8]) -> Outcome| {
            Outcome::List(keys.iter().map(|key| of(key)).collect())
        };
        match op {
            Op::Get { db, key } => self.value(*db, key),
            Op::MGet { db, keys } => list(keys, &|key| self.value(*db, key)),
            Op::GetRange { db, key, start, end } => {
                let value = self.get(*db, key).map_or(&[][..], |entry| &entry.value);
                let place = |at: i64| if at < 0 { value.len() as i64 + at } else { at };
                let (from, to) = (place(*start).max(0), place(*end).max(0));
                let inside = |at: &i64| from <= *at && *at <= to;
                let none = *start < 0 && *end < 0 && start > end;
                let range = (0..value.len() as i64).filter(|at| !none && inside(at));
                Outcome::Bytes(range.map(|at| value[at as usize]).collect())
            }
            Op::StrLen { db, key } => {
                Outcome::Int(self.get(*db, key).map_or(0, |entry| entry.value.len() as i64))
            }
            Op::Exists { db, keys } | Op::Touch { db, keys } => {
                let there = keys.iter().filter(|key| self.get(*db, key).is_some());
                Outcome::Int(there.count() as i64)
            }
            Op::Type { db, key } => {
                Outcome::Word(if self.get(*db, key).is_some() { "string" } else { "none" })
            }
            Op::Ttl { db, key, form } => self.ttl(*db, key, *form),
            Op::DbSize { db } => {
                Outcome::Int(self.entries.keys().filter(|(of, _)| of == db).count() as i64)
            }
            Op::CountInSlot { db, slot } => Outcome::Int(self.in_slot(*db, *slot) as i64),
            Op::Object { db, key, about: About::Encoding {} } => {
                self.get(*db, key).map_or(Outcome::Nil, |entry| Outcome::Word(encoding(entry)))
            }
            Op::Versions { db, keys } => list(keys, &|key| {
                Outcome::Int(self.get(*db, key).map_or(0, |entry| entry.version as i64))
            }),
            other => panic!("no such read in histories: {other:?}"),
        }
    }

    fn in_slot(&self, db: Db, slot: Slot) -> usize {
        let here = |(of, key): &&(Db, Vec<u8>)| *of == db && Slot::of(key) == slot;
        self.entries.keys().filter(here).count()
    }

    fn ttl(&self, db: Db, key: &[u8], form: TtlForm) -> Outcome {
        let Some(entry) = self.get(db, key) else { return Outcome::Int(-2) };
        let Some(deadline) = entry.deadline else { return Outcome::Int(-1) };
        let seconds = |ms: i64| ms / 1000 + i64::from(ms % 1000 >= 500);
        Outcome::Int(match form {
            TtlForm::Seconds {} => seconds(deadline - self.now),
            TtlForm::Millis {} => deadline - self.now,
            TtlForm::AtSeconds {} => seconds(deadline),
            TtlForm::AtMillis {} => deadline,
        })
    }

    fn given(&self, expiry: Expiry) -> Result<Option<i64>, Fault> {
        match expiry {
            Expiry::In { ms } if ms > 0 => {
                self.now.checked_add(ms).map(Some).ok_or(Fault::InvalidExpire)
            }
            Expiry::At { ms } if ms > 0 => Ok(Some(ms)),
            Expiry::In { .. } | Expiry::At { .. } => Err(Fault::InvalidExpire),
            Expiry::Never {} | Expiry::Keep {} => Ok(None),
        }
    }

    fn write(&mut self, op: &Op<'_>) -> Result<Outcome, Fault> {
        Ok(match op {
            Op::Set { db, key, value, when, expiry, get } => {
                let deadline = match expiry {
                    Expiry::Keep {} => self.deadline(*db, key),
                    other => self.given(*other)?,
                };
                let before = self.value(*db, key);
                let fits = match when {
                    When::Always {} => true,
                    When::Absent {} => before == Outcome::Nil,
                    When::Present {} => before != Outcome::Nil,
                    When::Equals { value } => before == Outcome::Bytes(value.to_vec()),
                };
                if fits {
                    self.put(*db, key, value, false, deadline);
                }
                match (get, fits) {
                    (true, _) => before,
                    (false, true) => Outcome::Ok,
                    (false, false) => Outcome::Nil,
                }
            }
            Op::GetDel { db, key } => {
                let before = self.value(*db, key);
                self.remove(*db, key);
                before
            }
            Op::GetEx { db, key, expiry } => self.get_ex(*db, key, *expiry)?,
            Op::MSet { db, pairs, only_new } => {
                if *only_new && pairs.iter().any(|(key, _)| self.get(*db, key).is_some()) {
                    return Ok(Outcome::Int(0));
                }
                for (key, value) in pairs {
                    self.put(*db, key, value, false, None);
                }
                if *only_new { Outcome::Int(1) } else { Outcome::Ok }
            }
            Op::Append { db, key, value, max } => {
                let Some(entry) = self.get(*db, key) else {
                    self.put(*db, key, value, false, None);
                    return Ok(Outcome::Int(value.len() as i64));
                };
                let (joined, deadline) = ([&entry.value, *value].concat(), entry.deadline);
                self.grown(*db, key, joined, deadline, *max)?
            }
            Op::SetRange { db, key, offset, value, max } => {
                let old = self.get(*db, key).cloned();
                let deadline = old.as_ref().and_then(|entry| entry.deadline);
                let mut bytes = old.map_or_else(Vec::new, |entry| entry.value);
                if value.is_empty() {
                    return Ok(Outcome::Int(bytes.len() as i64));
                }
                let end = *offset as usize + value.len();
                if end as u64 > *max {
                    return Err(Fault::StringTooLong);
                }
                bytes.resize(bytes.len().max(end), 0);
                bytes.splice(end - value.len()..end, value.iter().copied());
                self.grown(*db, key, bytes, deadline, u64::MAX)?
            }
            Op::IncrBy { db, key, by } => {
                let old = self.get(*db, key).map_or(&b"0"[..], |entry| &entry.value);
                let old = parse_integer(old).ok_or(Fault::NotInteger)?;
                let new = old.checked_add(*by).ok_or(Fault::Overflow)?;
                let deadline = self.deadline(*db, key);
                self.put(*db, key, new.to_string().as_bytes(), false, deadline);
                Outcome::Int(new)
            }
            Op::Del { db, keys } => self.removed(keys.iter().map(|key| (*db, *key))),
            Op::Evict { keys } => self.removed(keys.iter().copied()),
            Op::DelIfEqual { db, key, value } => {
                let equal = self.value(*db, key) == Outcome::Bytes(value.to_vec());
                if equal {
                    self.remove(*db, key);
                }
                Outcome::Int(equal.into())
            }
            Op::Copy { db, from, to_db, to, replace } => {
                if (db, from) == (to_db, to) {
                    return Err(Fault::SameObject);
                }
                let taken = self.get(*to_db, to).is_some() && !replace;
                let Some(entry) = self.get(*db, from).cloned().filter(|_| !taken) else {
                    return Ok(Outcome::Int(0));
                };
                self.put(*to_db, to, &entry.value, entry.raw, entry.deadline);
                Outcome::Int(1)
            }
            Op::Rename { db, from, to, only_new } => {
                self.get(*db, from).ok_or(Fault::NoSuchKey)?;
                if *only_new && self.get(*db, to).is_some() {
                    return Ok(Outcome::Int(0));
                }
                if from != to {
                    self.carry(*db, from, *db, to);
                }
                if *only_new { Outcome::Int(1) } else { Outcome::Ok }
            }
            Op::Move { db, key, to_db } => {
                if db == to_db {
                    return Err(Fault::SameObject);
                }
                if self.get(*db, key).is_none() || self.get(*to_db, key).is_some() {
                    return Ok(Outcome::Int(0));
                }
                self.carry(*db, key, *to_db, key);
                Outcome::Int(1)
            }
            Op::Expire { db, key, expiry, when } => self.expire(*db, key, *expiry, *when)?,
            Op::Persist { db, key } => {
                let had = self.deadline(*db, key).is_some();
                if had {
                    self.set_deadline(*db, key, None);
                }
                Outcome::Int(had.into())
            }
            Op::FlushDb { db } => {
                self.entries.retain(|(of, _), _| of != db);
                Outcome::Ok
            }
            Op::FlushAll {} => {
                self.entries.clear();
                Outcome::Ok
            }
            Op::SwapDb { a, b } => {
                let swapped = |db: Db| match db {
                    db if db == *a => *b,
                    db if db == *b => *a,
                    db => db,
                };
                let entries = std::mem::take(&mut self.entries).into_iter();
                self.entries =
                    entries.map(|((db, key), entry)| ((swapped(db), key), entry)).collect();
                Outcome::Ok
            }
            other => panic!("no such write in histories: {other:?}"),
        })
    }

    fn grown(
        &mut self,
        db: Db,
        key: &[u8],
        bytes: Vec<u8>,
        deadline: Option<i64>,
        max: u64,
    ) -> Result<Outcome, Fault> {
        if bytes.len() as u64 > max {
            return Err(Fault::StringTooLong);
        }
        self.put(db, key, &bytes, true, deadline);
        Ok(Outcome::Int(bytes.len() as i64))
    }

    fn get_ex(&mut self, db: Db, key: &[u8], expiry: Expiry) -> Result<Outcome, Fault> {
        let before = self.value(db, key);
        if before == Outcome::Nil {
            return Ok(before);
        }
        match expiry {
            Expiry::Keep {} => {}
            Expiry::Never {} if self.deadline(db, key).is_none() => {}
            other => {
                let deadline = self.given(other)?;
                self.set_deadline(db, key, deadline);
            }
        }
        Ok(before)
    }

    fn expire(
        &mut self,
        db: Db,
        key: &[u8],
        expiry: Expiry,
        when: ExpireWhen,
    ) -> Result<Outcome, Fault> {
        let new = match expiry {
            Expiry::In { ms } => self.now.checked_add(ms),
            Expiry::At { ms } => Some(ms),
            _ => None,
        };
        let new = new.ok_or(Fault::InvalidExpire)?;
        let Some(entry) = self.get(db, key) else { return Ok(Outcome::Int(0)) };
        let old = entry.deadline.unwrap_or(i64::MAX);
        let fits = match when {
            ExpireWhen::Always {} => true,
            ExpireWhen::NoDeadline {} => entry.deadline.is_none(),
            ExpireWhen::If { has, later, earlier } => {
                let has_fits = !has || entry.deadline.is_some();
                let later_fits = !later || (entry.deadline.is_some() && new > old);
                has_fits && later_fits && (!earlier || entry.deadline.is_none() || new < old)
            }
        };
        if fits {
            self.set_deadline(db, key, Some(new));
        }
        Ok(Outcome::Int(fits.into()))
    }

    fn set_deadline(&mut self, db: Db, key: &[u8], deadline: Option<i64>) {
        let entry = self.entries.get_mut(&(db, key.to_vec())).unwrap();
        entry.deadline = deadline;
        entry.version = self.seq;
    }

    fn removed<'a>(&mut self, keys: impl Iterator<Item = (Db, &'a [u8])>) -> Outcome {
        Outcome::Int(keys.filter_map(|(db, key)| self.remove(db, key)).count() as i64)
    }

    fn carry(&mut self, db: Db, from: &[u8], to_db: Db, to: &[u8]) {
        let entry = self.remove(db, from).unwrap();
        self.put(to_db, to, &entry.value, entry.raw, entry.deadline);
    }
}

fn encoding(entry: &Entry) -> &'static str {
    match entry.value.len() {
        _ if entry.raw => "raw",
        _ if parse_integer(&entry.value).is_some() => "int",
        0..=44 => "embstr",
        _ => "raw",
    }
}
