//! Where the replicas of new clusters are.

use std::collections::BTreeSet;

use super::{founded, ids, info, nodes, settle};
use crate::chance::with_seeds;
use crate::cluster::Map;

#[test]
fn a_lone_node_has_everything() {
    assert_eq!(Map::plan_founding(&nodes(1), 2, 3), [ids([1]), ids([1])]);
}

#[test]
fn two_nodes_have_two_replicas_of_each_shard() {
    assert_eq!(Map::plan_founding(&nodes(2), 3, 3), [ids([1, 2]), ids([2, 1]), ids([1, 2])]);
}

#[test]
fn three_nodes_have_all_shards_and_take_turns_to_lead() {
    let plan = Map::plan_founding(&nodes(3), 4, 3);
    let leaders: Vec<u64> = plan.iter().map(|replicas| replicas[0].0).collect();
    assert_eq!(leaders, [1, 2, 3, 1]);
    assert!(plan.iter().all(|replicas| replicas.len() == 3));
}

#[test]
fn replicas_are_in_different_zones() {
    let zones = ["a", "a", "a", "b", "b", "c"];
    let nodes: Vec<_> = (1..).zip(zones).map(|(id, zone)| info(id, zone)).collect();
    for replicas in Map::plan_founding(&nodes, 16, 3) {
        let zone = |id: u64| zones[id as usize - 1];
        let zones: BTreeSet<&str> = replicas.iter().map(|node| zone(node.0)).collect();
        assert_eq!(zones.len(), 3, "{replicas:?}");
    }
}

#[test]
fn there_is_hardly_anything_to_improve_in_a_new_cluster() {
    with_seeds(300, |chance| {
        let count = 1 + chance.below(9);
        let zones = chance.pick(&[1, 1, 2, 3, 4]);
        let nodes = (1..=count).map(|id| info(id, &format!("z{}", chance.below(zones)))).collect();
        let (shards, factor) = (1 + chance.below(24) as u16, chance.pick(&[1, 3, 5, 7]));
        let mut map = founded(nodes, shards, factor);
        let moves = settle(&mut map, &[]);
        let few = if zones == 1 { 2 } else { shards / 2 };
        assert!(moves.len() <= usize::from(few).max(2), "{moves:?}");
    });
}
