//! What keeps a victim from going on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::graph::{Graph, Point};
use super::{Knot, Link, Rules, Scene, cycles};

/// The deadlock that a wait of a part is in.
pub(super) fn knot(
    scene: &Scene,
    graph: &Graph,
    part: &[usize],
    (lock, place): (usize, usize),
    (rule, rules): (&'static str, Rules),
) -> Knot {
    let victim = &scene.locks[lock].line[place];
    let way = cycles::way(graph, part, graph.wait(lock, place), victim.owner);
    let owners = way.iter().filter_map(|point| match graph.points[*point] {
        Point::Owner(owner) if owner != victim.owner => Some(owner),
        _ => None,
    });
    let mut proof = Proof {
        scene,
        graph,
        links: Vec::new(),
        told: BTreeSet::new(),
        waits: BTreeMap::new(),
        open: VecDeque::new(),
        done: BTreeSet::new(),
    };
    proof.follow(&way);
    if rules.whole_proof {
        proof.complete();
    }
    Knot {
        lock,
        wait: victim.id,
        rule,
        way: std::iter::once(victim.owner).chain(owners).collect(),
        links: proof.links,
    }
}

struct Proof<'a> {
    scene: &'a Scene,
    graph: &'a Graph,
    links: Vec<Link>,
    /// The points of each link.
    told: BTreeSet<(usize, usize)>,
    /// The wait by which each owner is shown to be stuck.
    waits: BTreeMap<usize, usize>,
    /// The waits of which it is to be shown why they are stuck.
    open: VecDeque<usize>,
    /// Those of which it was.
    done: BTreeSet<usize>,
}

impl Proof<'_> {
    /// Each wait of the way, with what comes next on it.
    fn follow(&mut self, way: &[usize]) {
        let mut wait = None;
        for point in way {
            match self.graph.points[*point] {
                Point::Wait(lock, place) => {
                    match wait {
                        Some(before) => self.link(before, *point),
                        None => {
                            let owner = self.scene.locks[lock].line[place].owner;
                            self.waits.insert(owner, *point);
                        }
                    }
                    if self.counts(*point) {
                        self.open.push_back(*point);
                    } else {
                        self.done.insert(*point);
                    }
                    wait = Some(*point);
                }
                Point::Hold(..) => {
                    if let Some(before) = wait.take() {
                        self.link(before, *point);
                    }
                }
                Point::Owner(_) | Point::Link => {}
            }
        }
    }

    /// Adds what else has to be so: those who have permits besides the one on the
    /// way, and what keeps them.
    fn complete(&mut self) {
        while let Some(wait) = self.open.pop_front() {
            if !self.done.insert(wait) {
                continue;
            }
            for reason in self.reasons(wait) {
                self.link(wait, reason);
                let next = match self.graph.points[reason] {
                    Point::Wait(..) => Some(reason),
                    _ => self.wait_of(self.graph.edges[reason][0]),
                };
                self.open.extend(next);
            }
        }
    }

    /// What keeps a wait: one thing is enough, but of permits it takes all.
    fn reasons(&self, wait: usize) -> Vec<usize> {
        let edges = &self.graph.edges[wait];
        if self.counts(wait) {
            return edges.to_vec();
        }
        let one = edges.last().map(|point| match self.graph.points[*point] {
            Point::Link => self.graph.edges[*point][0],
            _ => *point,
        });
        one.into_iter().collect()
    }

    /// Whether any of those who have permits can end a wait.
    fn counts(&self, wait: usize) -> bool {
        let Point::Wait(lock, place) = self.graph.points[wait] else { return false };
        place == 0 && self.graph.counts[lock]
    }

    /// The wait by which an owner is shown to be stuck.
    fn wait_of(&mut self, owner: usize) -> Option<usize> {
        let first = self.graph.edges[owner].first().copied()?;
        Some(*self.waits.entry(owner).or_insert(first))
    }

    fn link(&mut self, wait: usize, other: usize) {
        let Point::Wait(lock, place) = self.graph.points[wait] else { return };
        let waiter = &self.scene.locks[lock].line[place];
        let by = match self.graph.points[other] {
            Point::Wait(lock, place) => &self.scene.locks[lock].line[place],
            Point::Hold(lock, place) => &self.scene.locks[lock].holders[place],
            Point::Owner(_) | Point::Link => return,
        };
        if self.told.insert((wait, other)) {
            self.links.push(Link {
                lock,
                wait: waiter.id,
                owner: waiter.owner,
                mode: waiter.mode,
                other: by.id,
                by: by.owner,
            });
        }
    }
}
