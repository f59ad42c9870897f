//! The table as bytes.

use super::*;
use crate::chance::{Chance, with_seeds};
use crate::image::CHUNK_BYTES;
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
pub(super) fn almost_an_op(chance: &mut Chance) -> Vec<u8> {
    let origin = connection(chance.below(3));
    let owner = Owner::Connection { origin };
    let (name, mode) = (&b"a"[..], Mode::Exclusive {});
    let wait = Some(Wait::For { origin, request: chance.below(9), block_ms: chance.next() });
    let op = match chance.below(4) {
        0 => Op::Acquire { name, owner, mode, lease_ms: Some(chance.next()), wait },
        1 => Op::Renew { name, owner, token: None, lease_ms: chance.next() },
        2 => Op::Release { name, owner, token: Some(Token(chance.next())), strict: true },
        _ => Op::CancelWait { name, origin, request: chance.below(9), error: false },
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

/// A table with a long line.
fn with_a_line(waiters: u64) -> Scene {
    let mut scene = Scene::after(["0: lock a px 100000", "0: lock b owner x"]);
    for conn in 1..=waiters {
        scene.ask(&format!("{conn}: lock a owner {conn} block {conn}000"));
    }
    scene
}

#[test]
fn a_long_line_is_written_in_chunks_of_bounded_size() {
    let scene = with_a_line(20_000);
    let chunks: Vec<Vec<u8>> = scene.table.freeze().chunks().collect();
    assert!(chunks.len() > 5);
    assert!(chunks.iter().all(|chunk| chunk.len() < 2 * CHUNK_BYTES));
    let restored = through_a_snapshot(&scene.table);
    assert_eq!(restored.state_digest(), scene.table.state_digest());
    assert_eq!(restored.index, scene.table.index);
    assert_eq!((restored.held(), restored.waiting()), (2, 20_000));
}

#[test]
fn tokens_go_on_growing_after_a_snapshot() {
    let scene = Scene::after(["1: lock a", "1: unlock a", "1: lock b", "1: unlock b"]);
    let mut scene = Scene { table: through_a_snapshot(&scene.table), ..scene };
    assert_eq!(scene.ask("2: lock a"), "3");
}

#[test]
fn states_that_differ_have_different_digests() {
    let mut digests = [
        Scene::new(),
        Scene::after(["1: lock a"]),
        Scene::after(["1: lock b"]),
        Scene::after(["2: lock a"]),
        Scene::after(["1: lock a px 100"]),
        Scene::after(["1: lock a", "2: lock a block 0"]),
        Scene::after(["1: lock a", "2: lock a block 1"]),
        Scene::after(["1: lock a", "1: unlock a"]),
    ]
    .iter()
    .map(|scene| scene.table.state_digest())
    .collect::<Vec<_>>();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 8);
}

#[test]
fn the_same_lock_twice_is_no_snapshot() {
    let scene = Scene::after(["1: lock a", "2: lock a block 0"]);
    let chunks: Vec<Vec<u8>> = scene.table.freeze().chunks().collect();
    let mut table = Table::new();
    assert_eq!(table.restore(&chunks.concat()), Ok(()));
    assert_eq!(table.restore(&chunks.concat()), Err(Malformed));
}

#[test]
fn a_spoiled_snapshot_is_refused_or_gives_a_table_that_works() {
    let mut scene = with_a_line(70);
    scene.at(5_000);
    let chunk = scene.table.freeze().chunks().collect::<Vec<_>>().concat();
    with_seeds(3000, |chance| {
        let mut bytes = chunk.clone();
        spoil(chance, &mut bytes);
        let mut table = Table::new();
        if table.restore(&bytes).is_ok() {
            let at = Stamp { now_ms: u64::MAX, ..Stamp::default() };
            let mut fx = Effects::default();
            for conn in 0..80 {
                table.end_connection(&Stamp::default(), connection(conn), &mut fx);
            }
            table.expire(&at, usize::MAX, &mut fx);
            table.end_lives(&at, NodeId(u64::MAX), u64::MAX, &mut fx);
            table.state_digest();
        }
    });
}
