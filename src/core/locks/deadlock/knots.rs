//! Deadlocks among any locks: who cannot go on whatever the others do, and whose
//! wait has to end.
//!
//! An owner goes on when all its waits are granted, and then gives back everything.
//! A wait for permits is granted as soon as any of the holders have given back
//! enough, every other when all have that are in its way, and a line is served in
//! order. So the play is played on as kindly as can be (`play`); who is left is
//! stuck. Among those the parts are looked for that nothing outside keeps from going
//! on (`graph`, `cycles`): each of them is a deadlock of its own, and one wait of
//! it ends. What keeps that wait is told whole (`proof`).

mod cycles;
mod graph;
mod play;
mod proof;

use super::victim::{Suspect, victim};
use crate::locks::Mode;
use graph::{Graph, Point};

/// Locks, and who holds them and waits for them.
#[derive(Clone, Debug, Default)]
pub struct Scene {
    /// The owners; elsewhere they are numbers.
    pub owners: Vec<Known>,
    /// The locks; elsewhere they are numbers.
    pub locks: Vec<Line>,
}

/// What is known of an owner.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The owner, as it is shown.
    pub text: Vec<u8>,
    /// When it began.
    pub birth_ms: u64,
}

/// A lock.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// Who holds it.
    pub holders: Vec<Spot>,
    /// Who waits for it, in the order in which it is granted.
    pub line: Vec<Spot>,
}

/// An owner at a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// The number of the owner.
    pub owner: usize,
    /// The number of the hold or wait.
    pub id: u64,
    /// How it holds the lock, or wants to.
    pub mode: Mode,
    /// Of a wait: who has more is spared.
    pub prio: u8,
}

/// A deadlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knot {
    /// The lock that the victim waits for.
    pub lock: usize,
    /// The wait that has to end.
    pub wait: u64,
    /// Why it is this one.
    pub rule: &'static str,
    /// The owners of the shortest cycle; the victim first.
    pub way: Vec<usize>,
    /// What keeps the victim from going on: first the cycle, then whatever else has
    /// to be so. As long as all of it is there, the deadlock is.
    pub links: Vec<Link>,
}

/// A wait, and what is in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The lock.
    pub lock: usize,
    /// The wait, and whose.
    pub wait: u64,
    /// Who waits.
    pub owner: usize,
    /// How it wants the lock.
    pub mode: Mode,
    /// A hold of the lock, or a wait ahead.
    pub other: u64,
    /// Whose that is.
    pub by: usize,
}

/// What keeps the search right. All of it is on; a test that switches one off has
/// to find out what it was good for.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Who stands behind others waits for what those wait for.
    pub waiters_ahead: bool,
    /// Permits add up.
    pub permits_add_up: bool,
    /// A part that may yet be freed from outside has no victim.
    pub outermost_first: bool,
    /// The youngest gives way.
    pub youngest: bool,
    /// Who has priority is spared.
    pub priority: bool,
    /// One wait of a cycle is ended, no more.
    pub one_victim: bool,
    /// Of permits all that are missing are told, not only those of the cycle.
    pub whole_proof: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Rules {
            waiters_ahead: true,
            permits_add_up: true,
            outermost_first: true,
            youngest: true,
            priority: true,
            one_victim: true,
            whole_proof: true,
        }
    }
}

/// The deadlocks of a scene, at most so many. Each is one when all those before it
/// have lost their victims: of deadlocks apart from each other each loses one owner,
/// and of such that share owners no more than is needed.
pub fn knots(mut scene: Scene, rules: Rules, max: usize) -> Vec<Knot> {
    let mut knots = Vec::new();
    loop {
        play::on(&mut scene, rules);
        let graph = Graph::of(&scene, rules);
        let before = knots.len();
        for part in cycles::parts(&graph, rules.outermost_first) {
            let waits = candidates(&graph, &part);
            let Some((victim, rule)) = choose(&scene, &waits, rules) else { continue };
            let others = waits.iter().filter(|wait| !rules.one_victim && **wait != victim);
            for wait in std::iter::once(&victim).chain(others.take(1)) {
                if knots.len() >= max {
                    return knots;
                }
                knots.push(proof::knot(&scene, &graph, &part, *wait, (rule, rules)));
            }
        }
        if knots.len() == before {
            return knots;
        }
        for Knot { lock, wait, .. } in &knots[before..] {
            scene.locks[*lock].line.retain(|spot| spot.id != *wait);
        }
    }
}

/// The waits of a part whose owners are in it as well: a wait that others stand
/// behind can be in a cycle that its owner is not in.
fn candidates(graph: &Graph, part: &[usize]) -> Vec<(usize, usize)> {
    let owners = part.iter().filter(|point| matches!(graph.points[**point], Point::Owner(_)));
    let waits = owners.flat_map(|owner| graph.edges[*owner].iter());
    let inside = waits.filter(|wait| part.binary_search(wait).is_ok());
    let place = inside.filter_map(|wait| match graph.points[*wait] {
        Point::Wait(lock, place) => Some((lock, place)),
        _ => None,
    });
    place.collect()
}

/// The wait that has to end, and by which rule.
fn choose(
    scene: &Scene,
    waits: &[(usize, usize)],
    rules: Rules,
) -> Option<((usize, usize), &'static str)> {
    let suspect = |(lock, place): &(usize, usize)| {
        let spot = &scene.locks[*lock].line[*place];
        let Known { text, birth_ms } = &scene.owners[spot.owner];
        Suspect {
            owner: text.clone(),
            prio: if rules.priority { spot.prio } else { 0 },
            birth_ms: if rules.youngest { *birth_ms } else { u64::MAX - birth_ms },
        }
    };
    let suspects: Vec<Suspect> = waits.iter().map(suspect).collect();
    victim(&suspects).map(|(place, rule)| (waits[place], rule))
}
