//! The sessions with other homes that a shard lets requests of in.

use super::Over;
use super::mutant::Mutant;
use super::roll::Entry;
use super::table::Table;
use crate::image::Name;
use crate::{Fault, Outcome, Stamp};

/// A session with another home.
#[derive(Clone, Debug)]
pub(super) struct Guest {
    pub id: Name,
    pub birth_ms: u64,
    pub delay_ms: u64,
}

impl Entry for Guest {
    fn id(&self) -> &Name {
        &self.id
    }
}

impl Table {
    /// When a session was created, if requests in its name are let in.
    pub fn birth_of(&self, id: &[u8]) -> Option<u64> {
        if let Some(guest) = self.guests.get(id) {
            return Some(guest.birth_ms);
        }
        let session = self.sessions.get(id)?;
        (!session.is_ending()).then_some(session.birth_ms)
    }

    pub(super) fn open(
        &mut self,
        at: &Stamp,
        (id, floor): (&[u8], u64),
        birth_ms: u64,
        delay_ms: u64,
    ) -> Outcome {
        if self.birth_of(id).is_some() {
            return Outcome::Ok;
        }
        if self.sessions.has(id) || self.ended.has(id) {
            return Fault::NoSession.into();
        }
        if floor < self.ended.forgotten_seq && !self.is_broken(Mutant::NoFloor) {
            return Outcome::Int(i64::try_from(at.seq).unwrap_or(i64::MAX));
        }
        if self.guests.len() >= self.limits.guests {
            return Fault::Limit.into();
        }
        self.guests.add(at.seq, Guest { id: id.into(), birth_ms, delay_ms });
        Outcome::Ok
    }

    /// Home says that a session has ended.
    pub(super) fn end_guest(
        &mut self,
        at: &Stamp,
        id: &[u8],
        delay_ms: u64,
        over: &mut Vec<Over>,
    ) -> Outcome {
        if let Some(place) = self.guests.place(id) {
            self.guests.remove(place);
        }
        if !self.sessions.has(id) {
            let id: Name = id.into();
            self.remember_end(at, &id);
            over.push(Over { id, delay_ms, elsewhere: false });
        }
        Outcome::Ok
    }

    pub(super) fn remember_end(&mut self, at: &Stamp, id: &Name) {
        if !self.is_broken(Mutant::NothingRemembered) {
            self.ended.add(at, id);
        }
    }
}
