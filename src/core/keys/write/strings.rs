//! Writing strings.

use super::Writer;
use super::deadlines::given;
use crate::keys::read::string;
use crate::keys::store::{Item, Name, Str, Value};
use crate::keys::{Event, Expiry, STRING_BYTES_MAX, When};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    pub(super) fn set(
        &mut self,
        db: Db,
        key: &[u8],
        value: &[u8],
        when: When<'_>,
        expiry: Expiry,
        get: bool,
    ) -> Result<Outcome, Fault> {
        let deadline = given(expiry, self.now_ms())?;
        let name = self.space.hasher.name(key);
        let old = if get { self.read(db, &name) } else { self.find(db, &name) };
        let before = if get { bytes_of(old)? } else { Outcome::Ok };
        let fits = match when {
            When::Always {} => true,
            When::Absent {} => old.is_none(),
            When::Present {} => old.is_some(),
            When::Equals { value } => match old {
                Some(item) => string(item)?.equals(value),
                None => false,
            },
        };
        if !fits {
            return Ok(if get { before } else { Outcome::Nil });
        }
        let kept = old.and_then(Item::deadline);
        let deadline = if matches!(expiry, Expiry::Keep {}) { kept } else { deadline };
        self.put(db, &name, Value::Str(Str::new(value)), deadline);
        self.tell_set(db, key, deadline, expiry);
        Ok(before)
    }

    /// Tells that a string was set, and what became of its deadline.
    pub(super) fn tell_set(&mut self, db: Db, key: &[u8], deadline: Option<u64>, expiry: Expiry) {
        self.tell(db, key, Event::Set {});
        let Some(deadline) = deadline.filter(|_| !matches!(expiry, Expiry::Keep {})) else {
            return;
        };
        self.tell(db, key, Event::Expire {});
        if deadline <= self.now_ms() {
            self.tell(db, key, Event::Expired {});
        }
    }

    pub(super) fn get_del(&mut self, db: Db, key: &[u8]) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let before = bytes_of(self.read(db, &name))?;
        self.delete(db, &name);
        Ok(before)
    }

    pub(super) fn get_ex(&mut self, db: Db, key: &[u8], expiry: Expiry) -> Result<Outcome, Fault> {
        let (name, now_ms) = (self.space.hasher.name(key), self.now_ms());
        let Some(item) = self.read(db, &name) else { return Ok(Outcome::Nil) };
        let (before, had) = (bytes_of(Some(item))?, item.deadline());
        item.access.touch(now_ms, name.hash);
        match expiry {
            Expiry::Keep {} => {}
            Expiry::Never {} if had.is_none() => {}
            expiry => {
                let deadline = given(expiry, now_ms)?;
                self.set_deadline(db, &name, deadline);
            }
        }
        Ok(before)
    }

    pub(super) fn mset(&mut self, db: Db, pairs: &[(&[u8], &[u8])], only_new: bool) -> Outcome {
        let hasher = self.space.hasher;
        if only_new && pairs.iter().any(|(key, _)| self.find(db, &hasher.name(key)).is_some()) {
            return Outcome::Int(0);
        }
        for (key, value) in pairs {
            self.put(db, &hasher.name(key), Value::Str(Str::new(value)), None);
            self.tell(db, key, Event::Set {});
        }
        if only_new { Outcome::Int(1) } else { Outcome::Ok }
    }

    pub(super) fn append(
        &mut self,
        db: Db,
        key: &[u8],
        value: &[u8],
        max: u64,
    ) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let Some(item) = self.find(db, &name) else {
            self.put(db, &name, Value::Str(Str::new(value)), None);
            self.tell(db, key, Event::Append {});
            return Ok(Outcome::Int(value.len() as i64));
        };
        let old = string(item)?.len();
        let len = end(old as u64, value.len(), max)?;
        self.change_bytes(db, &name, len, |bytes| bytes.extend_from_slice(value));
        self.tell(db, key, Event::Append {});
        Ok(Outcome::Int(len as i64))
    }

    pub(super) fn set_range(
        &mut self,
        db: Db,
        key: &[u8],
        offset: u64,
        value: &[u8],
        max: u64,
    ) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let old = self.find(db, &name).map(string).transpose()?.map(Str::len);
        if value.is_empty() {
            return Ok(Outcome::Int(old.unwrap_or(0) as i64));
        }
        let end = end(offset, value.len(), max)?;
        let len = end.max(old.unwrap_or(0));
        let write = |bytes: &mut Vec<u8>| {
            bytes.resize(len, 0);
            bytes[end - value.len()..end].copy_from_slice(value);
        };
        if old.is_some() {
            self.change_bytes(db, &name, len, write);
        } else {
            let mut bytes = Vec::new();
            write(&mut bytes);
            self.put(db, &name, Value::Str(Str::raw(bytes)), None);
        }
        self.tell(db, key, Event::SetRange {});
        Ok(Outcome::Int(len as i64))
    }

    pub(super) fn del_if_equal(
        &mut self,
        db: Db,
        key: &[u8],
        value: &[u8],
    ) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let equal = match self.find(db, &name) {
            Some(item) => string(item)?.equals(value),
            None => false,
        };
        if equal {
            self.delete(db, &name);
        }
        Ok(Outcome::Int(equal.into()))
    }

    /// Changes the bytes of a string that is there, up to `len` of them.
    fn change_bytes(
        &mut self,
        db: Db,
        name: &Name<'_>,
        len: usize,
        change: impl FnOnce(&mut Vec<u8>),
    ) {
        self.change(db, name, |value| {
            if let Value::Str(string) = value {
                change(string.grow(len));
            }
        });
    }
}

/// Where `len` bytes from `offset` on end, if that is allowed.
fn end(offset: u64, len: usize, max: u64) -> Result<usize, Fault> {
    let end = offset.checked_add(len as u64).filter(|end| *end <= max.min(STRING_BYTES_MAX));
    Ok(end.ok_or(Fault::StringTooLong)? as usize)
}

fn bytes_of(item: Option<&Item>) -> Result<Outcome, Fault> {
    let bytes = item.map(string).transpose()?.map(Str::to_vec);
    Ok(bytes.map_or(Outcome::Nil, Outcome::Bytes))
}
