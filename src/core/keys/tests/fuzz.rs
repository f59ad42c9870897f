//! Bytes that nobody wrote.

use super::random::Words;
use super::restored;
use crate::chance::{Chance, with_seeds};
use crate::keys::{Keyspace, Op};
use crate::wire::Wire;
use crate::{Read, Stamp};

fn random_bytes(chance: &mut Chance, len_max: u64) -> Vec<u8> {
    (0..chance.below(len_max + 1)).map(|_| chance.next() as u8).collect()
}

/// Bytes that often start like an operation and then go astray.
fn garbled(words: &Words, chance: &mut Chance) -> Vec<u8> {
    let mut bytes = match chance.below(3) {
        0 => random_bytes(chance, 40),
        1 => {
            let mut bytes = random_bytes(chance, 60);
            bytes.insert(0, chance.below(52) as u8);
            bytes.insert(1, chance.below(3) as u8);
            bytes
        }
        _ => words.op(chance, 1_000_000),
    };
    for _ in 0..chance.below(3) {
        if !bytes.is_empty() {
            let at = chance.below(bytes.len() as u64) as usize;
            bytes[at] = chance.next() as u8;
        }
    }
    bytes
}

#[test]
fn what_decodes_can_be_applied() {
    let words = Words::few();
    with_seeds(400, |chance| {
        let mut space = Keyspace::new(chance.next());
        let mut at = Stamp { now_ms: 1_000_000, seq: 0, version: 1 };
        let mut applied = 0;
        for _ in 0..200 {
            let bytes = garbled(&words, chance);
            let Ok(op) = Op::take(&mut &bytes[..]) else { continue };
            at.seq += 1;
            at.now_ms += chance.below(3);
            // Room for half a gigabyte of zeros is allowed, but slow to fill.
            if matches!(op, Op::SetRange { offset: 10_000_000.., .. }) {
                continue;
            }
            space.expire(&at, 10);
            if !op.is_write() {
                assert!(matches!(space.read(at.now_ms, at.now_ms, &op), Read::Done(_)));
            }
            space.apply(&at, &op);
            applied += 1;
        }
        assert!(applied > 0);
        assert_eq!(restored(&space).state_digest(), space.state_digest());
    });
}

#[test]
fn the_ends_of_time_and_number_can_be_applied() {
    let words = Words::few();
    with_seeds(100, |chance| {
        let mut space = Keyspace::new(1);
        for _ in 0..50 {
            let now_ms = chance.pick(&[0, 1, i64::MAX as u64, u64::MAX - 1, u64::MAX]);
            let at = Stamp { now_ms, seq: chance.pick(&[0, u64::MAX]), version: 1 };
            let bytes = words.op(chance, 0);
            space.expire(&at, 3);
            space.apply(&at, &Op::take(&mut &bytes[..]).unwrap());
        }
    });
}

#[test]
fn chunks_that_nobody_wrote_are_refused_or_read_but_never_panic() {
    with_seeds(300, |chance| {
        let words = Words::few();
        let mut space = Keyspace::new(1);
        for seq in 0..20 {
            let bytes = words.op(chance, 1_000_000);
            let at = Stamp { now_ms: 1_000_000, seq, version: 1 };
            space.apply(&at, &Op::take(&mut &bytes[..]).unwrap());
        }
        let mut damaged = Keyspace::new(0);
        for mut chunk in space.freeze().chunks() {
            let at = chance.below(chunk.len() as u64) as usize;
            chunk[at] = chance.next() as u8;
            chunk.truncate(chance.below(chunk.len() as u64 + 1) as usize);
            if damaged.restore(&chunk).is_err() {
                return;
            }
        }
        damaged.state_digest();
    });
}
