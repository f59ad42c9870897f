//! The ends of connections, nodes and sessions, with all they held and waited for.
//!
//! Waits end before holds do, so that nothing is handed over to somebody that ends
//! as well.

use std::collections::BTreeSet;

use super::Why;
use crate::image::Name;
use crate::locks::index::Thing;
use crate::locks::mutant::Mutant;
use crate::locks::owner::OwnerKey;
use crate::locks::table::Table;
use crate::{Effects, Fault, Origin, Outcome, Stamp};

impl Table {
    /// Ends what a connection held and waited for (`Op::Gone`).
    pub fn end_connection(&mut self, at: &Stamp, origin: Origin, fx: &mut Effects) {
        let mut names = BTreeSet::new();
        self.end_requests(self.index.waits_of_all(origin, None), &mut names, fx);
        let owner = OwnerKey::Connection(origin);
        let owned = self.index.owned_by(owner.clone()..=owner);
        self.end_ties(at, owned, Why::Gone, names, fx);
        self.check_touched(&[]);
    }

    /// Ends what connections of a node held and waited for that are over: those below
    /// `floor`, by life and number. It takes no requests of them any more
    /// (`Op::Boot`).
    pub fn end_lives(&mut self, at: &Stamp, floor: Origin, fx: &mut Effects) {
        self.lives.begin(floor);
        let first = Origin { node: floor.node, boot: 0, conn: 0 };
        let mut names = BTreeSet::new();
        self.end_requests(self.index.waits_of_all(first, Some(floor)), &mut names, fx);
        let owners = OwnerKey::Connection(first)..OwnerKey::Connection(floor);
        let owned = self.index.owned_by(owners);
        self.end_ties(at, owned, Why::Gone, names, fx);
        self.check_touched(&[]);
    }

    /// Ends what lives by a session. Its requests are told that it has ended.
    pub fn end_session(&mut self, at: &Stamp, id: &[u8], delay_ms: u64, fx: &mut Effects) {
        let Some(ids) = self.index.sessions.get(id) else { return };
        let ids: Vec<u64> = ids.iter().collect();
        self.end_ties(at, ids, Why::Session { delay_ms }, BTreeSet::new(), fx);
        self.check_touched(&[]);
    }

    /// Takes requests out of the lines; nobody is there to be told.
    fn end_requests(
        &mut self,
        waits: Vec<(u64, u64)>,
        names: &mut BTreeSet<Name>,
        fx: &mut Effects,
    ) {
        for (id, caller) in waits {
            match self.index.things.get(&id).cloned() {
                Some(Thing::Wait(name)) => {
                    let waiter = self.locks.get(&name).and_then(|lock| lock.waiter(id));
                    if waiter.is_some_and(|waiter| waiter.callers.len() == 1) {
                        self.take_waiter(&name, id);
                        names.insert(name);
                    } else {
                        self.take_caller(&name, id, caller);
                    }
                }
                Some(Thing::LatchWait(name)) => self.end_latch_wait(&name, id, None, fx),
                _ => {}
            }
        }
    }

    /// Ends waits and holds by number, and serves their lines and those of `names`.
    pub(in crate::locks) fn end_ties(
        &mut self,
        at: &Stamp,
        ids: Vec<u64>,
        why: Why,
        mut names: BTreeSet<Name>,
        fx: &mut Effects,
    ) {
        let gone = match why {
            Why::Session { .. } => Some(Outcome::from(Fault::NoSession)),
            _ => None,
        };
        let mut holds = Vec::new();
        for id in ids {
            match self.index.things.get(&id).cloned() {
                Some(Thing::Wait(name)) => {
                    if let Some(waiter) = self.take_waiter(&name, id)
                        && let Some(gone) = &gone
                    {
                        let callers = waiter.callers.iter();
                        callers.for_each(|caller| super::answer(caller, gone, fx));
                    }
                    names.insert(name);
                }
                Some(Thing::Hold(name)) => holds.push((name, id)),
                _ => {}
            }
        }
        for (name, id) in holds {
            let shares = self.locks.get(&name).is_some_and(|lock| lock.holders.len() > 1);
            if !(shares && why == Why::Gone && self.is_broken(Mutant::EndedConnectionShares)) {
                self.drop_hold(at, &name, id, why, fx);
            }
            names.insert(name);
        }
        names.iter().for_each(|name| self.serve(at, name, fx));
    }
}
