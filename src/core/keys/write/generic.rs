//! Removing keys, alone and all together, and restoring them.

use super::Writer;
use super::deadlines::signed;
use crate::keys::{Event, Expiry, payload};
use crate::{Db, Fault, Outcome};

impl Writer<'_> {
    pub(super) fn del(&mut self, db: Db, keys: &[&[u8]]) -> Outcome {
        let hasher = self.space.hasher;
        let mut removed = 0;
        for key in keys {
            removed += i64::from(self.delete(db, &hasher.name(key)));
        }
        Outcome::Int(removed)
    }

    pub(super) fn evict(&mut self, keys: &[(Db, &[u8])]) -> Outcome {
        let hasher = self.space.hasher;
        let mut removed = 0_i64;
        for (db, key) in keys {
            let name = hasher.name(key);
            if self.find(*db, &name).is_some() {
                self.remove(*db, &name);
                self.tell(*db, key, Event::Evicted {});
                removed += 1;
            }
        }
        self.space.counters.evicted.add(removed.unsigned_abs());
        Outcome::Int(removed)
    }

    pub(super) fn flush_db(&mut self, db: Db) -> Outcome {
        self.space.flush(db);
        Outcome::Ok
    }

    pub(super) fn flush_all(&mut self) -> Outcome {
        for db in 0..crate::ids::DATABASES {
            self.space.flush(Db(db));
        }
        Outcome::Ok
    }

    pub(super) fn swap_db(&mut self, a: Db, b: Db) -> Outcome {
        self.space.note_all();
        self.space.databases.swap(usize::from(a.0), usize::from(b.0));
        if a != b {
            [a, b].into_iter().for_each(|db| self.note_all(db));
        }
        Outcome::Ok
    }

    /// Any key of a database that somebody waits for may be there now, or gone.
    fn note_all(&mut self, db: Db) {
        for name in self.space.waits.names(db) {
            if self.space.kind_of(db, &name, self.now_ms()).is_some() {
                self.space.waits.note(db, &name);
            } else {
                self.space.waits.note_gone(db, &name);
            }
        }
    }

    pub(super) fn restore(
        &mut self,
        db: Db,
        key: &[u8],
        payload: &[u8],
        expiry: Expiry,
        replace: bool,
    ) -> Result<(), Fault> {
        let name = self.space.hasher.name(key);
        if self.find(db, &name).is_some() && !replace {
            return Err(Fault::BusyKey);
        }
        let value = payload::load(payload, self.space.hasher)?;
        let deadline = match expiry {
            Expiry::Never {} | Expiry::Keep {} => None,
            Expiry::At { ms } => Some(ms),
            // Beyond the range of time Redis wraps around into the past.
            Expiry::In { ms } => Some(ms.wrapping_add(signed(self.now_ms()))),
        };
        let deadline = deadline.map(|ms| u64::try_from(ms).unwrap_or(0));
        if deadline.is_some_and(|deadline| deadline <= self.now_ms()) {
            self.delete(db, &name);
            return Ok(());
        }
        self.remove(db, &name);
        self.put(db, &name, value, deadline);
        self.tell(db, key, Event::Restore {});
        Ok(())
    }

    /// RESTORE IDLETIME and FREQ.
    pub(super) fn set_access(
        &mut self,
        db: Db,
        key: &[u8],
        idle_s: Option<u64>,
        count: Option<u8>,
    ) {
        let (name, now_ms) = (self.space.hasher.name(key), self.now_ms());
        let Some(item) = self.find(db, &name) else { return };
        if let Some(count) = count {
            item.access.set_count(now_ms, count);
        }
        if let Some(idle_s) = idle_s {
            item.access.set_idle(now_ms, idle_s);
        }
    }
}
