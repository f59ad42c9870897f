//! What an owner holds and waits for.

use crate::Outcome;
use crate::image::Name;
use crate::locks::NO_END_MS;
use crate::locks::hold::Hold;
use crate::locks::index::Thing;
use crate::locks::lock::Waiter;
use crate::locks::owner::OwnerKey;
use crate::locks::table::Table;

/// How many of each are told.
const TOLD_MAX: usize = 10_000;

impl Table {
    pub(super) fn of_owner(&self, now_ms: u64, text: &[u8]) -> Outcome {
        let (mut holds, mut waits) = (Vec::new(), Vec::new());
        let owners: Vec<OwnerKey> = OwnerKey::shown_as(text).collect();
        let ids = owners.iter().filter_map(|owner| self.index.owners.get(owner));
        for id in ids.flat_map(|ids| ids.iter()) {
            match self.index.things.get(&id) {
                Some(Thing::Hold(name)) if holds.len() < TOLD_MAX => {
                    let hold = self.locks.get(name).and_then(|lock| lock.holders.get(id));
                    holds.extend(hold.map(|hold| shown_hold(now_ms, name, hold)));
                }
                Some(Thing::Wait(name)) if waits.len() < TOLD_MAX => {
                    let waiter = self.locks.get(name).and_then(|lock| lock.waiter(id));
                    waits.extend(waiter.map(|waiter| self.shown_wait(now_ms, name, waiter)));
                }
                _ => {}
            }
        }
        Outcome::List(vec![Outcome::List(holds), Outcome::List(waits)])
    }

    fn shown_wait(&self, now_ms: u64, name: &Name, waiter: &Waiter) -> Outcome {
        let place = waiter.place();
        let line = self.index.line(name);
        let position = line.map_or(0, |line| line.len() - line.range(place..).count() + 1);
        let deadlines = waiter.callers.iter().map(|caller| caller.deadline_ms);
        let deadline = deadlines.max_by_key(|ms| ms.unwrap_or(u64::MAX)).flatten();
        Outcome::List(vec![
            Outcome::Bytes(name.to_vec()),
            Outcome::Word(waiter.want.mode.word()),
            Outcome::Int(position as i64),
            Outcome::Int(now_ms.saturating_sub(waiter.since_ms) as i64),
            Outcome::Int(deadline.map_or(-1, |ms| ms.min(NO_END_MS) as i64)),
        ])
    }
}

fn shown_hold(now_ms: u64, name: &Name, hold: &Hold) -> Outcome {
    Outcome::List(vec![
        Outcome::Bytes(name.to_vec()),
        Outcome::Word(hold.mode.word()),
        Outcome::Int(hold.token.0 as i64),
        Outcome::Int(hold.count.into()),
        Outcome::Int(hold.since_ms as i64),
        super::lease(now_ms, hold),
    ])
}
