//! What can be asked of the table without changing it.

mod graph;
mod owner;
mod scan;

use super::acquire::number;
use super::deadlock::Kept;
use super::grant::full;
use super::hold::{Hold, Part};
use super::index::Thing;
use super::lock::{Lock, Waiter};
use super::owner::OwnerKey;
use super::table::Table;
use super::{Mode, NO_END_MS, Op, Owner};
use crate::image::Name;
use crate::{Fault, Origin, Outcome, Token};

#[cfg(test)]
pub(super) use graph::TOLD_MAX;
pub use graph::{Contended, Party, Queued};

/// How many owners are named that are in the way of a waiter.
const BLOCKERS_SHOWN: usize = 16;

impl Table {
    /// The outcome of an operation that only reads. A hold whose lease has run
    /// out by `now_ms` counts as ended.
    pub(crate) fn look(&self, now_ms: u64, op: &Op<'_>) -> Outcome {
        match *op {
            Op::Check { name, token, ref owner } => {
                let left_ms = self.left_ms(now_ms, name, token, owner.as_ref());
                Outcome::Int(left_ms.map_or(-1, |left_ms| left_ms as i64))
            }
            Op::Info { name } => self.info(now_ms, name),
            Op::Waiters { name, count } => self.waiters(now_ms, name, count),
            Op::OfOwner { text } => self.of_owner(now_ms, text),
            Op::Graph { min_wait_ms } => self.graph(now_ms, min_wait_ms),
            Op::Deadlocks { count } => self.newest_deadlocks(count),
            Op::Scan { cursor, count, ref filter } => self.scan(now_ms, cursor, count, filter),
            Op::Confirmed { ref edges } => Outcome::Int(self.confirmed(now_ms, edges).into()),
            Op::FenceGet { name } => Outcome::Int(self.highest(now_ms, name) as i64),
            Op::LatchGet { name } => match self.latch_count(now_ms, name) {
                Some(count) => Outcome::Int(count as i64),
                None => Outcome::Nil,
            },
            Op::LookAtWait { name, origin, request, .. } if self.waits(name, origin, request) => {
                Outcome::Waits
            }
            Op::LookAtWait { name, ref owner, mode, full: all, .. } => {
                let hold = owner.as_ref().and_then(|owner| self.given(now_ms, name, owner, mode));
                let answer = hold.map(|hold| match all {
                    true => full(now_ms, hold, 0),
                    false => number(hold.token),
                });
                answer.map_or(Outcome::Nil, |answer| Outcome::List(vec![answer]))
            }
            _ => self.stats.outcome(self.holds, self.waiting),
        }
    }

    /// Whether a request waits for a lock or latch.
    fn waits(&self, name: &[u8], origin: Origin, request: u64) -> bool {
        let mut things = self.index.waits_of(origin, request);
        things.any(|(id, _)| match self.index.things.get(&id) {
            Some(Thing::Wait(of) | Thing::LatchWait(of)) => **of == *name,
            _ => false,
        })
    }

    /// What a request for a lock gets if it is made now, and the owner has it already.
    fn given(&self, now_ms: u64, name: &[u8], owner: &Owner<'_>, mode: Mode) -> Option<&Hold> {
        let hold = self.own(name, owner)?;
        let whole = hold.extra().part != Part::Acquiring;
        (whole && !hold.is_over(now_ms) && hold.mode.covers(mode)).then_some(hold)
    }

    /// LOCKASSERT: as LOCKCHECK, but what is not valid is refused.
    pub(crate) fn assert_held(
        &self,
        now_ms: u64,
        name: &[u8],
        token: Token,
        owner: Option<&Owner<'_>>,
    ) -> Outcome {
        match self.left_ms(now_ms, name, token, owner) {
            Some(left_ms) => Outcome::Int(left_ms as i64),
            None => {
                let text = format!("token {} is not valid", token.0).into_bytes();
                Outcome::Refused { fault: Fault::Fenced, text }
            }
        }
    }

    /// What is left of the lease of the hold with this token, if it is valid.
    fn left_ms(
        &self,
        now_ms: u64,
        name: &[u8],
        token: Token,
        owner: Option<&Owner<'_>>,
    ) -> Option<u64> {
        if let Some(owner) = owner {
            let hold = self.own(name, owner).filter(|hold| hold.token == token);
            return hold.filter(|hold| !hold.is_over(now_ms)).map(|hold| lease_left(now_ms, hold));
        }
        let holders = self.locks.get(name)?.holders.iter();
        let valid = holders.filter(|hold| hold.token == token && !hold.is_over(now_ms));
        // Of several that share it that which lasts longest.
        valid.map(|hold| lease_left(now_ms, hold)).max()
    }

    fn info(&self, now_ms: u64, name: &[u8]) -> Outcome {
        let Some(lock) = self.locks.get(name) else { return Outcome::Nil };
        let valid = || lock.holders.iter().filter(|hold| !hold.is_over(now_ms));
        let mode = match valid().max_by_key(|hold| hold.mode.class()) {
            Some(strongest) => strongest.mode.word(),
            None if lock.waiting() == 0 => return Outcome::Nil,
            None => "none",
        };
        Outcome::List(vec![
            Outcome::Word(mode),
            Outcome::Int(lock.token.0 as i64),
            Outcome::Int(lock.epoch_ms as i64),
            Outcome::List(valid().map(|hold| holder(now_ms, hold)).collect()),
            Outcome::Int(lock.waiting() as i64),
        ])
    }

    fn waiters(&self, now_ms: u64, name: &[u8], count: u64) -> Outcome {
        let Some((name, lock)) = self.locks.shared_name(name).zip(self.locks.get(name)) else {
            return Outcome::List(Vec::new());
        };
        let line = self.index.line(&name).into_iter().flatten();
        let line = line.filter_map(|place| lock.waiter(place.id));
        let limit = usize::try_from(count).unwrap_or(usize::MAX);
        let shown = line.enumerate().take(limit);
        Outcome::List(
            shown.map(|(at, waiter)| self.shown_waiter(now_ms, &name, lock, waiter, at)).collect(),
        )
    }

    fn shown_waiter(
        &self,
        now_ms: u64,
        name: &Name,
        lock: &Lock,
        waiter: &Waiter,
        at: usize,
    ) -> Outcome {
        let deadline = waiter.callers.iter().map(|caller| caller.deadline_ms);
        let deadline = deadline.max_by_key(|ms| ms.unwrap_or(u64::MAX)).flatten();
        let blockers = self.blockers(name, lock, waiter);
        Outcome::List(vec![
            Outcome::Int(at as i64 + 1),
            text(&waiter.want.owner),
            Outcome::Word(waiter.want.mode.word()),
            Outcome::Int(waiter.want.extra().prio.into()),
            Outcome::Int(now_ms.saturating_sub(waiter.since_ms) as i64),
            Outcome::Int(deadline.map_or(-1, |ms| ms.min(NO_END_MS) as i64)),
            Outcome::List(blockers),
        ])
    }

    fn blockers(&self, name: &Name, lock: &Lock, waiter: &Waiter) -> Vec<Outcome> {
        let mode = waiter.want.mode;
        let holders = lock.holders.iter();
        let holders = holders.filter(|hold| hold.mode.is_in_the_way_of(mode));
        let ahead = self.index.line(name).into_iter().flatten();
        let ahead = ahead.take_while(|place| **place < waiter.place());
        let ahead = ahead.filter_map(|place| lock.waiter(place.id));
        let ahead = ahead.filter(|other| other.want.mode.is_in_the_way_of(mode));
        let owners = holders.map(|hold| &hold.owner).chain(ahead.map(|other| &other.want.owner));
        let owners = owners.filter(|owner| **owner != waiter.want.owner);
        owners.take(BLOCKERS_SHOWN).map(text).collect()
    }

    fn newest_deadlocks(&self, count: u64) -> Outcome {
        let limit = usize::try_from(count).unwrap_or(usize::MAX);
        let newest = self.deadlocks.iter().rev().take(limit);
        let link = |Kept { owner, name, mode, by }: &Kept| {
            Outcome::List(vec![
                Outcome::Bytes(owner.clone()),
                Outcome::Bytes(name.to_vec()),
                Outcome::Word(mode.word()),
                Outcome::Bytes(by.clone()),
            ])
        };
        let shown = newest.map(|deadlock| {
            Outcome::List(vec![
                Outcome::Int(deadlock.time_ms as i64),
                Outcome::List(deadlock.cycle.iter().map(link).collect()),
                Outcome::Bytes(deadlock.victim.clone()),
                Outcome::Bytes(deadlock.rule.into()),
                Outcome::Int(deadlock.found_ms as i64),
                Outcome::Bytes(deadlock.text.clone()),
            ])
        });
        Outcome::List(shown.collect())
    }
}

fn holder(now_ms: u64, hold: &Hold) -> Outcome {
    let extra = hold.extra();
    let session = extra.session.as_ref().map_or(Vec::new(), |(id, _)| id.to_vec());
    let value = extra.value.as_ref().map_or(Vec::new(), |value| value.to_vec());
    Outcome::List(vec![
        Outcome::Word(hold.owner.kind()),
        text(&hold.owner),
        Outcome::Bytes(session),
        Outcome::Int(hold.client.node.0 as i64),
        Outcome::Int(hold.client.boot as i64),
        Outcome::Int(hold.client.conn as i64),
        Outcome::Word(hold.mode.word()),
        Outcome::Int(hold.count.into()),
        Outcome::Int(hold.since_ms as i64),
        lease(now_ms, hold),
        Outcome::Int((extra.part == Part::Acquiring).into()),
        Outcome::Bytes(value),
        Outcome::Int(hold.id as i64),
    ])
}

fn text(owner: &OwnerKey) -> Outcome {
    Outcome::Bytes(owner.text().into_owned())
}

/// What is left of a lease, -1 for none.
fn lease(now_ms: u64, hold: &Hold) -> Outcome {
    let left_ms = hold.deadline_ms.map(|_| lease_left(now_ms, hold));
    Outcome::Int(left_ms.map_or(-1, |left_ms| left_ms as i64))
}

fn lease_left(now_ms: u64, hold: &Hold) -> u64 {
    hold.due_ms().map_or(NO_END_MS, |due_ms| due_ms.saturating_sub(now_ms).min(NO_END_MS))
}
