//! Signs of life that say nothing new.

use super::*;

/// Node 1, which follows node 2.
async fn following() -> Office {
    let office = office().await;
    office.observe(None, members(&[&[1, 2, 3]]));
    office.hear(leader(1, 2));
    office.supports(leader(1, 2));
    office.follow(leader(1, 2), Instant::now());
    office
}

/// Node 1, which leads and serves.
async fn serving() -> Office {
    let office = elected().await;
    office.raft_speaks();
    office.try_serve(leader(2, 1));
    office.acked(2, leader(2, 1), Instant::now());
    office
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_hears_its_leader_again_renews_its_promise() {
    let office = following().await;
    advance(ms(140)).await;
    assert!(office.hear_again(leader(1, 2)));
    advance(ms(149)).await;
    assert_eq!(office.ballot(false), Ballot::Refused);
    assert_eq!(office.heard(), Heard { leader: Some(leader(1, 2)), ago_ms: 149 });
    assert!(!office.step(Instant::now()).0);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_is_not_believed_yet_is_for_raft_to_hear() {
    let office = office().await;
    office.observe(None, members(&[&[1, 2, 3]]));
    assert!(!office.hear_again(leader(1, 2)));
    office.hear(leader(1, 2));
    assert!(!office.hear_again(leader(1, 2)), "heard, and not yet believed");
    let office = following().await;
    assert!(!office.hear_again(leader(1, 3)) && !office.hear_again(leader(2, 3)));
    office.hear(leader(2, 3));
    assert!(!office.hear_again(leader(1, 2)), "there is a later one");
}

#[tokio::test(start_paused = true)]
async fn while_a_vote_is_given_and_after_it_the_old_leader_is_for_raft_to_hear() {
    let office = following().await;
    let voting = office.begin_vote();
    assert!(!office.hear_again(leader(1, 2)));
    drop(voting);
    assert!(office.hear_again(leader(1, 2)), "the vote was refused");
    let voting = office.begin_vote();
    office.supports(leader(2, 3));
    drop(voting);
    assert!(!office.hear_again(leader(1, 2)));
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_votes_hears_no_leader_without_raft() {
    let office = following().await;
    advance(ms(300)).await;
    assert!(office.step(Instant::now()).0);
    assert!(!office.hear_again(leader(1, 2)));
    office.follow(leader(1, 2), Instant::now());
    assert!(office.hear_again(leader(1, 2)), "Raft knows that it came back");
    office.ask_votes(leader(2, 1));
    assert!(!office.hear_again(leader(1, 2)));
}

#[tokio::test(start_paused = true)]
async fn the_raft_of_a_follower_hears_the_leader_once_in_a_second() {
    let office = following().await;
    advance(ms(999)).await;
    assert!(office.hear_again(leader(1, 2)));
    advance(ms(1)).await;
    assert!(!office.hear_again(leader(1, 2)));
}

#[tokio::test(start_paused = true)]
async fn every_second_heartbeat_of_a_leader_is_that_of_its_raft() {
    let office = serving().await;
    advance(ms(50)).await;
    assert_eq!(office.sign(Instant::now()), Sign::Known(leader(2, 1)));
    advance(ms(50)).await;
    assert_eq!(office.sign(Instant::now()), Sign::Raft);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_does_not_serve_leaves_it_to_raft() {
    let office = elected().await;
    office.raft_speaks();
    assert_eq!(office.sign(Instant::now()), Sign::Raft);
    office.try_serve(leader(2, 1));
    assert_eq!(office.sign(Instant::now()), Sign::Known(leader(2, 1)));
    office.begin_yield();
    assert_eq!(office.sign(Instant::now()), Sign::Raft);
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_hears_no_quorum_is_silent_half_of_the_time() {
    let office = serving().await;
    let from = Instant::now();
    let silent = |after: u64| office.sign(from + ms(after)) == Sign::Silence;
    assert!(!silent(149));
    assert!(silent(150) && silent(449));
    assert!(!silent(450) && !silent(749));
    assert!(silent(750));
    office.acked(3, leader(2, 1), from + ms(700));
    assert!(!silent(750));
}

#[tokio::test(start_paused = true)]
async fn a_leader_whose_lease_is_just_over_gives_no_vote_before_an_election_is_due() {
    let office = serving().await;
    advance(ms(149)).await;
    assert!(!office.leads());
    assert_eq!(office.ballot(false), Ballot::Refused);
    advance(ms(1)).await;
    assert_eq!(office.ballot(false), Ballot::Open);
}
