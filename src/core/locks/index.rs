//! How the table finds what it holds: by deadline, by connection, by owner.
//!
//! All of this follows from the locks themselves. It is no part of a snapshot
//! and is built anew when one is read.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeBounds;

use super::lock::{Caller, Hold, OwnerKey, Waiter};
use crate::Origin;
use crate::image::Name;

/// The ways to what the table holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Index {
    /// All deadlines of holds and requests, in the order they come to their end.
    due: BTreeSet<(u64, Name, Tie)>,
    /// What each connection holds and waits for; a request with its place in
    /// the line, a hold with 0.
    connections: BTreeMap<Origin, BTreeMap<(Name, Request), u64>>,
    /// The place of each owner that waits.
    places: BTreeMap<(Name, OwnerKey), u64>,
}

/// Which request of a connection; none stands for its hold.
type Request = Option<u64>;

/// What comes to its end at a deadline or with a connection. A hold ends before
/// the waits of the same moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tie {
    /// The hold of the lock.
    Hold,
    /// A request that waits for it.
    Wait(Origin, u64),
}

impl Index {
    /// A hold began.
    pub fn add_hold(&mut self, name: &Name, hold: &Hold) {
        if let Some(deadline_ms) = hold.deadline_ms {
            self.due.insert((deadline_ms, name.clone(), Tie::Hold));
        }
        if let Some(origin) = hold.owner.connection() {
            self.connections.entry(origin).or_default().insert((name.clone(), None), 0);
        }
    }

    /// A hold ended.
    pub fn remove_hold(&mut self, name: &Name, hold: &Hold) {
        if let Some(deadline_ms) = hold.deadline_ms {
            self.due.remove(&(deadline_ms, name.clone(), Tie::Hold));
        }
        if let Some(origin) = hold.owner.connection() {
            self.cut(origin, name, None);
        }
    }

    /// The deadline of a hold changed.
    pub fn move_hold(&mut self, name: &Name, from_ms: Option<u64>, to_ms: Option<u64>) {
        if let Some(from_ms) = from_ms {
            self.due.remove(&(from_ms, name.clone(), Tie::Hold));
        }
        if let Some(to_ms) = to_ms {
            self.due.insert((to_ms, name.clone(), Tie::Hold));
        }
    }

    /// An owner took a place in the line.
    pub fn add_waiter(&mut self, name: &Name, place: u64, waiter: &Waiter) {
        self.places.insert((name.clone(), waiter.owner.clone()), place);
        for caller in &waiter.callers {
            self.add_caller(name, place, caller);
        }
    }

    /// An owner left the line.
    pub fn remove_waiter(&mut self, name: &Name, waiter: &Waiter) {
        self.places.remove(&(name.clone(), waiter.owner.clone()));
        for caller in &waiter.callers {
            self.remove_caller(name, caller);
        }
    }

    /// A request joined the waiter at `place`.
    pub fn add_caller(&mut self, name: &Name, place: u64, caller: &Caller) {
        if let Some(deadline_ms) = caller.deadline_ms {
            let tie = Tie::Wait(caller.origin, caller.request);
            self.due.insert((deadline_ms, name.clone(), tie));
        }
        let ties = self.connections.entry(caller.origin).or_default();
        ties.insert((name.clone(), Some(caller.request)), place);
    }

    /// A request left its waiter.
    pub fn remove_caller(&mut self, name: &Name, caller: &Caller) {
        if let Some(deadline_ms) = caller.deadline_ms {
            let tie = Tie::Wait(caller.origin, caller.request);
            self.due.remove(&(deadline_ms, name.clone(), tie));
        }
        self.cut(caller.origin, name, Some(caller.request));
    }

    /// When the next hold or wait ends.
    pub fn next_deadline(&self) -> Option<u64> {
        self.due.first().map(|(deadline_ms, ..)| *deadline_ms)
    }

    /// The first that is due.
    pub fn first_due(&self, now_ms: u64) -> Option<(Name, Tie)> {
        let (deadline_ms, name, tie) = self.due.first()?;
        (*deadline_ms <= now_ms).then(|| (name.clone(), *tie))
    }

    /// The place of an owner in a line.
    pub fn place_of(&self, name: &Name, owner: &OwnerKey) -> Option<u64> {
        self.places.get(&(name.clone(), owner.clone())).copied()
    }

    /// The place of the waiter that a request belongs to.
    pub fn place_of_request(&self, name: &Name, origin: Origin, request: u64) -> Option<u64> {
        self.connections.get(&origin)?.get(&(name.clone(), Some(request))).copied()
    }

    /// All that some connections hold and wait for, waits first.
    pub fn ties(&self, origins: impl RangeBounds<Origin>) -> Vec<(Name, Tie)> {
        let all = self.connections.range(origins);
        let mut ties: Vec<(Name, Tie)> = all
            .flat_map(|(origin, ties)| {
                ties.keys().map(|(name, request)| {
                    let tie = request.map_or(Tie::Hold, |request| Tie::Wait(*origin, request));
                    (name.clone(), tie)
                })
            })
            .collect();
        ties.sort_by_key(|(_, tie)| *tie == Tie::Hold);
        ties
    }

    fn cut(&mut self, origin: Origin, name: &Name, request: Request) {
        let Some(ties) = self.connections.get_mut(&origin) else { return };
        ties.remove(&(name.clone(), request));
        if ties.is_empty() {
            self.connections.remove(&origin);
        }
    }
}
