//! Deadlocks: none that was not there, none that is left, one victim for each.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_sim::check::Span;

/// An owner at a lock, as its client saw it. An owner waits for one lock at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// Who.
    pub owner: String,
    /// Which lock.
    pub lock: usize,
    /// Whether with others that share.
    pub shared: bool,
    /// When it was asked for and answered.
    pub asked: Span,
    /// How that ended.
    pub end: End,
    /// When it was given back; none: never.
    pub release: Option<Span>,
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// It got the lock.
    Granted,
    /// It was the victim of this cycle, its own name first and last.
    Victim(Vec<String>),
    /// It waited in vain.
    Vain,
    /// Nobody knows.
    Unknown,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The cycle cannot have been there at any instant.
    False(Visit),
    /// Two owners had to give way for one cycle.
    Twice(String, String),
    /// A cycle that was there for too long.
    Stood {
        /// Who was in it.
        owners: BTreeSet<String>,
        /// When it was still there.
        at: u64,
    },
}

impl Visit {
    /// Up to when it may have been at the lock, as a holder or in line.
    fn perhaps_until(&self) -> u64 {
        match (&self.end, self.release) {
            (End::Victim(_) | End::Vain, _) => self.asked.ended,
            (End::Granted | End::Unknown, Some(release)) => release.ended,
            (End::Granted | End::Unknown, None) => u64::MAX,
        }
    }

    fn is_perhaps_there(&self, at: u64) -> bool {
        self.asked.began <= at && at <= self.perhaps_until()
    }

    fn perhaps_waits(&self, at: u64) -> bool {
        self.asked.began <= at && at <= self.asked.ended
    }

    fn surely_holds(&self, from: u64, to: u64) -> bool {
        let until = self.release.map_or(u64::MAX, |release| release.began);
        self.end == End::Granted && self.asked.ended <= from && to <= until
    }
}

/// Looks for flaws. A cycle may stand for `limit`; `grid` is how often it is looked.
pub fn check(visits: &[Visit], limit: u64, grid: u64) -> Vec<Flaw> {
    let history = History::of(visits);
    let mut flaws = Vec::new();
    let victims: Vec<&Visit> =
        visits.iter().filter(|visit| matches!(visit.end, End::Victim(_))).collect();
    flaws.extend(
        victims.iter().filter(|v| !history.was_there(v)).map(|v| Flaw::False((*v).clone())),
    );
    flaws.extend(twice(&victims));
    flaws.extend(history.stood(visits, limit, grid));
    flaws
}

fn twice(victims: &[&Visit]) -> Vec<Flaw> {
    let mut seen: BTreeMap<BTreeSet<&String>, Vec<&Visit>> = BTreeMap::new();
    for victim in victims {
        if let End::Victim(cycle) = &victim.end {
            seen.entry(cycle.iter().collect()).or_default().push(victim);
        }
    }
    let overlap =
        |a: &Visit, b: &Visit| a.asked.began < b.asked.ended && b.asked.began < a.asked.ended;
    let mut flaws = Vec::new();
    for same in seen.values() {
        for (at, a) in same.iter().enumerate() {
            let others = same[at + 1..].iter().filter(|b| a.owner != b.owner && overlap(a, b));
            flaws.extend(others.map(|b| Flaw::Twice(a.owner.clone(), b.owner.clone())));
        }
    }
    flaws
}

struct History<'a> {
    /// The visits of each owner, in their order.
    of: BTreeMap<&'a str, Vec<&'a Visit>>,
}

impl<'a> History<'a> {
    fn of(visits: &'a [Visit]) -> Self {
        let mut of: BTreeMap<&str, Vec<&Visit>> = BTreeMap::new();
        visits.iter().for_each(|visit| of.entry(&visit.owner).or_default().push(visit));
        of.values_mut().for_each(|visits| visits.sort_by_key(|visit| visit.asked.began));
        History { of }
    }

    /// Whether the cycle of a victim may have been there at an instant.
    fn was_there(&self, victim: &Visit) -> bool {
        let End::Victim(cycle) = &victim.end else { return true };
        if cycle.iter().any(|owner| owner == "...") {
            return true;
        }
        // What may be there at all may be there when its last part began.
        let mut instants: Vec<u64> = cycle
            .iter()
            .flat_map(|owner| self.visits(owner))
            .map(|visit| visit.asked.began)
            .filter(|began| victim.perhaps_waits(*began))
            .collect();
        instants.push(victim.asked.began);
        let is_there = |at: u64| cycle.windows(2).all(|pair| self.waits(&pair[0], &pair[1], at));
        // A writer between readers is a part of it as well, and may have asked last by
        // the clocks of the clients: what asks sooner need not arrive sooner.
        let writers = || {
            let all = self.of.values().flatten().filter(|visit| !visit.shared);
            all.map(|visit| visit.asked.began).filter(|began| victim.perhaps_waits(*began))
        };
        instants.into_iter().any(is_there) || writers().any(is_there)
    }

    /// Whether one may have waited for the other.
    fn waits(&self, one: &str, other: &str, at: u64) -> bool {
        let mut waits = self.visits(one).filter(|visit| visit.perhaps_waits(at));
        waits.any(|wait| {
            self.visits(other).any(|there| {
                there.lock == wait.lock
                    && there.is_perhaps_there(at)
                    && (!(there.shared && wait.shared) || self.parts_readers(wait.lock, at))
            })
        })
    }

    /// Whether somebody may stand in line between readers: the later ones wait for
    /// what that one waits for, since a line is served in its order.
    fn parts_readers(&self, lock: usize, at: u64) -> bool {
        let mut all = self.of.values().flatten();
        all.any(|visit| visit.lock == lock && !visit.shared && visit.perhaps_waits(at))
    }

    fn visits(&self, owner: &str) -> impl Iterator<Item = &'a Visit> {
        self.of.get(owner).into_iter().flatten().copied()
    }

    /// Cycles of holders and their waiters that surely stood for longer than that.
    fn stood(&self, visits: &[Visit], limit: u64, grid: u64) -> Vec<Flaw> {
        let mut flaws = Vec::new();
        // Of those without a known end nobody knows how long they waited.
        let waited = |visit: &&Visit| visit.end != End::Unknown;
        let long = |visit: &&Visit| {
            waited(visit) && visit.asked.ended.saturating_sub(visit.asked.began) > limit
        };
        let mut instants: BTreeSet<u64> = BTreeSet::new();
        for visit in visits.iter().filter(long) {
            let first = (visit.asked.began + limit).div_ceil(grid);
            instants.extend((first..=visit.asked.ended / grid).map(|at| at * grid));
        }
        let mut coming: Vec<&Visit> = visits.iter().collect();
        coming.sort_by_key(|visit| std::cmp::Reverse(visit.asked.began));
        let mut near: Vec<&Visit> = Vec::new();
        for at in instants {
            let from = at - limit;
            // Of a long history only what is near matters.
            while let Some(visit) = coming.pop_if(|visit| visit.asked.began <= at) {
                near.push(visit);
            }
            near.retain(|visit| visit.perhaps_until() >= from);
            let waits: Vec<&Visit> = near
                .iter()
                .copied()
                .filter(waited)
                .filter(|visit| visit.asked.began <= from && at < visit.asked.ended)
                .collect();
            let mut edges: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for wait in &waits {
                let holders = near.iter().filter(|hold| {
                    hold.lock == wait.lock
                        && hold.owner != wait.owner
                        && hold.surely_holds(from, at)
                        && !(hold.shared && wait.shared)
                });
                edges.entry(&wait.owner).or_default().extend(holders.map(|hold| &*hold.owner));
            }
            let owners: BTreeSet<String> = edges
                .keys()
                .filter(|owner| reaches_itself(&edges, owner))
                .map(ToString::to_string)
                .collect();
            if !owners.is_empty() {
                flaws.push(Flaw::Stood { owners, at });
                return flaws;
            }
        }
        flaws
    }
}

fn reaches_itself(edges: &BTreeMap<&str, BTreeSet<&str>>, owner: &str) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![owner];
    while let Some(next) = open.pop() {
        for other in edges.get(next).into_iter().flatten() {
            if seen.insert(*other) {
                open.push(other);
            }
        }
    }
    seen.contains(owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(owner: &str, lock: usize, asked: (u64, u64), end: End) -> Visit {
        let asked = Span { began: asked.0, ended: asked.1 };
        Visit { owner: owner.to_owned(), lock, shared: false, asked, end, release: None }
    }

    fn released(mut visit: Visit, began: u64, ended: u64) -> Visit {
        visit.release = Some(Span { began, ended });
        visit
    }

    fn cycle(owners: &[&str]) -> End {
        End::Victim(owners.iter().map(ToString::to_string).collect())
    }

    /// Two who hold one lock each and want the other's.
    fn cross(end: End) -> Vec<Visit> {
        vec![
            visit("a", 1, (0, 1), End::Granted),
            visit("b", 2, (0, 1), End::Granted),
            visit("a", 2, (10, 90), End::Granted),
            visit("b", 1, (12, 50), end),
        ]
    }

    #[test]
    fn a_cycle_that_was_there_is_none_of_the_flaws() {
        let mut visits = cross(cycle(&["b", "a", "b"]));
        visits[1] = released(visits[1].clone(), 60, 70);
        assert_eq!(check(&visits, 60, 1), []);
    }

    #[test]
    fn a_victim_of_a_cycle_whose_parts_never_met_is_false() {
        let mut visits = cross(cycle(&["b", "a", "b"]));
        // The lock was given back before the other asked for its.
        visits[0] = released(visits[0].clone(), 5, 8);
        let victim = visits[3].clone();
        visits[1] = released(visits[1].clone(), 60, 70);
        assert_eq!(check(&visits, 60, 1), [Flaw::False(victim)]);
    }

    #[test]
    fn readers_do_not_wait_for_each_other() {
        let mut visits = cross(cycle(&["b", "a", "b"]));
        visits[1] = released(visits[1].clone(), 60, 70);
        visits.iter_mut().filter(|visit| visit.lock == 1).for_each(|visit| visit.shared = true);
        assert!(matches!(check(&visits, 60, 1)[..], [Flaw::False(_)]));
    }

    #[test]
    fn readers_wait_for_each_other_when_a_writer_stands_between_them() {
        let mut visits = cross(cycle(&["b", "a", "b"]));
        visits[1] = released(visits[1].clone(), 60, 70);
        visits.iter_mut().filter(|visit| visit.lock == 1).for_each(|visit| visit.shared = true);
        visits.push(released(visit("c", 1, (11, 80), End::Granted), 81, 82));
        assert_eq!(check(&visits, 60, 1), []);
    }

    #[test]
    fn a_writer_between_readers_may_have_asked_last() {
        let mut visits = cross(cycle(&["b", "a", "b"]));
        visits[1] = released(visits[1].clone(), 60, 70);
        visits.iter_mut().filter(|visit| visit.lock == 1).for_each(|visit| visit.shared = true);
        // It reached the lock before the second reader, which had asked sooner.
        visits.push(released(visit("c", 1, (13, 80), End::Granted), 81, 82));
        assert_eq!(check(&visits, 60, 1), []);
        visits.last_mut().expect("the writer").asked.began = 51;
        assert!(matches!(check(&visits, 60, 1)[..], [Flaw::False(_)]), "the victim was gone");
    }

    #[test]
    fn two_victims_of_one_cycle_are_seen() {
        let mut visits = cross(cycle(&["b", "a", "b"]));
        visits[2].end = cycle(&["a", "b", "a"]);
        assert_eq!(check(&visits, 100, 1), [Flaw::Twice("a".to_owned(), "b".to_owned())]);
    }

    #[test]
    fn a_cycle_that_stays_is_seen() {
        let visits = cross(End::Vain);
        let flaws = check(&visits, 30, 1);
        assert!(matches!(flaws[..], [Flaw::Stood { at: 42, .. }]), "{flaws:?}");
    }
}
