//! Giving keys a deadline and taking it away.

use super::Writer;
use crate::keys::store::{Item, Name};
use crate::keys::{Event, ExpireWhen, Expiry};
use crate::{Db, Fault, Outcome, Stamp};

impl Writer<'_> {
    pub(super) fn expire(
        &mut self,
        db: Db,
        key: &[u8],
        expiry: Expiry,
        when: ExpireWhen,
    ) -> Result<Outcome, Fault> {
        let deadline = match expiry {
            Expiry::In { ms } => ms.checked_add(signed(self.now_ms())),
            Expiry::At { ms } => Some(ms),
            Expiry::Never {} | Expiry::Keep {} => None,
        };
        let deadline = deadline.ok_or(Fault::InvalidExpire)?;
        let name = self.space.hasher.name(key);
        let Some(item) = self.find(db, &name) else { return Ok(Outcome::Int(0)) };
        if !holds(when, item.deadline(), deadline) {
            return Ok(Outcome::Int(0));
        }
        // What lies before the epoch is as past as can be.
        self.set_deadline(db, &name, Some(u64::try_from(deadline).unwrap_or(0)));
        Ok(Outcome::Int(1))
    }

    pub(super) fn persist(&mut self, db: Db, key: &[u8]) -> Outcome {
        let name = self.space.hasher.name(key);
        let had = self.find(db, &name).and_then(Item::deadline).is_some();
        if had {
            self.set_deadline(db, &name, None);
        }
        Outcome::Int(had.into())
    }

    /// Changes the deadline of a key that is there, and tells of it. If it is past, the key
    /// goes.
    pub(super) fn set_deadline(&mut self, db: Db, name: &Name<'_>, deadline: Option<u64>) {
        let Stamp { now_ms, seq, .. } = *self.at;
        if deadline.is_some_and(|deadline| deadline <= now_ms) {
            self.delete(db, name);
        } else {
            self.space.database_mut(db).set_deadline(name, deadline, seq);
            let event = if deadline.is_some() { Event::Expire {} } else { Event::Persist {} };
            self.tell(db, name.key, event);
        }
    }
}

/// The deadline that SET and GETEX give. Such must lie in the future of the
/// epoch or of now; whether it is past already is another matter.
pub(super) fn given(expiry: Expiry, now_ms: u64) -> Result<Option<u64>, Fault> {
    let deadline = match expiry {
        Expiry::Never {} | Expiry::Keep {} => return Ok(None),
        Expiry::In { ms } if ms > 0 => ms.checked_add(signed(now_ms)),
        Expiry::At { ms } if ms > 0 => Some(ms),
        Expiry::In { .. } | Expiry::At { .. } => None,
    };
    Ok(Some(deadline.ok_or(Fault::InvalidExpire)?.unsigned_abs()))
}

pub(super) fn signed(now_ms: u64) -> i64 {
    i64::try_from(now_ms).unwrap_or(i64::MAX)
}

/// Whether a deadline may take the place of another.
pub(in crate::keys) fn holds(when: ExpireWhen, old: Option<u64>, new: i64) -> bool {
    // All deadlines come from signed numbers.
    let old = old.map(|old| i64::try_from(old).unwrap_or(i64::MAX));
    match when {
        ExpireWhen::Always {} => true,
        ExpireWhen::NoDeadline {} => old.is_none(),
        ExpireWhen::If { has, later, earlier } => {
            (!has || old.is_some())
                && (!later || old.is_some_and(|old| new > old))
                && (!earlier || old.is_none_or(|old| new < old))
        }
    }
}
