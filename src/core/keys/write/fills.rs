//! Filling keys that are not there.

use super::Writer;
use super::deadlines::given;
use crate::keys::Expiry;
use crate::keys::read::string;
use crate::keys::store::{Str, Value};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    /// Bytes, what a key holds, or List[Bytes key, Int token] for the one who is to fill it;
    /// nil: somebody fills it.
    pub(in crate::keys) fn fill(
        &mut self,
        db: Db,
        key: &[u8],
        ttl_ms: u64,
    ) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        if let Some(item) = self.read(db, &name) {
            return Ok(Outcome::Bytes(string(item)?.to_vec()));
        }
        let (now_ms, token) = (self.now_ms(), self.at.seq);
        match self.space.fills.of(db, key) {
            Some((_, ends_ms)) if ends_ms > now_ms => return Ok(Outcome::Nil),
            Some(_) => self.space.end_fill(db, key),
            None => {}
        }
        let given = self.space.fills.give(db, key, token, now_ms.saturating_add(ttl_ms));
        let named = || vec![Outcome::Bytes(key.to_vec()), Outcome::Int(token as i64)];
        Ok(given.map_or_else(|refused| refused, |()| Outcome::List(named())))
    }

    /// The value of a key that is filled, if the token is good.
    pub(super) fn fill_set(
        &mut self,
        db: Db,
        key: &[u8],
        token: u64,
        value: &[u8],
        expiry: Expiry,
    ) -> Result<Outcome, Fault> {
        let deadline = given(expiry, self.now_ms())?;
        if !self.is_filled_by(db, key, token) {
            return Ok(Outcome::Nil);
        }
        self.space.end_fill(db, key);
        let name = self.space.hasher.name(key);
        self.put(db, &name, Value::Str(Str::new(value)), deadline);
        self.tell_set(db, key, deadline, expiry);
        Ok(Outcome::Ok)
    }

    /// A token is given back.
    pub(super) fn fill_abort(&mut self, db: Db, key: &[u8], token: u64) -> Outcome {
        let good = self.is_filled_by(db, key, token);
        if good {
            self.space.end_fill(db, key);
        }
        Outcome::Int(good.into())
    }

    fn is_filled_by(&self, db: Db, key: &[u8], token: u64) -> bool {
        let now_ms = self.now_ms();
        self.space
            .fills
            .of(db, key)
            .is_some_and(|(good, ends_ms)| good == token && ends_ms > now_ms)
    }
}
