//! With all rules, nothing goes wrong.

use super::*;
use crate::{HotUpdate, Refresh};

/// More states than any of these worlds has.
const MOST: usize = 20_000_000;

pub(super) fn is_sound(bounds: Bounds) {
    is_sound_within(bounds, MOST);
}

pub(super) fn is_sound_within(bounds: Bounds, most: usize) {
    match search(bounds, most) {
        Found::Sound(states) => println!("{states} states"),
        Found::Broken(why, steps) => panic!("{why}:\n{}", told(&steps)),
        Found::Unfinished => panic!("more than {most} states"),
    }
}

fn told(steps: &[super::world::Step]) -> String {
    steps.iter().map(|step| format!("  {step:?}\n")).collect()
}

pub(super) const BOTH: Bounds =
    Bounds { nodes: 2, reads: [1, 1], renewals: [1, 1], ..Bounds::SMALL };
pub(super) const AGAIN: Bounds = Bounds { reads: [2, 0], ..Bounds::SMALL };

#[test]
fn two_nodes_read_while_a_key_is_written() {
    is_sound(BOTH);
}

#[test]
fn readers_share_a_flight_while_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, ..AGAIN });
}

#[test]
fn copies_are_evicted_and_fetched_anew() {
    is_sound(Bounds { evictions: 2, reads: [3, 0], ..Bounds::SMALL });
}

#[test]
fn messages_come_twice() {
    is_sound(Bounds { repeats: 1, evictions: 1, ..AGAIN });
}

#[test]
fn leases_end_and_sessions_begin_anew() {
    is_sound(Bounds { ticks: 2, renewals: [2, 0], ..AGAIN });
}

#[test]
fn previous_sharers_are_sent_what_somebody_reads_anew() {
    is_sound(Bounds { reads: [2, 1], refresh: Refresh::On, ..BOTH });
}

#[test]
fn values_are_sent_before_their_writes_are_open() {
    is_sound(Bounds { writes: 2, hot_update: HotUpdate::Always, ..AGAIN });
}

#[test]
fn what_is_sent_and_not_written_is_read_by_nobody() {
    is_sound(Bounds { writes: 2, hot_update: HotUpdate::Always, astray: true, ..AGAIN });
}

#[test]
fn another_home_takes_over() {
    is_sound(Bounds { ticks: 2, renewals: [2, 0], election: true, ..Bounds::SMALL });
}

#[test]
fn a_home_comes_back_in_its_term() {
    is_sound(Bounds { ticks: 2, renewals: [2, 0], relapse: true, ..Bounds::SMALL });
}

#[test]
fn a_node_comes_back_without_its_memory() {
    is_sound(Bounds { ticks: 2, renewals: [2, 0], restart: true, ..Bounds::SMALL });
}

#[test]
fn what_is_confirmed_is_never_old_though_clocks_stand_still() {
    is_sound(Bounds { ticks: 3, writes: 2, reads: [3, 0], careful: true, ..Bounds::SMALL });
}

#[test]
fn copies_of_sessions_that_are_over_are_confirmed() {
    is_sound(Bounds { ticks: 3, renewals: [2, 0], ..AGAIN });
}

#[test]
fn two_nodes_read_while_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, ..BOTH });
}

#[test]
fn copies_are_evicted_and_fetched_anew_while_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, reads: [3, 0], evictions: 1, ..Bounds::SMALL });
}

pub(super) const FOLLOWED: Bounds = Bounds { replica: true, reads: [0, 0], ..Bounds::SMALL };

#[test]
fn a_node_reads_from_its_replica_while_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, ..FOLLOWED });
}

#[test]
fn a_node_reads_from_its_replica_while_messages_come_twice_and_leases_end() {
    is_sound(Bounds { repeats: 1, ticks: 2, ..FOLLOWED });
}

#[test]
fn a_node_reads_from_its_replica_beside_another_one_that_has_a_copy() {
    is_sound(Bounds { nodes: 2, reads: [0, 1], renewals: [1, 1], ..FOLLOWED });
}

#[test]
fn a_node_reads_from_its_replica_while_another_home_takes_over() {
    is_sound(Bounds { renewals: [2, 0], ticks: 2, election: true, ..FOLLOWED });
}

pub(super) const REMOVED: Bounds =
    Bounds { removal: true, election: true, ticks: 2, ..Bounds::SMALL };

#[test]
fn a_node_that_was_removed_runs_on_while_another_home_takes_over() {
    is_sound(REMOVED);
}

pub(super) const SCRIPT: Bounds = Bounds { script: true, ..BOTH };

#[test]
fn two_nodes_read_while_a_script_writes_a_key() {
    is_sound(SCRIPT);
}

#[test]
fn a_node_reads_while_scripts_write_a_key_twice_and_copies_go() {
    is_sound(Bounds { script: true, writes: 2, evictions: 1, repeats: 1, ..AGAIN });
}

#[test]
fn a_node_reads_while_a_script_writes_a_key_and_leases_end() {
    is_sound(Bounds { script: true, ticks: 2, renewals: [2, 0], ..AGAIN });
}

#[test]
fn a_node_reads_from_its_replica_while_scripts_write_a_key_twice() {
    is_sound(Bounds { script: true, writes: 2, ..FOLLOWED });
}

pub(super) const KEPT: Bounds =
    Bounds { reattests: true, ticks: 2, renewals: [2, 0], reads: [1, 0], ..Bounds::SMALL };

#[test]
fn what_a_node_kept_of_a_session_that_is_over_is_attested() {
    is_sound(Bounds { ticks: 3, writes: 2, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_while_it_is_read_and_evicted() {
    is_sound(Bounds { reads: [2, 0], evictions: 1, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_while_messages_come_twice() {
    is_sound(Bounds { repeats: 1, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_by_another_home() {
    is_sound(Bounds { election: true, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_while_values_are_sent_before_their_writes_are_open() {
    is_sound(Bounds { hot_update: HotUpdate::Always, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_while_a_script_writes_the_key() {
    is_sound(Bounds { script: true, ..KEPT });
}

pub(super) const HEIR: Bounds = Bounds { heir: true, election: true, ..FOLLOWED };

#[test]
fn a_new_home_reads_before_older_leases_are_over() {
    is_sound(Bounds { writes: 2, ticks: 2, ..HEIR });
}

#[test]
fn a_new_home_reads_beside_another_node_that_has_an_older_copy() {
    is_sound(Bounds { nodes: 2, reads: [0, 1], renewals: [1, 1], ticks: 1, ..HEIR });
}

#[test]
fn a_node_reads_from_its_replica_while_the_home_comes_back_in_its_term() {
    is_sound(Bounds { renewals: [2, 0], ticks: 2, relapse: true, ..FOLLOWED });
}

#[test]
fn a_node_comes_back_and_reads_from_its_replica() {
    is_sound(Bounds { renewals: [2, 0], ticks: 2, restart: true, ..FOLLOWED });
}
