//! Joining the lines and leaving them.

use std::ops::RangeBounds;
use std::sync::Arc;

use super::{KEY_WAITERS_MAX, Kept, Kind, Table, WAITED_BYTES_MAX, WAITERS_MAX, Waiter, Want};
use crate::image::Name;
use crate::wire::Wire;
use crate::{Db, Effect, Effects, Fault, Origin, Outcome, Stamp, Wait};

/// So many in a line are looked at for where they move elements to.
const MOVERS_LOOKED_AT: usize = 256;

/// A request that found nothing and is ready to wait.
#[derive(Clone)]
pub(crate) struct Asked<'o, 'a> {
    pub db: Db,
    pub keys: &'o [&'a [u8]],
    pub want: Want<'a>,
    pub wait: Wait,
    pub keep: bool,
}

impl Table {
    /// Takes a place in the lines; what to tell the client.
    pub(crate) fn join(&mut self, at: &Stamp, asked: Asked<'_, '_>) -> Outcome {
        let Wait::For { origin, request, block_ms } = asked.wait;
        if self.lives.is_over(origin) {
            return asked.want.in_vain();
        }
        let waiter = Waiter {
            origin,
            request,
            deadline_ms: (block_ms > 0).then(|| at.now_ms.saturating_add(block_ms)),
            db: asked.db,
            keys: self.names_of(asked.db, asked.keys),
            want: bytes_of(&asked.want),
            keep: asked.keep,
        };
        if let Some(text) = self.is_full(&waiter) {
            return Outcome::Refused { fault: Fault::Limit, text: text.as_bytes().to_vec() };
        }
        self.last_place += 1;
        self.enter(self.last_place, waiter);
        Outcome::Waits
    }

    /// Whether a request waits, which may have come once more after a change of leader.
    pub(crate) fn waits(&self, wait: Wait) -> bool {
        let Wait::For { origin, request, .. } = wait;
        self.index.place_of(origin, request).is_some()
    }

    /// Each name once, shared with those who wait for it already.
    fn names_of(&self, db: Db, keys: &[&[u8]]) -> Arc<[Name]> {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let shared = |key: &[u8]| self.index.waited_for(db, key).cloned();
        sorted.into_iter().map(|key| shared(key).unwrap_or_else(|| Name::from(key))).collect()
    }

    fn is_full(&self, waiter: &Waiter) -> Option<&'static str> {
        let unconfirmed = self.kept.len() - self.index.settled.len();
        if self.waiters.len() + unconfirmed >= WAITERS_MAX {
            return Some("too many clients wait for keys");
        }
        if self.index.bytes() + waiter.bytes() > WAITED_BYTES_MAX {
            return Some("the names of all keys that are waited for are too long together");
        }
        let full = |key: &Name| self.index.waiting_for(waiter.db, key) >= KEY_WAITERS_MAX;
        waiter.keys.iter().any(full).then_some("too many clients wait for this key")
    }

    pub(super) fn enter(&mut self, place: u64, waiter: Waiter) {
        self.index.add(place, &waiter);
        self.waiters.insert(place, waiter);
    }

    /// Takes somebody out of the lines.
    pub(crate) fn leave(&mut self, place: u64) -> Option<Waiter> {
        let waiter = self.waiters.remove(place)?;
        self.index.remove(place, &waiter);
        Some(waiter)
    }

    /// Who is served next from a key with a value of this kind.
    pub(crate) fn first(&self, db: Db, key: &[u8], kind: Kind) -> Option<u64> {
        self.index.first(db, key, kind)
    }

    /// Answers somebody who has left the lines.
    pub(crate) fn answer(&mut self, waiter: &Waiter, outcome: Outcome, fx: &mut Effects) {
        let Waiter { origin, request, .. } = *waiter;
        if waiter.keep {
            self.keep(Kept::of(waiter, &outcome));
        }
        fx.push(Effect::Answer { origin, request, outcome });
    }

    /// Ends the waits whose time is up, at most `budget` of them.
    pub(crate) fn expire(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) {
        for _ in 0..budget {
            let Some(waiter) = self.index.first_due(at.now_ms).and_then(|place| self.leave(place))
            else {
                return;
            };
            self.answer(&waiter, waiter.want().in_vain(), fx);
        }
    }

    /// When the next wait ends.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.index.next_deadline()
    }

    /// Ends the wait of a request (CLIENT UNBLOCK). 1, or 0 if it does not wait.
    pub(crate) fn cancel(
        &mut self,
        origin: Origin,
        request: u64,
        error: bool,
        fx: &mut Effects,
    ) -> Outcome {
        let place = self.index.place_of(origin, request);
        let Some(waiter) = place.and_then(|place| self.leave(place)) else {
            return Outcome::Int(0);
        };
        let outcome = if error { Fault::Unblocked.into() } else { waiter.want().in_vain() };
        self.answer(&waiter, outcome, fx);
        Outcome::Int(1)
    }

    /// Connections are over: they wait no more. What they were served and may not have got
    /// is to be given back.
    pub(crate) fn end_connections(&mut self, origins: impl RangeBounds<Origin>) -> Vec<Kept> {
        for place in self.index.places(&origins) {
            self.leave(place);
        }
        self.forget(&origins)
    }

    /// Connections of a node below `floor` are over, by life and number.
    pub(crate) fn end_lives(&mut self, floor: Origin) -> Vec<Kept> {
        self.lives.begin(floor);
        self.end_connections(Origin { boot: 0, conn: 0, ..floor }..floor)
    }

    /// A key has a value that it did not have: somebody may wait for that.
    pub(in crate::keys) fn note(&mut self, db: Db, key: &[u8]) {
        if self.waiters.is_empty() {
            return;
        }
        if let Some(name) = self.index.waited_for(db, key).cloned()
            && self.is_ready.insert((db, name.clone()))
        {
            self.ready.push_back((db, name));
        }
    }

    /// A key is gone, or has another value: who reads it in a group is to be told.
    pub(in crate::keys) fn note_gone(&mut self, db: Db, key: &[u8]) {
        if !self.waiters.is_empty() && self.index.groups(db, key).next().is_some() {
            self.note(db, key);
        }
    }

    /// The names of all keys of a database that somebody waits for, in order.
    pub(in crate::keys) fn names(&self, db: Db) -> Vec<Name> {
        self.index.names(db).cloned().collect()
    }

    /// The next key with a new value for somebody who waits.
    pub(crate) fn take_ready(&mut self) -> Option<(Db, Name)> {
        let ready = self.ready.pop_front()?;
        self.is_ready.remove(&ready);
        Some(ready)
    }

    /// The lists that elements of a list go to when there are some: those who wait for it
    /// move them there. None: more of them wait than are looked at.
    pub fn moves_to(&self, db: Db, key: &[u8]) -> Option<Vec<Name>> {
        let line = self.index.line(db, key, Kind::List);
        let mut places = line.into_iter().flatten();
        let looked_at = places.by_ref().take(MOVERS_LOOKED_AT);
        let waiters = looked_at.filter_map(|place| self.waiters.get(*place));
        let mut names: Vec<Name> =
            waiters.filter_map(|waiter| waiter.want().to().map(Name::from)).collect();
        names.sort_unstable();
        names.dedup();
        places.next().is_none().then_some(names)
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    /// How many keys are waited for.
    pub fn keys(&self) -> usize {
        self.index.keys()
    }

    /// How many answers are kept until their nodes have them.
    pub fn unconfirmed(&self) -> usize {
        self.kept.len() - self.index.settled.len()
    }

    /// What is known of a request: it waits, List[answer], or nil.
    pub(in crate::keys) fn look(&self, origin: Origin, request: u64) -> Outcome {
        if self.index.place_of(origin, request).is_some() {
            return Outcome::Waits;
        }
        let kept = self.index.kept.get(&origin).and_then(|place| self.kept.get(*place));
        match kept.filter(|kept| kept.request == request).and_then(Kept::outcome) {
            Some(outcome) => Outcome::List(vec![outcome]),
            None => Outcome::Nil,
        }
    }
}

fn bytes_of(want: &Want<'_>) -> Arc<[u8]> {
    let mut bytes = Vec::new();
    want.put(&mut bytes);
    bytes.into()
}
