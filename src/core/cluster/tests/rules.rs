//! What operations do to the map, one rule at a time.

use super::{Map, NOW, NodeInfo, NodeState, Op, found, founded, ids, info, nodes, replicas, run};
use crate::cluster::{ClusterId, HOST_BYTES_MAX, NODES_MAX, TOMBSTONES_MAX, ZONE_BYTES_MAX};
use crate::{Fault, NodeId, Outcome, ShardId};

fn refused(map: &mut Map, op: &Op) -> Fault {
    let before = map.clone();
    let outcome = map.apply(&NOW, op);
    assert_eq!(*map, before, "what is refused changes nothing");
    match outcome {
        Outcome::Fault(fault) => fault,
        other => panic!("{op:?} gave {other:?}"),
    }
}

/// Carries out what finds everything as it wants it.
fn changes_nothing(map: &mut Map, op: &Op) {
    let before = map.clone();
    assert_eq!(run(map, op) as u64, before.epoch());
    assert_eq!(*map, before);
}

fn join(node: NodeInfo) -> Op {
    Op::Join { node, replaces: None }
}

fn place(shard: u16, to: impl IntoIterator<Item = u64>, expected_epoch: u64) -> Op {
    Op::Place { shard: ShardId(shard), replicas: ids(to), expected_epoch }
}

fn remove(id: u64, forced: bool) -> Op {
    Op::Remove { node: NodeId(id), forced }
}

#[test]
fn a_founding_fills_the_map() {
    let mut map = Map::new();
    assert_eq!((map.id(), map.epoch(), map.placement(ShardId::META)), (None, 0, None));
    assert_eq!(run(&mut map, &found(nodes(3), 4, 3)), 1);
    assert_eq!((map.id(), map.shards(), map.replicas()), (Some(ClusterId(7)), 4, 3));
    assert_eq!((map.seed(), map.founded_ms(), map.cluster_mode()), (9, NOW.now_ms, false));
    assert!(map.nodes().all(|node| node.state == NodeState::Up));
    assert_eq!(map.wanted_meta().len(), 3);
    assert!(map.placements().all(|(_, placement)| !placement.founded));
}

#[test]
fn the_first_founding_wins() {
    let mut map = founded(nodes(3), 4, 3);
    changes_nothing(&mut map, &found(nodes(5), 9, 1));
}

#[test]
fn foundings_out_of_bounds_are_refused() {
    let mut map = Map::new();
    let many = nodes(NODES_MAX as u64 + 1);
    for (nodes, shards, replicas) in [
        (nodes(3), 0, 3),
        (nodes(3), 257, 3),
        (nodes(3), 4, 2),
        (nodes(3), 4, 9),
        (nodes(3), 4, 0),
        (Vec::new(), 4, 3),
        (many, 4, 3),
        (vec![info(1, ""), info(1, "")], 4, 3),
        (vec![info(1, &"z".repeat(ZONE_BYTES_MAX + 1))], 4, 3),
    ] {
        assert_eq!(refused(&mut map, &found(nodes, shards, replicas)), Fault::OutOfRange);
    }
}

#[test]
fn nothing_happens_before_the_founding() {
    let mut map = Map::new();
    assert_eq!(refused(&mut map, &join(info(1, ""))), Fault::NoCluster);
    assert_eq!(refused(&mut map, &remove(1, true)), Fault::NoCluster);
}

#[test]
fn a_new_node_is_joining_whatever_it_says() {
    let mut map = founded(nodes(3), 4, 3);
    run(&mut map, &join(NodeInfo { state: NodeState::Up, ..info(4, "") }));
    assert_eq!(map.node(NodeId(4)).unwrap().state, NodeState::Joining);
}

#[test]
fn a_known_node_may_move_and_stays_what_it_is() {
    let mut map = founded(nodes(3), 4, 3);
    let moved = NodeInfo { host: "elsewhere".into(), version: 2, ..info(2, "b") };
    run(&mut map, &join(moved.clone()));
    let now = map.node(NodeId(2)).unwrap();
    assert_eq!((now.state, &now.host[..], &now.zone[..]), (NodeState::Up, "elsewhere", "b"));
    assert_eq!(map.version(), Some(1));
    changes_nothing(&mut map, &join(moved));
}

#[test]
fn a_removed_node_never_joins_again() {
    let mut map = founded(nodes(4), 4, 3);
    run(&mut map, &remove(4, true));
    assert!(map.removed(NodeId(4)) && map.node(NodeId(4)).is_none());
    assert_eq!(refused(&mut map, &join(info(4, ""))), Fault::RemovedNode);
    changes_nothing(&mut map, &remove(4, false));
}

#[test]
fn names_of_nodes_and_their_number_are_bounded() {
    let mut map = founded(nodes(NODES_MAX as u64), 4, 3);
    assert_eq!(refused(&mut map, &join(info(1_000, ""))), Fault::TooManyNodes);
    let long = NodeInfo { host: "h".repeat(HOST_BYTES_MAX + 1), ..info(1, "") };
    assert_eq!(refused(&mut map, &join(long)), Fault::OutOfRange);
}

#[test]
fn a_node_in_use_is_removed_by_force_only() {
    let mut map = founded(nodes(3), 4, 3);
    assert_eq!(refused(&mut map, &remove(2, false)), Fault::NodeInUse);
    run(&mut map, &remove(2, true));
    assert_eq!(replicas(&map, 0), ids([1, 2, 3]), "until another node took its place");
    assert_eq!(refused(&mut map, &remove(9, true)), Fault::UnknownNode);
}

#[test]
fn what_only_one_node_has_keeps_it_in_the_cluster() {
    let mut map = founded(nodes(3), 3, 1);
    assert_eq!(refused(&mut map, &remove(2, true)), Fault::LastReplica);
    run(&mut map, &Op::Join { node: info(4, ""), replaces: Some(NodeId(2)) });
    assert_eq!(map.node(NodeId(2)).unwrap().state, NodeState::Draining);
}

#[test]
fn a_node_that_replaces_another_one_does_so_once() {
    let mut map = founded(nodes(4), 4, 3);
    let again = Op::Join { node: info(5, ""), replaces: Some(NodeId(2)) };
    run(&mut map, &again);
    assert!(map.removed(NodeId(2)));
    changes_nothing(&mut map, &again);
    run(&mut map, &Op::Join { node: info(5, "z"), replaces: Some(NodeId(3)) });
    assert!(map.node(NodeId(3)).is_some(), "only a new node replaces another one");
}

#[test]
fn removed_nodes_are_forgotten_in_the_end() {
    let mut map = founded(nodes(3), 1, 3);
    for id in 0..=TOMBSTONES_MAX as u64 {
        run(&mut map, &join(info(100 + id, "")));
        run(&mut map, &remove(100 + id, false));
    }
    assert!(!map.removed(NodeId(100)) && map.removed(NodeId(101)));
}

#[test]
fn a_placement_changes_for_who_saw_the_last_one() {
    let mut map = founded(nodes(4), 2, 3);
    let epoch = map.placement(ShardId(0)).unwrap().epoch;
    let changed = run(&mut map, &place(0, [2, 3, 4], epoch)) as u64;
    let now = map.placement(ShardId(0)).unwrap();
    assert_eq!((&now.replicas, now.epoch), (&ids([2, 3, 4]), changed));
    assert_eq!(refused(&mut map, &place(0, [1, 2, 3], epoch)), Fault::StaleEpoch);
    changes_nothing(&mut map, &place(0, [2, 3, 4], epoch));
}

#[test]
fn placements_are_on_some_nodes_that_take_replicas() {
    let mut map = founded(nodes(4), 2, 3);
    run(&mut map, &join(info(5, "")));
    let epoch = map.placement(ShardId(0)).unwrap().epoch;
    for to in [vec![], vec![1, 1], vec![1, 2, 9], vec![1, 2, 5]] {
        assert_eq!(refused(&mut map, &place(0, to, epoch)), Fault::BadPlacement);
    }
    assert_eq!(refused(&mut map, &place(2, [1], 1)), Fault::NoSuchShard);
    assert_eq!(refused(&mut map, &Op::Founded { shard: ShardId(2) }), Fault::NoSuchShard);
}

#[test]
fn a_group_stays_where_it_is_until_it_is_founded() {
    let mut map = Map::new();
    run(&mut map, &found(nodes(3), 2, 3));
    assert_eq!(refused(&mut map, &place(0, [1], 1)), Fault::NotFounded);
    run(&mut map, &Op::Founded { shard: ShardId(0) });
    changes_nothing(&mut map, &Op::Founded { shard: ShardId(0) });
    run(&mut map, &place(0, [1], 1));
}

#[test]
fn the_voters_of_the_meta_group_are_placed_likewise() {
    let mut map = founded(nodes(5), 2, 3);
    let epoch = map.placement(ShardId::META).unwrap().epoch;
    run(&mut map, &Op::PlaceMeta { replicas: ids([1, 2, 3]), expected_epoch: epoch });
    assert_eq!(map.wanted_meta(), ids([1, 2, 3]));
}

#[test]
fn a_copy_of_the_map_does_not_change_with_it() {
    let mut map = founded(nodes(3), 2, 3);
    let copy = map.clone();
    run(&mut map, &join(info(4, "")));
    assert_eq!((copy.node_count(), map.node_count()), (3, 4));
}

#[test]
fn a_life_that_was_ended_does_not_come_back_and_a_later_one_does() {
    let mut map = founded(nodes(3), 1, 3);
    let node = NodeId(2);
    run(&mut map, &Op::Live { node, boot: 5 });
    changes_nothing(&mut map, &Op::Live { node, boot: 5 });
    changes_nothing(&mut map, &Op::Live { node, boot: 4 });
    changes_nothing(&mut map, &Op::End { node, boot: 4 });
    run(&mut map, &Op::End { node, boot: 5 });
    changes_nothing(&mut map, &Op::End { node, boot: 5 });
    assert_eq!(map.ended(node), Some(5));
    assert_eq!(refused(&mut map, &Op::Live { node, boot: 5 }), Fault::StaleEpoch);
    run(&mut map, &Op::Live { node, boot: 6 });
    assert_eq!(map.life(node), Some(6));
    let stranger = NodeId(99);
    assert_eq!(refused(&mut map, &Op::Live { node: stranger, boot: 1 }), Fault::UnknownNode);
    assert_eq!(refused(&mut map, &Op::End { node: stranger, boot: 1 }), Fault::UnknownNode);
}
