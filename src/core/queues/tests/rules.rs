//! One rule of a queue that was set at a time.

use super::*;
use crate::queues::mutant::{BROKEN, Mutant};
use crate::queues::{Dedup, Form, Grouping, Manner, Order, Setting};

fn set(settings: &[Setting<'static>]) -> Scene {
    let mut scene = Scene::new();
    let settings = settings.to_vec();
    let create = Op::Create { queue: b"q", part: 0, settings, if_new: true };
    assert_eq!(scene.apply(&create), "ok");
    scene
}

fn push(scene: &mut Scene, body: &str, change: impl FnOnce(&mut Asked)) -> String {
    let mut asked = Asked::default();
    change(&mut asked);
    let Asked { group, priority, ttl_ms, dedup } = asked;
    let (visible, lease_ms, fails_max, headers) = (None, None, None, Vec::new());
    let manner =
        Manner::Of { visible, ttl_ms, priority, group, lease_ms, fails_max, headers, dedup };
    let (queue, bodies, form) = (&b"q"[..], vec![body.as_bytes()], Form::IdAndState {});
    let (part, length_max, create, atomic) = (0, None, true, false);
    scene.apply(&Op::Push { queue, part, bodies, manner, length_max, create, atomic, form })
}

#[derive(Default)]
struct Asked {
    group: Option<&'static [u8]>,
    priority: Option<u8>,
    ttl_ms: Option<u64>,
    dedup: Option<Dedup<'static>>,
}

fn in_group(scene: &mut Scene, group: &'static str, body: &str) {
    push(scene, body, |asked| asked.group = Some(group.as_bytes()));
}

fn grouped() -> Scene {
    set(&[Setting::Groups { how: Grouping::Required {} }])
}

fn redrive(scene: &mut Scene, rate: Option<u64>) -> String {
    let (count, seqs, reason, to) = (None, Vec::new(), None, None);
    let (delay_ms, reset, head) = (None, true, false);
    let (queue, part) = (&b"q"[..], 0);
    let op = Op::Redrive { queue, part, count, seqs, reason, to, rate, delay_ms, reset, head };
    scene.apply(&op)
}

/// S12, S13.
#[test]
fn the_next_of_a_group_comes_when_the_one_before_is_settled() {
    let mut scene = grouped();
    in_group(&mut scene, "g", "a");
    in_group(&mut scene, "g", "b");
    assert_eq!(scene.ask("2: pop q count 9"), "0-1-1 a");
    assert_eq!(scene.ask("3: pop q"), "nil");
    scene.ask("2: ack q 0-1-1");
    assert_eq!(scene.ask("3: pop q"), "0-2-1 b");
}

/// L5.
#[test]
fn a_group_with_many_messages_does_not_hide_another() {
    let mut scene = grouped();
    for body in ["a1", "a2", "a3"] {
        in_group(&mut scene, "a", body);
    }
    in_group(&mut scene, "b", "b1");
    assert_eq!(scene.ask("2: pop q noack"), "0-1-1 a1");
    assert_eq!(scene.ask("2: pop q noack"), "0-4-1 b1");
    assert_eq!(scene.ask("2: pop q noack"), "0-2-1 a2");
}

#[test]
fn a_group_that_keeps_its_turn_is_found() {
    BROKEN.set(Some(Mutant::GroupKeepsTurn));
    let found = std::panic::catch_unwind(a_group_with_many_messages_does_not_hide_another);
    BROKEN.set(None);
    assert!(found.is_err());
}

#[test]
fn a_failure_blocks_its_group_until_it_is_due() {
    let mut scene = grouped();
    in_group(&mut scene, "g", "a");
    in_group(&mut scene, "g", "b");
    scene.ask("2: pop q");
    scene.ask("2: nack q fail 0-1-1 delay 50");
    assert_eq!(scene.ask("2: pop q"), "nil");
    scene.at(50);
    assert_eq!(scene.ask("2: pop q"), "0-1-2 a");
}

#[test]
fn the_highest_priority_comes_first() {
    let mut scene = set(&[Setting::Order { how: Order::Priority {} }]);
    push(&mut scene, "low", |_| {});
    push(&mut scene, "high", |asked| asked.priority = Some(31));
    push(&mut scene, "middle", |asked| asked.priority = Some(5));
    assert_eq!(scene.ask("2: pop q count 3"), "0-2-1 high 0-3-1 middle 0-1-1 low");
}

/// S9.
#[test]
fn a_message_that_is_too_old_is_not_delivered() {
    let mut scene = set(&[Setting::Expire { dead: true }]);
    push(&mut scene, "a", |asked| asked.ttl_ms = Some(50));
    scene.at.now_ms = 50;
    assert_eq!(scene.ask("2: pop q"), "nil");
    assert_eq!(scene.states(), ["0", "0", "0", "1"]);
}

/// S10.
#[test]
fn a_copy_within_the_window_is_the_same_message() {
    let mut scene = set(&[]);
    let dedup = Some(Dedup::Of { id: b"i", window_ms: Some(100), replace: false });
    assert_eq!(push(&mut scene, "a", |asked| asked.dedup = dedup), "0-1 new");
    scene.ask("2: pop q noack");
    assert_eq!(push(&mut scene, "a", |asked| asked.dedup = dedup), "0-1 dup");
    scene.at(100);
    assert_eq!(push(&mut scene, "a", |asked| asked.dedup = dedup), "0-2 new");
}

/// S16.
#[test]
fn what_dies_again_during_a_redrive_stays_dead() {
    let mut scene = set(&[Setting::FailsMax { count: 1 }]);
    for body in ["a", "b"] {
        push(&mut scene, body, |_| {});
    }
    scene.ask("2: pop q count 2");
    scene.ask("2: nack q fatal 0-1-1 0-2-1");
    assert_eq!(redrive(&mut scene, Some(10)), "2");
    scene.at(100);
    assert_eq!(scene.states(), ["1", "0", "0", "1"]);
    scene.ask("2: pop q");
    scene.ask("2: nack q fatal 0-1-2");
    scene.at(1000);
    assert_eq!(scene.states(), ["1", "0", "0", "1"]);
    assert_eq!(scene.ask("2: pop q"), "0-2-2 b");
}

/// L8.
#[test]
fn a_redrive_goes_on_when_there_is_room() {
    let mut scene = set(&[Setting::LengthMax { count: 1 }]);
    for number in 1..=3 {
        push(&mut scene, &format!("m{number}"), |_| {});
        scene.ask("2: pop q");
        scene.ask(&format!("2: nack q fatal 0-{number}-1"));
    }
    assert_eq!(redrive(&mut scene, None), "3");
    for number in 1..=3 {
        scene.at(10 + number);
        assert_eq!(scene.ask("2: pop q noack"), format!("0-{number}-2 m{number}"));
    }
}

#[test]
fn a_redrive_without_an_end_is_found() {
    BROKEN.set(Some(Mutant::RedriveWithoutEnd));
    let found = std::panic::catch_unwind(what_died_since_a_redrive_began_is_not_its_concern);
    BROKEN.set(None);
    assert!(found.is_err());
}

/// S16.
#[test]
fn what_died_since_a_redrive_began_is_not_its_concern() {
    let mut scene = set(&[]);
    for body in ["a", "b", "c"] {
        push(&mut scene, body, |_| {});
    }
    scene.ask("2: pop q count 3");
    scene.ask("2: nack q fatal 0-1-1 0-2-1");
    assert_eq!(redrive(&mut scene, Some(10)), "2");
    // One of the two is taken away meanwhile, and another one dies.
    scene.apply(&Op::Delete { queue: b"q", part: 0, seqs: vec![2], force: false });
    scene.ask("2: nack q fatal 0-3-1");
    scene.at(5000);
    assert_eq!(scene.states(), ["1", "0", "0", "1"]);
}

/// S18.
#[test]
fn a_paused_queue_delivers_when_it_is_resumed() {
    let mut scene = set(&[]);
    let pause = Op::Pause { queue: b"q", part: 0, input: false, output: true, for_ms: Some(50) };
    scene.apply(&pause);
    scene.ask("2: pop q block 0");
    scene.ask("1: push q a");
    assert!(scene.answers().is_empty());
    scene.at(50);
    assert_eq!(scene.answers(), ["2: 0-1-1 a"]);
}

#[test]
fn deliveries_end_with_their_session() {
    let mut scene = Scene::after(["1: push q a"]);
    let Want::Of { count, bytes_max, lease_ms, settle, meta, group, priority_min, .. } = Want::ONE;
    let (consumer, session, request) = (None, Some(&b"s"[..]), None);
    let want = Want::Of {
        count,
        bytes_max,
        lease_ms,
        settle,
        meta,
        group,
        priority_min,
        consumer,
        session,
        request,
    };
    assert_eq!(scene.apply(&Op::pop(b"q", want, None)), "0-1-1 a");
    scene.table.end_session(&scene.at, b"s", &mut scene.fx);
    assert_eq!(scene.ask("2: pop q"), "0-1-2 a");
}
