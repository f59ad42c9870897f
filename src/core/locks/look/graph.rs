//! Who waits for whom, for those who look over all shards.

use crate::Outcome;
use crate::image::Name;
use crate::locks::lock::Lock;
use crate::locks::table::Table;
use crate::locks::{Edge, Mode};

/// How many holds and waits are told at once.
pub(in crate::locks) const TOLD_MAX: usize = 10_000;

/// A lock that somebody has waited for for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contended {
    /// Its name.
    pub name: Name,
    /// Who holds it.
    pub holders: Vec<Party>,
    /// Who waits for it, in the order of the line.
    pub line: Vec<Queued>,
}

/// An owner at a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// The owner, as it is shown.
    pub owner: Vec<u8>,
    /// The number of the hold or wait, never used again in its shard.
    pub id: u64,
    /// How it holds the lock, or wants to.
    pub mode: Mode,
    /// When the owner began, as far as the shard knows.
    pub birth_ms: u64,
}

/// An owner in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// Who, and for what.
    pub party: Party,
    /// Who has more is spared.
    pub prio: u8,
    /// Since when, by the shard's clock.
    pub since_ms: u64,
    /// The hold that it wants in another mode; 0 for none.
    pub converts: u64,
}

impl Table {
    /// The locks that have a wait older than this, in the order of their names, with
    /// at most some ten thousand holds and waits in all.
    pub fn contended(&self, now_ms: u64, min_wait_ms: u64) -> Vec<Contended> {
        let (mut locks, mut told) = (Vec::new(), 0);
        for name in self.index.lines.keys() {
            let Some(lock) = self.locks.get(name) else { continue };
            let old = |since_ms: u64| now_ms.saturating_sub(since_ms) >= min_wait_ms;
            let mut line = lock.more.iter().flat_map(|more| more.line.iter());
            // The first number is the oldest wait.
            if !line.next().is_some_and(|(_, waiter)| old(waiter.since_ms)) {
                continue;
            }
            let contended = self.contention(name, lock, TOLD_MAX.saturating_sub(told));
            told += contended.holders.len() + contended.line.len();
            locks.push(contended);
            if told >= TOLD_MAX {
                break;
            }
        }
        locks
    }

    fn contention(&self, name: &Name, lock: &Lock, room: usize) -> Contended {
        let holders: Vec<Party> = lock
            .holders
            .iter()
            .take(room)
            .map(|hold| Party {
                owner: hold.owner.text().into_owned(),
                id: hold.id,
                mode: hold.mode,
                birth_ms: self.birth_of(&hold.owner),
            })
            .collect();
        let places = self.index.line(name).into_iter().flatten();
        let waiters = places.filter_map(|place| lock.waiter(place.id));
        let line = waiters.take(room.saturating_sub(holders.len())).map(|waiter| {
            let owner = &waiter.want.owner;
            let own = waiter.converts.then(|| self.own(name, &owner.as_owner())).flatten();
            Queued {
                party: Party {
                    owner: owner.text().into_owned(),
                    id: waiter.id,
                    mode: waiter.want.mode,
                    birth_ms: self.birth_of(owner),
                },
                prio: waiter.want.extra().prio,
                since_ms: waiter.since_ms,
                converts: own.map_or(0, |hold| hold.id),
            }
        });
        Contended { name: name.clone(), line: line.collect(), holders }
    }

    /// LOCKINFO GRAPH.
    pub(super) fn graph(&self, now_ms: u64, min_wait_ms: u64) -> Outcome {
        let locks = self.contended(now_ms, min_wait_ms).into_iter();
        Outcome::List(locks.map(|lock| shown(now_ms, lock)).collect())
    }

    /// Whether all of these are still as they were seen. A hold whose lease has run
    /// out is in nobody's way.
    pub(super) fn confirmed(&self, now_ms: u64, edges: &[Edge<'_>]) -> bool {
        edges.iter().all(|Edge::Seen { name, wait, other }| {
            let Some(lock) = self.locks.get(name) else { return false };
            let hold = lock.holders.get(*other).is_some_and(|hold| !hold.is_over(now_ms));
            lock.waiter(*wait).is_some() && (hold || lock.waiter(*other).is_some())
        })
    }
}

fn shown(now_ms: u64, lock: Contended) -> Outcome {
    let holders = lock.holders.into_iter().map(|party| Outcome::List(party_of(party)));
    let line = lock.line.into_iter().map(|queued| {
        let mut parts = party_of(queued.party);
        parts.push(Outcome::Int(queued.prio.into()));
        parts.push(Outcome::Int(now_ms.saturating_sub(queued.since_ms) as i64));
        parts.push(Outcome::Int(queued.converts as i64));
        Outcome::List(parts)
    });
    Outcome::List(vec![
        Outcome::Bytes(lock.name.to_vec()),
        Outcome::List(holders.collect()),
        Outcome::List(line.collect()),
    ])
}

fn party_of(party: Party) -> Vec<Outcome> {
    vec![
        Outcome::Bytes(party.owner),
        Outcome::Int(party.id as i64),
        Outcome::Word(party.mode.word()),
        Outcome::Int(party.birth_ms.min(super::NO_END_MS) as i64),
    ]
}
