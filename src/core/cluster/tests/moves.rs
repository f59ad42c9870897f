//! Steps of the placement, as stories.

use super::{Map, Move, NodeState, Op, founded, info, nodes, replicas, run, settle};
use crate::{NodeId, ShardId};

fn join(id: u64, zone: &str) -> Op {
    Op::Join { node: info(id, zone), replaces: None }
}

fn drain(id: u64) -> Op {
    Op::SetState { node: NodeId(id), state: NodeState::Draining }
}

fn loads(map: &Map) -> Vec<usize> {
    map.nodes().map(|node| map.load(node.id)).collect()
}

fn leads(map: &Map) -> Vec<usize> {
    let of = |node| map.placements().filter(|(_, placement)| placement.replicas[0] == node).count();
    map.nodes().map(|node| of(node.id)).collect()
}

#[test]
fn a_cluster_at_rest_has_no_moves() {
    assert_eq!(settle(&mut founded(nodes(3), 8, 3), &[]), []);
    assert_eq!(Map::new().next_move(&|_| true), None);
}

#[test]
fn a_lone_node_grows_to_three() {
    let mut map = founded(nodes(1), 2, 3);
    run(&mut map, &join(2, ""));
    settle(&mut map, &[]);
    assert_eq!((loads(&map), map.wanted_meta().len()), (vec![2, 2], 2));
    run(&mut map, &join(3, ""));
    settle(&mut map, &[]);
    assert_eq!((loads(&map), map.wanted_meta().len()), (vec![2, 2, 2], 3));
    assert!(leads(&map).iter().all(|count| *count <= 1));
}

#[test]
fn a_node_that_joins_takes_its_share() {
    let mut map = founded(nodes(3), 8, 3);
    run(&mut map, &join(4, ""));
    settle(&mut map, &[]);
    assert_eq!(loads(&map), [6, 6, 6, 6]);
    assert_eq!(leads(&map), [2, 2, 2, 2]);
}

#[test]
fn a_node_that_joins_and_does_not_answer_gets_nothing() {
    let mut map = founded(nodes(3), 8, 3);
    run(&mut map, &join(4, ""));
    assert_eq!(settle(&mut map, &[4]), []);
}

#[test]
fn a_draining_node_leads_nothing_first_and_then_holds_nothing() {
    let mut map = founded(nodes(4), 8, 3);
    run(&mut map, &drain(1));
    let moves = settle(&mut map, &[]);
    assert!(!map.in_use(NodeId(1)));
    let first_held = |moves: &[Move]| {
        let away = |next: &Move| match next {
            Move::Place { replicas, .. } => !replicas.contains(&NodeId(1)),
            Move::Admit { .. } => false,
        };
        moves.iter().position(away).unwrap()
    };
    let (leaderships, _) = moves.split_at(first_held(&moves));
    assert_eq!(leaderships.len(), 3, "those of two shards and of the meta group: {moves:?}");
    assert_eq!(loads(&map), [0, 8, 8, 8]);
}

#[test]
fn a_node_that_is_back_up_gets_its_share_again() {
    let mut map = founded(nodes(4), 8, 3);
    run(&mut map, &drain(1));
    settle(&mut map, &[]);
    run(&mut map, &Op::SetState { node: NodeId(1), state: NodeState::Up });
    settle(&mut map, &[]);
    assert_eq!((loads(&map), leads(&map)), (vec![6, 6, 6, 6], vec![2, 2, 2, 2]));
}

#[test]
fn a_node_that_is_away_keeps_what_it_has() {
    let mut map = founded(nodes(5), 8, 3);
    assert_eq!(settle(&mut map, &[2]), []);
}

#[test]
fn a_removed_node_is_replaced() {
    let mut map = founded(nodes(4), 8, 3);
    run(&mut map, &Op::Remove { node: NodeId(2), forced: true });
    settle(&mut map, &[]);
    assert_eq!(loads(&map), [8, 8, 8]);
    assert!(!map.in_use(NodeId(2)));
    assert!(map.wanted_meta().len() == 3);
}

#[test]
fn a_damaged_node_that_comes_back_as_new_takes_the_place_of_the_old_one() {
    let mut map = founded(nodes(3), 4, 3);
    run(&mut map, &Op::Join { node: info(4, ""), replaces: Some(NodeId(2)) });
    assert!(map.removed(NodeId(2)));
    let moves = settle(&mut map, &[]);
    let sizes = moves.iter().filter_map(|next| match next {
        Move::Place { replicas, .. } => Some(replicas.len()),
        Move::Admit { .. } => None,
    });
    assert!(sizes.clone().all(|size| size == 3), "no group ever shrinks");
    assert_eq!(loads(&map), [4, 4, 4]);
    assert!(!map.in_use(NodeId(2)));
}

#[test]
fn nothing_moves_in_a_group_without_a_majority() {
    let mut map = founded(nodes(5), 4, 3);
    run(&mut map, &drain(1));
    let before = map.clone();
    settle(&mut map, &[2, 3, 4]);
    for (shard, placement) in map.placements() {
        let alive = [1, 5].iter().filter(|node| placement.has(NodeId(**node))).count();
        let same = placement.replicas == before.placement(shard).unwrap().replicas;
        assert!(same || alive >= 2, "{shard:?} {placement:?}");
    }
}

#[test]
fn replicas_leave_a_zone_they_share() {
    let same = ["a", "a", "a"].iter().zip(1..).map(|(zone, id)| info(id, zone)).collect();
    let mut map = founded(same, 4, 3);
    run(&mut map, &join(4, "b"));
    run(&mut map, &join(5, "c"));
    settle(&mut map, &[]);
    for shard in 0..4 {
        let new = replicas(&map, shard).iter().filter(|node| node.0 >= 4).count();
        assert_eq!(new, 2, "one replica in each zone");
    }
    let new = map.wanted_meta().iter().filter(|node| node.0 >= 4).count();
    assert_eq!((new, map.wanted_meta().len()), (2, 5));
}

#[test]
fn groups_that_are_not_founded_stay_where_they_are() {
    let mut map = Map::new();
    run(&mut map, &super::found(nodes(4), 2, 3));
    run(&mut map, &drain(1));
    let moves = settle(&mut map, &[]);
    let only_meta = moves.iter().all(|next| match next {
        Move::Place { shard, .. } => shard.is_meta(),
        Move::Admit { .. } => true,
    });
    assert!(only_meta, "{moves:?}");
}

/// The map had gone one step ahead of the group, and then lost two of those that it
/// wanted: the group itself still has a majority.
#[test]
fn a_group_that_is_not_yet_as_the_map_wants_it_counts_as_it_is() {
    let mut map = founded(nodes(5), 1, 3);
    let [a, b, c] = replicas(&map, 0) else { panic!("three replicas") };
    let (a, b, c) = (*a, *b, *c);
    let others = map.nodes().map(|node| node.id).filter(|node| ![a, b, c].contains(node));
    let d = others.min().unwrap();
    let expected_epoch = map.placement(ShardId(0)).unwrap().epoch;
    run(&mut map, &Op::Place { shard: ShardId(0), replicas: vec![a, b, d], expected_epoch });
    for (new, old) in [(6, b), (7, d)] {
        run(&mut map, &Op::Join { node: info(new, ""), replaces: Some(old) });
    }
    let alive = |node: NodeId| node != b && node != d;
    let voters = |shard| (shard == ShardId(0)).then(|| vec![a, b, c]);
    while let Some(next) = map.next_move_from(&alive, &voters) {
        run(&mut map, &next.op());
    }
    assert!(replicas(&map, 0).iter().all(|node| map.node(*node).is_some()));
}
