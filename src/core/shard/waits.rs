//! Requests that wait for keys, and how they are served.

use super::Shard;
use crate::keys::Op;
use crate::keys::waits::{Asked, Kept, Kind, Waiter, Want};
use crate::{Db, Effects, Outcome, Stamp, Wait};

impl Shard {
    /// Carries out an operation on keys, which may begin to wait, or end a wait.
    pub(super) fn apply_waiting(&mut self, at: &Stamp, op: &Op<'_>, fx: &mut Effects) -> Outcome {
        match *op {
            Op::PopOrWait { db, ref keys, ref want, wait: Some(wait), keep } => {
                if self.keys.waits.waits(wait) {
                    // The same request, sent once more after a change of leader.
                    return Outcome::Waits;
                }
                let Wait::For { origin, .. } = wait;
                let unconfirmed = self.keys.waits.begin(origin);
                self.give_back(unconfirmed, fx);
                match self.apply_key(at, op, fx) {
                    Outcome::Nil => {
                        let want = self.keys.fixed(db, keys, want);
                        self.keys.waits.join(at, Asked { db, keys, want, wait, keep })
                    }
                    outcome => outcome,
                }
            }
            Op::PopOrWait { db, ref keys, want: Want::Fill { .. }, wait: None, .. } => {
                match self.apply_key(at, op, fx) {
                    Outcome::Nil => Outcome::Int(self.keys.filled_for(db, keys, at.now_ms)),
                    outcome => outcome,
                }
            }
            Op::CancelWait { origin, request, error } => {
                self.keys.waits.cancel(origin, request, error, fx)
            }
            Op::ConfirmWait { origin, request } => self.keys.waits.confirm(origin, request),
            _ => self.apply_key(at, op, fx),
        }
    }

    /// Serves those who wait for keys that were given a value, first come first served, as
    /// long as there is something. What one of them moves to another list may be for others.
    pub(super) fn serve_waits(&mut self, fx: &mut Effects) {
        while let Some((db, key)) = self.keys.waits.take_ready() {
            while let Some(waiter) = self.next_served(db, &key) {
                let outcome = self.serve(&waiter, &key, fx);
                self.keys.waits.answer(&waiter, outcome, fx);
            }
            self.serve_readers(db, &key, fx);
        }
    }

    /// Serves those who read a stream: everyone, and of each group as long as there is
    /// something. Who reads in a group is told, too, when that is gone.
    fn serve_readers(&mut self, db: Db, key: &[u8], fx: &mut Effects) {
        for place in self.keys.waits.readers(db, key) {
            self.serve_reader(place, key, fx);
        }
        for group in self.keys.waits.groups(db, key) {
            while let Some(place) = self.keys.waits.first_of_group(db, key, &group)
                && self.serve_reader(place, key, fx)
            {}
        }
    }

    /// Whether somebody who reads a stream need not wait any longer.
    fn serve_reader(&mut self, place: u64, key: &[u8], fx: &mut Effects) -> bool {
        let Some(waiter) = self.keys.waits.at(place).cloned() else { return false };
        let at = self.next_stamp();
        let outcome = if waiter.is_late(self.clock_ms) {
            waiter.want().in_vain()
        } else {
            match self.keys.news(&at, &waiter, key) {
                Some(outcome) => outcome,
                None => return false,
            }
        };
        self.keys.waits.leave(place);
        self.keys.waits.answer(&waiter, outcome, fx);
        true
    }

    /// Who is next, for what there is at a key, or to fill it; it has left the line.
    fn next_served(&mut self, db: Db, key: &[u8]) -> Option<Waiter> {
        let fill = self.keys.waits.first(db, key, Kind::Filled);
        let place = fill.filter(|_| self.keys.is_free_to_fill(db, key)).or_else(|| {
            // Who reads a stream takes nothing away, and is served for itself.
            let kind = self.keys.kind_of(db, key, self.clock_ms);
            let kind = kind.filter(|kind| *kind != Kind::Stream)?;
            self.keys.waits.first(db, key, kind)
        })?;
        self.keys.waits.leave(place)
    }

    fn serve(&mut self, waiter: &Waiter, key: &[u8], fx: &mut Effects) -> Outcome {
        let (db, want) = (waiter.db, waiter.want());
        if waiter.is_late(self.clock_ms) {
            return want.in_vain();
        }
        // A version of its own: it is as if it had been sent now.
        let at = self.next_stamp();
        let op = Op::PopOrWait { db, keys: vec![key], want, wait: None, keep: false };
        self.apply_key(&at, &op, fx)
    }

    /// What was served to connections that are over, and never got it, goes back. A key
    /// that has another type by now takes nothing.
    pub(super) fn give_back(&mut self, all: impl IntoIterator<Item = Kept>, fx: &mut Effects) {
        for kept in all {
            kept.give_back(|op| {
                let at = self.next_stamp();
                self.apply_key(&at, op, fx);
            });
        }
    }
}
