//! Which bodies memory lets go of, and when it gets room back.

use super::*;
use crate::queues::{BodyKey, Manner, Order, Setting};

/// A queue with so many messages, whose bodies are their numbers.
fn filled(settings: Vec<Setting<'_>>, count: u64) -> Scene {
    let mut scene = Scene::new();
    scene.apply(&Op::Create { queue: b"q", part: 0, settings, if_new: false });
    for number in 1..=count {
        scene.ask(&format!("1: push q {number:04}"));
    }
    scene
}

fn store_all(table: &mut Table) {
    let keys: Vec<BodyKey> =
        table.to_store(usize::MAX, u64::MAX, None).into_iter().map(|(key, _)| key).collect();
    table.stored(&keys);
}

/// The bodies in memory.
fn here(scene: &mut Scene) -> Vec<String> {
    let peeked = scene.ask("1: peek q count 1000");
    let bodies = peeked.split(' ').skip(1).step_by(2).filter(|body| *body != "elsewhere");
    bodies.map(str::to_owned).collect()
}

#[test]
fn memory_keeps_the_bodies_of_what_is_delivered_next() {
    let newest_first = vec![Setting::Order { how: Order::Lifo {} }];
    for (settings, kept) in [(vec![], 1..=260), (newest_first, 41..=300)] {
        let mut scene = filled(settings, 300);
        store_all(&mut scene.table);
        assert_eq!(scene.table.release(4 * 40), 4 * 40);
        let mut there = here(&mut scene);
        there.sort_unstable();
        assert_eq!(there, kept.map(|number| format!("{number:04}")).collect::<Vec<_>>());
    }
}

#[test]
fn those_of_a_high_priority_stay_in_memory() {
    let mut scene = filled(vec![Setting::Order { how: Order::Priority {} }], 300);
    let Manner::Of { visible, ttl_ms, group, lease_ms, fails_max, headers, dedup, .. } =
        Manner::PLAIN;
    let priority = Some(9);
    let manner =
        Manner::Of { visible, ttl_ms, priority, group, lease_ms, fails_max, headers, dedup };
    let Op::Push { queue, part, bodies, length_max, create, atomic, form, .. } =
        Op::push(b"q", b"high")
    else {
        unreachable!("it is a push")
    };
    scene.apply(&Op::Push { queue, part, bodies, manner, length_max, create, atomic, form });
    store_all(&mut scene.table);
    scene.table.release(4 * 45);
    assert_eq!(here(&mut scene).first().map(String::as_str), Some("high"));
}

#[test]
fn a_long_queue_is_empty_at_once_and_its_memory_comes_back_piece_by_piece() {
    let mut scene = filled(vec![], 5000);
    scene.ask("1: pop q count 100");
    scene.ask("1: push q late delay 1000");
    let half: Vec<BodyKey> =
        scene.table.to_store(10_000, u64::MAX, None).into_iter().map(|(key, _)| key).collect();
    scene.table.stored(&half);
    assert_eq!(scene.ask("1: purge q"), "5001");
    assert_eq!(scene.states(), ["0", "0", "0", "0"]);
    assert_eq!(scene.table.next_deadline(), None);
    let left = scene.table.resident_bytes();
    assert!((1..5000 * 4).contains(&left), "{left}");
    for _ in 0..10 {
        scene.ask("1: push q next");
        scene.ask("1: pop q noack");
    }
    assert_eq!(scene.table.resident_bytes(), 0);
    let mut gone = scene.table.take_gone();
    gone.sort_unstable();
    assert_eq!(gone, half);
}

#[test]
fn what_was_purged_gives_its_memory_to_whoever_needs_it() {
    let mut scene = filled(vec![], 5000);
    scene.ask("1: purge q");
    let left = scene.table.resident_bytes();
    assert!(left > 0);
    assert_eq!(scene.table.release(left), left);
    assert_eq!(scene.table.resident_bytes(), 0);
}

#[test]
fn a_purge_frees_sessions_and_names_of_what_was_delivered() {
    let mut scene = filled(vec![], 20);
    let pop = |name: &'static [u8]| {
        let Want::Of { bytes_max, lease_ms, settle, meta, group, priority_min, consumer, .. } =
            Want::some(Some(5), None, false);
        let (count, session, request) = (Some(5), Some(&b"s"[..]), Some(name));
        Op::pop(
            b"q",
            Want::Of {
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
            },
            None,
        )
    };
    assert!(scene.apply(&pop(b"r")).starts_with("0-1-1"));
    assert_eq!(scene.ask("1: purge q"), "20");
    scene.ask("1: push q again");
    assert!(scene.apply(&pop(b"r")).ends_with("again"));
    scene.table.end_session(&scene.at, b"s", &mut scene.fx);
    assert_eq!(scene.states(), ["1", "0", "0", "0"]);
}
