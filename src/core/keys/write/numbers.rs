//! Counting.

use super::Writer;
use crate::keys::Event;
use crate::keys::extended::Extended;
use crate::keys::read::string;
use crate::keys::store::{Str, Value};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    pub(super) fn incr_by(&mut self, db: Db, key: &[u8], by: i64) -> Result<Outcome, Fault> {
        let name = self.space.hasher.name(key);
        let (old, deadline) = match self.find(db, &name) {
            Some(item) => (string(item)?.integer().ok_or(Fault::NotInteger)?, item.deadline()),
            None => (0, None),
        };
        let new = old.checked_add(by).ok_or(Fault::Overflow)?;
        self.put(db, &name, Value::Str(Str::Int(new)), deadline);
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
        let (old, deadline) = match self.find(db, &name) {
            Some(item) => (float(string(item)?)?, item.deadline()),
            None => (Extended::ZERO, None),
        };
        let by = Extended::parse(by).ok_or(Fault::NotFloat)?;
        let text = old.sum(by).ok_or(Fault::NotFinite)?.to_text();
        self.put(db, &name, Value::Str(Str::text(&text)), deadline);
        self.tell(db, key, Event::IncrByFloat {});
        Ok(Outcome::Bytes(text))
    }
}

fn float(string: &Str) -> Result<Extended, Fault> {
    match string {
        Str::Int(number) => Ok(Extended::from_integer(*number)),
        other => Extended::parse(&other.bytes()).ok_or(Fault::NotFloat),
    }
}
