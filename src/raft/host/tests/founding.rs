//! How clusters begin, and begin again.

use std::time::Duration;

use lockstep_core::{NodeId, ShardId};

use super::world::{World, get, incr, number};

#[tokio::test(start_paused = true)]
async fn a_node_alone_founds_a_cluster_at_once() {
    let mut world = World::new(0, 2);
    let begun = tokio::time::Instant::now();
    world.start(1).await;
    world.host(1).begun().await;
    assert!(world.is_led());
    assert!(begun.elapsed() < Duration::from_millis(500), "{:?}", begun.elapsed());
    assert_eq!(number(&world.host(1).ask(ShardId(0), &incr(b"n")).await), Some(1));
    let cluster = world.host(1).cluster();
    world.stop(1).await;
    world.start(1).await;
    world.host(1).begun().await;
    assert_eq!(world.host(1).cluster(), cluster);
    assert_eq!(number(&world.host(1).ask(ShardId(0), &get(b"n")).await), Some(1));
}

#[tokio::test(start_paused = true)]
async fn three_seeds_found_one_cluster_in_any_order() {
    for order in [[1, 2, 3], [1, 3, 2], [2, 1, 3], [2, 3, 1], [3, 1, 2], [3, 2, 1]] {
        let mut world = World::new(3, 2);
        for id in order {
            assert!(world.running().all(|host| host.cluster().is_none()));
            world.start(id).await;
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        world.until("all shards are led", World::is_led).await;
        for id in 1..=3 {
            let host = world.host(id);
            host.begun().await;
            assert_eq!(host.map().node_count(), 3);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn seeds_that_were_told_different_things_found_nothing() {
    let mut world = World::new(3, 2);
    world.start(1).await;
    world.start(2).await;
    world.terms.shards = 4;
    world.start(3).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.running().all(|host| host.cluster().is_none()));
    world.kill(3).await;
    world.terms.shards = 2;
    world.start(3).await;
    world.until("all shards are led", World::is_led).await;
}

#[tokio::test(start_paused = true)]
async fn a_founder_that_dies_half_way_founds_the_same_cluster_later() {
    for life in 1..40 {
        let mut world = World::new(3, 1);
        for id in 1..=3 {
            world.start(id).await;
        }
        tokio::time::sleep(Duration::from_millis(life * 10)).await;
        world.kill(1).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        world.start(1).await;
        world.until("all shards are led", World::is_led).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_late_joins_and_learns_the_map() {
    let mut world = World::of(3, 2).await;
    world.start(4).await;
    world
        .until("the map knows it", |world| {
            world.running().all(|host| host.map().node(NodeId(4)).is_some())
        })
        .await;
    world.host(4).begun().await;
    assert_eq!(number(&world.host(4).ask(ShardId(1), &incr(b"n")).await), Some(1));
    let kept = world.node(4).kept.lock().addresses.clone();
    assert_eq!(kept.len(), 3, "{kept:?}");
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_was_killed_as_a_whole_comes_back_with_all_it_had() {
    let mut world = World::of(3, 2).await;
    for shard in [0, 1] {
        assert_eq!(number(&world.host(2).ask(ShardId(shard), &incr(b"n")).await), Some(1));
    }
    let cluster = world.host(1).cluster();
    for id in 1..=3 {
        world.kill(id).await;
    }
    // What they were told at the founding does not matter any more.
    world.terms.seeds = vec![9];
    for id in 1..=3 {
        world.start(id).await;
    }
    world.until("all shards are led", World::is_led).await;
    assert_eq!(world.host(3).cluster(), cluster);
    for shard in [0, 1] {
        assert_eq!(number(&world.host(3).ask(ShardId(shard), &get(b"n")).await), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_data_is_gone_comes_back_as_a_new_one_in_the_place_of_the_old() {
    let mut world = World::of(3, 2).await;
    assert_eq!(number(&world.host(1).ask(ShardId(0), &incr(b"n")).await), Some(1));
    world.kill(3).await;
    world.replaces = Some(NodeId(3));
    world.start(4).await;
    world.until("it has the place of the old one", |world| has_the_place_of_3(world, 4)).await;
}

/// Whether a node has taken the place of node 3.
fn has_the_place_of_3(world: &World, id: u64) -> bool {
    let map = world.host(1).map();
    map.node(NodeId(3)).is_none()
        && map.placements().all(|(_, placement)| placement.has(NodeId(id)))
        && (0..2).all(|shard| world.votes(id, ShardId(shard)))
}

#[tokio::test(start_paused = true)]
async fn a_new_node_at_the_address_of_one_takes_its_place_though_nobody_noticed_its_end() {
    for named in [None, Some(NodeId(77))] {
        let mut world = World::of(3, 2).await;
        world.net.hide_the_end_of(NodeId(3));
        world.kill(3).await;
        world.replaces = named;
        world.start_at(4, 3).await;
        world.until("it has the place of the old one", |world| has_the_place_of_3(world, 4)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_only_claims_the_address_of_another_one_is_not_taken_in() {
    let mut world = World::of(3, 1).await;
    world.start_at(4, 3).await;
    world.net.plug_in(NodeId(3), super::world::address(3), &world.host(3).clone());
    tokio::time::sleep(Duration::from_secs(5)).await;
    let map = world.host(1).map();
    assert!(map.node(NodeId(3)).is_some());
    assert!(map.node(NodeId(4)).is_none());
}

#[tokio::test(start_paused = true)]
async fn data_that_is_older_than_any_cluster_is_taken_along() {
    let mut world = World::new(0, 2);
    world.start_without_map(1).await;
    // Now it shall have company.
    world.terms.seeds = vec![1, 2, 3];
    world.terms.expect = 3;
    for id in 1..=3 {
        world.start(id).await;
    }
    world.until("all belong to one cluster", |world| world.host(1).map().node_count() == 3).await;
    world.host(3).begun().await;
    let found = world.host(3).ask(ShardId(0), &get(b"n")).await;
    assert_eq!(number(&found), Some(1), "{found:?} {}", world.describe());
    world.until("all have replicas", |world| (1..=3).all(|id| world.votes(id, ShardId(0)))).await;
    let digests: Vec<u64> = (1..=3)
        .map(|id| world.host(id).group(ShardId(0)).unwrap().state().keys().state_digest())
        .collect();
    assert!(digests.iter().all(|digest| *digest == digests[0]), "{digests:?}");
}
