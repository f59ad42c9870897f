//! What is promised to those who wait for keys.

use super::*;
use crate::keys::waits::{KEY_WAITERS_MAX, WAITERS_MAX};
use crate::{Fault, Read};

#[test]
fn who_came_first_is_served_first() {
    let mut story = Story::new();
    (1..=3).for_each(|conn| story.waits(conn, b"l"));
    assert_eq!(story.push(b"l", vec![b"a", b"b"]), Outcome::Int(2), "before anybody is served");
    assert_eq!(story.answers(), [(1, popped(b"l", b"a")), (2, popped(b"l", b"b"))]);
    assert_eq!(story.len(b"l"), Outcome::Int(0));
    assert_eq!(story.shard.keys().waits().len(), 1);
}

#[test]
fn what_is_there_is_taken_at_once_and_in_the_order_of_the_keys() {
    let mut story = Story::new();
    story.push(b"b", vec![b"1"]);
    story.push(b"c", vec![b"2"]);
    let keys: [&[u8]; 3] = [b"a", b"c", b"b"];
    assert_eq!(story.run(&wait(1, &keys, FIRST, 0, true)), popped(b"c", b"2"));
    assert!(story.shard.keys().waits().is_empty());
}

#[test]
fn a_transaction_is_over_before_anybody_is_served() {
    let mut story = Story::new();
    story.waits(1, b"l");
    let pop = keys::Op::List { db: DB, key: b"l", op: lists::Op::Pop { front: true, count: None } };
    let ops = encoded(&[key(push(DB, b"l", vec![b"a", b"b"])), key(pop)]);
    story.run(&transaction(&ops, 2, Vec::new()));
    assert_eq!(story.answers(), [(1, popped(b"l", b"b"))]);
    let only = encoded(&[wait(2, &[b"l"], FIRST, 0, false)]);
    let nothing = Outcome::List(vec![Outcome::Nil]);
    assert_eq!(story.run(&transaction(&only, 1, Vec::new())), nothing, "nobody waits inside");
}

#[test]
fn another_type_is_an_error_at_first_and_passed_over_later() {
    let mut story = Story::new();
    story.run(&set(b"s", b"v", keys::Expiry::Never {}));
    let wrong: Outcome = Fault::WrongType.into();
    assert_eq!(story.run(&wait(1, &[b"l", b"s"], FIRST, 0, false)), wrong);
    story.waits(2, b"l");
    story.run(&key(add(DB, b"l", 1.0, b"m")));
    assert_eq!(story.answers(), []);
    story.run(&key(keys::Op::Del { db: DB, keys: vec![b"l"] }));
    story.push(b"l", vec![b"a"]);
    assert_eq!(story.answers(), [(2, popped(b"l", b"a"))]);
}

#[test]
fn an_element_goes_from_list_to_list_to_who_waits_at_the_end() {
    let mut story = Story::new();
    let moved = |to| Want::Moved { to, from_front: true, to_front: false };
    story.run(&wait(1, &[b"a"], moved(b"b"), 0, false));
    story.run(&wait(2, &[b"b"], moved(b"c"), 0, false));
    story.waits(3, b"c");
    story.push(b"a", vec![b"x"]);
    let got = [(1, bytes(b"x")), (2, bytes(b"x")), (3, popped(b"c", b"x"))];
    assert_eq!(story.answers(), got);
}

#[test]
fn a_move_to_another_type_is_an_error_and_the_next_one_gets_the_element() {
    let mut story = Story::new();
    let moved = Want::Moved { to: b"s", from_front: true, to_front: false };
    story.run(&wait(1, &[b"l"], moved, 0, false));
    story.waits(2, b"l");
    story.run(&set(b"s", b"v", keys::Expiry::Never {}));
    story.push(b"l", vec![b"x"]);
    assert_eq!(story.answers(), [(1, Fault::WrongType.into()), (2, popped(b"l", b"x"))]);
}

#[test]
fn a_wait_ends_in_time() {
    let mut story = Story::new();
    story.run(&wait(1, &[b"l"], FIRST, 50, false));
    let moved = Want::Moved { to: b"b", from_front: true, to_front: false };
    story.run(&wait(2, &[b"l"], moved, 50, false));
    assert_eq!(story.shard.next_deadline(), Some(NOW + 50));
    story.now_ms += 50;
    story.push(b"l", vec![b"x"]);
    assert_eq!(story.answers(), [(1, Outcome::Nil), (2, Outcome::Ok)]);
    assert_eq!(story.len(b"l"), Outcome::Int(1));
}

#[test]
fn a_wait_may_be_ended_from_outside() {
    let mut story = Story::new();
    story.waits(1, b"l");
    story.waits(2, b"l");
    let cancel =
        |conn, error| key(keys::Op::CancelWait { origin: origin(conn), request: 1, error });
    assert_eq!(story.run(&cancel(1, true)), Outcome::Int(1));
    assert_eq!(story.run(&cancel(2, false)), Outcome::Int(1));
    assert_eq!(story.run(&cancel(2, false)), Outcome::Int(0));
    assert_eq!(story.answers(), [(1, Fault::Unblocked.into()), (2, Outcome::Nil)]);
}

#[test]
fn keys_come_by_every_way() {
    let mut story = Story::new();
    let rename = keys::Op::Rename { db: DB, from: b"from", to: b"l", only_new: false };
    let copy = keys::Op::Copy { db: DB, from: b"kept", to_db: DB, to: b"l", replace: false };
    let shift = keys::Op::Move { db: Db(1), key: b"l", to_db: DB };
    let swap = keys::Op::SwapDb { a: Db(2), b: DB };
    story.push(b"from", vec![b"1"]);
    story.push(b"kept", vec![b"2"]);
    story.run(&key(push(Db(1), b"l", vec![b"3"])));
    story.run(&key(push(Db(2), b"l", vec![b"4"])));
    for (conn, op) in [(1, rename), (2, copy), (3, shift), (4, swap)] {
        story.waits(conn, b"l");
        story.run(&key(op));
        let element = conn.to_string();
        assert_eq!(story.answers(), [(conn, popped(b"l", element.as_bytes()))]);
    }
}

#[test]
fn a_connection_that_is_over_waits_no_more() {
    let mut story = Story::new();
    story.waits(1, b"l");
    story.waits(2, b"l");
    story.run(&Op::Gone { origin: origin(1) });
    story.push(b"l", vec![b"x"]);
    assert_eq!(story.answers(), [(2, popped(b"l", b"x"))]);
    story.run(&Op::Boot { origin: Origin { boot: 2, ..origin(0) } });
    assert_eq!(story.run(&wait(3, &[b"l"], FIRST, 0, false)), Outcome::Nil, "it comes too late");
    assert!(story.shard.keys().waits().is_empty());
}

#[test]
fn what_nobody_confirmed_goes_back_to_where_it_was() {
    let mut story = Story::new();
    story.run(&wait(1, &[b"l"], Want::Elements { front: false, count: 2 }, 0, true));
    story.run(&wait(2, &[b"z"], Want::Member { max: true }, 0, true));
    story.push(b"l", vec![b"a", b"b", b"c"]);
    story.run(&key(add(DB, b"z", 1.5, b"m")));
    assert_eq!(story.len(b"l"), Outcome::Int(1));
    story.run(&Op::Boot { origin: Origin { boot: 2, ..origin(0) } });
    let range = lists::Op::Range { start: 0, end: -1 };
    let all = story.run(&key(keys::Op::List { db: DB, key: b"l", op: range }));
    assert_eq!(all, Outcome::List(vec![bytes(b"a"), bytes(b"b"), bytes(b"c")]));
    let score = keys::Op::Scored { db: DB, key: b"z", op: zsets::Op::Score { member: b"m" } };
    assert_eq!(story.run(&key(score)), Outcome::Float(1.5));
    let late = key(keys::Op::ConfirmWait { origin: origin(1), request: 1 });
    assert_eq!(story.run(&late), Outcome::Int(0));
}

#[test]
fn what_was_confirmed_stays_popped_and_is_given_back_to_the_next_in_line_if_it_was_not() {
    let mut story = Story::new();
    let confirm = |conn| key(keys::Op::ConfirmWait { origin: origin(conn), request: 1 });
    let look = |conn| key(keys::Op::LookAtWait { origin: origin(conn), request: 1 });
    for conn in 1..=3 {
        story.run(&wait(conn, &[b"l"], FIRST, 0, true));
    }
    let read = story.shard.read(NOW, &look(1));
    assert_eq!(read, Read::Done(Outcome::Waits));
    story.push(b"l", vec![b"a", b"b"]);
    let lost = Outcome::List(vec![popped(b"l", b"a")]);
    assert_eq!(story.shard.read(NOW, &look(1)), Read::Done(lost));
    assert_eq!(story.run(&confirm(1)), Outcome::Int(1));
    assert_eq!(story.run(&confirm(1)), Outcome::Int(1), "an answer to that may be lost, too");
    assert_eq!(story.shard.read(NOW, &look(1)), Read::Done(Outcome::Nil));
    story.fx.take();
    story.run(&Op::Gone { origin: origin(1) });
    assert_eq!(story.answers(), []);
    story.run(&Op::Gone { origin: origin(2) });
    assert_eq!(story.answers(), [(3, popped(b"l", b"b"))]);
}

#[test]
fn a_connection_that_asks_for_more_without_having_confirmed_never_got_the_first() {
    let mut story = Story::new();
    story.run(&wait(1, &[b"l"], FIRST, 0, true));
    story.push(b"l", vec![b"a"]);
    let again = Wait::For { origin: origin(1), request: 2, block_ms: 0 };
    let (keys, want) = (vec![&b"l"[..]], FIRST);
    let op = keys::Op::PopOrWait { db: DB, keys, want, wait: Some(again), keep: true };
    assert_eq!(story.run(&key(op)), popped(b"l", b"a"));
    assert_eq!(story.shard.keys().waits().unconfirmed(), 0);
}

#[test]
fn a_queue_of_that_name_is_in_the_way() {
    let mut story = Story::new();
    let moved = Want::Moved { to: b"q", from_front: true, to_front: false };
    story.run(&wait(1, &[b"l"], moved, 0, false));
    story.run(&Op::Queue { op: crate::queues::Op::push(b"q", b"m") });
    story.push(b"l", vec![b"x"]);
    assert_eq!(story.answers(), [(1, Fault::WrongType.into())]);
    assert_eq!(story.len(b"l"), Outcome::Int(1));
}

#[test]
fn lines_have_an_end() {
    let mut story = Story::new();
    let full = |outcome: Outcome| matches!(outcome, Outcome::Refused { fault: Fault::Limit, .. });
    for conn in 0..KEY_WAITERS_MAX as u64 {
        story.waits(conn, b"l");
    }
    let next = KEY_WAITERS_MAX as u64;
    assert!(full(story.run(&wait(next, &[b"l"], FIRST, 0, false))));
    for conn in next..WAITERS_MAX as u64 {
        story.waits(conn, b"k");
    }
    assert!(full(story.run(&wait(WAITERS_MAX as u64, &[b"j"], FIRST, 0, false))));
    story.push(b"l", vec![b"a"]);
    assert_eq!(story.run(&wait(WAITERS_MAX as u64, &[b"j"], FIRST, 0, false)), Outcome::Waits);
}

#[test]
fn the_names_that_are_waited_for_are_not_too_long() {
    let mut story = Story::new();
    let name = vec![b'n'; crate::keys::waits::WAITED_BYTES_MAX / 2];
    assert_eq!(story.run(&wait(1, &[&name], FIRST, 0, false)), Outcome::Waits);
    let refused = story.run(&wait(2, &[&name], FIRST, 0, false));
    assert!(matches!(refused, Outcome::Refused { fault: Fault::Limit, .. }), "{refused:?}");
}
