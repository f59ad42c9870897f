//! Worlds that take minutes, and gigabytes of memory: see CONTRIBUTING.md.

use super::sound::{AGAIN, BOTH, FOLLOWED, KEPT, REMOVED, is_sound_within};
use super::*;
use crate::{HotUpdate, Refresh};

/// More states than any of these worlds has.
const MOST: usize = 100_000_000;

fn is_sound(bounds: Bounds) {
    is_sound_within(bounds, MOST);
}

#[test]
fn messages_come_twice_again_and_again() {
    is_sound(Bounds { writes: 2, repeats: 2, evictions: 1, ..AGAIN });
}

#[test]
fn leases_end_while_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, ticks: 3, renewals: [2, 0], ..AGAIN });
}

#[test]
fn previous_sharers_are_sent_what_is_written_twice() {
    is_sound(Bounds { writes: 2, refresh: Refresh::On, ..BOTH });
}

#[test]
fn values_are_sent_to_two_nodes_before_their_writes_are_open() {
    is_sound(Bounds { writes: 2, hot_update: HotUpdate::Always, ..BOTH });
}

#[test]
fn another_home_takes_over_while_clients_read_twice() {
    is_sound(Bounds { ticks: 3, renewals: [2, 0], election: true, ..AGAIN });
}

#[test]
fn another_home_takes_over_from_two_sharers() {
    is_sound(Bounds { ticks: 3, election: true, ..BOTH });
}

#[test]
fn a_node_comes_back_while_another_home_takes_over() {
    let renewals = [3, 0];
    is_sound(Bounds { ticks: 4, renewals, restart: true, election: true, ..Bounds::SMALL });
}

#[test]
fn a_node_reads_from_its_replica_and_from_copies_while_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, renewals: [2, 0], reads: [1, 0], ..FOLLOWED });
}

#[test]
fn a_node_reads_from_its_replica_while_leases_end_and_a_key_is_written_twice() {
    is_sound(Bounds { writes: 2, renewals: [2, 0], repeats: 1, ticks: 2, ..FOLLOWED });
}

#[test]
fn a_node_reads_from_its_replica_while_another_home_writes() {
    let renewals = [2, 0];
    is_sound(Bounds { writes: 2, renewals, ticks: 2, election: true, ..FOLLOWED });
}

#[test]
fn a_node_that_was_removed_runs_on_and_asks_for_more_time() {
    is_sound(Bounds { ticks: 3, renewals: [2, 0], ..REMOVED });
}

#[test]
fn what_a_node_kept_is_attested_by_another_home_that_writes() {
    is_sound(Bounds { writes: 2, election: true, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_beside_another_node_that_reads() {
    is_sound(Bounds { nodes: 2, reads: [1, 1], renewals: [2, 1], ticks: 3, ..KEPT });
}

#[test]
fn what_a_node_kept_is_attested_while_it_is_read_and_evicted_and_messages_come_twice() {
    is_sound(Bounds { reads: [2, 0], evictions: 1, repeats: 1, ..KEPT });
}
