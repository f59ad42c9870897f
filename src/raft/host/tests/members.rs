//! Nodes that come and go while the cluster is used.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{NodeId, ShardId};
use parking_lot::Mutex;

use super::world::{World, get, incr, number, submit_as};
use crate::{AdminError, Delivery};

/// Whether every group is as the map wants it, and the map is at rest.
fn is_settled(world: &World) -> bool {
    let Some(host) = world.running().next() else { return false };
    let map = host.map();
    (0..map.shards()).map(ShardId).all(|shard| {
        let Some(placement) = map.placement(shard) else { return false };
        let Some(leader) = world.leader(shard) else { return false };
        let standing = world.host(leader).group(shard).unwrap().watch().borrow().clone();
        let voters: BTreeSet<_> = standing.voters.into_iter().collect();
        placement.founded
            && !standing.joint
            && voters == placement.replicas.iter().copied().collect()
    })
}

/// Whether no replica of any group shall be, or is, on the node.
fn is_empty(world: &World, id: u64) -> bool {
    let on = |host: &crate::Host| !host.map().in_use(NodeId(id));
    world.running().all(on) && world.host(id).groups().is_empty() && is_settled(world)
}

#[tokio::test(start_paused = true)]
async fn a_cluster_grows_from_three_nodes_to_five_and_shrinks_again_under_load() {
    let mut world = World::of(3, 4).await;
    let stop = Arc::new(Mutex::new(false));
    let done = Arc::new(Mutex::new([0i64; 4]));
    let (host, stopped, counted) = (world.host(1).clone(), stop.clone(), done.clone());
    let client = tokio::spawn(async move {
        let mut request = 0;
        while !*stopped.lock() {
            request += 1;
            let shard = request as usize % 4;
            let id = ShardId(shard as u16);
            let delivery = submit_as(&host, id, &incr(b"n"), 1, request).await;
            assert!(matches!(delivery, Delivery::Done(_)), "{delivery:?}");
            counted.lock()[shard] += 1;
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    world.start(4).await;
    world.start(5).await;
    world
        .until("the new nodes have replicas", |world| {
            is_settled(world) && [4, 5].iter().all(|id| world.host(1).map().load(NodeId(*id)) >= 2)
        })
        .await;
    for id in [2, 3] {
        world.host(1).node_drain(NodeId(id)).await.unwrap();
        world.until("it holds nothing", |world| is_empty(world, id)).await;
        world.host(4).node_remove(NodeId(id), false).await.unwrap();
        world.until("it is told", |world| world.host(id).health().removed).await;
        world.kill(id).await;
    }
    world.until("all is well", is_settled).await;
    *stop.lock() = true;
    client.await.unwrap();
    let done = *done.lock();
    for (shard, count) in done.into_iter().enumerate() {
        let found = world.host(5).ask(ShardId(shard as u16), &get(b"n")).await;
        assert_eq!(number(&found), Some(count));
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_is_not_removed_while_a_group_still_counts_on_it() {
    let mut world = World::of(3, 4).await;
    world.start(4).await;
    world
        .until("the new node is there", |world| world.host(1).map().node(NodeId(4)).is_some())
        .await;
    world.until("all is settled", is_settled).await;
    world.host(1).node_drain(NodeId(2)).await.unwrap();
    // As soon as it is allowed, and not when all has come to rest.
    let mut refused = 0;
    while let Err(why) = world.host(1).node_remove(NodeId(2), false).await {
        assert!(matches!(why, AdminError::Refused(_)), "{why}");
        refused += 1;
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(refused > 0, "it was removed at once");
    for shard in (0..4).map(ShardId).chain([ShardId::META]) {
        let leader = world.leader(shard).unwrap();
        let standing = world.host(leader).group(shard).unwrap().watch().borrow().clone();
        assert!(!standing.voters.contains(&NodeId(2)), "{shard:?}: {standing:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_in_use_is_not_removed_unless_forced_and_its_replicas_go_elsewhere() {
    let mut world = World::of(4, 2).await;
    world.until("all is well", is_settled).await;
    let map = world.host(1).map();
    let victim = map.placement(ShardId(0)).unwrap().replicas[0].0;
    let other = (1..=4).find(|id| *id != victim).unwrap();
    let refused = world.host(other).node_remove(NodeId(victim), false).await;
    assert!(matches!(refused, Err(AdminError::Refused(_))), "{refused:?}");
    world.kill(victim).await;
    world.host(other).node_remove(NodeId(victim), true).await.unwrap();
    world
        .until("its replicas are elsewhere", |world| {
            let map = world.host(other).map();
            is_settled(world)
                && map.placements().all(|(_, placement)| {
                    placement.replicas.len() == 3 && !placement.has(NodeId(victim))
                })
        })
        .await;
    assert!(matches!(world.host(other).ask(ShardId(0), &incr(b"n")).await, Delivery::Done(_)));
}

#[tokio::test(start_paused = true)]
async fn a_move_goes_on_when_the_leaders_are_killed_in_the_middle_of_it() {
    for life in [100, 300, 600, 900, 1300] {
        let mut world = World::of(3, 2).await;
        world.start(4).await;
        tokio::time::sleep(Duration::from_millis(life)).await;
        let leader = world.leader(ShardId(0)).unwrap_or(1);
        world.kill(leader).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        world.start(leader).await;
        world
            .until("all is well", |world| {
                is_settled(world) && world.host(1).map().load(NodeId(4)) >= 1
            })
            .await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_waits_for_a_cluster_is_added_by_its_address() {
    let mut world = World::of(3, 1).await;
    world.terms.seeds = vec![4, 5, 6];
    world.start(4).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(world.host(4).cluster(), None);
    world.host(2).node_add(&super::world::address(4)).await.unwrap();
    assert_eq!(world.host(1).map().node_count(), 4);
    world.host(4).begun().await;
    let nobody = world.host(2).node_add("n9:17000").await;
    assert!(matches!(nobody, Err(AdminError::Refused(_))), "{nobody:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_promoted_leads_what_it_has() {
    let world = World::of(3, 3).await;
    world.until("all is well", is_settled).await;
    world.host(1).node_promote(NodeId(3)).await.unwrap();
    world
        .until("it leads", |world| (0..3).all(|shard| world.leader(ShardId(shard)) == Some(3)))
        .await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_in_order_hands_over_what_it_leads() {
    let mut world = World::of(3, 3).await;
    let leader = world.leader(ShardId(0)).unwrap();
    world.stop(leader).await;
    let begun = tokio::time::Instant::now();
    world.until("all shards are led", World::is_led).await;
    assert!(begun.elapsed() < Duration::from_millis(50), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_removed_does_not_come_back_under_its_id() {
    let mut world = World::of(4, 1).await;
    world.kill(4).await;
    world.host(1).node_remove(NodeId(4), true).await.unwrap();
    world.start(4).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.host(1).map().node(NodeId(4)).is_none());
}
