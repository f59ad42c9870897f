//! The queues as bytes.

use super::*;
use crate::chance::{Chance, with_seeds};
use crate::image::CHUNK_BYTES;
use crate::queues::{BODY_BYTES_MAX, Grouping, Manner, Setting};
use crate::wire::{Malformed, Wire};

/// The table that a snapshot of `table` gives.
pub(super) fn through_a_snapshot(table: &Table) -> Table {
    let mut restored = Table::new();
    for chunk in table.freeze().chunks() {
        restored.restore(&chunk).unwrap();
    }
    restored
}

/// The bytes of an operation, most of the time with some of them changed.
pub(super) fn almost_an_op(chance: &mut Chance, step: u64) -> Vec<u8> {
    let (queue, origin) = (&b"q"[..], connection(chance.below(3)));
    let receipt = Receipt::Of { part: 0, seq: chance.below(step + 2), attempt: 1 };
    let receipts = vec![receipt; chance.below(3) as usize];
    let some = |chance: &mut Chance| chance.next() >> chance.below(64);
    let wait = Some(Wait::For { origin, request: chance.below(9), block_ms: some(chance) });
    let op = match chance.below(8) {
        0 | 1 => Op::push_at(queue, b"abc", Visible::In { ms: some(chance) }),
        2 | 3 => {
            let (count, lease_ms) = (Some(some(chance)), Some(some(chance)));
            Op::pop(queue, Want::some(count, lease_ms, false), wait)
        }
        4 => Op::ack(queue, receipts),
        5 => Op::nack(queue, receipts, Blame::Fail {}, Some(some(chance))),
        6 => Op::Extend { queue, part: 0, receipts, lease_ms: some(chance) },
        _ => Op::Len { queue, part: 0, which: None },
    };
    let mut bytes = Vec::new();
    op.put(&mut bytes);
    spoil(chance, &mut bytes);
    bytes
}

fn spoil(chance: &mut Chance, bytes: &mut Vec<u8>) {
    for _ in 0..chance.below(4) {
        let at = chance.below(bytes.len() as u64) as usize;
        bytes[at] = chance.next() as u8;
    }
    if chance.once_in(4) {
        bytes.truncate(chance.below(bytes.len() as u64 + 1) as usize);
    }
}

#[test]
fn a_long_queue_is_written_in_chunks_of_bounded_size() {
    let mut scene = Scene::new();
    for number in 0..20_000 {
        scene.ask(&format!("1: push q body{number} delay {}", number % 3));
    }
    scene.ask("2: pop q count 1000 vt 77");
    for conn in 0..1000 {
        scene.ask(&format!("{conn}: pop empty block {conn}"));
    }
    let chunks: Vec<Vec<u8>> = scene.table.freeze().chunks().collect();
    assert!(chunks.len() > 3);
    assert!(chunks.iter().all(|chunk| chunk.len() < 2 * CHUNK_BYTES));
    let restored = through_a_snapshot(&scene.table);
    assert_eq!(restored.state_digest(), scene.table.state_digest());
    assert!(restored.index.is_same(&scene.table.index));
    assert_eq!(restored.messages(), scene.table.messages());
    assert_eq!(restored.waiting(), 1000);
}

#[test]
fn a_group_whose_messages_stand_far_behind_comes_back() {
    let mut scene = Scene::new();
    let (how, name) = (Grouping::Optional {}, &b"q"[..]);
    let settings = vec![Setting::Groups { how }];
    scene.apply(&Op::Create { queue: name, part: 0, settings, if_new: true });
    for number in 0..300 {
        let group = format!("g{}", number / 100);
        let mut push = Op::push(name, b"body");
        if let Op::Push { manner: Manner::Of { group: of, .. }, .. } = &mut push {
            *of = Some(group.as_bytes());
        }
        scene.apply(&push);
    }
    let restored = through_a_snapshot(&scene.table);
    assert_eq!(restored.state_digest(), scene.table.state_digest());
    assert_eq!(restored.messages(), scene.table.messages());
}

#[test]
fn large_messages_are_written_one_by_one() {
    let mut scene = Scene::new();
    let body = vec![b'x'; BODY_BYTES_MAX];
    for _ in 0..5 {
        scene.apply(&Op::push(b"q", &body));
    }
    let chunks: Vec<Vec<u8>> = scene.table.freeze().chunks().collect();
    assert!(chunks.iter().all(|chunk| chunk.len() < BODY_BYTES_MAX + 2 * CHUNK_BYTES));
    let restored = through_a_snapshot(&scene.table);
    assert_eq!(restored.state_digest(), scene.table.state_digest());
}

#[test]
fn numbers_go_on_growing_after_a_snapshot() {
    let scene = Scene::after(["1: push q a", "2: pop q", "2: ack q 0-1-1", "1: push r b"]);
    let mut scene = Scene { table: through_a_snapshot(&scene.table), ..scene };
    scene.ask("1: destroy r");
    let mut scene = Scene { table: through_a_snapshot(&scene.table), ..scene };
    assert_eq!(scene.ask("1: push q b"), "0-2");
    assert_eq!(scene.ask("1: push r b"), "0-2");
}

#[test]
fn states_that_differ_have_different_digests() {
    let mut digests = [
        Scene::new(),
        Scene::after(["1: push q a"]),
        Scene::after(["1: push q b"]),
        Scene::after(["1: push p a"]),
        Scene::after(["1: push q a delay 5"]),
        Scene::after(["1: push q a", "1: pop q"]),
        Scene::after(["1: push q a", "1: pop q vt 5"]),
        Scene::after(["1: push q a", "1: pop q", "1: ack q 0-1-1"]),
        Scene::after(["1: pop q block 0"]),
        Scene::after(["2: pop q block 0"]),
    ]
    .map(|scene| scene.table.state_digest());
    digests.sort_unstable();
    assert!(digests.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn the_same_queue_twice_is_no_snapshot() {
    let scene = Scene::after(["1: push q a"]);
    let bytes = scene.table.freeze().chunks().collect::<Vec<_>>().concat();
    let mut table = Table::new();
    assert_eq!(table.restore(&bytes), Ok(()));
    assert_eq!(table.restore(&bytes), Err(Malformed));
}

#[test]
fn a_spoiled_snapshot_is_refused_or_gives_queues_that_work() {
    let mut scene = Scene::new();
    for number in 0..70 {
        scene.ask(&format!("1: push q body delay {number}"));
        scene.ask(&format!("{number}: pop p block {number}"));
    }
    scene.at(20);
    scene.ask("2: pop q count 5");
    let whole = scene.table.freeze().chunks().collect::<Vec<_>>().concat();
    with_seeds(3000, |chance| {
        let mut bytes = whole.clone();
        spoil(chance, &mut bytes);
        let mut table = Table::new();
        if table.restore(&bytes).is_ok() {
            let at = Stamp { now_ms: u64::MAX, ..Stamp::default() };
            let mut fx = Effects::default();
            let visible = Visible::Now {};
            table.apply(&at, &Op::push_at(b"q", b"", visible), &mut fx);
            table.expire(&at, usize::MAX, &mut fx);
            table.end_lives(
                &at,
                Origin { node: NodeId(u64::MAX), boot: u64::MAX, conn: 0 },
                &mut fx,
            );
            table.apply(&at, &Op::purge(b"q"), &mut fx);
            table.state_digest();
        }
    });
}
