//! A leadership that is handed over.

use lockstep_core::NodeId;
use lockstep_core::keys::Expiry;
use tokio::time::{Instant, sleep};

use super::super::rig::Rig;
use super::super::set;
use super::ms;
use crate::{Delivery, Refusal};

#[tokio::test(start_paused = true)]
async fn a_handover_loses_nothing_and_takes_less_than_50_ms() {
    let rig = Rig::new(3).await;
    for _ in 0..10 {
        let (leader, _) = rig.led().await;
        rig.write("1").await;
        let to = leader % 3 + 1;
        let group = rig.node(leader).group().clone();
        let moving = tokio::spawn(async move {
            group.transfer(NodeId(to)).await.unwrap();
        });
        // A client that goes on: whatever is refused is tried again.
        let (mut last, mut longest) = (Instant::now(), ms(0));
        let until = Instant::now() + ms(200);
        while Instant::now() < until {
            let Some(leader) = rig.leader() else {
                sleep(ms(1)).await;
                continue;
            };
            match rig.node(leader).group().ask(&set("a", "2", Expiry::Never {})).await {
                Delivery::Done(_) => {
                    longest = longest.max(last.elapsed());
                    last = Instant::now();
                }
                Delivery::Refused(Refusal::NotLeader) => sleep(ms(1)).await,
                other => panic!("{other:?}"),
            }
        }
        moving.await.unwrap();
        assert_eq!(rig.leader(), Some(to));
        assert!(longest < ms(50), "{longest:?}");
        sleep(ms(500)).await;
    }
    rig.converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_handed_over_never_answers_again_in_its_term() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    let group = rig.node(leader).group().clone();
    let term = group.status().term;
    rig.net.cut_off(leader);
    let moving = group.transfer(NodeId(leader % 3 + 1)).await;
    assert!(moving.is_err());
    rig.net.heal();
    for _ in 0..1000 {
        sleep(ms(1)).await;
        if group.status().term == term {
            assert!(!group.leads() || group.status().leads);
        }
    }
    rig.write("2").await;
    rig.converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_not_there_takes_nothing_over_and_the_leader_goes_on() {
    let mut rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    let other = leader % 3 + 1;
    rig.kill(other).await;
    rig.write("2").await;
    let group = rig.node(leader).group().clone();
    group.transfer(NodeId(other)).await.unwrap_err();
    assert_eq!(rig.leader(), Some(leader));
    rig.write("3").await;
}
