//! Users in a shard: single rules, and random histories beside a map.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::Op;
use crate::chance::Chance;
use crate::{Effects, Fault, Outcome, Shard};

fn apply(shard: &mut Shard, op: Op<'_>) -> Outcome {
    shard.apply(1, &crate::Op::User { op }, &mut Effects::new(false))
}

fn put<'a>(name: &'a [u8], bytes: &'a [u8], expected: u64) -> Op<'a> {
    Op::Put { name, bytes, expected, users_max: 5 }
}

#[test]
fn a_change_that_was_made_of_an_older_user_is_refused() {
    let mut shard = Shard::new(1);
    assert_eq!(apply(&mut shard, put(b"a", b"1", 0)), Outcome::Int(1));
    let now = Outcome::List(vec![Outcome::Int(1), Outcome::Bytes(b"1".to_vec())]);
    assert_eq!(apply(&mut shard, put(b"a", b"2", 0)), now);
    assert_eq!(apply(&mut shard, put(b"a", b"2", 1)), Outcome::Int(3));
    assert_eq!(&*shard.users().get(b"a").unwrap().bytes, b"2");
    let gone = Outcome::List(vec![Outcome::Int(1), Outcome::Int(4)]);
    assert_eq!(apply(&mut shard, Op::Delete { names: vec![b"a", b"b", b"a"] }), gone);
    let none = Outcome::List(vec![Outcome::Int(0)]);
    assert_eq!(apply(&mut shard, put(b"a", b"3", 3)), none);
    assert!(shard.users().is_empty());
}

#[test]
fn there_are_no_more_users_than_there_may_be() {
    let mut shard = Shard::new(1);
    for name in [b"a", b"b", b"c", b"d", b"e"] {
        assert!(matches!(apply(&mut shard, put(name, b"x", 0)), Outcome::Int(_)));
    }
    assert_eq!(apply(&mut shard, put(b"f", b"x", 0)), Fault::Limit.into());
    let version = shard.users().get(b"a").unwrap().version;
    assert!(matches!(apply(&mut shard, put(b"a", b"y", version)), Outcome::Int(_)), "it is there");
}

#[test]
fn nothing_is_written_of_no_users_and_an_epoch_is_kept() {
    let mut shard = Shard::new(1);
    assert_eq!(shard.users().clone().chunks().count(), 0);
    apply(&mut shard, put(b"a", b"x", 0));
    apply(&mut shard, Op::Delete { names: vec![b"a"] });
    let again = Shard::restore(shard.freeze().chunks()).unwrap();
    assert_eq!((again.users().len(), again.users().epoch()), (0, 2));
    assert_eq!(again.state_digest(), shard.state_digest());
}

#[test]
fn random_histories_leave_what_a_map_has_also_behind_a_snapshot() {
    for seed in 0..200 {
        let mut chance = Chance::new(seed);
        let (mut shard, mut model) = (Shard::new(1), BTreeMap::<Vec<u8>, (u64, Vec<u8>)>::new());
        for step in 1..=60_u64 {
            let name = [b'a' + chance.below(7) as u8];
            let known = model.get(&name[..]).map_or(0, |(version, _)| *version);
            if chance.below(4) == 0 {
                apply(&mut shard, Op::Delete { names: vec![&name] });
                model.remove(&name[..]);
            } else {
                let expected = if chance.below(3) == 0 { step } else { known };
                let bytes = step.to_le_bytes();
                apply(&mut shard, put(&name, &bytes, expected));
                if expected == known && (known > 0 || model.len() < 5) {
                    model.insert(name.to_vec(), (step, bytes.to_vec()));
                }
            }
            if chance.below(10) == 0 {
                let again = Shard::restore(shard.freeze().chunks()).unwrap();
                assert_eq!(again.state_digest(), shard.state_digest(), "seed {seed}");
                shard = again;
            }
            let found = shard.users().iter();
            let found: Vec<_> =
                found.map(|(name, it)| (name.to_vec(), (it.version, it.bytes.to_vec()))).collect();
            assert_eq!(found, model.clone().into_iter().collect::<Vec<_>>(), "seed {seed}");
        }
    }
}
