//! Who waits for whom.
//!
//! An owner waits for the holders that its wait does not get along with, for the
//! same among those ahead of it in the line, and for the grant of everyone ahead,
//! with all that this waits for: a line is served in order. A waiter behind a
//! thousand readers costs a thousand and one edges, not a product: those ahead of a
//! place form a chain for each mode.

use std::collections::{HashMap, HashSet};

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;
use smallvec::SmallVec;

use super::Guards;
use super::modes::get_along;
use super::picture::Lock;

/// A point of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// An owner, by its number: goes on when all its waits have ended.
    Owner(usize),
    /// A wait, by lock and place in the line.
    Wait(usize, usize),
    /// A hold that is in somebody's way, by lock and place.
    Hold(usize, usize),
    /// A waiter that is in the way of one behind it.
    Ahead(usize, usize),
    /// A link of a chain.
    Link,
}

/// Who waits for whom.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub points: Vec<Point>,
    pub edges: Vec<SmallVec<[usize; 2]>>,
    /// What is known of each owner.
    pub owners: Vec<Owner>,
    /// The number of each owner that waits, by lock and place.
    pub waiting: Vec<Vec<usize>>,
}

/// What is known of an owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Owner {
    pub text: Vec<u8>,
    /// Its beginning, by the shard that knows it longest.
    pub birth_ms: u64,
    /// Its own point.
    pub point: usize,
}

/// Builds a graph.
struct Builder<'a> {
    graph: Graph,
    numbers: HashMap<&'a [u8], usize>,
    guards: Guards,
}

/// Whether there can be a cycle at all: somebody has to hold one lock and wait for
/// another, or to wait twice.
pub(super) fn is_entangled<'a>(locks: impl Iterator<Item = &'a Lock> + Clone) -> bool {
    let mut waits: HashSet<&[u8]> = HashSet::new();
    let mut waiting = locks.clone().flat_map(|lock| &lock.line);
    let twice = waiting.any(|waiter| !waits.insert(&waiter.party.owner));
    let mut holding = locks.flat_map(|lock| &lock.holders);
    twice || holding.any(|holder| waits.contains(&holder.owner[..]))
}

impl Graph {
    /// The graph of these locks.
    pub fn of(locks: &[(ShardId, Lock)], guards: Guards) -> Graph {
        let mut builder = Builder { graph: Graph::default(), numbers: HashMap::new(), guards };
        for (number, (_, lock)) in locks.iter().enumerate() {
            builder.lock(number, lock);
        }
        builder.graph
    }

    fn point(&mut self, point: Point) -> usize {
        self.points.push(point);
        self.edges.push(SmallVec::new());
        self.points.len() - 1
    }
}

impl<'a> Builder<'a> {
    fn lock(&mut self, number: usize, lock: &'a Lock) {
        let mut there = HashSet::new();
        let holds: Vec<usize> = (0..lock.holders.len())
            .map(|at| {
                let party = &lock.holders[at];
                let owner = self.owner(&party.owner, party.birth_ms);
                there.insert(owner);
                self.blocker(Point::Hold(number, at), owner)
            })
            .collect();
        let mut chains = self.chains(lock, &holds);
        let mut aheads = Vec::with_capacity(lock.line.len());
        let mut owners = Vec::with_capacity(lock.line.len());
        let mut before = None;
        for (at, waiter) in lock.line.iter().enumerate() {
            let owner = self.owner(&waiter.party.owner, waiter.party.birth_ms);
            owners.push(owner);
            let wait = self.graph.point(Point::Wait(number, at));
            let from = self.graph.owners[owner].point;
            self.graph.edges[from].push(wait);
            if !there.insert(owner) {
                self.straight(lock, at, (&holds, &aheads), wait);
            } else {
                let chain = chains.iter().find(|(mode, _)| *mode == waiter.party.mode);
                let end = chain.expect("every mode of the line has a chain").1;
                self.graph.edges[wait].push(end);
            }
            if self.guards.waiters_ahead {
                self.graph.edges[wait].extend(before);
                before = Some(wait);
            }
            let ahead = self.blocker(Point::Ahead(number, at), owner);
            aheads.push(ahead);
            self.lengthen(&mut chains, waiter.party.mode, ahead);
        }
        self.graph.waiting.push(owners);
    }

    /// For each mode that is waited for, the holders it does not get along with.
    fn chains(&mut self, lock: &Lock, holds: &[usize]) -> Vec<(Mode, usize)> {
        let mut chains: Vec<(Mode, usize)> = Vec::new();
        for waiter in &lock.line {
            let mode = waiter.party.mode;
            if chains.iter().any(|(known, _)| *known == mode) {
                continue;
            }
            let link = self.graph.point(Point::Link);
            for (holder, hold) in lock.holders.iter().zip(holds) {
                if is_in_the_way(holder.mode, mode) {
                    self.graph.edges[link].push(*hold);
                }
            }
            chains.push((mode, link));
        }
        chains
    }

    /// One more waiter is in the way of those that come after it.
    fn lengthen(&mut self, chains: &mut [(Mode, usize)], ahead_mode: Mode, ahead: usize) {
        if !self.guards.waiters_ahead {
            return;
        }
        for (mode, end) in chains {
            if is_in_the_way(ahead_mode, *mode) {
                let link = self.graph.point(Point::Link);
                self.graph.edges[link].push(*end);
                self.graph.edges[link].push(ahead);
                *end = link;
            }
        }
    }

    /// An owner that is at this lock twice does not wait for itself.
    fn straight(
        &mut self,
        lock: &Lock,
        at: usize,
        (holds, aheads): (&[usize], &[usize]),
        wait: usize,
    ) {
        let own = &lock.line[at].party;
        let holders = lock.holders.iter().zip(holds);
        let ahead = lock.line.iter().map(|waiter| &waiter.party).zip(aheads);
        let ahead = ahead.filter(|_| self.guards.waiters_ahead);
        for (other, point) in holders.chain(ahead) {
            if other.owner != own.owner && is_in_the_way(other.mode, own.mode) {
                self.graph.edges[wait].push(*point);
            }
        }
    }

    fn blocker(&mut self, point: Point, owner: usize) -> usize {
        let blocker = self.graph.point(point);
        let to = self.graph.owners[owner].point;
        self.graph.edges[blocker].push(to);
        blocker
    }

    fn owner(&mut self, text: &'a [u8], birth_ms: u64) -> usize {
        let next = self.graph.owners.len();
        let number = *self.numbers.entry(text).or_insert(next);
        if number == next {
            let point = self.graph.point(Point::Owner(number));
            let owner = Owner { text: text.to_vec(), birth_ms, point };
            self.graph.owners.push(owner);
        }
        let owner = &mut self.graph.owners[number];
        owner.birth_ms = owner.birth_ms.min(birth_ms);
        number
    }
}

/// Whether who has the lock in this mode has to go before another can get it.
fn is_in_the_way(held: Mode, asked: Mode) -> bool {
    !get_along(held, asked)
}
