//! Random lives of clusters.

use std::collections::BTreeSet;

use super::{Map, Move, NodeState, Op, founded, info, run};
use crate::chance::{Chance, with_seeds};
use crate::wire::Wire;
use crate::{NodeId, Outcome, ShardId};

/// A cluster whose groups do at once what the map wants.
struct Life {
    map: Map,
    away: BTreeSet<NodeId>,
    zones: u64,
    next_id: u64,
}

impl Life {
    fn begin(chance: &mut Chance) -> Self {
        let zones = chance.pick(&[1, 1, 2, 3, 5]);
        let count = 1 + chance.below(6);
        let nodes = (1..=count).map(|id| info(id, &zone(chance, zones))).collect();
        let (shards, factor) = (1 + chance.below(12) as u16, chance.pick(&[1, 3, 3, 5, 7]));
        let map = founded(nodes, shards, factor);
        Life { map, away: BTreeSet::new(), zones, next_id: count + 1 }
    }

    fn something_happens(&mut self, chance: &mut Chance) {
        let known: Vec<NodeId> = self.map.nodes().map(|node| node.id).collect();
        let node = chance.pick(&known);
        let op = match chance.below(9) {
            0 | 1 => {
                self.next_id += 1;
                let replaces = chance.once_in(4).then_some(node);
                let node = info(self.next_id, &zone(chance, self.zones));
                Op::Join { node, replaces }
            }
            2 => Op::SetState { node, state: NodeState::Draining },
            3 => Op::SetState { node, state: NodeState::Up },
            4 => Op::Remove { node, forced: false },
            5 if self.away.contains(&node) => Op::Remove { node, forced: true },
            6 | 7 => {
                self.away.insert(node);
                return;
            }
            _ => {
                self.away.remove(&node);
                return;
            }
        };
        self.map.apply(&super::NOW, &op);
    }

    fn alive(&self, node: NodeId) -> bool {
        self.map.node(node).is_some() && !self.away.contains(&node)
    }

    fn has_quorum(&self, replicas: &[NodeId]) -> bool {
        replicas.iter().filter(|node| self.alive(**node)).count() > replicas.len() / 2
    }

    /// Makes a move if there is one, and checks it.
    fn step(&mut self) -> bool {
        let Some(next) = self.map.next_move(&|node| self.alive(node)) else { return false };
        if let Move::Place { shard, replicas, .. } = &next {
            let before = &self.map.placement(*shard).unwrap().replicas;
            let (old, new) = (set(before), set(replicas));
            assert!(old.difference(&new).count() <= 1 && new.difference(&old).count() <= 1);
            assert_ne!(before, replicas);
            if old != new {
                assert!(self.has_quorum(before) && self.has_quorum(replicas), "{next:?}");
            }
            let fresh = new.difference(&old).all(|node| self.alive(*node));
            assert!(fresh, "a node that does not answer is given nothing");
        }
        let outcome = self.map.apply(&super::NOW, &next.op());
        assert!(matches!(outcome, Outcome::Int(_)), "{next:?} gave {outcome:?}");
        true
    }

    /// Makes all moves; no placement of the whole ever comes back.
    fn settle(&mut self) {
        let mut seen = BTreeSet::new();
        loop {
            let place = |replicas: &Vec<NodeId>| replicas.iter().map(|id| id.0).collect();
            let groups = self.map.groups().map(|group| place(&group.replicas));
            let states = self.map.nodes().map(|node| (node.id, node.state));
            let picture: (Vec<Vec<u64>>, Vec<_>) = (groups.collect(), states.collect());
            assert!(seen.insert(picture), "the map goes round in circles");
            if !self.step() {
                return;
            }
        }
    }

    /// What holds when everybody answers and nothing is left to do.
    fn check_rest(&self) {
        let staying = self.map.nodes().filter(|node| node.state == NodeState::Up).count();
        for (shard, group) in self.map.placements() {
            let lost = !group.replicas.iter().any(|node| self.map.node(*node).is_some());
            if lost || !self.has_quorum(&group.replicas) {
                continue;
            }
            let wanted = copies(staying.min(usize::from(self.map.replicas())));
            if wanted > 0 {
                assert_eq!(group.replicas.len(), wanted, "{shard:?}");
                let up = |node| self.map.node(node).unwrap().state == NodeState::Up;
                assert!(group.replicas.iter().all(|node| up(*node)));
            }
        }
        let up = self.map.nodes().filter(|node| node.state == NodeState::Up);
        let up: Vec<NodeId> = up.map(|node| node.id).collect();
        let whole = self.map.placements().all(|(_, group)| self.has_quorum(&group.replicas));
        if self.zones == 1 && whole && up.len() > 1 {
            assert!(spread(up.iter().map(|node| self.map.load(*node))) <= 1, "even loads");
        }
    }
}

fn copies(count: usize) -> usize {
    if count > 2 && count.is_multiple_of(2) { count.saturating_sub(1) } else { count }
}

fn zone(chance: &mut Chance, zones: u64) -> String {
    format!("z{}", chance.below(zones))
}

fn set(replicas: &[NodeId]) -> BTreeSet<NodeId> {
    replicas.iter().copied().collect()
}

fn spread(numbers: impl Iterator<Item = usize> + Clone) -> usize {
    numbers.clone().max().unwrap_or_default() - numbers.min().unwrap_or_default()
}

#[test]
fn every_cluster_comes_to_rest_step_by_safe_step() {
    with_seeds(600, |chance| {
        let mut life = Life::begin(chance);
        for _ in 0..30 {
            life.something_happens(chance);
            for _ in 0..chance.below(4) {
                life.step();
            }
            if chance.once_in(5) {
                life.settle();
            }
        }
        life.away.clear();
        life.settle();
        life.check_rest();
    });
}

#[test]
fn leaders_are_even_when_every_node_holds_everything() {
    with_seeds(200, |chance| {
        let mut map = founded((1..=3).map(|id| info(id, "")).collect(), 9, 3);
        for shard in 0..9 {
            let placement = map.placement(ShardId(shard)).unwrap();
            let mut replicas = placement.replicas.clone();
            replicas.rotate_left(chance.below(3) as usize);
            let expected_epoch = placement.epoch;
            run(&mut map, &Op::Place { shard: ShardId(shard), replicas, expected_epoch });
        }
        super::settle(&mut map, &[]);
        let leads = |node| map.placements().filter(|(_, group)| group.replicas[0] == node).count();
        assert_eq!([1, 2, 3].map(|id| leads(NodeId(id))), [3, 3, 3]);
    });
}

#[test]
fn the_same_history_gives_the_same_map_also_through_bytes() {
    with_seeds(300, |chance| {
        let mut life = Life::begin(chance);
        for _ in 0..20 {
            life.something_happens(chance);
            life.step();
            let mut bytes = Vec::new();
            life.map.put(&mut bytes);
            let copy = Map::take(&mut &bytes[..]).unwrap();
            assert_eq!(copy, life.map);
            assert_eq!(copy.state_digest(), life.map.state_digest());
            let alive = |node| life.alive(node);
            assert_eq!(copy.next_move(&alive), life.map.next_move(&alive));
        }
    });
}
