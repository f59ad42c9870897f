//! Much at once takes long in proportion, not longer.

use super::*;
use crate::locks::{AGES_MAX, DEADLOCKS_MAX};

const MANY: usize = 20_000;

#[test]
fn a_line_full_of_readers_is_granted_in_one_step() {
    let mut scene = Scene::after(["0: lock a"]);
    for conn in 1..=MANY {
        scene.ask(&format!("{conn}: lock a shared block 0"));
    }
    scene.fx.take();
    scene.ask("0: unlock a");
    assert_eq!(scene.answers().len(), MANY);
    assert_eq!((scene.table.held(), scene.table.waiting()), (MANY, 0));
    for conn in 1..=MANY {
        assert_eq!(scene.ask(&format!("{conn}: unlock a")), "1");
    }
    scene.table.check_all();
}

#[test]
fn what_one_connection_held_ends_in_one_step() {
    let mut scene = Scene::new();
    for lock in 0..MANY {
        scene.ask(&format!("1: lock {lock}"));
    }
    scene.gone(1);
    assert_eq!(scene.table.held(), 0);
    scene.table.check_all();
}

#[test]
fn l10_leases_that_end_together_end_within_the_budget_of_each_step() {
    let mut scene = Scene::new();
    for lock in 0..10_000 {
        scene.ask(&format!("1: lock {lock} px 100"));
    }
    scene.at.now_ms = 100;
    let mut steps = 0;
    while scene.table.expire(&scene.at, 1000, &mut scene.fx) > 0 {
        steps += 1;
    }
    assert_eq!((steps, scene.table.held()), (10, 0));
}

#[test]
fn l17_nothing_is_left_of_what_is_over() {
    let mut scene = Scene::new();
    for round in 0..300 {
        let lock = |text: &str| text.replace('#', &round.to_string());
        scene.ask(&lock("1: lock a# owner x# id i px 100"));
        scene.ask(&lock("2: lock b# owner y#"));
        scene.ask(&lock("1: lock b# owner x# block 0"));
        scene.ask(&lock("2: lock a# owner y# block 0"));
    }
    assert_eq!(scene.table.deadlocks.iter().count(), DEADLOCKS_MAX);
    assert!(scene.table.ages.len() <= AGES_MAX);
    // The leases of the holders, then those of who waited for them, and the memory.
    [50_000, 100_000, 200_000].into_iter().for_each(|now_ms| scene.at(now_ms));
    assert_eq!((scene.table.held(), scene.table.waiting()), (0, 0));
    assert_eq!((scene.table.memos.len(), scene.table.ages.len()), (0, 0));
    assert_eq!(scene.table.next_deadline(), None);
    assert!(scene.table.locks.is_empty());
    scene.table.check_all();
}

#[test]
fn one_owner_waits_with_a_limited_number_of_requests() {
    let mut scene = Scene::after(["0: lock a"]);
    for conn in 1..=1000 {
        assert_eq!(scene.ask(&format!("{conn}: lock a owner x block 0")), "waits");
    }
    assert_eq!(scene.ask("1001: lock a owner x block 0"), "limit");
}

#[test]
fn only_eight_named_requests_are_remembered() {
    let mut scene = Scene::new();
    for id in 0..9 {
        scene.ask(&format!("1: lock a owner x reenter id {id}"));
    }
    scene.ask("1: lock a owner x reenter id 8");
    scene.ask("1: lock a owner x reenter id 0");
    for _ in 0..10 {
        assert_eq!(scene.ask("1: unlock a owner x"), "1");
    }
    assert_eq!(scene.ask("1: unlock a owner x"), "0");
}
