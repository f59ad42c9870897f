//! A key is lent to a node that writes it by itself: with all rules nothing goes wrong, and
//! without any of them something does.

use super::mutants::rule;
use super::sound::is_sound;
use super::*;

/// The first node writes its copy while the second one reads. Nothing is ever lost.
const LENT: Bounds = Bounds {
    nodes: 2,
    reads: [0, 1],
    renewals: [1, 1],
    writes: 1,
    back: true,
    local_writes: 1,
    ..Bounds::SMALL
};

/// Sessions end while the first node alone has copies, and what it wrote may be lost.
const LOST: Bounds =
    Bounds { nodes: 1, reads: [0, 0], renewals: [1, 0], ticks: 2, loses: true, ..LENT };

#[test]
fn a_node_writes_what_it_is_lent_while_another_one_reads() {
    is_sound(Bounds { local_writes: 2, ..LENT });
}

#[test]
fn a_node_writes_what_it_is_lent_and_tells_its_home_unasked() {
    is_sound(Bounds { nodes: 1, reads: [1, 0], writes: 2, local_writes: 2, flushes: 2, ..LENT });
}

#[test]
fn a_copy_that_was_written_is_evicted() {
    is_sound(Bounds { nodes: 1, reads: [1, 0], evictions: 1, flushes: 2, ..LENT });
}

#[test]
fn messages_about_what_is_lent_come_twice() {
    is_sound(Bounds { nodes: 1, reads: [1, 0], writes: 2, repeats: 2, flushes: 1, ..LENT });
}

#[test]
fn a_copy_that_was_written_is_evicted_while_messages_come_twice() {
    let bounds = Bounds { nodes: 1, reads: [0, 0], ..LENT };
    is_sound(Bounds { evictions: 1, flushes: 2, repeats: 1, ..bounds });
}

#[test]
fn what_is_lost_with_a_session_never_comes_back() {
    is_sound(Bounds { writes: 2, flushes: 2, renewals: [2, 0], ticks: 3, ..LOST });
}

#[test]
fn a_node_that_wrote_what_it_was_lent_comes_back_without_its_memory() {
    is_sound(Bounds { restart: true, flushes: 1, renewals: [2, 0], ..LOST });
}

#[test]
fn what_was_written_and_lost_is_not_attested() {
    is_sound(Bounds { reattests: true, flushes: 1, renewals: [2, 0], ..LOST });
}

#[test]
fn another_home_takes_over_what_was_lent() {
    is_sound(Bounds { election: true, flushes: 1, renewals: [2, 0], ..LOST });
}

#[test]
fn r34_what_is_lent_is_called_back_before_anybody_sees_it() {
    rule("R34", LENT, |rules| rules.lent_called_back = false);
}

#[test]
fn r35_who_is_called_back_acknowledges_when_what_it_wrote_is_in_the_log() {
    rule("R35", LENT, |rules| rules.lent_flushed_first = false);
}

#[test]
fn r36_what_was_written_counts_while_the_key_is_lent() {
    rule("R36", Bounds { flushes: 1, ..LOST }, |rules| rules.flush_of_loan = false);
}

#[test]
fn r37_a_key_stays_lent_while_what_was_written_is_on_its_way_into_the_log() {
    rule("R37", Bounds { flushes: 1, ..LOST }, |rules| rules.flush_keeps_loan = false);
}

#[test]
fn r38_what_is_lent_is_written_under_a_lease() {
    rule("R38", LOST, |rules| rules.lent_under_lease = false);
}
