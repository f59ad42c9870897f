//! What holds, told one at a time.

use super::*;
use crate::Read;
use crate::locks::{NO_END_MS, WAITERS_MAX};

#[test]
fn a_held_lock_is_refused_to_others() {
    let mut scene = Scene::after(["1: lock a"]);
    assert_eq!(scene.ask("2: lock a"), "nil");
}

#[test]
fn locks_of_different_names_do_not_meet() {
    let mut scene = Scene::after(["1: lock a"]);
    assert_eq!(scene.ask("2: lock b"), "2");
}

#[test]
fn every_grant_draws_a_larger_token() {
    let mut scene = Scene::after(["1: lock a", "1: unlock a", "1: lock b"]);
    assert_eq!(scene.ask("2: lock a"), "3");
}

#[test]
fn the_holder_that_asks_again_gets_its_token_again() {
    let mut scene = Scene::after(["1: lock a"]);
    assert_eq!(scene.ask("1: lock a"), "1");
    assert_eq!(scene.ask("1: unlock a"), "1");
    assert_eq!(scene.ask("2: lock a"), "2");
}

#[test]
fn asking_again_never_shortens_the_lease() {
    let mut scene = Scene::after(["1: lock a owner x px 500", "1: lock a owner x px 100"]);
    assert_eq!(scene.ask("1: check a token 1"), "500");
    scene.ask("1: lock a owner x px 900");
    assert_eq!(scene.ask("1: check a token 1"), "900");
}

#[test]
fn an_owner_is_the_same_through_every_connection() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    assert_eq!(scene.ask("2: lock a owner x"), "1");
    assert_eq!(scene.ask("3: unlock a owner x"), "1");
}

#[test]
fn a_named_owner_without_a_lease_gets_thirty_seconds() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    assert_eq!(scene.ask("1: check a token 1"), "30000");
}

#[test]
fn a_connection_may_hold_without_a_lease() {
    let mut scene = Scene::after(["1: lock a"]);
    scene.at(1_000_000_000);
    assert_eq!(scene.ask("1: check a token 1"), NO_END_MS.to_string());
    assert_eq!(scene.table.next_deadline(), None);
}

#[test]
fn unlocking_what_is_not_held_gives_zero() {
    let mut scene = Scene::after(["1: lock a"]);
    assert_eq!(scene.ask("2: unlock a"), "0");
    assert_eq!(scene.ask("2: unlock b"), "0");
    assert_eq!(scene.ask("2: unlock a strict"), "not held");
}

#[test]
fn a_late_unlock_with_its_token_frees_no_later_hold() {
    let mut scene = Scene::after(["1: lock a owner x", "1: unlock a owner x", "1: lock a owner x"]);
    assert_eq!(scene.ask("1: unlock a owner x token 1"), "0");
    assert_eq!(scene.ask("1: check a token 2"), "30000");
}

#[test]
fn a_lease_that_runs_out_frees_the_lock() {
    let mut scene = Scene::after(["1: lock a px 100"]);
    scene.at(99);
    assert_eq!(scene.ask("2: lock a"), "nil");
    scene.at(100);
    assert_eq!(scene.ask("2: lock a"), "2");
}

#[test]
fn a_lease_that_ran_out_counts_as_over_before_anybody_ended_it() {
    let mut scene = Scene::after(["1: lock a px 100"]);
    scene.at.now_ms = 100;
    assert_eq!(scene.ask("1: unlock a"), "0");
}

#[test]
fn renewing_sets_the_lease_anew() {
    let mut scene = Scene::after(["1: lock a owner x px 500"]);
    assert_eq!(scene.ask("1: renew a owner x px 200"), "1");
    assert_eq!(scene.ask("1: renew a owner x token 9 px 900"), "0");
    assert_eq!(scene.ask("1: renew a owner y px 900"), "0");
    assert_eq!(scene.ask("1: check a token 1"), "200");
}

#[test]
fn a_lease_that_ran_out_is_not_renewed() {
    let mut scene = Scene::after(["1: lock a owner x px 100"]);
    scene.at(100);
    assert_eq!(scene.ask("1: renew a owner x px 100"), "0");
}

#[test]
fn a_check_is_about_one_token_and_one_owner() {
    let mut scene = Scene::after(["1: lock a owner x px 100"]);
    assert_eq!(scene.ask("1: check a token 1 owner x"), "100");
    assert_eq!(scene.ask("1: check a token 1 owner y"), "-1");
    assert_eq!(scene.ask("1: check a token 2"), "-1");
    assert_eq!(scene.ask("1: check b token 1"), "-1");
}

#[test]
fn the_next_in_line_gets_the_lock_with_the_release() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0", "3: lock a block 0"]);
    assert_eq!(scene.answers(), [""; 0]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2"]);
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["3: 3"]);
}

#[test]
fn a_lease_that_runs_out_wakes_the_next_in_line() {
    let mut scene = Scene::after(["1: lock a px 100", "2: lock a block 0"]);
    scene.at(100);
    assert_eq!(scene.answers(), ["2: 2"]);
}

#[test]
fn the_lease_of_who_waited_begins_with_the_grant() {
    let mut scene = Scene::after(["1: lock a", "2: lock a px 100 block 0"]);
    scene.at(5000);
    scene.ask("1: unlock a");
    assert_eq!(scene.ask("2: check a token 2"), "100");
}

#[test]
fn who_waited_long_enough_gets_nil_and_never_the_lock() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 50", "3: lock a block 0"]);
    scene.at(50);
    assert_eq!(scene.answers(), ["2: nil"]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["3: 2"]);
}

#[test]
fn a_late_waiter_is_passed_over_before_anybody_ended_its_wait() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 50", "3: lock a block 0"]);
    scene.at.now_ms = 50;
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: nil", "3: 2"]);
}

#[test]
fn without_a_wait_the_request_is_answered_at_once() {
    let mut scene = Scene::after(["1: lock a"]);
    let words = ["lock", "a", "block", "0"];
    let op = words::op(connection(2), 9, &words).0.without_wait();
    assert_eq!(scene.table.apply(&scene.at, &op, None, &mut scene.fx), Outcome::Nil);
}

#[test]
fn what_a_connection_held_and_waited_for_ends_with_it() {
    let mut scene = Scene::after([
        "1: lock a",
        "2: lock b",
        "1: lock b block 0",
        "3: lock a block 0",
        "3: lock b block 0",
    ]);
    scene.gone(1);
    assert_eq!(scene.answers(), ["3: 3"]);
    scene.ask("2: unlock b");
    assert_eq!(scene.answers(), ["3: 4"]);
}

#[test]
fn a_connection_that_ends_is_not_given_what_it_frees() {
    let mut scene = Scene::after(["1: lock a", "1: lock a owner x block 0"]);
    scene.gone(1);
    assert_eq!(scene.answers(), [""; 0]);
    assert_eq!(scene.ask("2: lock a"), "2");
}

#[test]
fn a_named_hold_outlives_its_connection() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    scene.gone(1);
    assert_eq!(scene.ask("2: lock a"), "nil");
}

#[test]
fn a_node_that_starts_anew_ends_what_its_former_lives_held() {
    let mut scene = Scene::after(["1: lock a", "2: lock b", "3: lock b block 0"]);
    scene.end_node(1, 2);
    assert_eq!((scene.table.held(), scene.table.waiting()), (0, 0));
    assert_eq!(scene.answers(), [""; 0]);
}

#[test]
fn a_node_that_starts_anew_ends_nothing_of_other_nodes_and_newer_lives() {
    let mut scene = Scene::after(["1: lock a"]);
    scene.end_node(1, 1);
    scene.end_node(2, 9);
    assert_eq!(scene.table.held(), 1);
}

#[test]
fn a_request_of_a_former_life_comes_too_late() {
    let mut scene = Scene::new();
    scene.end_node(1, 2);
    assert_eq!(scene.ask("1: lock a"), "nil");
    assert_eq!(scene.ask("1: lock a owner x"), "1");
    assert_eq!(scene.ask("1: lock a block 0"), "nil");
}

#[test]
fn an_owner_that_asks_again_keeps_its_place() {
    let mut scene = Scene::after([
        "1: lock a",
        "2: lock a owner x block 0",
        "3: lock a block 0",
        "4: lock a owner x block 0",
    ]);
    scene.gone(2);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["4: 2"]);
}

#[test]
fn all_requests_of_an_owner_are_answered_with_one_token() {
    let mut scene =
        Scene::after(["1: lock a", "2: lock a owner x block 0", "3: lock a owner x block 0"]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2", "3: 2"]);
    assert_eq!(scene.table.waiting(), 0);
}

#[test]
fn a_request_that_is_sent_twice_waits_once() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    scene.requests -= 1;
    assert_eq!(scene.ask("2: lock a block 0"), "waits");
    assert_eq!(scene.table.waiting(), 1);
}

#[test]
fn a_wait_can_be_ended_from_outside() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0", "3: lock a block 0"]);
    assert_eq!(scene.ask("9: unblock a connection 2 request 2"), "1");
    assert_eq!(scene.ask("9: unblock a connection 2 request 2"), "0");
    assert_eq!(scene.ask("9: unblock a connection 3 request 3 error"), "1");
    assert_eq!(scene.answers(), ["2: nil", "3: unblocked"]);
    assert_eq!(scene.table.waiting(), 0);
}

#[test]
fn a_full_line_takes_no_more() {
    let mut scene = Scene::after(["0: lock a"]);
    for conn in 1..=WAITERS_MAX {
        assert_eq!(scene.ask(&format!("{conn}: lock a owner {conn} block 0")), "waits");
    }
    assert_eq!(scene.ask("200000: lock a block 0"), "limit");
    scene.gone(77);
    assert_eq!(scene.ask("200000: lock a block 0"), "waits");
}

#[test]
fn what_was_free_leaves_nothing_behind() {
    let mut scene = Scene::new();
    for conn in 0..1000 {
        scene.ask(&format!("{conn}: lock {conn} px 100"));
        scene.ask(&format!("{conn}: unlock {conn}"));
    }
    assert_eq!(scene.table.held(), 0);
    assert_eq!(scene.table.next_deadline(), None);
}

#[test]
fn a_read_past_a_deadline_asks_for_the_tick_first() {
    let scene = Scene::after(["1: lock a px 100"]);
    let check = Op::Check { name: b"a", token: Token(1), owner: None };
    assert_eq!(scene.table.read(99, 0, &check), Read::Done(Outcome::Int(1)));
    assert_eq!(scene.table.read(100, 0, &check), Read::TickFirst);
    assert_eq!(scene.table.read(0, 100, &check), Read::TickFirst);
}

#[test]
fn info_tells_who_holds_and_how_many_wait() {
    let mut scene = Scene::after(["1: lock a owner x px 100", "2: lock a block 0"]);
    scene.at(30);
    assert_eq!(scene.ask("3: info a"), "exclusive 1 0 named x  1 1 1 exclusive 1 0 70 0  1 1");
    assert_eq!(scene.ask("3: info b"), "nil");
    scene.ask("1: unlock a owner x");
    let held = "exclusive 2 30 connection 1-1-2  1 1 2 exclusive 1 30 -1 0  3 0";
    assert_eq!(scene.ask("3: info a"), held);
}

#[test]
fn what_happened_is_counted() {
    let mut scene = Scene::after(["1: lock a px 100", "2: lock a block 50", "3: lock a block 0"]);
    scene.at(50);
    scene.at(100);
    let stats = scene.table.apply(&scene.at, &Op::Stats {}, None, &mut scene.fx);
    assert_eq!(shown(&stats), "1 0 2 1 1 1 0 0 0 0");
    assert_eq!(shown(&super::super::Stats::merge([stats.clone(), stats])), "2 0 4 2 2 2 0 0 0 0");
}

#[test]
fn a_budget_bounds_what_one_step_ends() {
    let mut scene = Scene::new();
    for lock in 0..10 {
        scene.ask(&format!("1: lock {lock} px 100"));
    }
    scene.at.now_ms = 100;
    assert_eq!(scene.table.expire(&scene.at, 4, &mut scene.fx), 4);
    assert_eq!(scene.table.next_deadline(), Some(100));
    assert_eq!(scene.table.expire(&scene.at, 100, &mut scene.fx), 6);
    assert_eq!(scene.table.next_deadline(), None);
}
