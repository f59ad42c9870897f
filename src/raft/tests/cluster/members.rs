//! Members that come and go.

use std::collections::BTreeSet;

use lockstep_core::NodeId;
use lockstep_storage::SimDisk;
use tokio::time::{Instant, sleep};

use super::super::rig::Rig;
use super::ms;

async fn grow(rig: &mut Rig, to: u64) {
    let have = rig.nodes.len() as u64;
    for id in have + 1..=to {
        rig.start(id, SimDisk::new()).await;
        let (leader, _) = rig.led().await;
        let group = rig.node(leader).group();
        group.add_learner(NodeId(id), format!("n{id}:1")).await.unwrap();
        while group.lag(NodeId(id)) != Some(0) {
            sleep(ms(1)).await;
        }
    }
    set_voters(rig, to).await;
}

async fn set_voters(rig: &Rig, count: u64) {
    let (leader, _) = rig.led().await;
    let voters: BTreeSet<_> = (1..=count).map(NodeId).collect();
    rig.node(leader).group().set_voters(voters).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_group_grows_from_one_to_five_and_shrinks_again_while_it_is_written() {
    let mut rig = Rig::new(1).await;
    let (leader, _) = rig.led().await;
    assert_eq!(leader, 1);
    rig.write("1").await;
    grow(&mut rig, 3).await;
    rig.write("2").await;
    rig.converged().await;
    grow(&mut rig, 5).await;
    rig.write("3").await;
    rig.converged().await;
    let (leader, _) = rig.led().await;
    if leader > 3 {
        rig.node(leader).group().transfer(NodeId(1)).await.unwrap();
    }
    set_voters(&rig, 3).await;
    for gone in [4, 5] {
        let node = rig.nodes.remove(&gone).unwrap();
        node.group().stop().await;
        node.group().erase().await.unwrap();
    }
    rig.write("4").await;
    rig.converged().await;
    let (leader, _) = rig.led().await;
    let standing = rig.node(leader).group().watch().borrow().clone();
    assert_eq!(standing.voters, [1, 2, 3].map(NodeId));
    assert!(standing.learners.is_empty() && !standing.joint);
}

#[tokio::test(start_paused = true)]
async fn a_leader_does_not_vote_itself_out() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    let others: BTreeSet<_> = (1..=3).filter(|id| *id != leader).map(NodeId).collect();
    rig.node(leader).group().set_voters(others).await.unwrap_err();
    rig.write("1").await;
}

#[tokio::test(start_paused = true)]
async fn a_lone_leader_that_takes_others_in_answers_without_a_pause() {
    let mut rig = Rig::new(1).await;
    rig.led().await;
    rig.write("1").await;
    for id in [2, 3] {
        rig.start(id, SimDisk::new()).await;
        rig.node(1).group().add_learner(NodeId(id), format!("n{id}:1")).await.unwrap();
    }
    sleep(ms(200)).await;
    let group = rig.node(1).group().clone();
    let change = tokio::spawn(async move {
        group.set_voters([1, 2, 3].map(NodeId).into()).await.unwrap();
    });
    let until = Instant::now() + ms(300);
    while Instant::now() < until {
        assert!(rig.node(1).value().is_some());
        sleep(ms(1)).await;
    }
    change.await.unwrap();
}

/// A node is away while the others write and take a snapshot, and comes back some
/// time after that. Says up to where it has a snapshot then.
async fn a_node_is_away_for(after: std::time::Duration) -> u64 {
    let mut rig = Rig::new(3).await;
    rig.write("0").await;
    let (leader, _) = rig.led().await;
    let late = leader % 3 + 1;
    let disk = rig.kill_silently(late).await;
    for number in 0..100 {
        rig.write(&number.to_string()).await;
    }
    for node in rig.nodes.values() {
        node.group().snapshot().await.unwrap();
    }
    rig.write("100").await;
    sleep(after).await;
    rig.start(late, disk).await;
    rig.converged().await;
    rig.write("101").await;
    rig.converged().await;
    rig.node(late).group().status().snapshot
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_away_for_long_gets_a_snapshot() {
    assert!(a_node_is_away_for(ms(61_000)).await > 100);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_away_for_a_moment_gets_the_entries() {
    assert_eq!(a_node_is_away_for(ms(2_000)).await, 0);
}
