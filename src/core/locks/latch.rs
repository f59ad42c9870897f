//! Latches: counts that go down once, and those who wait for that.

use super::acquire::caller_of;
use super::grant::answer;
use super::index::Thing;
use super::lock::Caller;
use super::table::Table;
use super::{LATCHES_MAX, WAITERS_MAX};
use crate::image::{Name, Paged};
use crate::{Effects, Fault, Origin, Outcome, Stamp, Wait};

/// A count that somebody set.
#[derive(Clone, Debug)]
pub(super) struct Latch {
    pub id: u64,
    pub count: u64,
    /// When it is forgotten.
    pub until_ms: u64,
    /// Who waits for it to be 0. Invariant: nobody when it is.
    pub waiters: Paged<Caller>,
}

impl Table {
    pub(super) fn latch_set(
        &mut self,
        at: &Stamp,
        name: &[u8],
        count: u64,
        ttl_ms: u64,
        fx: &mut Effects,
    ) -> Outcome {
        let count = count.min(super::NO_END_MS);
        let until_ms = at.now_ms.saturating_add(ttl_ms);
        let full = self.latches.len() >= LATCHES_MAX;
        match self.latches.get_mut(name) {
            Some(latch) => {
                latch.count = count;
                let before_ms = std::mem::replace(&mut latch.until_ms, until_ms);
                let id = latch.id;
                self.index.set_due(id, 0, Some(before_ms), Some(until_ms));
            }
            None if full => return Fault::Limit.into(),
            None => {
                let id = self.next_id();
                let waiters = Paged::new();
                self.put_latch(name.into(), Latch { id, count, until_ms, waiters });
            }
        }
        self.open(name, fx);
        Outcome::Int(count as i64)
    }

    pub(super) fn latch_down(
        &mut self,
        at: &Stamp,
        name: &[u8],
        by: u64,
        fx: &mut Effects,
    ) -> Outcome {
        let Some(latch) = self.latches.get_mut(name) else { return Outcome::Int(0) };
        if latch.until_ms <= at.now_ms {
            return Outcome::Int(0);
        }
        latch.count = latch.count.saturating_sub(by);
        let left = latch.count;
        self.open(name, fx);
        Outcome::Int(left as i64)
    }

    pub(super) fn latch_wait(
        &mut self,
        at: &Stamp,
        name: &[u8],
        wait: Option<Wait>,
        client: Origin,
    ) -> Outcome {
        let count = self.latch_count(at.now_ms, name).unwrap_or_default();
        let Some(wait) = wait.filter(|_| count > 0) else { return Outcome::Int(count as i64) };
        let Wait::For { origin, request, .. } = wait;
        if self.lives.is_over(client) || self.lives.is_over(origin) {
            return Outcome::Nil;
        }
        let (shared, latch) = match self.latches.shared_name(name) {
            Some(shared) => (shared, self.latches.get(name).expect("it has a name")),
            None => return Outcome::Int(0),
        };
        let waits = |(id, _): (u64, u64)| latch.waiters.get(id).is_some();
        if self.index.waits_of(origin, request).any(waits) {
            return Outcome::Waits;
        }
        if latch.waiters.len() >= WAITERS_MAX {
            return Fault::Limit.into();
        }
        let id = self.next_id();
        self.put_latch_wait(&shared, id, caller_of(at, wait));
        Outcome::Waits
    }

    /// What is left to count; none when there is no such latch.
    pub(super) fn latch_count(&self, now_ms: u64, name: &[u8]) -> Option<u64> {
        let latch = self.latches.get(name)?;
        (latch.until_ms > now_ms).then_some(latch.count)
    }

    /// Lets those go on who wait, if the count has come to 0.
    fn open(&mut self, name: &[u8], fx: &mut Effects) {
        let Some(latch) = self.latches.get(name) else { return };
        if latch.count > 0 || latch.waiters.is_empty() {
            return;
        }
        let ids: Vec<u64> = latch.waiters.iter().map(|(id, _)| id).collect();
        let name = self.latches.shared_name(name).expect("it was just found");
        let open = Outcome::Int(0);
        ids.into_iter().for_each(|id| self.end_latch_wait(&name, id, Some(&open), fx));
    }

    /// Puts a latch in its place.
    pub(super) fn put_latch(&mut self, name: Name, latch: Latch) {
        self.index.things.insert(latch.id, Thing::Latch(name.clone()));
        self.index.set_due(latch.id, 0, None, Some(latch.until_ms));
        self.latches.insert(name, latch);
    }

    /// Puts somebody in its place who waits for a latch.
    pub(super) fn put_latch_wait(&mut self, name: &Name, id: u64, caller: Caller) {
        self.index.things.insert(id, Thing::LatchWait(name.clone()));
        self.index.add_caller(id, &caller);
        self.waiting += 1;
        let latch = self.latches.get_mut(name).expect("what is waited for is there");
        latch.waiters.insert(id, caller);
    }

    /// A latch is forgotten; nobody waits for it any longer.
    pub(super) fn end_latch(&mut self, name: &Name, fx: &mut Effects) {
        let Some(latch) = self.latches.get(name) else { return };
        let ids: Vec<u64> = latch.waiters.iter().map(|(id, _)| id).collect();
        for id in ids {
            self.end_latch_wait(name, id, Some(&Outcome::Nil), fx);
        }
        if let Some(latch) = self.latches.remove(name) {
            self.index.things.remove(&latch.id);
            self.index.set_due(latch.id, 0, Some(latch.until_ms), None);
        }
    }

    /// Ends the wait of one request. Without an outcome nobody is there to be told.
    pub(super) fn end_latch_wait(
        &mut self,
        name: &Name,
        id: u64,
        outcome: Option<&Outcome>,
        fx: &mut Effects,
    ) {
        let Some(latch) = self.latches.get_mut(name) else { return };
        let Some(caller) = latch.waiters.remove(id) else { return };
        self.waiting -= 1;
        self.index.things.remove(&id);
        self.index.remove_caller(id, &caller);
        if let Some(outcome) = outcome {
            answer(&caller, outcome, fx);
        }
    }
}
