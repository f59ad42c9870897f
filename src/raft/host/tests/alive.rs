//! What ends when nothing is heard of a node, and when.

use std::time::Duration;

use lockstep_core::requests::Recall;
use lockstep_core::{NodeId, Op, Origin, RequestId, ShardId};
use tokio::time::Instant;

use super::world::World;
use crate::{Delivery, Ops, Timing};

const TIMEOUT: Duration = Timing::LAN.node_timeout;
/// Until the leaders of all shards have been found, asked and have answered.
const SLACK: Duration = Duration::from_millis(700);

/// Whether every shard takes this life of a node for over.
fn is_over(world: &World, node: u64, boot: u64) -> bool {
    let id = RequestId { origin: Origin { node: NodeId(node), boot, conn: 1 }, number: 1 };
    let shards = world.running().next().expect("a node runs").map().shards();
    (0..shards).map(ShardId).all(|shard| {
        let Some(leader) = world.leader(shard) else { return false };
        let group = world.host(leader).group(shard).unwrap();
        group.state().recall(&id, 0, false) == Recall::Forgotten
    })
}

/// All nodes have told that they are there.
async fn known(nodes: u64, shards: u16) -> World {
    let world = World::impatient(nodes, shards).await;
    world
        .until("all nodes are heard of", |world| {
            let map = world.host(1).map();
            (1..=nodes).all(|id| map.life(NodeId(id)) == Some(1))
        })
        .await;
    world
}

fn leader_of_map(world: &World) -> u64 {
    world.leader(ShardId::META).expect("somebody leads the map")
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_node_held_ends_after_the_node_timeout_and_not_before() {
    let mut world = known(3, 4).await;
    let dead = (1..=3).find(|id| *id != leader_of_map(&world)).unwrap();
    let killed = Instant::now();
    world.kill(dead).await;
    tokio::time::sleep(TIMEOUT - Duration::from_millis(400)).await;
    assert!(!is_over(&world, dead, 1), "what is held lasts as long as the node may be there");
    world.until("its life is over", |world| is_over(world, dead, 1)).await;
    assert!(killed.elapsed() < TIMEOUT + SLACK, "{:?}", killed.elapsed());
    for id in (1..=3).filter(|id| *id != dead) {
        assert!(!is_over(&world, id, 1));
        assert!(!world.host(id).life().cut_off);
    }
}

#[tokio::test(start_paused = true)]
async fn the_death_of_the_leader_of_the_map_ends_its_own_life_only() {
    let mut world = known(3, 4).await;
    let dead = leader_of_map(&world);
    let killed = Instant::now();
    world.kill(dead).await;
    world.until("its life is over", |world| is_over(world, dead, 1)).await;
    assert!(killed.elapsed() < TIMEOUT + Duration::from_secs(1), "{:?}", killed.elapsed());
    for id in (1..=3).filter(|id| *id != dead) {
        assert!(!is_over(&world, id, 1));
        assert_eq!(world.host(id).life().boot, 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_cut_off_knows_before_the_others_give_it_up_and_begins_a_new_life() {
    let world = known(3, 4).await;
    let lone = (1..=3).find(|id| *id != leader_of_map(&world)).unwrap();
    let others: Vec<u64> = (1..=3).filter(|id| *id != lone).collect();
    others.iter().for_each(|other| world.net.cut(NodeId(lone), NodeId(*other)));
    let map = || world.host(others[0]).map();
    while !world.host(lone).life().cut_off {
        assert_eq!(map().ended(NodeId(lone)), None, "given up before it could know");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    world.until("its life is over", |world| is_over(world, lone, 1)).await;
    world.net.heal();
    world
        .until("it has begun a new life", |world| {
            let life = world.host(lone).life();
            life.boot == 2 && !life.cut_off && map().life(NodeId(lone)) == Some(2)
        })
        .await;
    assert!(!is_over(&world, lone, 2));
    tokio::time::sleep(TIMEOUT * 2).await;
    assert!(!is_over(&world, lone, 2), "the new life lasts");
}

#[tokio::test(start_paused = true)]
async fn nobody_insists_on_what_connections_of_a_former_life_have_left_to_say() {
    let world = known(3, 1).await;
    let lone = (1..=3).find(|id| *id != leader_of_map(&world)).unwrap();
    let others: Vec<u64> = (1..=3).filter(|id| *id != lone).collect();
    others.iter().for_each(|other| world.net.cut(NodeId(lone), NodeId(*other)));
    let host = world.host(lone);
    let mut ops = Ops::default();
    let origin = Origin { node: NodeId(lone), boot: 1, conn: 7 };
    ops.write(&Op::Gone { origin });
    ops.identify(origin, 2);
    world.until("its life is over", |world| is_over(world, lone, 1)).await;
    let insists = host.insist_on(ShardId(0), ops);
    world.net.heal();
    let healed = Instant::now();
    // The shard has ended what the connection had, and does not recall what it said.
    assert!(matches!(insists.await, Delivery::Unknown));
    assert!(healed.elapsed() < Duration::from_secs(2), "{:?}", healed.elapsed());
    assert_eq!(host.life().boot, 2);
}

#[tokio::test(start_paused = true)]
async fn a_leader_of_the_map_that_is_cut_off_gives_nobody_up() {
    let world = known(3, 2).await;
    let lone = leader_of_map(&world);
    let others: Vec<u64> = (1..=3).filter(|id| *id != lone).collect();
    others.iter().for_each(|other| world.net.cut(NodeId(lone), NodeId(*other)));
    tokio::time::sleep(TIMEOUT * 3).await;
    assert!(world.host(lone).life().cut_off);
    world.net.heal();
    tokio::time::sleep(TIMEOUT * 2).await;
    for id in &others {
        assert_eq!(world.host(*id).life().boot, 1);
        assert!(!is_over(&world, *id, 1));
    }
    assert_eq!(world.host(lone).life().boot, 2);
}
