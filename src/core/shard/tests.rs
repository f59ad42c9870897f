//! The shard as a whole.

#![allow(clippy::unwrap_used)]

mod events;
mod fills;
mod requests;
mod sessions;
mod story;
mod waits;

use super::{Frozen, Read, Restoring, Shard};
use crate::chance::with_seeds;
use crate::keys::{self, Expiry, When};
use crate::op::Watched;
use crate::wire::{Malformed, Wire};
use crate::{Db, Effects, Fault, Op, Outcome};

const DB: Db = Db(0);
const NOW: u64 = 1_000_000;

fn set<'a>(key: &'a [u8], value: &'a [u8], expiry: Expiry) -> Op<'a> {
    let when = When::Always {};
    Op::Key { op: keys::Op::Set { db: DB, key, value, when, expiry, get: false } }
}

fn get(key: &[u8]) -> Op<'_> {
    Op::Key { op: keys::Op::Get { db: DB, key } }
}

fn run(shard: &mut Shard, now_ms: u64, op: &Op<'_>) -> Outcome {
    shard.apply(now_ms, op, &mut Effects::default())
}

fn encoded(ops: &[Op<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for op in ops {
        op.put(&mut bytes);
    }
    bytes
}

fn transaction<'a>(ops: &'a [u8], count: u32, watched: Vec<Watched<'a>>) -> Op<'a> {
    Op::Transaction { watched, count, ops }
}

fn watch<'a>(shard: &Shard, key: &'a [u8]) -> Watched<'a> {
    Watched::Key { db: DB, key, version: shard.keys().version_of(DB, key, shard.clock_ms()) }
}

const FOREVER: Expiry = Expiry::Never {};

#[test]
fn who_has_no_clock_reads_a_count_of_different_elements_only_where_it_is_kept() {
    let mut shard = Shard::new(1);
    let mut fx = Effects::default();
    let add = keys::Op::CountDistinct { db: DB, key: b"h", elements: vec![b"a"], sparse_max: 100 };
    shard.apply(NOW, &Op::Key { op: add }, &mut fx);
    let count = keys::Op::DistinctCount { db: DB, keys: vec![b"h"] };
    assert_eq!(shard.read_lasting(&count), None);
    let ahead = shard.ahead_of(NOW, &Op::Key { op: count.clone() }).unwrap();
    assert_eq!(shard.apply(NOW, &ahead, &mut fx), Outcome::Ok);
    assert_eq!(shard.read_lasting(&count), Some(Outcome::Int(1)));
}

#[test]
fn the_clock_never_goes_back() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &Op::Tick {});
    run(&mut shard, NOW - 500, &set(b"a", b"v", Expiry::In { ms: 100 }));
    assert_eq!(shard.clock_ms(), NOW);
    assert_eq!(shard.next_deadline(), Some(NOW + 100));
    assert_eq!(shard.read(NOW - 500, &get(b"a")), Read::Done(Outcome::Bytes(b"v".to_vec())));
}

#[test]
fn a_tick_removes_what_is_due() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &set(b"a", b"v", Expiry::In { ms: 100 }));
    assert_eq!(shard.read(NOW + 100, &get(b"a")), Read::TickFirst);
    run(&mut shard, NOW + 100, &Op::Tick {});
    assert_eq!(shard.read(NOW + 100, &get(b"a")), Read::Done(Outcome::Nil));
    assert_eq!(shard.next_deadline(), None);
}

#[test]
fn the_operations_of_a_transaction_are_carried_out_in_order() {
    let mut shard = Shard::new(1);
    let ops = encoded(&[set(b"a", b"1", FOREVER), get(b"a"), get(b"b")]);
    let outcome = run(&mut shard, NOW, &transaction(&ops, 3, Vec::new()));
    let expected = vec![Outcome::Ok, Outcome::Bytes(b"1".to_vec()), Outcome::Nil];
    assert_eq!(outcome, Outcome::List(expected));
}

#[test]
fn the_reads_of_a_transaction_give_a_limited_number_of_bytes_and_its_writes_are_carried_out() {
    let mut shard = Shard::new(1);
    let large = vec![b'v'; 600];
    let other = set(b"b", b"1", FOREVER);
    let ops = [set(b"a", &large, FOREVER), get(b"a"), get(b"a"), get(b"a"), other, get(b"b")];
    let outcomes = shard.apply_all(&ops, 1_000, &mut Effects::default());
    let (value, refused) = (Outcome::Bytes(large.clone()), Outcome::from(Fault::AnswerTooBig));
    let wanted = [Outcome::Ok, value.clone(), value, refused.clone(), Outcome::Ok, refused];
    assert_eq!(outcomes, wanted);
    assert_eq!(shard.read(NOW, &get(b"b")), Read::Done(Outcome::Bytes(b"1".to_vec())));
}

#[test]
fn a_watched_key_that_changed_stops_the_transaction() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &set(b"a", b"1", FOREVER));
    let (seen, missing) = (watch(&shard, b"a"), watch(&shard, b"b"));
    let ops = encoded(&[set(b"c", b"done", FOREVER)]);
    let both = || transaction(&ops, 1, vec![seen, missing]);
    assert_eq!(run(&mut shard, NOW, &both()), Outcome::List(vec![Outcome::Ok]));
    run(&mut shard, NOW, &set(b"b", b"2", FOREVER));
    assert_eq!(run(&mut shard, NOW, &both()), Outcome::Nil);
    let one = transaction(&ops, 1, vec![seen]);
    assert_eq!(run(&mut shard, NOW, &one), Outcome::List(vec![Outcome::Ok]));
    run(&mut shard, NOW, &set(b"a", b"1", FOREVER));
    assert_eq!(run(&mut shard, NOW, &one), Outcome::Nil);
}

#[test]
fn a_watched_key_that_expired_has_changed() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &set(b"a", b"1", Expiry::In { ms: 100 }));
    let seen = watch(&shard, b"a");
    let watching = transaction(&[], 0, vec![seen]);
    assert_eq!(run(&mut shard, NOW + 99, &watching), Outcome::List(Vec::new()));
    assert_eq!(run(&mut shard, NOW + 100, &watching), Outcome::Nil);
}

#[test]
fn databases_that_change_places_change_what_is_watched() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &set(b"a", b"1", FOREVER));
    let copy = keys::Op::Copy { db: DB, from: b"a", to_db: Db(1), to: b"a", replace: false };
    let ops = encoded(&[set(b"a", b"1", FOREVER), Op::Key { op: copy }]);
    run(&mut shard, NOW, &transaction(&ops, 2, Vec::new()));
    let seen = watch(&shard, b"a");
    run(&mut shard, NOW, &Op::Key { op: keys::Op::SwapDb { a: DB, b: Db(1) } });
    assert_eq!(run(&mut shard, NOW, &transaction(&[], 0, vec![seen])), Outcome::Nil);
}

#[test]
fn a_transaction_within_a_transaction_is_refused() {
    let mut shard = Shard::new(1);
    let inner = encoded(&[set(b"a", b"1", FOREVER)]);
    let outer = encoded(&[transaction(&inner, 1, Vec::new()), get(b"a")]);
    let outcome = run(&mut shard, NOW, &transaction(&outer, 2, Vec::new()));
    assert_eq!(outcome, Outcome::List(vec![Outcome::Fault(Fault::Nested), Outcome::Nil]));
}

#[test]
fn a_transaction_that_is_cut_short_ends_where_it_is_cut() {
    let mut shard = Shard::new(1);
    let ops = encoded(&[set(b"a", b"1", FOREVER)]);
    let outcome = run(&mut shard, NOW, &transaction(&ops[..ops.len() - 1], u32::MAX, Vec::new()));
    assert_eq!(outcome, Outcome::List(Vec::new()));
}

#[test]
fn a_shard_comes_back_from_its_image() {
    let mut shard = Shard::new(99);
    for at in 0..2_000 {
        let key = format!("key{at}").into_bytes();
        run(&mut shard, NOW + at, &set(&key, b"value", Expiry::In { ms: 5_000 }));
    }
    let image = shard.freeze();
    let digest = shard.state_digest();
    run(&mut shard, NOW, &Op::Key { op: keys::Op::FlushAll {} });
    let mut copy = Shard::restore(image.chunks()).unwrap();
    assert_eq!(copy.state_digest(), digest);
    assert_eq!(copy.next_deadline(), Some(NOW + 5_000));
    assert_eq!(run(&mut copy, NOW, &get(b"key7")), Outcome::Bytes(b"value".to_vec()));
}

#[test]
fn images_without_a_beginning_are_refused() {
    let chunks: Vec<_> = Frozen::chunks(Shard::new(1).freeze()).collect();
    assert!(Shard::restore(&chunks).is_ok());
    assert!(Shard::restore(&chunks[1..]).is_err());
    assert_eq!(Restoring::new().finish().err(), Some(Malformed));
    let mut restoring = Restoring::new();
    restoring.add(&chunks[0]).unwrap();
    assert_eq!(restoring.add(&chunks[0]), Err(Malformed));
    assert_eq!(restoring.add(&[255]), Err(Malformed));
}

#[test]
fn what_decodes_can_be_applied() {
    with_seeds(300, |chance| {
        let mut shard = Shard::new(chance.next());
        for step in 0..200 {
            let mut bytes: Vec<u8> =
                (0..chance.below(48)).map(|_| chance.below(20) as u8).collect();
            bytes.insert(0, chance.below(11) as u8);
            let Ok(op) = Op::take(&mut &bytes[..]) else { continue };
            if matches!(op, Op::Key { op: keys::Op::SetRange { offset: 10_000_000.., .. } }) {
                continue;
            }
            let outcome = run(&mut shard, NOW + step * chance.below(100), &op);
            let mut bytes = Vec::new();
            outcome.put(&mut bytes);
            assert_eq!(Outcome::take(&mut &bytes[..]), Ok(outcome));
            if !op.is_write() {
                shard.read(NOW + step, &op);
            }
        }
        let copy = Shard::restore(shard.freeze().chunks()).unwrap();
        assert_eq!(copy.state_digest(), shard.state_digest());
    });
}
