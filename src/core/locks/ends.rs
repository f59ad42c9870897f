//! How holds and waits come to their end, and what follows.

use std::ops::RangeBounds;

use super::index::Tie;
use super::lock::{Caller, Waiter};
use super::table::Table;
use crate::image::Name;
use crate::{Effect, Effects, NodeId, Origin, Outcome, Stamp};

impl Table {
    /// Ends what is due, at most `budget` of it, and says how much that was.
    pub fn expire(&mut self, at: &Stamp, budget: usize, fx: &mut Effects) -> usize {
        let mut ended = 0;
        while ended < budget
            && let Some((name, tie)) = self.index.first_due(at.now_ms)
        {
            match tie {
                Tie::Hold => self.end_lease(at, &name, fx),
                Tie::Wait(origin, request) => {
                    self.end_wait(&name, origin, request, Some(Outcome::Nil), fx);
                    self.stats.timeouts += 1;
                }
            }
            ended += 1;
        }
        ended
    }

    /// When the next thing is due.
    pub fn next_deadline(&self) -> Option<u64> {
        self.index.next_deadline()
    }

    /// Ends what a connection held and waited for (`Op::Gone`).
    pub fn end_connection(&mut self, at: &Stamp, origin: Origin, fx: &mut Effects) {
        self.end_connections(at, origin..=origin, fx);
    }

    /// Ends what the connections of a node's lives before `boot` held and
    /// waited for, and takes no requests of them any more (`Op::Boot`).
    pub fn end_lives(&mut self, at: &Stamp, node: NodeId, boot: u64, fx: &mut Effects) {
        self.lives.begin(node, boot);
        let from = Origin { node, boot: 0, conn: 0 };
        let to = Origin { node, boot, conn: 0 };
        self.end_connections(at, from..to, fx);
    }

    /// Waits end before holds do, so that nothing is handed over to a
    /// connection that ends as well. Nobody is there to be answered.
    fn end_connections(&mut self, at: &Stamp, origins: impl RangeBounds<Origin>, fx: &mut Effects) {
        for (name, tie) in self.index.ties(origins) {
            match tie {
                Tie::Wait(origin, request) => {
                    self.end_wait(&name, origin, request, None, fx);
                }
                Tie::Hold => self.end_hold(at, &name, fx),
            }
        }
    }

    /// Ends the hold of one lock if its lease has run out. After a long pause
    /// more may be due than one step ends; the lock an operation is about must
    /// not be among what is left.
    pub(super) fn settle(&mut self, at: &Stamp, name: &[u8], fx: &mut Effects) {
        let over = self.locks.get(name).is_some_and(|lock| lock.hold.is_over(at.now_ms));
        if over && let Some(name) = self.locks.shared_name(name) {
            self.end_lease(at, &name, fx);
        }
    }

    fn end_lease(&mut self, at: &Stamp, name: &Name, fx: &mut Effects) {
        self.stats.expirations += 1;
        self.end_hold(at, name, fx);
    }

    /// Ends the hold of a lock and gives the lock to the next in line.
    pub(super) fn end_hold(&mut self, at: &Stamp, name: &Name, fx: &mut Effects) {
        let lock = self.locks.get(name).expect("what has a hold is in the table");
        self.index.remove_hold(name, &lock.hold);
        while let Some(mut waiter) = self.next_in_line(name) {
            self.dismiss_late_callers(at, &mut waiter, fx);
            if !waiter.callers.is_empty() {
                return self.hand_over(at, name, waiter, fx);
            }
        }
        self.locks.remove(name);
    }

    /// Takes the first waiter out of the line.
    fn next_in_line(&mut self, name: &Name) -> Option<Waiter> {
        let lock = self.locks.get_mut(name)?;
        let (place, _) = lock.line.first()?;
        let waiter = lock.line.remove(place)?;
        lock.waiting -= waiter.callers.len();
        self.waiting -= waiter.callers.len();
        self.index.remove_waiter(name, &waiter);
        Some(waiter)
    }

    /// Sends those away whose time is up, though nobody has told them yet.
    fn dismiss_late_callers(&mut self, at: &Stamp, waiter: &mut Waiter, fx: &mut Effects) {
        waiter.callers.retain(|caller| {
            let late = caller.is_late(at.now_ms);
            if late {
                self.stats.timeouts += 1;
                answer(caller, Outcome::Nil, fx);
            }
            !late
        });
    }

    fn hand_over(&mut self, at: &Stamp, name: &Name, waiter: Waiter, fx: &mut Effects) {
        let hold = self.begin_hold(at, name, waiter.owner, waiter.mode, waiter.lease_ms);
        self.stats.handed_over += 1;
        for caller in &waiter.callers {
            answer(caller, Outcome::Int(hold.token.0 as i64), fx);
        }
        let lock = self.locks.get_mut(name).expect("its line was just looked at");
        lock.hold = hold;
    }

    /// Ends the wait of one request; whether there was one.
    pub(super) fn end_wait(
        &mut self,
        name: &Name,
        origin: Origin,
        request: u64,
        outcome: Option<Outcome>,
        fx: &mut Effects,
    ) -> bool {
        let Some(place) = self.index.place_of_request(name, origin, request) else {
            return false;
        };
        let lock = self.locks.get_mut(name).expect("what is waited for is in the table");
        let waiter = lock.line.get_mut(place).expect("the index says it is there");
        let is_it = |caller: &Caller| (caller.origin, caller.request) == (origin, request);
        let found = waiter.callers.iter().position(is_it).expect("the index says it is there");
        let caller = waiter.callers.remove(found);
        lock.waiting -= 1;
        self.waiting -= 1;
        self.index.remove_caller(name, &caller);
        if waiter.callers.is_empty()
            && let Some(waiter) = lock.line.remove(place)
        {
            self.index.remove_waiter(name, &waiter);
        }
        if let Some(outcome) = outcome {
            answer(&caller, outcome, fx);
        }
        true
    }
}

fn answer(caller: &Caller, outcome: Outcome, fx: &mut Effects) {
    fx.push(Effect::Answer { origin: caller.origin, request: caller.request, outcome });
}
