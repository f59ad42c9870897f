//! Outcomes as bytes.

#![allow(clippy::unwrap_used)]

use super::wire::place_of;
use super::{DEPTH_MAX, Outcome};
use crate::chance::{Chance, with_seeds};
use crate::wire::{Malformed, Wire};
use crate::{Fault, keys};

fn bytes(outcome: &Outcome) -> Vec<u8> {
    let mut out = Vec::new();
    outcome.put(&mut out);
    out
}

fn some(chance: &mut Chance, depth: u64) -> Outcome {
    let words = ["none", "string", "int", "embstr", "raw", "connection", "named", "exclusive"];
    match chance.below(if depth == 0 { 8 } else { 10 }) {
        0 => Outcome::Ok,
        1 => Outcome::Nil,
        2 => Outcome::Int(chance.next() as i64 >> chance.below(64)),
        3 => Outcome::Float(chance.below(1_000) as f64 / 7.0),
        4 => Outcome::Bytes((0..chance.below(20)).map(|_| chance.next() as u8).collect()),
        5 => Outcome::Word(chance.pick(&words)),
        6 => Outcome::Waits,
        7 => Outcome::Fault(chance.pick(&[Fault::WrongType, Fault::Unblocked, Fault::StaleEpoch])),
        _ => Outcome::List((0..chance.below(4)).map(|_| some(chance, depth - 1)).collect()),
    }
}

fn nested(depth: usize) -> Outcome {
    (0..depth).fold(Outcome::Nil, |inner, _| Outcome::List(vec![inner]))
}

#[test]
fn outcomes_come_back_from_their_bytes() {
    with_seeds(2_000, |chance| {
        let outcome = some(chance, 4);
        let bytes = bytes(&outcome);
        let mut rest = &bytes[..];
        assert_eq!((Outcome::take(&mut rest), rest), (Ok(outcome), &[][..]));
        for cut in 0..bytes.len() {
            assert_eq!(Outcome::take(&mut &bytes[..cut]), Err(Malformed));
        }
    });
}

#[test]
fn lists_are_not_deeper_than_their_limit() {
    assert_eq!(Outcome::take(&mut &bytes(&nested(DEPTH_MAX))[..]), Ok(nested(DEPTH_MAX)));
    assert_eq!(Outcome::take(&mut &bytes(&nested(DEPTH_MAX + 1))[..]), Err(Malformed));
    let endless: Vec<u8> = [6, 1].repeat(1_000_000);
    assert_eq!(Outcome::take(&mut &endless[..]), Err(Malformed));
}

#[test]
fn a_list_that_lies_about_its_length_is_refused() {
    assert_eq!(Outcome::take(&mut &[6, 200, 1, 1, 1][..]), Err(Malformed));
    let huge = [&[6][..], &[0xFF; 9], &[1]].concat();
    assert_eq!(Outcome::take(&mut &huge[..]), Err(Malformed));
}

#[test]
fn bytes_that_nobody_wrote_never_panic() {
    with_seeds(20_000, |chance| {
        let noise: Vec<u8> = (0..chance.below(40)).map(|_| chance.below(12) as u8).collect();
        let mut rest = &noise[..];
        if let Ok(outcome) = Outcome::take(&mut rest) {
            assert_eq!(Outcome::take(&mut &bytes(&outcome)[..]), Ok(outcome));
        }
    });
}

/// The words that the sources give to `Outcome::Word` are looked for by a test
/// over all sources; these are given by what values say of themselves.
#[test]
fn what_values_say_of_themselves_is_a_known_word() {
    let mut space = keys::Keyspace::new(1);
    let at = crate::Stamp { now_ms: 1, seq: 1, version: 1 };
    let db = crate::Db(0);
    let long = [b'x'; 100];
    for value in [&b"12"[..], b"text", &long] {
        let (when, expiry) = (keys::When::Always {}, keys::Expiry::Never {});
        space.apply(&at, &keys::Op::Set { db, key: b"k", value, when, expiry, get: false });
        let about = keys::About::Encoding {};
        for op in [keys::Op::Type { db, key: b"k" }, keys::Op::Object { db, key: b"k", about }] {
            let outcome = space.apply(&at, &op);
            let Outcome::Word(word) = outcome else { panic!("{outcome:?}") };
            assert!(place_of(word).is_some(), "{word} is not in the table");
        }
    }
}

#[test]
fn a_word_outside_the_table_arrives_as_bytes() {
    let stray = "stray";
    let bytes = bytes(&Outcome::Word(stray));
    assert_eq!(Outcome::take(&mut &bytes[..]), Ok(Outcome::Bytes(b"stray".to_vec())));
}
