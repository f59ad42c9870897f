//! Whose wait has to end, and what has to be true for that.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use lockstep_core::ShardId;

use super::Guards;
use super::cycles::{knots, way};
use super::graph::{Graph, Point};
use super::judge::WaitId;
use super::picture::Lock;

/// So many victims are looked for at once; the others wait for the next look.
pub(super) const PLANS_MAX: usize = 64;

/// A cycle is told with so many owners at most.
const OWNERS_TOLD_MAX: usize = 16;
/// Bytes of an owner that are told.
const OWNER_BYTES_TOLD_MAX: usize = 64;

/// A deadlock and how to end it.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The wait that has to end.
    pub victim: WaitId,
    /// The lock that it waits for.
    pub lock: Vec<u8>,
    /// The owners of the cycle, `a->b->a`; the victim first.
    pub text: Vec<u8>,
    /// When the last wait of the cycle began.
    pub since_ms: u64,
    /// What makes the cycle. If all of it is still there when it is looked at once
    /// more, the whole cycle was there at one instant: no number is used twice.
    pub evidence: BTreeMap<ShardId, Vec<Evidence>>,
}

/// A wait of a cycle, and what is in its way.
#[derive(Clone, Debug, PartialEq)]
pub struct Evidence {
    /// The lock's name.
    pub lock: Vec<u8>,
    /// The wait.
    pub wait: u64,
    /// A hold of the lock, or another wait that comes first.
    pub other: u64,
}

type Locks = Vec<(ShardId, Lock)>;

/// The deadlocks among these locks. Each cycle that is not ended by an earlier
/// victim has one, so that of cycles apart from each other each loses one owner,
/// and of cycles that share owners no more than is needed.
pub(super) fn plans(mut locks: Locks, guards: Guards) -> Vec<Plan> {
    let mut plans = Vec::new();
    loop {
        let graph = Graph::of(&locks, guards);
        let mut victims = BTreeSet::new();
        let mut involved = BTreeSet::new();
        for knot in knots(&graph) {
            let Some(victim) = victim(&graph, &knot, &locks) else { continue };
            if plans.len() >= PLANS_MAX {
                return plans;
            }
            plans.push(plan(&graph, &knot, &locks, victim));
            if !guards.one_victim {
                plans.extend(second(&graph, &knot, &locks, victim));
            }
            victims.insert(victim);
            involved.extend(locks_of(&graph, &knot));
        }
        if victims.is_empty() {
            return plans;
        }
        locks = rest(&locks, &involved, &victims);
    }
}

/// The wait of a knot that has to end: of the lowest priority, of the youngest
/// owner, by the owner's text. Its owner has to be in the knot as well: a wait that
/// others stand behind can be in a cycle that its owner is not in.
fn victim(graph: &Graph, knot: &[usize], locks: &Locks) -> Option<(usize, usize)> {
    candidates(graph, knot).max_by_key(|(lock, place)| {
        let waiter = &locks[*lock].1.line[*place];
        let owner = &graph.owners[graph.waiting[*lock][*place]];
        (Reverse(waiter.prio), owner.birth_ms, owner.text.clone(), waiter.party.id)
    })
}

fn candidates(graph: &Graph, knot: &[usize]) -> impl Iterator<Item = (usize, usize)> {
    let owners = knot.iter().filter(|point| matches!(graph.points[**point], Point::Owner(_)));
    let waits: BTreeSet<usize> =
        owners.flat_map(|owner| graph.edges[*owner].iter().copied()).collect();
    let in_knot: BTreeSet<usize> = knot.iter().copied().collect();
    let points = waits.intersection(&in_knot).map(|wait| graph.points[*wait]).collect::<Vec<_>>();
    points.into_iter().filter_map(|point| match point {
        Point::Wait(lock, place) => Some((lock, place)),
        _ => None,
    })
}

fn plan(graph: &Graph, knot: &[usize], locks: &Locks, (lock, place): (usize, usize)) -> Plan {
    let start = graph.points.iter().position(|point| *point == Point::Wait(lock, place));
    let start = start.expect("every wait has a point");
    let owner = graph.waiting[lock][place];
    let way = way(graph, knot, start, graph.owners[owner].point);
    let (shard, victim) = (locks[lock].0, &locks[lock].1.line[place]);
    let mut plan = Plan {
        victim: (shard, victim.party.id),
        lock: locks[lock].1.name.clone(),
        text: told(&graph.owners[owner].text),
        since_ms: 0,
        evidence: BTreeMap::new(),
    };
    let mut owners = 1;
    let mut waits = None;
    for point in way {
        let (other, lock, wait) = match graph.points[point] {
            Point::Link => continue,
            Point::Owner(number) => {
                owners += 1;
                tell(&mut plan.text, &graph.owners[number].text, owners, number == owner);
                waits = None;
                continue;
            }
            Point::Wait(lock, place) => {
                let waiter = &locks[lock].1.line[place];
                plan.since_ms = plan.since_ms.max(waiter.since_ms);
                (waiter.party.id, lock, waits.replace(waiter.party.id))
            }
            Point::Ahead(lock, place) => (locks[lock].1.line[place].party.id, lock, waits),
            Point::Hold(lock, place) => (locks[lock].1.holders[place].id, lock, waits),
        };
        if let Some(wait) = wait {
            let (shard, lock) = &locks[lock];
            let seen = Evidence { lock: lock.name.clone(), wait, other };
            plan.evidence.entry(*shard).or_default().push(seen);
        }
    }
    plan
}

fn tell(text: &mut Vec<u8>, owner: &[u8], count: usize, last: bool) {
    if last || count < OWNERS_TOLD_MAX {
        text.extend_from_slice(b"->");
        text.extend(told(owner));
    } else if count == OWNERS_TOLD_MAX {
        text.extend_from_slice(b"->...");
    }
}

/// An owner's text as it can stand in an error: one line, not too long.
fn told(owner: &[u8]) -> Vec<u8> {
    let shown = &owner[..owner.len().min(OWNER_BYTES_TOLD_MAX)];
    shown.escape_ascii().collect()
}

fn locks_of(graph: &Graph, knot: &[usize]) -> impl Iterator<Item = usize> {
    knot.iter().filter_map(|point| match graph.points[*point] {
        Point::Wait(lock, _) | Point::Hold(lock, _) | Point::Ahead(lock, _) => Some(lock),
        Point::Owner(_) | Point::Link => None,
    })
}

/// The locks where there may be further cycles, without the waits that end.
fn rest(locks: &Locks, involved: &BTreeSet<usize>, victims: &BTreeSet<(usize, usize)>) -> Locks {
    let left = |number: &usize| {
        let (shard, mut lock) = locks[*number].clone();
        let mut place = 0;
        lock.line.retain(|_| {
            place += 1;
            !victims.contains(&(*number, place - 1))
        });
        (shard, lock)
    };
    involved.iter().map(left).collect()
}

/// Breaks the rule of one victim: for tests.
fn second(graph: &Graph, knot: &[usize], locks: &Locks, first: (usize, usize)) -> Option<Plan> {
    let other = candidates(graph, knot).find(|wait| *wait != first)?;
    Some(plan(graph, knot, locks, other))
}
