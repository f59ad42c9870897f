//! Any bytes at all give a log, a snapshot or an error.

use lockstep_core::ShardId;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use crate::log::record::{self, Header, Kind, Position};
use crate::{EntryId, fuzz};

const KINDS: [Kind; 6] =
    [Kind::Start, Kind::Append, Kind::Truncate, Kind::Purge, Kind::Vote, Kind::Mark];

/// A number that is small, at a border, or anything.
fn number(rng: &mut SmallRng) -> u64 {
    match rng.random_range(0..10) {
        0..7 => rng.random_range(0..6),
        7 => u64::MAX - rng.random_range(0..3),
        8 => 1 << rng.random_range(0..64),
        _ => rng.random(),
    }
}

/// A segment of records that are intact and say anything.
fn segment(rng: &mut SmallRng) -> Vec<u8> {
    let mut bytes = Vec::new();
    for at in 0..rng.random_range(1..12) {
        let kind = if at == 0 { Kind::Start } else { KINDS[rng.random_range(0..KINDS.len())] };
        let term = if at == 0 { 1 } else { number(rng) };
        let id = EntryId { term, node: number(rng), index: number(rng) };
        let len = rng.random_range(0..60);
        let mut payload: Vec<u8> = (0..len).map(|_| rng.random_range(0..3)).collect();
        if at == 0 && rng.random_range(0..3) > 0 {
            payload.clear();
        }
        let mut header = Header::of(kind, ShardId(rng.random_range(0..3)), id, &payload);
        header.mark = if rng.random_range(0..8) == 0 { Position(number(rng)) } else { header.mark };
        record::write(&mut bytes, header, &payload, 0);
    }
    bytes
}

#[test]
fn records_that_say_anything_give_a_log_or_an_error() {
    for seed in 0..20_000 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut bytes = segment(&mut rng);
        if seed % 4 == 0 {
            let at = rng.random_range(0..bytes.len());
            bytes[at] = rng.random();
        }
        let read = std::panic::catch_unwind(|| fuzz::log_segment(&bytes));
        assert!(read.is_ok(), "seed {seed}");
    }
}

#[test]
fn bytes_that_are_no_snapshot_give_an_error() {
    for seed in 0..5_000 {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut bytes: Vec<u8> = (0..rng.random_range(0..80)).map(|_| rng.random()).collect();
        let magic: Vec<u8> = b"lockstSN\x01\0\0\0\x01\0\0\0".to_vec();
        if seed % 2 == 0 {
            bytes.splice(0..0, magic);
        }
        fuzz::snapshot(&bytes);
    }
}
