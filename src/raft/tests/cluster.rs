//! Three nodes and more.

mod chaos;
mod handover;
mod hazards;
mod members;
mod quiet;
mod turnover;

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use lockstep_core::keys::Expiry;
use lockstep_core::{NodeId, Origin, Outcome};
use tokio::time::{Instant, sleep};

use super::rig::Rig;
use super::{get, set};
use crate::{Delivery, Mailbox, Ops, Refusal};

fn one() -> Outcome {
    Outcome::Bytes(b"1".to_vec())
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[tokio::test(start_paused = true)]
async fn three_nodes_elect_one_that_serves_and_all_have_what_was_written() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    assert_eq!(rig.node(leader).value(), Some(one()));
    rig.converged().await;
    let leaders = rig.nodes.values().filter(|node| node.group().leads()).count();
    assert_eq!(leaders, 1);
    for node in rig.nodes.values() {
        let standing = node.group().watch().borrow().clone();
        assert_eq!(standing.leader, Some(NodeId(leader)));
        assert_eq!(standing.leads, node.id == leader);
        assert_eq!(standing.voters, [1, 2, 3].map(NodeId));
    }
}

#[tokio::test(start_paused = true)]
async fn a_killed_leader_is_replaced_within_300_ms() {
    for round in 0..10 {
        let mut rig = Rig::new(3).await;
        let (leader, _) = rig.led().await;
        rig.write("1").await;
        sleep(ms(1000 + 13 * round)).await;
        rig.kill(leader).await;
        let (next, took) = rig.led().await;
        assert!(took < ms(300), "{took:?} in round {round}");
        assert_eq!(rig.node(next).value(), Some(one()));
        rig.write("2").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_falls_silent_is_replaced_within_900_ms() {
    for round in 0..10 {
        let rig = Rig::new(3).await;
        let (leader, _) = rig.led().await;
        rig.write("1").await;
        sleep(ms(500 + 17 * round)).await;
        rig.net.cut_off(leader);
        let cut = Instant::now();
        while rig.node(leader).group().leads() {
            sleep(ms(1)).await;
        }
        assert!(cut.elapsed() <= ms(121), "its lease is over in time: {:?}", cut.elapsed());
        rig.led().await;
        assert!(cut.elapsed() < ms(900), "{:?}", cut.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_minority_refuses_and_comes_back() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    rig.net.cut_off(leader);
    sleep(ms(500)).await;
    let old = rig.node(leader);
    assert_eq!(old.group().read(&get("a")), Err(Refusal::NotLeader));
    let refused = old.group().ask(&set("a", "lost", Expiry::Never {})).await;
    assert!(matches!(refused, Delivery::Refused(Refusal::NotLeader)), "{refused:?}");
    rig.write("2").await;
    rig.net.heal();
    rig.write("3").await;
    rig.converged().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_cut_off_leader_proposed_is_unknown_and_not_refused() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    rig.net.cut_off(leader);
    let mailbox = Arc::new(Mailbox::default());
    let mut ops = Ops::default();
    ops.write(&set("a", "2", Expiry::Never {}));
    rig.node(leader).group().submit(ops, &mailbox).unwrap();
    sleep(ms(1000)).await;
    rig.write("3").await;
    rig.net.heal();
    let delivery = mailbox.take().await;
    assert!(matches!(delivery, Delivery::Unknown), "{delivery:?}");
    rig.converged().await;
}

#[tokio::test(start_paused = true)]
async fn writes_go_on_with_loss_delay_and_repetition() {
    let rig = Rig::new(3).await;
    rig.led().await;
    rig.net.loss.store(50, SeqCst);
    rig.net.delay_us.store(10_000, SeqCst);
    rig.net.twice.store(true, SeqCst);
    for number in 0..50 {
        rig.write(&number.to_string()).await;
    }
    rig.net.loss.store(0, SeqCst);
    rig.converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_handed_in_twice_is_applied_once() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    let group = rig.node(leader).group().clone();
    let origin = Origin { node: NodeId(9), boot: 1, conn: 1 };
    let mut ops = Ops::default();
    let add = lockstep_core::keys::Op::Append {
        db: lockstep_core::Db(0),
        key: b"a",
        value: b"x",
        max: 1 << 20,
    };
    ops.write(&lockstep_core::Op::Key { op: add });
    ops.read(&get("a"));
    ops.identify(origin, 1);
    let mailbox = Arc::new(Mailbox::default());
    group.submit(ops.clone(), &mailbox).unwrap();
    let Delivery::Done(first) = mailbox.take().await else { panic!("not applied") };
    ops.set_retry();
    group.submit(ops.clone(), &mailbox).unwrap();
    let Delivery::Done(again) = mailbox.take().await else { panic!("not applied") };
    assert_eq!(first, again);
    assert_eq!(first, [Outcome::Int(1), Outcome::Bytes(b"x".to_vec())]);
    rig.converged().await;
    // One of another number is another request, and the older one is over.
    let mut next = ops.clone();
    next.identify(origin, 2);
    group.submit(next, &mailbox).unwrap();
    assert!(matches!(mailbox.take().await, Delivery::Done(_)));
    group.submit(ops, &mailbox).unwrap();
    assert!(matches!(mailbox.take().await, Delivery::Unknown));
    rig.converged().await;
}

#[tokio::test(start_paused = true)]
async fn a_share_of_reads_makes_no_entry() {
    let rig = Rig::new(3).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    let group = rig.node(leader).group();
    let before = group.proposed();
    let mailbox = Arc::new(Mailbox::default());
    let mut ops = Ops::default();
    ops.read(&get("a"));
    ops.read(&get("b"));
    group.submit(ops, &mailbox).unwrap();
    let Delivery::Done(outcomes) = mailbox.take().await else { panic!("not answered") };
    assert_eq!(outcomes, [one(), Outcome::Nil]);
    assert_eq!(group.proposed(), before);
}

#[tokio::test(start_paused = true)]
async fn all_nodes_come_back_after_a_power_cut() {
    let mut rig = Rig::new(3).await;
    for number in 0..20 {
        rig.write(&number.to_string()).await;
    }
    let mut disks = Vec::new();
    for id in 1..=3 {
        disks.push((id, rig.kill_silently(id).await));
    }
    for (id, disk) in disks {
        rig.start(id, disk).await;
    }
    let (leader, _) = rig.led().await;
    assert_eq!(rig.node(leader).value(), Some(Outcome::Bytes(b"19".to_vec())));
    rig.write("20").await;
    rig.converged().await;
}
