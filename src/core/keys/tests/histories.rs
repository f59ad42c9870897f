//! Random histories.

use super::model::Model;
use super::random::Words;
use super::{restored, thawed};
use crate::chance::{Chance, with_seeds};
use crate::keys::{Keyspace, Op};
use crate::wire::Wire;
use crate::{Read, Stamp};

/// Time and number of the next operation: sometimes the clock stands still.
fn next(at: Stamp, chance: &mut Chance) -> Stamp {
    let step = if chance.once_in(3) { chance.below(40) } else { 0 };
    Stamp { now_ms: at.now_ms + step, seq: at.seq + 1, version: 1 }
}

const START: Stamp = Stamp { now_ms: 1_000_000, seq: 0, version: 1 };

fn compare(words: &Words, chance: &mut Chance, ops: u64) {
    let (mut space, mut model) = (Keyspace::new(chance.next()), Model::default());
    let mut at = START;
    for _ in 0..ops {
        at = next(at, chance);
        if chance.once_in(4) {
            space.expire(&at, chance.below(3) as usize);
        }
        let bytes = words.op(chance, at.now_ms);
        let op = Op::take(&mut &bytes[..]).unwrap();
        let expected = model.apply(&at, &op);
        if !op.is_write() {
            assert_eq!(
                space.read(at.now_ms, at.now_ms, &op),
                Read::Done(expected.clone()),
                "{op:?}"
            );
        }
        assert_eq!(space.apply(&at, &op), expected, "{op:?}");
    }
    space.expire(&at, usize::MAX);
    let keys: u64 = space.in_use().map(|(_, database)| database.slots().len() as u64).sum();
    assert_eq!(keys, model.size() as u64);
    check_accounts(&space);
}

/// The numbers that are kept by the way are what a count from scratch gives.
fn check_accounts(space: &Keyspace) {
    let fresh = restored(space);
    assert_eq!(fresh.memory(), space.memory());
    assert_eq!(fresh.next_deadline(), space.next_deadline());
    for db in 0..16 {
        let db = crate::Db(db);
        assert_eq!(fresh.counts(db, 0), space.counts(db, 0));
    }
}

#[test]
fn every_operation_does_what_the_model_says() {
    let words = Words::few();
    with_seeds(2_000, |chance| compare(&words, chance, 60));
}

#[test]
fn pages_that_split_and_join_do_what_the_model_says() {
    let words = Words::one_slot(150);
    with_seeds(6, |chance| compare(&words, chance, 2_000));
}

#[test]
fn the_same_history_gives_the_same_state_also_through_a_snapshot() {
    let (few, slot) = (Words::few(), Words::one_slot(90));
    with_seeds(300, |chance| {
        let words = if chance.once_in(3) { &slot } else { &few };
        let (mut one, mut two) = (Keyspace::new(5), Keyspace::new(5));
        let mut at = START;
        let moment = chance.below(100);
        for step in 0..100 {
            at = next(at, chance);
            let bytes = words.op(chance, at.now_ms);
            let op = Op::take(&mut &bytes[..]).unwrap();
            for space in [&mut one, &mut two] {
                space.expire(&at, 1);
            }
            assert_eq!(one.apply(&at, &op), two.apply(&at, &op));
            if step == moment {
                two = restored(&two);
            }
        }
        assert_eq!(one.state_digest(), two.state_digest());
        assert_eq!(one.digest(at.now_ms), two.digest(at.now_ms));
        assert_eq!(one.memory(), two.memory());
        assert_walk_alike(&one, &two);
    });
}

/// A restored replica walks its keys in the same order as the original.
fn assert_walk_alike(one: &Keyspace, two: &Keyspace) {
    let scan = Op::Keys { db: super::DB, pattern: b"*" };
    assert_eq!(one.read(0, 0, &scan), two.read(0, 0, &scan));
    for seed in 0..5 {
        let random = Op::RandomKey { db: super::DB, seed };
        assert_eq!(one.read(0, 0, &random), two.read(0, 0, &random));
    }
}

#[test]
fn an_image_does_not_change_while_the_original_is_written() {
    let words = Words::one_slot(200);
    with_seeds(30, |chance| {
        let mut space = Keyspace::new(9);
        let mut at = START;
        let mut write = |space: &mut Keyspace, chance: &mut Chance| {
            at = next(at, chance);
            let bytes = words.op(chance, at.now_ms);
            space.apply(&at, &Op::take(&mut &bytes[..]).unwrap());
        };
        for _ in 0..300 {
            write(&mut space, chance);
        }
        let (frozen, digest) = (space.freeze(), space.state_digest());
        for _ in 0..300 {
            write(&mut space, chance);
        }
        assert_ne!(space.state_digest(), digest);
        assert_eq!(thawed(frozen).state_digest(), digest);
    });
}
