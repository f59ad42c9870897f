//! Whose wait has to end, and what has to be true for that.

use std::collections::{HashMap, HashSet};

use lockstep_core::ShardId;
use lockstep_core::locks::Mode;
use lockstep_core::locks::knots::{Knot, Known, Line, Link, Scene, Spot, knots};

use super::Guards;
use super::judge::WaitId;
use super::picture::{Lock, Party};

/// So many victims are looked for at once; the others wait for the next look.
pub(super) const PLANS_MAX: usize = 64;

/// A cycle is told with so many owners at most.
pub(super) const OWNERS_TOLD_MAX: usize = 16;
/// Bytes of an owner that are told.
pub(super) const OWNER_BYTES_TOLD_MAX: usize = 64;

/// A deadlock and how to end it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The wait that has to end.
    pub victim: WaitId,
    /// The lock that it waits for.
    pub lock: Vec<u8>,
    /// Others were spared because of their priority.
    pub spared: bool,
    /// The owners of the cycle, `a->b->a`; the victim first.
    pub text: Vec<u8>,
    /// When the last wait of the cycle began.
    pub since_ms: u64,
    /// What makes the deadlock. If all of it is still there when it is looked at once
    /// more, the whole was there at one instant: no number is used twice.
    pub evidence: Vec<Evidence>,
}

/// A wait of a deadlock, and what is in its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The lock's shard.
    pub shard: ShardId,
    /// The lock's name.
    pub lock: Vec<u8>,
    /// The wait.
    pub wait: u64,
    /// Who waits.
    pub owner: Vec<u8>,
    /// How it wants the lock.
    pub mode: Mode,
    /// A hold of the lock, or another wait that comes first.
    pub other: u64,
    /// Whose that is.
    pub by: Vec<u8>,
}

/// Whether there can be a deadlock at all: somebody has to hold one lock and wait for
/// another, or to wait twice.
pub(super) fn is_entangled<'a>(locks: impl Iterator<Item = &'a Lock> + Clone) -> bool {
    let mut waits: HashSet<&[u8]> = HashSet::new();
    let mut waiting = locks.clone().flat_map(|lock| &lock.line);
    let twice = waiting.any(|waiter| !waits.insert(&waiter.party.owner));
    let mut holding = locks.flat_map(|lock| &lock.holders);
    twice || holding.any(|holder| waits.contains(&holder.owner[..]))
}

/// The deadlocks among these locks.
pub(super) fn plans(locks: &[(ShardId, Lock)], guards: Guards) -> Vec<Plan> {
    let mut cast = Cast::default();
    let lines = locks.iter().map(|(_, lock)| cast.line(lock)).collect();
    let scene = Scene { owners: cast.owners.clone(), locks: lines };
    let found = knots(scene, guards.rules, PLANS_MAX);
    found.iter().map(|knot| plan(knot, locks, &cast.owners)).collect()
}

/// Gives numbers to owners.
#[derive(Default)]
struct Cast<'a> {
    numbers: HashMap<&'a [u8], usize>,
    owners: Vec<Known>,
}

impl<'a> Cast<'a> {
    fn line(&mut self, lock: &'a Lock) -> Line {
        let holders = lock.holders.iter().map(|party| self.spot(party, 0)).collect();
        let line = lock.line.iter().map(|waiter| self.spot(&waiter.party, waiter.prio)).collect();
        Line { holders, line }
    }

    fn spot(&mut self, party: &'a Party, prio: u8) -> Spot {
        let Party { owner: text, id, mode, birth_ms } = party;
        let next = self.owners.len();
        let owner = *self.numbers.entry(text).or_insert(next);
        if owner == next {
            self.owners.push(Known { text: text.clone(), birth_ms: *birth_ms });
        }
        // Its beginning, by the shard that knows it longest.
        let known = &mut self.owners[owner];
        known.birth_ms = known.birth_ms.min(*birth_ms);
        Spot { owner, id: *id, mode: *mode, prio }
    }
}

fn plan(knot: &Knot, locks: &[(ShardId, Lock)], owners: &[Known]) -> Plan {
    let evidence = |link: &Link| Evidence {
        shard: locks[link.lock].0,
        lock: locks[link.lock].1.name.clone(),
        wait: link.wait,
        owner: owners[link.owner].text.clone(),
        mode: link.mode,
        other: link.other,
        by: owners[link.by].text.clone(),
    };
    let since_ms = |link: &Link| {
        let line = &locks[link.lock].1.line;
        let waiter = line.iter().find(|waiter| waiter.party.id == link.wait);
        waiter.map_or(0, |waiter| waiter.since_ms)
    };
    Plan {
        victim: (locks[knot.lock].0, knot.wait),
        lock: locks[knot.lock].1.name.clone(),
        spared: knot.rule == "priority",
        text: text_of(&knot.way, owners),
        since_ms: knot.links.iter().map(since_ms).max().unwrap_or_default(),
        evidence: knot.links.iter().map(evidence).collect(),
    }
}

/// `a->b->a`, of a long cycle the beginning.
fn text_of(way: &[usize], owners: &[Known]) -> Vec<u8> {
    let mut text = Vec::new();
    for owner in way.iter().take(OWNERS_TOLD_MAX) {
        text.extend(told(&owners[*owner].text));
        text.extend_from_slice(b"->");
    }
    if way.len() > OWNERS_TOLD_MAX {
        text.extend_from_slice(b"...->");
    }
    text.extend(told(&owners[way[0]].text));
    text
}

/// An owner's text as it can stand in an error: one line, not too long.
fn told(owner: &[u8]) -> Vec<u8> {
    let shown = &owner[..owner.len().min(OWNER_BYTES_TOLD_MAX)];
    shown.escape_ascii().collect()
}
