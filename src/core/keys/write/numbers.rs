//! Counting.

use super::Writer;
use crate::keys::Event;
use crate::keys::extended::Extended;
use crate::keys::read::string;
use crate::keys::store::{Item, Name, Str, Value};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    pub(super) fn incr_by(&mut self, db: Db, key: &[u8], by: i64) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let old = match self.find(db, &name) {
            Some(item) => string(item)?.integer().ok_or(Fault::NotInteger)?,
            None => 0,
        };
        let new = old.checked_add(by).ok_or(Fault::Overflow)?;
        self.replace(db, &name, Str::Int(new));
        self.tell(db, key, Event::IncrBy {});
        Ok(Outcome::Int(new))
    }

    pub(super) fn incr_by_float(
        &mut self,
        db: Db,
        key: &[u8],
        by: &[u8],
    ) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let old = match self.find(db, &name) {
            Some(item) => float(string(item)?)?,
            None => Extended::ZERO,
        };
        let by = Extended::parse(by).ok_or(Fault::NotFloat)?;
        let text = old.sum(by).ok_or(Fault::NotFinite)?.to_text();
        self.replace(db, &name, Str::text(&text));
        self.tell(db, key, Event::IncrByFloat {});
        Ok(Outcome::Bytes(text))
    }

    /// Gives a key a value; a deadline stays.
    fn replace(&mut self, db: Db, name: &Name<'_>, string: Str) {
        let deadline = self.find(db, name).and_then(Item::deadline);
        self.put(db, name, Value::Str(string), deadline);
    }
}

fn float(string: &Str) -> Result<Extended, Fault> {
    match string {
        Str::Int(number) => Ok(Extended::from_integer(*number)),
        other => Extended::parse(&other.bytes()).ok_or(Fault::NotFloat),
    }
}
