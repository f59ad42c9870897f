//! What goes wrong without each of the guards.

use std::time::Duration;

use lockstep_core::Outcome;
use tokio::time::{Instant, sleep};

use super::super::rig::Rig;
use super::ms;
use crate::Guards;

/// A voter that restarts does not know that it promised the leader to vote for
/// nobody else. Says whether an old leader still answers when a new one has
/// written.
async fn a_voter_restarts_while_the_leader_is_cut_off(guards: Guards) -> bool {
    let mut stale = false;
    for round in 0..20 {
        let mut rig = Rig::broken(3, guards).await;
        let (leader, _) = rig.led().await;
        rig.write("1").await;
        let (second, third) = (leader % 3 + 1, (leader + 1) % 3 + 1);
        sleep(ms(300 + 7 * round)).await;
        // Only the one that restarts can still speak with the third.
        rig.net.cut_way(leader, third);
        rig.net.cut_way(third, leader);
        sleep(ms(160 + 11 * (round % 10))).await;
        let disk = rig.kill_silently(second).await;
        rig.start(second, disk).await;
        rig.net.cut_way(leader, second);
        rig.net.cut_way(second, leader);
        stale |= is_stale(&rig, leader).await;
    }
    stale
}

/// Whether the old leader answers anything but what the new one has written.
async fn is_stale(rig: &Rig, old: u64) -> bool {
    let until = Instant::now() + ms(2000);
    let newer = |id: u64| id != old && rig.node(id).group().leads();
    while Instant::now() < until {
        if let Some(next) = rig.nodes.keys().copied().find(|id| newer(*id)) {
            let op = super::super::set("a", "2", lockstep_core::keys::Expiry::Never {});
            let _ = rig.node(next).group().ask(&op).await;
            return rig.node(old).value().is_some();
        }
        sleep(Duration::from_micros(500)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn a_restarted_voter_keeps_promises_it_does_not_know_of() {
    assert!(!a_voter_restarts_while_the_leader_is_cut_off(Guards::default()).await);
}

#[tokio::test(start_paused = true)]
async fn the_boot_guard_alone_keeps_them() {
    let guards = Guards { lease_guard: false, ..Guards::default() };
    assert!(!a_voter_restarts_while_the_leader_is_cut_off(guards).await);
}

#[tokio::test(start_paused = true)]
async fn without_it_an_old_leader_reads_what_is_gone() {
    let guards = Guards { boot_guard: false, lease_guard: false, ..Guards::default() };
    assert!(a_voter_restarts_while_the_leader_is_cut_off(guards).await);
}

/// The connections of a leader that lives break: the others elect a new one at
/// once, while the old one still holds its lease.
async fn the_links_of_a_living_leader_break(guards: Guards) -> bool {
    let mut stale = false;
    for round in 0..20 {
        let rig = Rig::broken(3, guards).await;
        let (leader, _) = rig.led().await;
        rig.write("1").await;
        sleep(ms(300 + 7 * round)).await;
        rig.net.cut_off(leader);
        for node in rig.nodes.values().filter(|node| node.id != leader) {
            node.group().link_lost(lockstep_core::NodeId(leader));
        }
        stale |= is_stale(&rig, leader).await;
    }
    stale
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_waits_for_the_lease_of_one_that_may_live() {
    assert!(!the_links_of_a_living_leader_break(Guards::default()).await);
}

#[tokio::test(start_paused = true)]
async fn without_that_wait_the_old_leader_reads_what_is_gone() {
    let guards = Guards { lease_guard: false, ..Guards::default() };
    assert!(the_links_of_a_living_leader_break(guards).await);
}

/// A leader is cut off and nobody notices but by time.
async fn a_leader_is_cut_off(guards: Guards) -> bool {
    let mut stale = false;
    for round in 0..10 {
        let rig = Rig::broken(3, guards).await;
        let (leader, _) = rig.led().await;
        rig.write("1").await;
        sleep(ms(300 + 7 * round)).await;
        rig.net.cut_off(leader);
        stale |= is_stale(&rig, leader).await;
    }
    stale
}

#[tokio::test(start_paused = true)]
async fn the_lease_of_a_leader_that_is_cut_off_ends_before_another_serves() {
    assert!(!a_leader_is_cut_off(Guards::default()).await);
}

#[tokio::test(start_paused = true)]
async fn a_lease_longer_than_an_election_reads_what_is_gone() {
    let guards = Guards { lease_shorter_than_election: false, ..Guards::default() };
    assert!(a_leader_is_cut_off(guards).await);
}

#[tokio::test(start_paused = true)]
async fn a_read_that_does_not_look_at_the_lease_reads_what_is_gone() {
    let guards = Guards { read_with_quorum: false, ..Guards::default() };
    assert!(a_leader_is_cut_off(guards).await);
}

/// A node that is cut off and comes back; by how much the term has grown.
async fn terms_that_a_cut_off_node_costs(guards: Guards) -> u64 {
    let rig = Rig::broken(3, guards).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    sleep(ms(500)).await;
    let before = rig.node(leader).group().status().term;
    rig.net.cut_off(leader % 3 + 1);
    sleep(ms(5000)).await;
    rig.net.heal();
    sleep(ms(2000)).await;
    rig.write("2").await;
    rig.node(rig.led().await.0).group().status().term - before
}

#[tokio::test(start_paused = true)]
async fn a_node_that_was_cut_off_costs_no_term() {
    assert_eq!(terms_that_a_cut_off_node_costs(Guards::default()).await, 0);
}

#[tokio::test(start_paused = true)]
async fn without_pre_votes_a_node_that_was_cut_off_costs_terms() {
    let guards = Guards { pre_vote: false, ..Guards::default() };
    assert!(terms_that_a_cut_off_node_costs(guards).await > 3);
}

/// In five nodes a leader is heard by two and hears nobody, and reaches no
/// quorum. Says how long the others go without a leader.
async fn a_leader_is_heard_and_hears_nobody(guards: Guards) -> Option<Duration> {
    let rig = Rig::broken(5, guards).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    sleep(ms(500)).await;
    for other in (1..=5).filter(|other| *other != leader) {
        rig.net.cut_way(other, leader);
    }
    let cut = Instant::now();
    while cut.elapsed() < ms(5000) {
        if rig.leader().is_some_and(|next| next != leader) {
            return Some(cut.elapsed());
        }
        sleep(ms(1)).await;
    }
    None
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_hears_nobody_does_not_keep_the_others_from_an_election() {
    let took = a_leader_is_heard_and_hears_nobody(Guards::default()).await;
    assert!(took.is_some_and(|took| took < ms(2000)), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn without_falling_silent_it_keeps_them_from_it() {
    let guards = Guards { quorum_probe: false, ..Guards::default() };
    assert_eq!(a_leader_is_heard_and_hears_nobody(guards).await, None);
}

/// The leader restarts; whether it leads in the same term again.
async fn a_leader_restarts(guards: Guards) -> bool {
    let mut rig = Rig::broken(3, guards).await;
    let (leader, _) = rig.led().await;
    rig.write("1").await;
    let term = rig.node(leader).group().status().term;
    let disk = rig.kill_silently(leader).await;
    rig.start(leader, disk).await;
    sleep(ms(50)).await;
    let status = rig.node(leader).group().status();
    status.role == crate::Role::Leader && status.term == term
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_restarts_has_to_be_elected() {
    assert!(!a_leader_restarts(Guards::default()).await);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_restored_leads_on_in_its_old_term() {
    let guards = Guards { no_leader_restore: false, ..Guards::default() };
    assert!(a_leader_restarts(guards).await);
}

#[tokio::test(start_paused = true)]
async fn requests_that_are_not_remembered_are_applied_twice() {
    let guards = Guards { requests_remembered: false, ..Guards::default() };
    let rig = Rig::broken(3, guards).await;
    let (leader, _) = rig.led().await;
    let group = rig.node(leader).group();
    let mut ops = crate::Ops::default();
    let add = lockstep_core::keys::Op::Append {
        db: lockstep_core::Db(0),
        key: b"a",
        value: b"x",
        max: 1 << 20,
    };
    ops.write(&lockstep_core::Op::Key { op: add });
    let origin = lockstep_core::Origin { node: lockstep_core::NodeId(9), boot: 1, conn: 1 };
    ops.identify(origin, 1);
    let mailbox = std::sync::Arc::new(crate::Mailbox::default());
    for _ in 0..2 {
        group.submit(ops.clone(), &mailbox).unwrap();
        mailbox.take().await;
        ops.set_retry();
    }
    assert_eq!(rig.node(leader).value(), Some(Outcome::Bytes(b"xx".to_vec())));
}
