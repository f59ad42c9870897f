//! What a cluster costs that does nothing.

use std::sync::atomic::Ordering::SeqCst;

use lockstep_core::NodeId;
use tokio::time::sleep;

use super::super::rig::{Rig, RigNode};
use super::ms;
use crate::Guards;

#[tokio::test(start_paused = true)]
async fn heartbeats_of_all_shards_go_in_one_message_to_each_peer() {
    let rig = Rig::with(3, Guards::default(), 9).await;
    sleep(ms(3000)).await;
    for shard in 0..9 {
        let leaders = rig.nodes.values().filter(|node| node.groups()[shard].leads()).count();
        assert_eq!(leaders, 1, "shard {shard}");
    }
    let before = rig.net.calls.load(SeqCst);
    sleep(ms(10_000)).await;
    let calls = rig.net.calls.load(SeqCst) - before;
    // Three nodes, two peers each, twenty times in a second.
    let most = 3 * 2 * 20 * 10;
    assert!(calls <= most + most / 20, "{calls} messages in ten seconds");
}

#[tokio::test(start_paused = true)]
async fn nobody_is_elected_while_nothing_happens() {
    let rig = Rig::with(3, Guards::default(), 3).await;
    sleep(ms(2000)).await;
    let terms = || -> Vec<u64> {
        rig.nodes
            .values()
            .flat_map(|node| node.groups().iter().map(|group| group.status().term))
            .collect()
    };
    let before = terms();
    sleep(ms(60_000)).await;
    assert_eq!(terms(), before);
}

#[tokio::test(start_paused = true)]
async fn a_node_alone_sends_nothing() {
    let rig = Rig::new(1).await;
    rig.led().await;
    rig.write("1").await;
    sleep(ms(5000)).await;
    assert_eq!(rig.net.calls.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_leader_serves_without_a_gap_while_nothing_happens() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    for at in 0..5000 {
        assert!(rig.node(leader).group().leads(), "after {at} ms");
        sleep(ms(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn followers_answer_most_heartbeats_without_raft() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    sleep(ms(500)).await;
    let follower = rig.node(leader % 3 + 1).group();
    let mut metrics = follower.inner.metrics.clone();
    let mut told = 0;
    let until = tokio::time::Instant::now() + ms(10_000);
    while let Ok(changed) = tokio::time::timeout_at(until, metrics.changed()).await {
        changed.unwrap();
        told += 1;
    }
    // Once in a second, of twenty.
    assert!((5..=40).contains(&told), "{told}");
}

#[tokio::test(start_paused = true)]
async fn nodes_come_to_beat_at_the_same_time() {
    let rig = Rig::with(3, Guards::default(), 3).await;
    sleep(ms(3000)).await;
    for id in 1..=3 {
        let shard = id as usize - 1;
        let leads = |node: &&RigNode| node.groups()[shard].leads();
        let leader = rig.nodes.values().find(leads).unwrap();
        if leader.id != id {
            leader.groups()[shard].transfer(NodeId(id)).await.unwrap();
        }
        sleep(ms(17)).await;
    }
    sleep(ms(1000)).await;
    let beats = || -> Vec<_> { rig.nodes.values().map(RigNode::next_beat).collect() };
    for _ in 0..20 {
        // Some may have just begun what others are about to.
        let beats = beats();
        let (first, last) = (*beats.iter().min().unwrap(), *beats.iter().max().unwrap());
        let apart = (last - first).min((first + ms(50)).saturating_duration_since(last));
        assert!(apart <= ms(5), "{beats:?}");
        sleep(ms(77)).await;
    }
}
