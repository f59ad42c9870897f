//! The parts of a graph in which everyone waits for everyone, and the shortest way
//! around.

use std::collections::{BTreeMap, VecDeque};

use super::graph::Graph;

/// The strongly connected parts that have a cycle, each in order: from each point of
/// one a way leads to every other of it. If `outermost`, only those from which no way
/// leads out. (Tarjan's algorithm, with a stack of its own.)
pub(super) fn parts(graph: &Graph, outermost: bool) -> Vec<Vec<usize>> {
    let mut search = Search::new(graph);
    (0..graph.points.len()).for_each(|point| search.from(point));
    let Search { parts, part_of, .. } = search;
    let stays = |part: &[usize]| {
        let own = part_of[part[0]];
        let mut edges = part.iter().flat_map(|point| &graph.edges[*point]);
        edges.all(|next| part_of[*next] == own)
    };
    let cycles = parts.into_iter().filter(|part| part.len() > 1 && (!outermost || stays(part)));
    cycles
        .map(|mut part| {
            part.sort_unstable();
            part
        })
        .collect()
}

/// The points of the shortest way between two points of a part, both included.
pub(super) fn way(graph: &Graph, part: &[usize], from: usize, to: usize) -> Vec<usize> {
    let mut came_from: BTreeMap<usize, usize> = BTreeMap::new();
    let mut next = VecDeque::from([from]);
    while let Some(point) = next.pop_front() {
        if point == to {
            break;
        }
        for other in &graph.edges[point] {
            let inside = part.binary_search(other).is_ok();
            if inside && *other != from && !came_from.contains_key(other) {
                came_from.insert(*other, point);
                next.push_back(*other);
            }
        }
    }
    let mut way = vec![to];
    while let Some(before) = way.last().and_then(|point| came_from.get(point)) {
        way.push(*before);
    }
    way.reverse();
    way
}

/// Not visited yet.
const NEW: usize = usize::MAX;

struct Search<'a> {
    graph: &'a Graph,
    /// When each point was first met.
    met: Vec<usize>,
    /// The earliest point that can be reached from it and is on the stack.
    low: Vec<usize>,
    stack: Vec<usize>,
    on_stack: Vec<bool>,
    count: usize,
    parts: Vec<Vec<usize>>,
    /// The part of each point.
    part_of: Vec<usize>,
}

impl<'a> Search<'a> {
    fn new(graph: &'a Graph) -> Self {
        let points = graph.points.len();
        Search {
            graph,
            met: vec![NEW; points],
            low: vec![NEW; points],
            stack: Vec::new(),
            on_stack: vec![false; points],
            count: 0,
            parts: Vec::new(),
            part_of: vec![NEW; points],
        }
    }

    fn from(&mut self, root: usize) {
        if self.met[root] != NEW {
            return;
        }
        // Lines may be long: no recursion.
        let mut open = vec![(root, 0)];
        self.meet(root);
        while let Some((point, at)) = open.last_mut() {
            let Some(next) = self.graph.edges[*point].get(*at).copied() else {
                let point = *point;
                open.pop();
                if let Some((before, _)) = open.last() {
                    self.low[*before] = self.low[*before].min(self.low[point]);
                }
                self.leave(point);
                continue;
            };
            *at += 1;
            let point = *point;
            if self.met[next] == NEW {
                self.meet(next);
                open.push((next, 0));
            } else if self.on_stack[next] {
                self.low[point] = self.low[point].min(self.met[next]);
            }
        }
    }

    fn meet(&mut self, point: usize) {
        self.met[point] = self.count;
        self.low[point] = self.count;
        self.count += 1;
        self.stack.push(point);
        self.on_stack[point] = true;
    }

    /// All that can be reached from the point was met.
    fn leave(&mut self, point: usize) {
        if self.low[point] != self.met[point] {
            return;
        }
        let start = self.stack.iter().rposition(|on| *on == point).expect("it is on the stack");
        let part = self.stack.split_off(start);
        for point in &part {
            self.on_stack[*point] = false;
            self.part_of[*point] = self.parts.len();
        }
        self.parts.push(part);
    }
}
