//! With all rules, nothing goes wrong.

use super::*;
use crate::{HotUpdate, Refresh};

/// More states than any of these worlds has.
const MOST: usize = 3_000_000;

fn is_sound(bounds: Bounds) {
    match search(bounds, MOST) {
        Found::Sound(states) => println!("{states} states"),
        Found::Broken(why, steps) => panic!("{why}:\n{}", told(&steps)),
        Found::Unfinished => panic!("more than {MOST} states"),
    }
}

pub(super) fn told(steps: &[super::world::Step]) -> String {
    steps.iter().map(|step| format!("  {step:?}\n")).collect()
}

#[test]
fn two_writes_and_reads_that_share_a_flight() {
    is_sound(Bounds { writes: 2, reads: [2, 1], renewals: [1, 1], ..Bounds::SMALL });
}

#[test]
fn copies_are_evicted_and_fetched_anew() {
    is_sound(Bounds { writes: 2, reads: [3, 0], evictions: 2, ..Bounds::SMALL });
}

#[test]
fn leases_end_and_sessions_begin_anew() {
    is_sound(Bounds { ticks: 4, reads: [2, 0], renewals: [2, 0], ..Bounds::SMALL });
}

#[test]
fn messages_come_twice() {
    is_sound(Bounds { writes: 2, reads: [2, 0], repeats: 2, evictions: 1, ..Bounds::SMALL });
}

#[test]
fn previous_sharers_are_sent_what_somebody_reads_anew() {
    is_sound(Bounds {
        writes: 2,
        reads: [2, 2],
        renewals: [1, 1],
        refresh: Refresh::On,
        ..Bounds::SMALL
    });
}

#[test]
fn values_are_sent_before_their_writes_are_open() {
    is_sound(Bounds {
        writes: 2,
        reads: [2, 1],
        renewals: [1, 1],
        hot_update: HotUpdate::Always,
        ..Bounds::SMALL
    });
}

#[test]
fn another_home_takes_over() {
    is_sound(Bounds {
        ticks: 3,
        writes: 2,
        reads: [2, 0],
        renewals: [2, 0],
        election: true,
        ..Bounds::SMALL
    });
}

#[test]
fn a_home_comes_back_in_its_term() {
    is_sound(Bounds { ticks: 3, reads: [2, 0], renewals: [2, 0], relapse: true, ..Bounds::SMALL });
}

#[test]
fn a_node_comes_back_without_its_memory() {
    is_sound(Bounds {
        ticks: 3,
        reads: [2, 0],
        renewals: [3, 0],
        restart: true,
        election: true,
        ..Bounds::SMALL
    });
}
