//! What a deadlock is, told another way: play on as kindly as can be, and see who
//! is stuck.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;

use crate::deadlocks::judge::WaitId;
use crate::deadlocks::picture::{Lock, Party};

/// Locks and their shards.
pub type Locks = [(ShardId, Lock)];

/// Those who wait for good, though everyone who can goes on, lets go of everything
/// and asks for nothing more. The waits in `over` have ended.
pub fn stuck(locks: &Locks, over: &BTreeSet<WaitId>) -> BTreeSet<Vec<u8>> {
    let mut locks = without(locks, over);
    loop {
        let waiting: BTreeSet<Vec<u8>> = waiting(&locks);
        let mut moved = false;
        for (_, lock) in &mut locks {
            let before = lock.holders.len();
            lock.holders.retain(|holder| waiting.contains(&holder.owner));
            moved |= lock.holders.len() != before;
            while lock.line.first().is_some_and(|first| gets_it(lock, &first.party)) {
                let party = lock.line.remove(0).party;
                lock.holders.push(party);
                moved = true;
            }
        }
        if !moved {
            return waiting;
        }
    }
}

/// Whom each owner who is stuck waits for, of those who are: any who has permits may
/// be the one who does not give them back.
pub fn waits_for(locks: &Locks, over: &BTreeSet<WaitId>) -> BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> {
    let stuck = stuck(locks, over);
    let mut edges: BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (_, lock) in without(locks, over) {
        let mut of_those_ahead = BTreeSet::new();
        for (at, waiter) in lock.line.iter().enumerate() {
            let ahead = lock.line[..at].iter().map(|waiter| &waiter.party);
            let in_the_way = lock.holders.iter().chain(ahead).filter(|other| {
                other.owner != waiter.party.owner
                    && stuck.contains(&other.owner)
                    && may_hinder(other.mode, waiter.party.mode)
            });
            of_those_ahead.extend(in_the_way.map(|other| other.owner.clone()));
            let own = edges.entry(waiter.party.owner.clone()).or_default();
            own.extend(of_those_ahead.iter().cloned());
        }
    }
    edges
}

/// Whether an owner waits for itself, over others.
pub fn is_in_cycle(edges: &BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>, owner: &[u8]) -> bool {
    reaches(edges, owner, owner)
}

/// Whether an owner waits for another, directly or over others.
pub fn reaches(edges: &BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>, from: &[u8], to: &[u8]) -> bool {
    let mut reached = BTreeSet::new();
    let mut open = vec![from.to_vec()];
    while let Some(next) = open.pop() {
        for other in edges.get(&next).into_iter().flatten() {
            if reached.insert(other.clone()) {
                open.push(other.clone());
            }
        }
    }
    reached.contains(to)
}

fn without(locks: &Locks, over: &BTreeSet<WaitId>) -> Vec<(ShardId, Lock)> {
    let mut locks = locks.to_vec();
    for (shard, lock) in &mut locks {
        lock.line.retain(|waiter| !over.contains(&(*shard, waiter.party.id)));
    }
    locks
}

fn waiting(locks: &Locks) -> BTreeSet<Vec<u8>> {
    let lines = locks.iter().flat_map(|(_, lock)| &lock.line);
    lines.map(|waiter| waiter.party.owner.clone()).collect()
}

/// Whether the first of the line can have the lock now.
pub fn gets_it(lock: &Lock, party: &Party) -> bool {
    let others = || lock.holders.iter().filter(|holder| holder.owner != party.owner);
    let Mode::Permits { count, limit } = party.mode else {
        return others().all(|holder| !may_hinder(holder.mode, party.mode));
    };
    let taken = others().map(|holder| match holder.mode {
        Mode::Permits { count, limit: of } if of == limit => u64::from(count),
        // No permits of this kind are left.
        _ => u64::from(limit),
    });
    taken.sum::<u64>() + u64::from(count) <= u64::from(limit)
}

fn may_hinder(held: Mode, asked: Mode) -> bool {
    let permits = |mode| matches!(mode, Mode::Permits { .. });
    permits(held) && permits(asked) || held.is_in_the_way_of(asked)
}
