//! What holds of modes, sessions, conversions and several locks at once.

use super::*;

#[test]
fn readers_share_and_a_writer_waits_for_them() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a shared"]);
    assert_eq!(scene.ask("3: lock a"), "nil");
    assert_eq!(scene.ask("3: lock a block 0"), "waits");
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), [""; 0]);
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["3: 2"]);
}

#[test]
fn l3_no_writer_starves_behind_endless_readers() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a block 0"]);
    assert_eq!(scene.ask("3: lock a shared"), "nil");
    assert_eq!(scene.ask("3: lock a shared block 0"), "waits");
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2"]);
}

#[test]
fn l4_no_reader_starves_behind_endless_writers() {
    let mut scene = Scene::after(["1: lock a", "2: lock a shared block 0", "3: lock a block 0"]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2"]);
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["3: 3"]);
}

#[test]
fn l2_readers_at_the_head_are_granted_together_and_in_order() {
    let mut scene = Scene::after([
        "1: lock a",
        "2: lock a shared block 0",
        "3: lock a shared block 0",
        "4: lock a block 0",
        "5: lock a shared block 0",
    ]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2", "3: 2"]);
}

#[test]
fn l5_priority_goes_ahead_only_as_far_as_its_head_start() {
    let mut scene = Scene::new();
    scene.at(10_000);
    scene.ask("1: lock a");
    scene.ask("2: lock a block 0");
    scene.at(11_999);
    scene.ask("3: lock a prio 1 block 0");
    scene.ask("4: lock a prio 3 block 0");
    scene.ask("1: unlock a");
    scene.ask("4: unlock a");
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["4: 2", "2: 3", "3: 4"]);
}

#[test]
fn who_leaves_the_head_of_the_line_lets_those_behind_go_on() {
    let mut scene =
        Scene::after(["1: lock a shared", "2: lock a block 50", "3: lock a shared block 0"]);
    scene.at(50);
    assert_eq!(scene.answers(), ["2: nil", "3: 1"]);
}

#[test]
fn s5_readers_have_one_token_and_a_writer_between_them_another() {
    let mut scene = Scene::after(["1: lock a shared"]);
    assert_eq!(scene.ask("2: lock a shared"), "1");
    assert_eq!(scene.ask("1: lock a shared"), "1");
    scene.ask("1: unlock a");
    scene.ask("2: unlock a");
    assert_eq!(scene.ask("3: lock a"), "2");
    scene.ask("3: unlock a");
    assert_eq!(scene.ask("1: lock a shared"), "3");
}

#[test]
fn an_update_is_held_beside_readers_and_by_one_only() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a update"]);
    assert_eq!(scene.ask("3: lock a update"), "nil");
    assert_eq!(scene.ask("3: lock a shared"), "1");
}

#[test]
fn s16_an_upgrade_waits_before_all_requests_and_draws_a_new_token() {
    let mut scene = Scene::after(["1: lock a update", "2: lock a shared", "3: lock a block 0"]);
    assert_eq!(scene.ask("1: convert a block 0"), "waits");
    assert_eq!(scene.ask("4: lock a shared"), "nil");
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["1: 2"]);
    assert_eq!(scene.ask("1: check a token 2"), super::super::NO_END_MS.to_string());
}

#[test]
fn s16_an_upgrade_that_fails_keeps_the_hold() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a shared"]);
    assert_eq!(scene.ask("1: convert a"), "nil");
    assert_eq!(scene.ask("1: convert a block 50"), "waits");
    scene.at(50);
    assert_eq!(scene.answers(), ["1: nil"]);
    assert_eq!(scene.ask("1: unlock a"), "1");
}

#[test]
fn s16_a_downgrade_lets_readers_in_at_once_and_is_never_unlocked() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0", "3: lock a shared block 0"]);
    scene.ask("9: unblock a connection 2 request 2");
    assert_eq!(scene.answers(), ["2: nil"]);
    assert_eq!(scene.ask("1: convert a shared"), "1");
    assert_eq!(scene.answers(), ["3: 1"]);
    assert_eq!(scene.ask("4: lock a"), "nil");
}

#[test]
fn two_that_want_to_convert_are_a_deadlock_and_the_second_is_told() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a shared", "1: convert a block 0"]);
    assert_eq!(scene.ask("2: convert a block 0"), "Fault(ConversionDeadlock)");
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["1: 2"]);
}

#[test]
fn who_loses_its_hold_does_not_wait_to_convert_it() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a shared px 50"]);
    scene.ask("2: convert a block 0");
    scene.at(50);
    assert_eq!(scene.answers(), ["2: not held"]);
    assert_eq!(scene.table.waiting(), 0);
}

#[test]
fn a_stronger_mode_is_for_convert() {
    let mut scene = Scene::after(["1: lock a shared"]);
    assert_eq!(scene.ask("1: lock a"), "Fault(LockMode)");
    assert_eq!(scene.ask("1: lock a shared noreenter"), "Fault(AlreadyHeld)");
}

#[test]
fn what_is_taken_again_is_given_back_as_often() {
    let mut scene = Scene::after(["1: lock a", "1: lock a reenter"]);
    assert_eq!(scene.ask("1: unlock a"), "1");
    assert_eq!(scene.ask("2: lock a"), "nil");
    assert_eq!(scene.ask("1: unlock a"), "1");
    assert_eq!(scene.ask("1: unlock a"), "0");
    scene.ask("1: lock a");
    scene.ask("1: lock a reenter");
    assert_eq!(scene.ask("1: unlock a all"), "1");
    assert_eq!(scene.ask("2: lock a"), "3");
}

#[test]
fn s12_a_repeated_request_counts_once() {
    let mut scene = Scene::after(["1: lock a owner x", "1: lock a owner x reenter id r1"]);
    assert_eq!(scene.ask("2: lock a owner x reenter id r1"), "1");
    assert_eq!(scene.ask("1: unlock a owner x"), "1");
    assert_eq!(scene.ask("1: unlock a owner x"), "1");
    assert_eq!(scene.ask("1: unlock a owner x"), "0");
    assert_eq!(scene.ask("2: lock a owner x reenter id r1"), "1");
    assert_eq!(scene.ask("1: unlock a owner x"), "0");
    scene.at(60_000);
    assert_eq!(scene.ask("2: lock a owner x reenter id r1"), "2");
}

#[test]
fn s12_repetitions_of_who_waits_are_one_hold_and_one_place() {
    let mut scene = Scene::after([
        "1: lock a",
        "2: lock a owner x id r block 0 reenter",
        "4: lock a block 0",
        "3: lock a owner x id r block 0 reenter",
    ]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2", "3: 2"]);
    assert_eq!(scene.ask("2: unlock a owner x"), "1");
    assert_eq!(scene.answers(), ["4: 3"]);
}

#[test]
fn s11_an_unlock_by_another_frees_nothing() {
    let mut scene = Scene::after(["1: lock a shared", "2: lock a shared"]);
    assert_eq!(scene.ask("3: unlock a"), "0");
    assert_eq!(scene.table.held(), 2);
}

#[test]
fn s10_a_renewal_moves_the_end() {
    let mut scene = Scene::after(["1: lock a owner x px 100"]);
    scene.at(90);
    assert_eq!(scene.ask("1: renew a owner x px 100"), "1");
    scene.at(100);
    assert_eq!(scene.ask("1: check a token 1"), "90");
    assert_eq!(scene.ask("1: renew a owner x px 50 gt"), "0");
    assert_eq!(scene.ask("1: renew a owner x px 50 lt"), "1");
    scene.at(150);
    assert_eq!(scene.ask("1: renew a owner x px 50"), "0");
}

#[test]
fn s17_what_was_killed_is_not_valid_any_more() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    assert_eq!(scene.ask("9: kill a token 1"), "1");
    assert_eq!(scene.ask("1: check a token 1"), "-1");
    assert_eq!(scene.ask("1: unlock a"), "0");
    assert_eq!(scene.notices(), ["1: blocking a exclusive", "1: lost a 1 killed"]);
    assert_eq!(scene.ask("9: kill a owner 1-1-2"), "1");
    assert_eq!(scene.ask("9: kill a"), "0");
}

#[test]
fn what_a_session_held_and_waited_for_ends_with_it() {
    let mut scene = Scene::after([
        "1: lock a session s birth 5",
        "1: lock b owner x session s birth 5",
        "2: lock a block 0",
        "3: lock c",
        "1: lock c session s birth 5 block 0",
    ]);
    scene.end_session("s", 0);
    assert_eq!(scene.answers(), ["1: Fault(NoSession)", "2: 4"]);
    assert_eq!(scene.ask("2: lock b"), "5");
}

#[test]
fn after_a_hold_that_was_lost_nobody_gets_it_for_the_delay() {
    let mut scene = Scene::after(["1: lock a px 100 delay 500", "2: lock a block 0"]);
    scene.at(100);
    assert_eq!(scene.answers(), [""; 0]);
    assert_eq!(scene.ask("3: lock a"), "nil");
    scene.at(600);
    assert_eq!(scene.answers(), ["2: 2"]);
    scene.ask("2: unlock a");
    scene.ask("1: lock a delay 500");
    scene.ask("1: unlock a");
    assert_eq!(scene.ask("3: lock a"), "4");
}

#[test]
fn a_session_brings_its_own_delay() {
    let mut scene = Scene::after(["1: lock a session s birth 5"]);
    scene.end_session("s", 300);
    assert_eq!(scene.ask("2: lock a"), "nil");
    assert_eq!(scene.ask("2: lock a block 0"), "waits");
    scene.at(300);
    assert_eq!(scene.answers(), ["2: 2"]);
}

#[test]
fn several_are_taken_together_or_not_at_all() {
    let mut scene = Scene::after(["1: lock c"]);
    assert_eq!(scene.ask("2: mlock a,b,c"), "nil");
    assert_eq!(scene.ask("2: munlock a,b,c"), "0");
    scene.ask("1: unlock c");
    assert_eq!(scene.ask("2: mlock b,a,c,a"), "3 2 4 2");
    assert_eq!(scene.ask("2: munlock a,b,c"), "3");
    assert_eq!(scene.table.held(), 0);
}

#[test]
fn parts_of_several_end_unless_they_are_confirmed() {
    let mut scene = Scene::after(["1: mlock a,b owner x acquiring 100"]);
    assert_eq!(scene.ask("1: scan - acquiring"), "0 b a");
    assert_eq!(scene.ask("1: confirm a,b owner x px 5000"), "1");
    assert_eq!(scene.ask("1: check a token 1"), "5000");
    scene.ask("1: mlock c owner x acquiring 100");
    scene.at(100);
    assert_eq!(scene.ask("1: confirm c owner x"), "0");
    assert_eq!(scene.ask("1: unlock c owner x"), "0");
}

#[test]
fn who_asks_for_a_lock_that_its_owner_waits_for_as_a_part_gets_it_whole() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0 owner x acquiring 100"]);
    // Whoever gathers the parts is gone, and its owner asks for this one itself.
    assert_eq!(scene.ask("3: lock a block 0 owner x px 5000"), "waits");
    scene.ask("1: unlock a");
    assert_eq!(scene.answers().len(), 2);
    scene.at(200);
    assert_eq!(scene.ask("3: abandon a owner x"), "0");
    assert_eq!(scene.ask("3: unlock a owner x"), "1");
}

#[test]
fn what_is_abandoned_is_only_what_was_a_part() {
    let mut scene = Scene::after(["1: lock a owner x"]);
    assert_eq!(scene.ask("1: mlock a,b owner x acquiring 100"), "-1 2");
    assert_eq!(scene.ask("1: abandon a,b owner x"), "1");
    assert_eq!(scene.ask("1: check a token 1"), "30000");
}

#[test]
fn permits_are_handed_out_up_to_the_limit() {
    let mut scene = Scene::after(["1: lock a permits 2 limit 3"]);
    assert_eq!(scene.ask("2: lock a permits 2 limit 3"), "nil");
    assert_eq!(scene.ask("2: lock a permits 1 limit 3"), "2");
    assert_eq!(scene.ask("3: lock a permits 1 limit 4"), "Fault(OtherLimit)");
    assert_eq!(scene.ask("3: lock a permits 5 limit 4"), "Fault(OutOfRange)");
    assert_eq!(scene.ask("3: lock a permits 3 limit 3 block 0"), "waits");
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), [""; 0]);
    scene.ask("2: unlock a");
    assert_eq!(scene.answers(), ["3: 3"]);
}

#[test]
fn who_asked_asynchronously_is_told_of_its_grant() {
    let mut scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    assert_eq!(scene.ask("3: lock a block 0 async owner x"), "QUEUED 2");
    scene.ask("1: unlock a");
    scene.fx.take();
    scene.ask("2: unlock a");
    assert_eq!(scene.notices(), ["3: granted x a 3"]);
}

#[test]
fn s13_a_cancelled_wait_is_never_granted() {
    let mut scene = Scene::after(["1: lock a", "2: lock a owner x id r block 0"]);
    assert_eq!(scene.ask("3: cancel a owner x id other"), "0");
    assert_eq!(scene.ask("3: cancel a owner x id r"), "1");
    assert_eq!(scene.answers(), ["2: nil"]);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), [""; 0]);
    assert_eq!(scene.table.held(), 0);
}

#[test]
fn more_than_the_token_is_told_to_who_asks() {
    let mut scene = Scene::after(["1: lock a px 500 value v"]);
    assert_eq!(scene.ask("1: lock a px 500 full"), "1 exclusive 1-1-1 1 500 0 v");
    scene.ask("2: lock a full block 0");
    scene.at(40);
    scene.ask("1: unlock a");
    assert_eq!(scene.answers(), ["2: 2 exclusive 1-1-2 1 -1 40 "]);
}

#[test]
fn a_hold_that_is_not_there_is_refused_where_it_is_asserted() {
    let mut scene = Scene::after(["1: lock a px 500"]);
    assert_eq!(scene.ask("2: assert a token 1"), "500");
    assert_eq!(scene.ask("2: assert a token 2"), "token 2 is not valid");
}

#[test]
fn a_fence_keeps_the_highest_token() {
    let mut scene = Scene::after(["1: fence a token 5"]);
    assert_eq!(scene.ask("1: fence a token 5"), "1");
    assert_eq!(scene.ask("1: fence a token 4"), "stale token, highest is 5");
    assert_eq!(scene.ask("1: fence a"), "5");
    scene.ask("1: fence a token 9 px 100");
    scene.at(100);
    assert_eq!(scene.ask("1: fence a"), "0");
}

#[test]
fn a_latch_opens_for_all_when_it_has_counted_down() {
    let mut scene = Scene::after(["1: latchset a count 2 px 1000"]);
    assert_eq!(scene.ask("2: latchwait a"), "2");
    assert_eq!(scene.ask("2: latchwait a block 0"), "waits");
    assert_eq!(scene.ask("3: latchwait a block 10"), "waits");
    scene.at(10);
    assert_eq!(scene.answers(), ["3: nil"]);
    assert_eq!(scene.ask("1: latchdown a"), "1");
    assert_eq!(scene.ask("1: latchdown a"), "0");
    assert_eq!(scene.answers(), ["2: 0"]);
    assert_eq!(scene.ask("2: latchwait a block 0"), "0");
    scene.at(1000);
    assert_eq!(scene.ask("2: latchget a"), "nil");
    scene.table.check_all();
}

#[test]
fn a_scan_gives_what_meets_its_filter() {
    let mut scene = Scene::after(["1: lock aa", "1: lock ab owner x", "2: lock aa block 0"]);
    scene.at(20);
    assert_eq!(scene.ask("1: scan - match ab"), "0 ab");
    assert_eq!(scene.ask("1: scan - owner x"), "0 ab");
    assert_eq!(scene.ask("1: scan - waited"), "0 aa");
    assert_eq!(scene.ask("1: scan - minwait 20"), "0 aa");
    assert_eq!(scene.ask("1: scan - minwait 21"), "0 ");
}
