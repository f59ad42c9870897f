mod renewal;

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::time::{Instant, advance};

use super::*;
use crate::rpc::Heard;
use crate::types::LeaderId;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn leader(term: u64, node_id: u64) -> LeaderId {
    LeaderId { term, node_id }
}

fn members(configs: &[&[u64]]) -> Members {
    let configs = configs.iter().map(|config| config.iter().copied().collect()).collect();
    Members { configs, others: true }
}

/// Node 1, long after its start.
async fn office() -> Office {
    let office = Office::new(1, Timing::LAN, Guards::default(), Instant::now(), 1);
    advance(ms(1000)).await;
    office
}

/// Node 1 of three, which leads in term 2 with the vote of node 2.
async fn elected() -> Office {
    let office = office().await;
    office.ask_votes(leader(2, 1));
    office.granted(leader(2, 1), Heard { leader: None, ago_ms: 1000 });
    office.observe(Some(leader(2, 1)), members(&[&[1, 2, 3]]));
    office
}

#[tokio::test(start_paused = true)]
async fn a_node_alone_serves_at_once_and_for_ever() {
    let office = Office::new(1, Timing::LAN, Guards::default(), Instant::now(), 1);
    office.observe(Some(leader(1, 1)), members(&[&[1]]));
    assert_eq!(office.phase(), Phase::Taking);
    assert_eq!(office.try_serve(leader(1, 1)), Serve::Now);
    advance(ms(100_000)).await;
    assert!(office.leads() && office.takes());
}

#[tokio::test(start_paused = true)]
async fn the_lease_counts_from_when_it_was_sent_what_a_quorum_acknowledged() {
    let office = elected().await;
    assert_eq!(office.try_serve(leader(2, 1)), Serve::Now);
    assert!(!office.leads(), "nobody has acknowledged anything");
    let sent = Instant::now();
    advance(ms(30)).await;
    office.acked(2, leader(2, 1), sent);
    assert!(office.leads());
    advance(ms(89)).await;
    assert!(office.leads());
    advance(ms(1)).await;
    assert!(!office.leads(), "120 ms since it was sent");
    assert_eq!(office.phase(), Phase::Open);
    assert!(!office.takes(), "refused until the lease is renewed");
    office.acked(3, leader(2, 1), Instant::now());
    assert!(office.leads());
}

#[tokio::test(start_paused = true)]
async fn while_the_voters_change_both_sets_have_to_acknowledge() {
    let office = elected().await;
    office.observe(Some(leader(2, 1)), members(&[&[1, 2, 3], &[1, 4, 5]]));
    office.try_serve(leader(2, 1));
    office.acked(2, leader(2, 1), Instant::now());
    assert!(!office.leads());
    office.acked(5, leader(2, 1), Instant::now());
    assert!(office.leads());
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_to_an_older_leader_counts_for_nothing() {
    let office = elected().await;
    office.acked(2, leader(1, 1), Instant::now());
    office.try_serve(leader(2, 1));
    assert!(!office.leads());
    office.acked(2, leader(2, 1), Instant::now());
    office.acked(3, leader(1, 1), Instant::now());
    assert!(office.leads());
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_waits_for_what_its_voters_have_heard() {
    let office = elected().await;
    let heard = Heard { leader: Some(leader(1, 3)), ago_ms: 50 };
    office.granted(leader(2, 1), heard);
    let Serve::NotBefore(at) = office.try_serve(leader(2, 1)) else { panic!("too early") };
    assert_eq!(at, Instant::now() + ms(80));
    assert!(office.phase() == Phase::Taking && office.takes() && !office.leads());
    advance(ms(80)).await;
    assert_eq!(office.try_serve(leader(2, 1)), Serve::Now);
}

#[tokio::test(start_paused = true)]
async fn a_new_leader_waits_for_what_it_has_heard_itself() {
    let office = elected().await;
    office.hear(leader(1, 3));
    let Serve::NotBefore(at) = office.try_serve(leader(2, 1)) else { panic!("too early") };
    assert_eq!(at, Instant::now() + ms(130));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_for_a_leader_that_handed_over() {
    let office = elected().await;
    office.hear(leader(1, 3));
    office.retired(leader(1, 3));
    office.granted(leader(2, 1), Heard { leader: Some(leader(1, 3)), ago_ms: 0 });
    assert_eq!(office.try_serve(leader(2, 1)), Serve::Now);
    let other = elected().await;
    other.retired(leader(1, 3));
    other.granted(leader(2, 1), Heard { leader: Some(leader(1, 2)), ago_ms: 0 });
    assert!(matches!(other.try_serve(leader(2, 1)), Serve::NotBefore(_)), "another one");
}

#[tokio::test(start_paused = true)]
async fn who_hands_over_answers_nothing_as_this_leader_again() {
    let office = elected().await;
    office.try_serve(leader(2, 1));
    office.acked(2, leader(2, 1), Instant::now());
    assert_eq!(office.begin_yield(), Some(leader(2, 1)));
    assert!(office.leads() && !office.takes());
    office.end_yield(leader(2, 1));
    assert!(office.takes());
    office.begin_yield();
    office.abdicate(leader(2, 1));
    office.acked(3, leader(2, 1), Instant::now());
    office.observe(Some(leader(2, 1)), members(&[&[1, 2, 3]]));
    office.end_yield(leader(2, 1));
    assert_eq!(office.try_serve(leader(2, 1)), Serve::Never);
    assert!(!office.leads() && office.phase() == Phase::Away);
    office.observe(Some(leader(9, 1)), members(&[&[1]]));
    assert_eq!(office.try_serve(leader(9, 1)), Serve::Now);
}

#[tokio::test(start_paused = true)]
async fn voters_that_are_about_to_come_have_a_say_at_once() {
    let office = office().await;
    office.observe(Some(leader(1, 1)), members(&[&[1]]));
    office.try_serve(leader(1, 1));
    assert!(office.leads());
    office.expect_voters(Some(BTreeSet::from([1, 2, 3])));
    assert!(!office.leads());
    office.acked(3, leader(1, 1), Instant::now());
    assert!(office.leads());
    advance(ms(200)).await;
    office.expect_voters(None);
    assert!(office.leads(), "it stays alone");
}

#[tokio::test(start_paused = true)]
async fn a_voter_that_heard_of_a_leader_refuses_and_one_that_started_says_nothing() {
    let born = Instant::now();
    let office = Office::new(1, Timing::LAN, Guards::default(), born + ms(350), 1);
    office.observe(None, members(&[&[1, 2, 3]]));
    assert_eq!(office.ballot(false), Ballot::Silent);
    assert_eq!(office.ballot(true), Ballot::Silent);
    advance(ms(350)).await;
    assert_eq!(office.ballot(false), Ballot::Open);
    office.hear(leader(1, 2));
    office.follow(leader(1, 2), Instant::now());
    advance(ms(149)).await;
    assert_eq!((office.ballot(false), office.ballot(true)), (Ballot::Refused, Ballot::Open));
    advance(ms(1)).await;
    assert_eq!(office.ballot(false), Ballot::Open);
}

#[tokio::test(start_paused = true)]
async fn a_broken_connection_to_the_leader_ends_the_promise_until_it_is_heard_again() {
    let office = office().await;
    office.observe(None, members(&[&[1, 2, 3]]));
    office.hear(leader(1, 2));
    office.follow(leader(1, 2), Instant::now());
    assert_eq!(office.link_lost(3, 0), None, "not the leader");
    assert_eq!(office.link_lost(2, 0), Some(leader(1, 2)));
    assert_eq!(office.ballot(false), Ballot::Open);
    let (campaigns, _) = office.step(Instant::now());
    assert!(campaigns, "it is the first in this shard");
    office.hear(leader(1, 2));
    assert_eq!(office.ballot(false), Ballot::Refused);
    assert!(!office.step(Instant::now() + ms(149)).0);
}

#[tokio::test(start_paused = true)]
async fn every_wait_for_an_election_is_drawn_anew() {
    let office = office().await;
    office.observe(None, members(&[&[1, 2, 3]]));
    let mut waits = BTreeSet::new();
    for _ in 0..100 {
        let now = Instant::now();
        office.follow(leader(1, 2), now);
        let (campaigns, at) = office.step(now);
        assert!(!campaigns);
        let wait = at.unwrap() - now;
        assert!((ms(150)..ms(300)).contains(&wait));
        waits.insert(wait);
    }
    assert!(waits.len() > 90, "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn a_voter_that_still_answers_reads_says_that_it_has_just_heard_of_itself() {
    let office = elected().await;
    office.try_serve(leader(2, 1));
    office.acked(2, leader(2, 1), Instant::now());
    assert_eq!(office.heard(), Heard { leader: Some(leader(2, 1)), ago_ms: 0 });
    assert_eq!(office.ballot(false), Ballot::Refused);
    advance(ms(121)).await;
    assert_eq!(office.heard().leader, None);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_voted_for_a_later_one_answers_nothing_however_late_it_is_acknowledged() {
    let office = elected().await;
    office.try_serve(leader(2, 1));
    office.acked(2, leader(2, 1), Instant::now());
    advance(ms(100)).await;
    let sent = Instant::now();
    advance(ms(30)).await;
    assert!(!office.leads());
    office.supports(leader(3, 2));
    office.acked(3, leader(2, 1), sent);
    assert!(!office.leads() && !office.takes());
    office.observe(Some(leader(2, 1)), members(&[&[1, 2, 3]]));
    assert_eq!(office.try_serve(leader(2, 1)), Serve::Never);
    office.supports(leader(4, 1));
    office.ask_votes(leader(4, 1));
    office.observe(Some(leader(4, 1)), members(&[&[1, 2, 3]]));
    assert_ne!(office.try_serve(leader(4, 1)), Serve::Never);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_knows_nothing_of_its_voters_waits_once() {
    let office = office().await;
    office.observe(Some(leader(2, 1)), members(&[&[1, 2, 3]]));
    let Serve::NotBefore(at) = office.try_serve(leader(2, 1)) else { panic!("too early") };
    tokio::time::sleep_until(at).await;
    assert_eq!(office.try_serve(leader(2, 1)), Serve::Now);
}
