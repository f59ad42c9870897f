//! Bringing keys elsewhere: COPY, RENAME, MOVE.

use super::Writer;
use crate::keys::store::{Item, Name};
use crate::keys::{Event, waits};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    pub(super) fn copy(
        &mut self,
        db: Db,
        from: &[u8],
        to_db: Db,
        to: &[u8],
        replace: bool,
    ) -> Result<Outcome, Fault> {
        if db == to_db && from == to {
            return Err(Fault::SameObject);
        }
        let (from, to) = (self.space.hasher.name(from), self.space.hasher.name(to));
        let Some(item) = self.read(db, &from) else { return Ok(Outcome::Int(0)) };
        let (value, deadline) = (item.value.clone(), item.deadline());
        if self.find(to_db, &to).is_some() && !replace {
            return Ok(Outcome::Int(0));
        }
        self.remove(to_db, &to);
        self.put(to_db, &to, value, deadline);
        self.tell(to_db, to.key, Event::CopyTo {});
        Ok(Outcome::Int(1))
    }

    pub(super) fn rename(
        &mut self,
        db: Db,
        from: &[u8],
        to: &[u8],
        only_new: bool,
    ) -> Result<Outcome, Fault> {
        let (from, to) = (self.space.hasher.name(from), self.space.hasher.name(to));
        if self.find(db, &from).is_none() {
            return Err(Fault::NoSuchKey);
        }
        let same = from.key == to.key;
        if only_new && (same || self.find(db, &to).is_some()) {
            return Ok(Outcome::Int(0));
        }
        if !same {
            self.carry(db, &from, db, &to);
            self.tell(db, from.key, Event::RenameFrom {});
            self.tell(db, to.key, Event::RenameTo {});
        }
        Ok(if only_new { Outcome::Int(1) } else { Outcome::Ok })
    }

    pub(super) fn move_to(&mut self, db: Db, key: &[u8], to_db: Db) -> Result<Outcome, Fault> {
        if db == to_db {
            return Err(Fault::SameObject);
        }
        let name = self.space.hasher.name(key);
        if self.find(db, &name).is_none() || self.find(to_db, &name).is_some() {
            return Ok(Outcome::Int(0));
        }
        self.carry(db, &name, to_db, &name);
        self.tell(db, key, Event::MoveFrom {});
        self.tell(to_db, key, Event::MoveTo {});
        Ok(Outcome::Int(1))
    }

    /// Moves an item, with its deadline and its access data, over what may be there.
    fn carry(&mut self, db: Db, from: &Name<'_>, to_db: Db, to: &Name<'_>) {
        let Some(item) = self.take(db, from) else { return };
        self.remove(to_db, to);
        let awaited = waits::kind_of(&item.value).is_some();
        let deadline = item.deadline();
        let item = Item::new(to.key, item.value, deadline, self.at.seq, item.access);
        self.space.database_mut(to_db).insert(to, item);
        self.tell(to_db, to.key, Event::New {});
        if awaited {
            self.space.waits.note(to_db, to.key);
        }
    }
}
