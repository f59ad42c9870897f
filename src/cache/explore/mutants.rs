//! Each rule is needed: without it, something goes wrong (P26).

use super::sound::{FOLLOWED, HEIR, KEPT, REMOVED, SCRIPT};
use super::*;
use crate::{HotUpdate, Refresh, Rules};

/// So many states are looked at for the mistake.
const MOST: usize = 3_000_000;

fn is_broken(rule: &str, bounds: Bounds, off: fn(&mut Bounds)) {
    let mut without = bounds;
    off(&mut without);
    match search(without, MOST) {
        Found::Broken(why, steps) => {
            println!("{rule}: {why} after {} steps", steps.len());
        }
        Found::Sound(states) => panic!("{rule} is not needed in any of {states} states"),
        Found::Unfinished => panic!("{rule} is not needed in the first {MOST} states"),
    }
}

pub(super) fn rule(rule: &str, bounds: Bounds, off: fn(&mut Rules)) {
    let mut without = bounds;
    off(&mut without.rules);
    is_broken(rule, without, |_| {});
}

#[test]
fn r1_a_write_waits_for_all_sharers() {
    rule("R1", Bounds::SMALL, |rules| rules.open_after_acks = false);
}

#[test]
fn r2_what_is_not_open_is_hidden() {
    rule("R2", Bounds::SMALL, |rules| rules.unopened_is_hidden = false);
}

#[test]
fn r3_an_invalidation_closes_flights() {
    let bounds = Bounds { reads: [2, 0], ..Bounds::SMALL };
    rule("R3", bounds, |rules| rules.inv_closes_flights = false);
}

#[test]
fn r4_a_plain_answer_is_for_those_who_waited() {
    let bounds = Bounds { reads: [2, 0], ..Bounds::SMALL };
    rule("R4", bounds, |rules| rules.plain_answers_first_only = false);
}

#[test]
fn r5_the_end_of_a_lease_closes_flights() {
    let bounds = Bounds { ticks: 3, reads: [2, 0], ..Bounds::SMALL };
    rule("R5", bounds, |rules| rules.lease_closes_flights = false);
}

#[test]
fn r6_only_what_is_newest_is_installed() {
    let bounds = Bounds { reads: [2, 0], ..Bounds::SMALL };
    rule("R6", bounds, |rules| rules.newest_only = false);
}

#[test]
fn r7_a_hint_names_its_grant() {
    let bounds = Bounds { reads: [2, 0], evictions: 1, ..Bounds::SMALL };
    rule("R7", bounds, |rules| rules.put_names_grant = false);
}

#[test]
fn r7_who_gives_a_grant_back_lets_nobody_join_older_flights() {
    let bounds = Bounds { reads: [3, 0], evictions: 1, ..Bounds::SMALL };
    rule("R6 with R7", bounds, |rules| rules.put_closes_flights = false);
}

#[test]
fn r8_a_node_is_forgotten_after_its_lease() {
    let bounds = Bounds { ticks: 2, ..Bounds::SMALL };
    rule("R8", bounds, |rules| rules.forget_after_lease = false);
}

#[test]
fn r9_requests_for_sessions_have_an_order() {
    let bounds = Bounds { ticks: 2, renewals: [2, 0], restart: true, repeats: 1, ..Bounds::SMALL };
    rule("R9", bounds, |rules| rules.nonces_grow = false);
}

#[test]
fn r10_what_is_of_an_unknown_session_is_not_acknowledged() {
    rule("R10", Bounds::SMALL, |rules| rules.unknown_unacknowledged = false);
}

#[test]
fn r11_a_new_home_waits_for_older_leases() {
    let bounds = Bounds { ticks: 1, election: true, ..Bounds::SMALL };
    rule("R11", bounds, |rules| rules.older_leases_over = false);
}

#[test]
fn r12_a_home_needs_its_quorum() {
    let bounds = Bounds { ticks: 3, election: true, ..Bounds::SMALL };
    rule("R12", bounds, |rules| rules.under_quorum = false);
}

#[test]
fn r13_an_update_is_hidden_until_its_write_is_open() {
    let bounds = Bounds { hot_update: HotUpdate::Always, ..Bounds::SMALL };
    rule("R13", bounds, |rules| rules.update_hidden = false);
}

#[test]
fn r14_the_next_write_finds_those_with_an_update() {
    let bounds = Bounds { writes: 2, hot_update: HotUpdate::Always, ..Bounds::SMALL };
    rule("R14", bounds, |rules| rules.updates_targeted = false);
}

#[test]
fn r15_what_touches_the_same_key_opens_in_order() {
    let bounds = Bounds { writes: 2, ..Bounds::SMALL };
    rule("R15", bounds, |rules| rules.open_in_order = false);
}

#[test]
fn r17_a_copy_is_called_the_same_by_its_version() {
    let bounds = Bounds { writes: 2, reads: [2, 0], careful: true, ..Bounds::SMALL };
    rule("R17", bounds, |rules| rules.versions_compared = false);
}

#[test]
fn r18_what_is_called_the_same_is_what_the_node_had() {
    let bounds = Bounds {
        writes: 2,
        reads: [3, 0],
        ticks: 2,
        renewals: [2, 0],
        home_reads: false,
        ..Bounds::SMALL
    };
    rule("R18", bounds, |rules| rules.same_as_asked = false);
}

#[test]
fn r19_who_trusts_no_lease_waits_for_what_is_asked_anew() {
    let bounds = Bounds { ticks: 3, reads: [2, 0], careful: true, ..Bounds::SMALL };
    rule("R19", bounds, |rules| rules.careful_ask_anew = false);
}

#[test]
fn r20_what_was_sent_is_confirmed_if_it_was_written() {
    let bounds = Bounds { hot_update: HotUpdate::Always, astray: true, ..Bounds::SMALL };
    rule("R20", bounds, |rules| rules.sent_compared = false);
}

#[test]
fn r16_a_home_that_comes_back_is_another_one() {
    let bounds = Bounds { relapse: true, refresh: Refresh::Off, ..Bounds::SMALL };
    is_broken("R16", bounds, |bounds| bounds.lives_count = false);
}

#[test]
fn r21_who_reads_the_whole_shard_is_told_of_every_write() {
    rule("R21", FOLLOWED, |rules| rules.followers_targeted = false);
}

#[test]
fn r22_a_replica_hides_what_is_written() {
    rule("R22", FOLLOWED, |rules| rules.touched_hidden = false);
}

#[test]
fn r23_a_replica_hides_what_it_has_not_carried_out() {
    rule("R23", FOLLOWED, |rules| rules.behind_hidden = false);
}

#[test]
fn r24_a_replica_hides_what_its_node_was_not_told_of() {
    rule("R24", FOLLOWED, |rules| rules.untold_hidden = false);
}

#[test]
fn r25_who_begins_is_told_of_what_is_not_open() {
    rule("R25", FOLLOWED, |rules| rules.pending_told = false);
}

#[test]
fn r26_a_replica_shows_nothing_that_is_older_than_the_beginning() {
    rule("R26", FOLLOWED, |rules| rules.from_the_beginning = false);
}

#[test]
fn r27_who_is_told_of_a_write_knows_of_all_before_it() {
    rule("R27", Bounds { writes: 2, ..FOLLOWED }, |rules| rules.all_before_known = false);
}

#[test]
fn r28_a_new_home_hides_what_may_not_have_been_open() {
    rule("R28", HEIR, |rules| rules.limbo_hidden = false);
}

#[test]
fn r28_a_new_home_hides_what_its_node_was_not_told_of() {
    rule("R28 with R24", HEIR, |rules| rules.untold_hidden = false);
}

#[test]
fn r30_a_new_home_waits_for_who_was_removed() {
    is_broken("R30", REMOVED, |bounds| bounds.removed_count = false);
}

#[test]
fn r31_who_was_removed_is_given_no_more_time() {
    let bounds = Bounds { ticks: 3, renewals: [2, 0], ..REMOVED };
    rule("R31", bounds, |rules| rules.departed_dismissed = false);
}

#[test]
fn r32_what_a_script_wrote_waits_for_who_has_it() {
    rule("R32", SCRIPT, |rules| rules.besides_called_back = false);
}

#[test]
fn r33_what_is_attested_is_about_to_be_written_by_nobody() {
    let bounds = Bounds { election: true, ..KEPT };
    rule("R33", bounds, |rules| rules.attested_unwritten = false);
}

#[test]
fn r17_what_is_attested_is_of_the_version_of_the_key() {
    let bounds = Bounds { election: true, ..KEPT };
    rule("R17 with R33", bounds, |rules| rules.versions_compared = false);
}

#[test]
fn r6_what_is_attested_is_not_installed_if_something_newer_is_known() {
    let bounds = Bounds { election: true, ..KEPT };
    rule("R6 with R33", bounds, |rules| rules.newest_only = false);
}
