//! Deadlocks by their meaning: who never goes on though all others do what they can.

use std::collections::BTreeSet;

use crate::locks::lock::{Lock, Waiter};
use crate::locks::modes::Tally;
use crate::locks::owner::OwnerKey;
use crate::locks::table::Table;

/// The owners that wait for ever: everybody who does not wait gives back all it
/// holds, lines are served, and so on until nothing changes.
pub(super) fn stuck(table: &Table) -> BTreeSet<OwnerKey> {
    let mut world: Vec<Simple> = table.locks.iter().map(|(_, lock)| Simple::of(lock)).collect();
    loop {
        let waiting: BTreeSet<OwnerKey> =
            world.iter().flat_map(|lock| &lock.line).map(|(owner, ..)| owner.clone()).collect();
        let mut changed = false;
        for lock in &mut world {
            let before = lock.holders.len();
            lock.holders.retain(|(owner, _)| waiting.contains(owner));
            changed |= lock.holders.len() != before;
            while let Some((owner, mode, converts)) = lock.line.first().cloned() {
                let own = lock.holders.iter().position(|(holder, _)| converts && *holder == owner);
                let mut tally = Tally::default();
                let others = lock.holders.iter().enumerate();
                let others = others.filter(|(at, _)| Some(*at) != own);
                others.for_each(|(_, (_, mode))| tally.add(*mode));
                if !tally.admits(mode) {
                    break;
                }
                if let Some(own) = own {
                    lock.holders.remove(own);
                }
                lock.holders.push((owner, mode));
                lock.line.remove(0);
                changed = true;
            }
        }
        if !changed {
            return waiting;
        }
    }
}

struct Simple {
    holders: Vec<(OwnerKey, crate::locks::Mode)>,
    line: Vec<(OwnerKey, crate::locks::Mode, bool)>,
}

impl Simple {
    fn of(lock: &Lock) -> Self {
        let holders = lock.holders.iter().map(|hold| (hold.owner.clone(), hold.mode));
        let line = lock.more.iter().flat_map(|more| more.line.iter());
        let mut line: Vec<&Waiter> = line.map(|(_, waiter)| waiter).collect();
        line.sort_by_key(|waiter| waiter.place());
        let line = line
            .into_iter()
            .map(|waiter| (waiter.want.owner.clone(), waiter.want.mode, waiter.converts));
        Simple { holders: holders.collect(), line: line.collect() }
    }
}
