//! What those who are stuck wait for.
//!
//! A wait at the head of its line waits for holders: for all of those that are in
//! its way alone, or, if there is no such one, for all who have permits, since
//! all of them are stuck and what the others left is not enough. One behind waits for
//! the one ahead, and for whoever is in its way alone. A thousand readers in
//! the way of a thousand waiters cost two thousand edges, not a product: those
//! that are in the way of a mode stand behind one point.

use smallvec::SmallVec;

use super::{Line, Rules, Scene, Spot};
use crate::locks::Mode;

/// A point of the graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// An owner: goes on when all its waits have ended.
    Owner(usize),
    /// A wait, by lock and place in the line.
    Wait(usize, usize),
    /// A hold, by lock and place.
    Hold(usize, usize),
    /// All holds that are in the way of a mode.
    Link,
}

/// Who waits for whom.
#[derive(Debug)]
pub(super) struct Graph {
    pub points: Vec<Point>,
    pub edges: Vec<SmallVec<[usize; 2]>>,
    /// For each lock, the point of its first wait; the others follow.
    pub waits: Vec<usize>,
    /// For each lock, whether its first wait lacks permits that any may give back.
    pub counts: Vec<bool>,
}

impl Graph {
    /// The graph of a scene in which all are stuck.
    pub fn of(scene: &Scene, rules: Rules) -> Graph {
        let owners: Vec<Point> = (0..scene.owners.len()).map(Point::Owner).collect();
        let mut graph = Graph {
            edges: vec![SmallVec::new(); owners.len()],
            points: owners,
            waits: Vec::with_capacity(scene.locks.len()),
            counts: Vec::with_capacity(scene.locks.len()),
        };
        for (number, lock) in scene.locks.iter().enumerate() {
            graph.lock(number, lock, rules);
        }
        graph
    }

    /// The point of a wait.
    pub fn wait(&self, lock: usize, place: usize) -> usize {
        self.waits[lock] + place
    }

    fn lock(&mut self, number: usize, lock: &Line, rules: Rules) {
        let first = self.points.len();
        self.waits.push(first);
        for (place, spot) in lock.line.iter().enumerate() {
            let wait = self.point(Point::Wait(number, place));
            self.edges[spot.owner].push(wait);
            if place > 0 && rules.waiters_ahead {
                self.edges[wait].push(wait - 1);
            }
        }
        let holds: Vec<usize> = (0..lock.holders.len())
            .map(|place| {
                let hold = self.point(Point::Hold(number, place));
                self.edges[hold].push(lock.holders[place].owner);
                hold
            })
            .collect();
        let mut links: Vec<(Mode, usize)> = Vec::new();
        for (place, spot) in lock.line.iter().enumerate() {
            if lock.holders.iter().any(|hold| hold.owner == spot.owner) {
                // It does not wait for itself.
                let others = in_the_way(lock, spot).filter(|(_, hold)| hold.owner != spot.owner);
                let others = others.map(|(place, _)| holds[place]);
                self.edges[first + place].extend(others);
                continue;
            }
            let link = match links.iter().find(|(mode, _)| *mode == spot.mode) {
                Some((_, link)) => *link,
                None => {
                    let link = self.point(Point::Link);
                    self.edges[link].extend(in_the_way(lock, spot).map(|(at, _)| holds[at]));
                    links.push((spot.mode, link));
                    link
                }
            };
            if !self.edges[link].is_empty() {
                self.edges[first + place].push(link);
            }
        }
        let counts = !lock.line.is_empty() && self.edges[first].is_empty();
        if counts {
            self.edges[first].extend(holds);
        }
        self.counts.push(counts);
    }

    fn point(&mut self, point: Point) -> usize {
        self.points.push(point);
        self.edges.push(SmallVec::new());
        self.points.len() - 1
    }
}

/// The holds that have to end before a wait can be granted.
fn in_the_way<'a>(lock: &'a Line, spot: &Spot) -> impl Iterator<Item = (usize, &'a Spot)> {
    let mode = spot.mode;
    lock.holders.iter().enumerate().filter(move |(_, hold)| hold.mode.is_in_the_way_of(mode))
}
