//! The next change of members.

use lockstep_core::cluster::Op as MapOp;
use lockstep_core::{Stamp, cluster};

use super::*;

const SHARD: ShardId = ShardId(0);

fn ids(ids: &[u64]) -> Vec<NodeId> {
    ids.iter().copied().map(NodeId).collect()
}

fn map(nodes: &[u64]) -> Map {
    let nodes = nodes.iter().map(|id| NodeInfo { id: NodeId(*id), ..NodeInfo::default() });
    let op = MapOp::Found {
        cluster: 1,
        shards: 1,
        replicas: 3,
        cluster_mode: false,
        seed: 0,
        nodes: nodes.collect(),
    };
    let mut map = cluster::Map::new();
    map.apply(&Stamp::default(), &op);
    map
}

fn standing(voters: &[u64], learners: &[u64]) -> Standing {
    Standing { voters: ids(voters), learners: ids(learners), ..Standing::default() }
}

fn next(now: &Standing, wanted: &[u64], ready: &[u64]) -> Option<Change> {
    let ready = ids(ready);
    next_change(SHARD, now, &ids(wanted), &map(&[1, 2, 3, 4]), &|node| ready.contains(&node))
}

#[test]
fn who_is_wanted_receives_entries_first_and_votes_when_it_has_them() {
    let wanted = [1, 2, 4];
    let learn = next(&standing(&[1, 2, 3], &[]), &wanted, &[1, 2, 3]);
    assert_eq!(learn, Some(Change::Learn(NodeId(4))));
    assert_eq!(next(&standing(&[1, 2, 3], &[4]), &wanted, &[1, 2, 3]), None);
    let vote = next(&standing(&[1, 2, 3], &[4]), &wanted, &[1, 2, 4]);
    assert_eq!(vote, Some(Change::Vote(ids(&wanted).into_iter().collect())));
    assert_eq!(next(&standing(&[1, 2, 4], &[]), &wanted, &[1, 2, 4]), None);
}

#[test]
fn voters_do_not_change_to_a_set_of_which_a_minority_works() {
    assert_eq!(next(&standing(&[1, 2, 3], &[4]), &[1, 2, 4], &[4]), None);
    assert!(next(&standing(&[1, 2, 3], &[4]), &[1, 2, 4], &[1, 4]).is_some());
}

#[test]
fn a_change_that_was_left_half_done_is_finished() {
    let half = Standing { joint: true, ..standing(&[1, 2, 3, 4], &[]) };
    let vote = next(&half, &[1, 2, 4], &[1, 2, 4]);
    assert_eq!(vote, Some(Change::Vote(ids(&[1, 2, 4]).into_iter().collect())));
}

#[test]
fn who_receives_entries_and_is_not_wanted_leaves() {
    let leave = next(&standing(&[1, 2, 3], &[4]), &[1, 2, 3], &[1, 2, 3]);
    assert_eq!(leave, Some(Change::Leave(NodeId(4))));
}

#[test]
fn nothing_changes_towards_a_node_that_was_removed() {
    assert_eq!(next(&standing(&[1, 2, 9], &[]), &[1, 2, 9], &[1, 2]), None);
    assert_eq!(next(&standing(&[1, 2, 3], &[]), &[1, 2, 9], &[1, 2]), None);
}

#[test]
fn a_node_that_is_there_learns_though_another_that_is_wanted_was_removed() {
    let learn = next(&standing(&[1, 2, 9], &[]), &[1, 4, 9], &[1, 2]);
    assert_eq!(learn, Some(Change::Learn(NodeId(4))));
}

#[test]
fn every_node_receives_the_map() {
    let (map, ready) = (map(&[1, 2, 3, 4]), |_| true);
    let now = standing(&[1, 2, 3], &[]);
    let change = next_change(ShardId::META, &now, &ids(&[1, 2, 3]), &map, &ready);
    assert_eq!(change, Some(Change::Learn(NodeId(4))));
    let now = standing(&[1, 2, 3], &[4, 5]);
    let change = next_change(ShardId::META, &now, &ids(&[1, 2, 3]), &map, &ready);
    assert_eq!(change, Some(Change::Leave(NodeId(5))));
}
