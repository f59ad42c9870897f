//! What holds, told one at a time.

use super::*;
use crate::Read;
use crate::queues::{
    ANSWER_BYTES_MAX, BODY_BYTES_MAX, CONSUMERS_MAX, FAILS_MAX, INFO_NAMES, LEASE_MS_MAX,
};

#[test]
fn messages_come_out_in_the_order_they_went_in() {
    let mut scene = Scene::after(["1: push q a", "1: push q b"]);
    assert_eq!(scene.ask("2: pop q"), "0-1-1 a");
    assert_eq!(scene.ask("2: pop q"), "0-2-1 b");
    assert_eq!(scene.ask("2: pop q"), "nil");
}

#[test]
fn a_push_tells_the_id() {
    let mut scene = Scene::after(["1: push q a"]);
    assert_eq!(scene.ask("1: push q b"), "0-2");
    assert_eq!(scene.ask("1: push other c"), "0-1");
}

#[test]
fn a_count_takes_up_to_so_many() {
    let mut scene = Scene::after(["1: push q a", "1: push q b", "1: push q c"]);
    assert_eq!(scene.ask("2: pop q count 2"), "0-1-1 a 0-2-1 b");
    assert_eq!(scene.ask("2: pop q count 2"), "0-3-1 c");
    assert_eq!(scene.ask("2: pop q count 2"), "nil");
}

#[test]
fn an_acked_message_is_gone() {
    let mut scene = Scene::after(["1: push q a", "2: pop q vt 100"]);
    assert_eq!(scene.ask("2: ack q 0-1-1"), "1");
    assert_eq!(scene.ask("2: ack q 0-1-1"), "0");
    scene.at(1000);
    assert_eq!(scene.ask("2: pop q"), "nil");
    assert_eq!(scene.table.next_deadline(), None);
}

#[test]
fn several_receipts_are_acked_at_once() {
    let mut scene = Scene::after(["1: push q a", "1: push q b", "2: pop q count 2"]);
    assert_eq!(scene.ask("2: ack q 0-1-1 0-2-1 0-3-1 0-1-1"), "2");
}

#[test]
fn a_lease_that_runs_out_brings_the_message_back_to_its_place() {
    let mut scene = Scene::after(["1: push q a", "1: push q b", "2: pop q vt 100"]);
    scene.at(99);
    assert_eq!(scene.states(), ["1", "0", "1", "0"]);
    scene.at(100);
    assert_eq!(scene.states(), ["2", "0", "0", "0"]);
    assert_eq!(scene.ask("2: pop q"), "0-1-2 a");
}

#[test]
fn a_delivery_without_a_lease_gets_thirty_seconds() {
    let mut scene = Scene::after(["1: push q a", "2: pop q"]);
    assert_eq!(scene.table.next_deadline(), Some(30_000));
    scene.at(30_000);
    assert_eq!(scene.ask("2: pop q"), "0-1-2 a");
}

#[test]
fn an_ack_after_the_lease_counts_until_the_next_delivery() {
    let mut scene = Scene::after(["1: push q a", "1: push q b", "2: pop q count 2 vt 100"]);
    scene.at(100);
    assert_eq!(scene.ask("2: ack q 0-1-1"), "1");
    assert_eq!(scene.ask("3: pop q"), "0-2-2 b");
    assert_eq!(scene.ask("2: ack q 0-2-1"), "0");
    assert_eq!(scene.states(), ["0", "0", "1", "0"]);
}

#[test]
fn a_message_that_was_never_delivered_has_no_receipt() {
    let mut scene = Scene::after(["1: push q a"]);
    assert_eq!(scene.ask("2: ack q 0-1-0 0-1-1"), "0");
}

#[test]
fn a_delayed_message_is_out_of_sight_until_it_is_due() {
    let mut scene = Scene::after(["1: push q a delay 50", "1: push q b"]);
    assert_eq!(scene.states(), ["1", "1", "0", "0"]);
    assert_eq!(scene.ask("2: pop q"), "0-2-1 b");
    scene.at(50);
    assert_eq!(scene.ask("2: pop q"), "0-1-1 a");
}

#[test]
fn a_time_in_the_past_is_no_delay() {
    let mut scene = Scene::new();
    scene.at(100);
    scene.ask("1: push q a at 100");
    scene.ask("1: push q b at 101");
    assert_eq!(scene.states(), ["1", "1", "0", "0"]);
}

#[test]
fn a_push_goes_to_the_consumer_that_waits_longest() {
    let mut scene = Scene::after(["2: pop q block 0", "3: pop q block 0 vt 70"]);
    scene.ask("1: push q a");
    scene.ask("1: push q b");
    assert_eq!(scene.answers(), ["2: 0-1-1 a", "3: 0-2-1 b"]);
    assert_eq!(scene.states(), ["0", "0", "2", "0"]);
    assert_eq!(scene.table.next_deadline(), Some(70));
}

#[test]
fn a_consumer_that_waits_gets_what_comes_back() {
    let mut scene = Scene::after(["1: push q a", "2: pop q vt 100", "3: pop q block 0"]);
    scene.at(100);
    assert_eq!(scene.answers(), ["3: 0-1-2 a"]);
}

#[test]
fn a_consumer_that_waits_gets_what_is_given_back() {
    let mut scene = Scene::after(["1: push q a", "2: pop q", "3: pop q block 0"]);
    scene.ask("2: nack q silent 0-1-1");
    assert_eq!(scene.answers(), ["3: 0-1-2 a"]);
}

#[test]
fn a_consumer_that_waits_gets_what_becomes_visible() {
    let mut scene = Scene::after(["1: push q a delay 50", "3: pop q count 5 block 0"]);
    scene.at(50);
    assert_eq!(scene.answers(), ["3: 0-1-1 a"]);
}

#[test]
fn who_waited_long_enough_gets_nil_and_no_message() {
    let mut scene = Scene::after(["2: pop q block 50", "3: pop q block 0"]);
    scene.at(50);
    assert_eq!(scene.answers(), ["2: nil"]);
    scene.ask("1: push q a");
    assert_eq!(scene.answers(), ["3: 0-1-1 a"]);
}

#[test]
fn a_late_consumer_is_passed_over_before_anybody_ended_its_wait() {
    let mut scene = Scene::after(["2: pop q block 50", "3: pop q block 0"]);
    scene.at.now_ms = 50;
    scene.ask("1: push q a");
    assert_eq!(scene.answers(), ["2: nil", "3: 0-1-1 a"]);
}

#[test]
fn the_consumers_of_a_connection_wait_no_longer_than_it_lives() {
    let mut scene = Scene::after(["2: pop q block 0", "3: pop q block 0"]);
    scene.table.end_connection(&scene.at, connection(2), &mut scene.fx);
    scene.ask("1: push q a");
    assert_eq!(scene.answers(), ["3: 0-1-1 a"]);
}

#[test]
fn the_consumers_of_a_former_life_wait_no_longer() {
    let mut scene = Scene::after(["2: pop q block 0"]);
    scene.table.end_lives(&scene.at, Origin { node: NodeId(1), boot: 2, conn: 0 }, &mut scene.fx);
    assert_eq!(scene.ask("2: pop q block 0"), "nil");
    assert_eq!(scene.table.waiting(), 0);
    scene.ask("1: push q a");
    assert_eq!(scene.ask("2: pop q block 0"), "0-1-1 a");
}

#[test]
fn a_wait_can_be_ended_from_outside() {
    let mut scene = Scene::after(["2: pop q block 0", "3: pop q block 0"]);
    assert_eq!(scene.ask("9: unblock q connection 2 request 1"), "1");
    assert_eq!(scene.ask("9: unblock q connection 2 request 1"), "0");
    assert_eq!(scene.ask("9: unblock q connection 3 request 2 error"), "1");
    assert_eq!(scene.answers(), ["2: nil", "3: unblocked"]);
}

#[test]
fn a_request_that_is_sent_twice_waits_once() {
    let mut scene = Scene::after(["2: pop q block 0"]);
    scene.requests -= 1;
    assert_eq!(scene.ask("2: pop q block 0"), "waits");
    assert_eq!(scene.table.waiting(), 1);
}

#[test]
fn without_a_wait_the_request_is_answered_at_once() {
    let mut scene = Scene::new();
    let op = op(connection(2), 9, &["pop", "q", "block", "0"]).without_wait();
    assert_eq!(scene.apply(&op), "nil");
}

#[test]
fn a_queue_that_was_only_waited_for_leaves_nothing_behind() {
    let mut scene = Scene::after(["2: pop q block 50"]);
    assert_eq!(scene.table.len(), 0);
    assert_eq!(scene.ask("2: info q"), "no such queue");
    scene.at(50);
    assert!(scene.table.queues.is_empty());
}

#[test]
fn a_full_line_takes_no_more() {
    let mut scene = Scene::new();
    for conn in 0..CONSUMERS_MAX {
        assert_eq!(scene.ask(&format!("{conn}: pop q block 0")), "waits");
    }
    assert_eq!(scene.ask("200000: pop q block 0"), "limit");
}

#[test]
fn noack_settles_with_the_delivery() {
    let mut scene = Scene::after(["1: push q a", "2: pop q noack"]);
    assert_eq!(scene.states(), ["0", "0", "0", "0"]);
    assert_eq!(scene.ask("2: ack q 0-1-1"), "0");
    scene.ask("2: pop q noack block 0");
    scene.ask("1: push q b");
    assert_eq!(scene.answers(), ["2: 0-2-1 b"]);
    assert_eq!(scene.states(), ["0", "0", "0", "0"]);
}

#[test]
fn a_failed_message_stays_away_for_longer_each_time() {
    let mut scene = Scene::after(["1: push q a", "2: pop q"]);
    for (attempt, about_ms) in [(1, 1000), (2, 2000), (3, 4000)] {
        assert_eq!(scene.ask(&format!("2: nack q fail 0-1-{attempt}")), "1");
        let away_ms = scene.table.next_deadline().unwrap() - scene.at.now_ms;
        assert!((about_ms * 4 / 5..=about_ms * 6 / 5).contains(&away_ms), "{away_ms}");
        scene.at(scene.at.now_ms + away_ms);
        assert_eq!(scene.ask("2: pop q"), format!("0-1-{} a", attempt + 1));
    }
}

#[test]
fn a_delay_of_the_consumers_choice_replaces_the_back_off() {
    let mut scene = Scene::after(["1: push q a", "1: push q b", "2: pop q count 2"]);
    assert_eq!(scene.ask("2: nack q fail 0-1-1 delay 7"), "1");
    assert_eq!(scene.ask("2: nack q fail 0-2-1 delay 0"), "1");
    assert_eq!(scene.states(), ["1", "1", "0", "0"]);
    assert_eq!(scene.table.next_deadline(), Some(7));
}

#[test]
fn a_message_that_fails_too_often_is_dead() {
    let mut scene = Scene::after(["1: push q a"]);
    for attempt in 1..=FAILS_MAX {
        assert_eq!(scene.ask("2: pop q vt 100"), format!("0-1-{attempt} a"));
        if attempt % 2 == 0 {
            scene.at(scene.at.now_ms + 100);
        } else {
            scene.ask(&format!("2: nack q fail 0-1-{attempt} delay 0"));
        }
    }
    assert_eq!(scene.states(), ["0", "0", "0", "1"]);
    assert_eq!(scene.ask(&format!("2: ack q 0-1-{FAILS_MAX}")), "0");
    assert_eq!(scene.ask("2: pop q"), "nil");
}

#[test]
fn a_message_given_back_in_silence_never_dies_of_it() {
    let mut scene = Scene::after(["1: push q a"]);
    for attempt in 1..100 {
        scene.ask("2: pop q");
        assert_eq!(scene.ask(&format!("2: nack q silent 0-1-{attempt}")), "1");
    }
    assert_eq!(scene.states(), ["1", "0", "0", "0"]);
}

#[test]
fn a_fatal_failure_is_the_last() {
    let mut scene = Scene::after(["1: push q a", "2: pop q"]);
    assert_eq!(scene.ask("2: nack q fatal 0-1-1"), "1");
    assert_eq!(scene.states(), ["0", "0", "0", "1"]);
}

#[test]
fn only_what_is_in_flight_is_given_back() {
    let mut scene = Scene::after(["1: push q a", "2: pop q vt 100"]);
    assert_eq!(scene.ask("2: nack q fail 0-1-2 0-2-1"), "0");
    assert_eq!(scene.ask("2: nack other fail 0-1-1"), "stale");
    scene.at(100);
    assert_eq!(scene.ask("2: nack q fail 0-1-1"), "stale");
}

#[test]
fn an_extended_lease_runs_from_now() {
    let mut scene = Scene::after(["1: push q a", "2: pop q vt 100"]);
    scene.at(60);
    assert_eq!(scene.ask("2: extend q 0-1-1 0-2-1 ms 500"), "560 0");
    scene.at(559);
    assert_eq!(scene.states(), ["0", "0", "1", "0"]);
    assert_eq!(scene.ask("2: extend q 0-1-1 ms 0"), "30559");
    assert_eq!(scene.ask("2: extend other 0-1-1 ms 0"), "stale");
}

#[test]
fn a_lease_that_ran_out_is_not_extended() {
    let mut scene = Scene::after(["1: push q a", "2: pop q vt 100"]);
    scene.at.now_ms = 100;
    assert_eq!(scene.ask("2: extend q 0-1-1 ms 500"), "stale");
    scene.at(100);
    assert_eq!(scene.ask("2: extend q 0-1-1 ms 500"), "stale");
}

#[test]
fn nobody_holds_a_message_for_more_than_twelve_hours() {
    let mut scene = Scene::after(["1: push q a", "2: pop q"]);
    scene.at(20_000);
    let extend = format!("2: extend q 0-1-1 ms {LEASE_MS_MAX}");
    assert_eq!(scene.ask(&extend), LEASE_MS_MAX.to_string());
}

#[test]
fn a_purge_takes_everything_away() {
    let mut scene = Scene::after([
        "1: push q a",
        "1: push q b",
        "1: push q c delay 50",
        "1: push q d",
        "2: pop q",
        "2: pop q",
    ]);
    scene.ask("2: nack q fatal 0-2-1");
    assert_eq!(scene.states(), ["1", "1", "1", "1"]);
    assert_eq!(scene.ask("1: purge q"), "4");
    assert_eq!(scene.states(), ["0", "0", "0", "0"]);
    assert_eq!(scene.table.next_deadline(), None);
    assert_eq!(scene.ask("1: push q e"), "0-5");
}

#[test]
fn an_old_receipt_never_meets_a_message_of_a_new_queue() {
    let mut scene = Scene::after(["1: push q a", "2: pop q"]);
    assert_eq!(scene.ask("1: destroy q"), "1");
    assert_eq!(scene.ask("1: destroy q"), "0");
    assert_eq!(scene.ask("1: push q b"), "0-2");
    scene.ask("2: pop q");
    assert_eq!(scene.ask("2: ack q 0-1-1"), "0");
}

#[test]
fn who_waits_for_a_queue_outlives_it() {
    let mut scene = Scene::after(["1: push q a", "2: pop q", "3: pop q block 0"]);
    scene.ask("1: destroy q");
    scene.ask("1: push q b");
    assert_eq!(scene.answers(), ["3: 0-2-1 b"]);
}

#[test]
fn a_body_may_be_a_mebibyte_and_no_more() {
    let mut scene = Scene::new();
    let body = vec![b'x'; BODY_BYTES_MAX + 1];
    assert_eq!(scene.apply(&Op::push(b"q", &body)), "too big");
    assert_eq!(scene.apply(&Op::push(b"q", &body[1..])), "0-1");
}

#[test]
fn an_answer_is_not_endless() {
    let mut scene = Scene::new();
    let body = vec![b'x'; BODY_BYTES_MAX];
    for _ in 0..20 {
        scene.apply(&Op::push(b"q", &body));
    }
    scene.ask("2: peek q count 20");
    scene.ask("2: pop q count 20");
    let many = (ANSWER_BYTES_MAX / BODY_BYTES_MAX).to_string();
    assert_eq!(scene.ask("2: len q inflight"), many);
}

#[test]
fn a_peek_shows_what_is_ready_and_takes_nothing() {
    let mut scene = Scene::after(["1: push q a", "1: push q b", "1: push q c delay 9"]);
    assert_eq!(scene.ask("2: peek q count 1"), "0-1 a");
    assert_eq!(scene.ask("2: peek q count 9"), "0-1 a 0-2 b");
    assert_eq!(scene.ask("2: peek q count 1 newest"), "0-2 b");
    assert_eq!(scene.ask("2: peek other count 1"), "");
    assert_eq!(scene.ask("2: len q all"), "3");
}

#[test]
fn info_counts_what_happened() {
    let mut scene = Scene::after([
        "1: push q aa",
        "1: push q bb",
        "1: push q cc",
        "1: push q dd delay 500",
        "2: pop q vt 100",
        "2: pop q vt 100",
        "2: pop q noack",
    ]);
    scene.at(100);
    scene.ask("2: ack q 0-1-1");
    scene.ask("2: pop q");
    scene.ask("2: ack q 0-2-1");
    scene.ask("2: nack q fatal 0-2-2");
    scene.ask("3: pop q block 0");
    let told = scene.ask("2: info q");
    let told: Vec<String> =
        INFO_NAMES.iter().zip(told.split(' ')).map(|(name, it)| format!("{name}={it}")).collect();
    let due = "ready=0 delayed=1 inflight=0 dead=1 bytes=4 groups=0 groups-blocked=0 waiting=1 \
               consumers=0 sessions=0 dedup=0 oldest-ready-age-ms=-1 oldest-inflight-age-ms=-1 \
               oldest-any-age-ms=100 next-delayed-ms=400 pushed=4 delivered=4 redelivered=1 \
               acked=1 noack=1 nacked=1 expired-leases=2 late-acks=1 stale-acks=1 dedup-hits=0 \
               dedup-evicted=0 dead-total=1 dead-maxdeliver=0 dead-ttl=0 dead-fatal=1 \
               dead-overflow=0 dropped-ttl=0 dropped-overflow=0 dropped-dead=0 purged=0 \
               deleted=0 moved=0 in-per-second=0 out-per-second=0 dwell-p50-ms=1 \
               dwell-p99-ms=128 paused-in=0 paused-out=0 created-ms=0";
    assert_eq!(told.join(" "), due);
}

#[test]
fn a_read_past_a_deadline_asks_for_the_tick_first() {
    let scene = Scene::after(["1: push q a delay 50", "1: push other b"]);
    let len = |queue| Op::Len { queue, part: 0, which: Some(Which::Ready {}) };
    assert_eq!(scene.table.read(49, 0, &len(b"q")), Read::Done(Outcome::Int(0)));
    assert_eq!(scene.table.read(50, 0, &len(b"q")), Read::TickFirst);
    assert_eq!(scene.table.read(50, 0, &len(b"other")), Read::Done(Outcome::Int(1)));
}

#[test]
fn a_budget_bounds_what_one_step_ends() {
    let mut scene = Scene::new();
    for _ in 0..10 {
        scene.ask("1: push q a delay 50");
    }
    scene.at.now_ms = 50;
    assert_eq!(scene.table.expire(&scene.at, 4, &mut scene.fx), 4);
    assert_eq!(scene.states(), ["4", "6", "0", "0"]);
    assert_eq!(scene.table.expire(&scene.at, 100, &mut scene.fx), 6);
    assert_eq!(scene.table.messages(), (10, 10));
}
