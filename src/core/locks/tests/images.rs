//! Snapshots: what is read back is what was there, and noise does no harm.

use super::histories::{History, Spice};
use super::*;
use crate::chance::with_seeds;
use crate::wire::Wire;

#[test]
fn s18_a_table_read_back_goes_on_like_the_one_it_was() {
    with_seeds(12, |chance| {
        let mut first = History::new(None, Spice::of(chance));
        for _ in 0..80 {
            first.step(chance);
        }
        let mut copy = Table::new();
        for chunk in first.table.freeze().chunks() {
            copy.restore(&chunk).unwrap();
        }
        let mut second = first.with_table(copy);
        for _ in 0..80 {
            let seed = chance.next();
            let one = first.step(&mut crate::chance::Chance::new(seed));
            let other = second.step(&mut crate::chance::Chance::new(seed));
            assert_eq!(one, other);
            assert_eq!(first.table.state_digest(), second.table.state_digest());
        }
    });
}

#[test]
fn a_snapshot_that_is_damaged_is_refused_or_read_but_never_a_panic() {
    with_seeds(40, |chance| {
        let mut history = History::new(None, Spice::of(chance));
        for _ in 0..60 {
            history.step(chance);
        }
        for mut chunk in history.table.freeze().chunks() {
            let place = chance.below(chunk.len() as u64) as usize;
            chunk[place] = chance.next() as u8;
            let mut copy = Table::new();
            let _ = copy.restore(&chunk);
        }
    });
}

#[test]
fn bytes_that_nobody_wrote_never_panic() {
    with_seeds(5_000, |chance| {
        let noise: Vec<u8> = (0..chance.below(60)).map(|_| chance.below(20) as u8).collect();
        let _ = Table::new().restore(&noise);
        let _ = Op::take(&mut &noise[..]);
    });
}
