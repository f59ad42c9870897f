//! Which keys are said to have changed.

use super::random::Words;
use crate::chance::{Chance, with_seeds};
use crate::keys::{Expiry, Keyspace, Op, Touched, When};
use crate::wire::Wire;
use crate::{Db, Stamp};

const DB: Db = Db(0);

fn stamp(now_ms: u64, seq: u64) -> Stamp {
    Stamp { now_ms, seq, version: 1 }
}

fn noting() -> Keyspace {
    let mut space = Keyspace::new(1);
    space.note_touched(true);
    space
}

fn names(touched: Option<Touched>) -> Vec<(String, bool)> {
    let touched = touched.unwrap_or_default();
    touched.keys().map(|key| (String::from_utf8_lossy(key.name).into(), key.ended)).collect()
}

fn set(key: &'static [u8], expiry: Expiry) -> Op<'static> {
    Op::Set { db: DB, key, value: b"v", when: When::Always {}, expiry, get: false }
}

#[test]
fn a_key_that_changes_is_named_and_one_that_is_only_read_is_not() {
    let mut space = noting();
    space.apply(&stamp(1, 1), &set(b"a", Expiry::Never {}));
    assert_eq!(names(space.take_touched()), [("a".to_owned(), false)]);
    assert!(space.take_touched().is_none());
    for idle in [
        Op::Get { db: DB, key: b"a" },
        Op::Del { db: DB, keys: vec![b"b"] },
        Op::Persist { db: DB, key: b"a" },
        Op::Set {
            db: DB,
            key: b"a",
            value: b"w",
            when: When::Absent {},
            expiry: Expiry::Never {},
            get: false,
        },
    ] {
        space.apply(&stamp(1, 2), &idle);
        assert!(space.take_touched().is_none(), "{idle:?}");
    }
}

#[test]
fn a_key_whose_time_is_over_is_named_as_such() {
    let mut space = noting();
    space.apply(&stamp(1, 1), &set(b"a", Expiry::In { ms: 10 }));
    space.apply(&stamp(1, 2), &set(b"b", Expiry::In { ms: 10 }));
    space.take_touched();
    // Met by who wants to count, then ended by the clock.
    space.apply(&stamp(20, 3), &Op::IncrBy { db: DB, key: b"a", by: 1 });
    assert_eq!(names(space.take_touched()), [("a".to_owned(), true), ("a".to_owned(), false)]);
    assert_eq!(space.expire(&stamp(20, 4), 10), 1);
    assert_eq!(names(space.take_touched()), [("b".to_owned(), true)]);
}

#[test]
fn what_is_flushed_or_exchanged_has_no_names() {
    for op in [Op::FlushAll {}, Op::FlushDb { db: Db(3) }, Op::SwapDb { a: DB, b: Db(1) }] {
        let mut space = noting();
        space.apply(&stamp(1, 1), &op);
        assert!(space.take_touched().is_some_and(|touched| touched.all()), "{op:?}");
    }
}

#[test]
fn nothing_is_noted_while_nobody_wants_it() {
    let mut space = noting();
    space.note_touched(false);
    space.apply(&stamp(1, 1), &set(b"a", Expiry::Never {}));
    assert!(space.take_touched().is_none());
    space.note_touched(true);
    space.apply(&stamp(1, 2), &Op::Append { db: DB, key: b"a", value: b"x", max: 10 });
    assert_eq!(names(space.take_touched()), [("a".to_owned(), false)]);
}

/// What can be told of a key: its version, and so whether it is there.
fn versions(space: &Keyspace, words: &Words, now_ms: u64) -> Vec<(Vec<u8>, u64)> {
    let of = |db: u8| words.keys.iter().map(move |key| (db, key));
    let all = (0..words.databases as u8).flat_map(of);
    all.map(|(db, key)| (key.clone(), space.version_of(Db(db), key, now_ms))).collect()
}

fn compare(words: &Words, chance: &mut Chance) {
    let mut space = noting();
    let mut now_ms = 1_000_000;
    for seq in 1..60 {
        now_ms += if chance.once_in(3) { chance.below(40) } else { 0 };
        // Judged by one clock: a time that is over ends nothing by itself.
        space.expire(&stamp(now_ms, seq), usize::MAX);
        space.take_touched();
        let before = versions(&space, words, now_ms);
        let bytes = words.op(chance, now_ms);
        let op = Op::take(&mut &bytes[..]).unwrap();
        space.apply(&stamp(now_ms, seq), &op);
        let touched = space.take_touched().unwrap_or_default();
        let after = versions(&space, words, now_ms);
        for ((key, before), (_, after)) in before.iter().zip(&after) {
            let named = touched.keys().any(|touched| touched.name == key);
            let told = touched.all() || named;
            assert!(before == after || told, "{op:?} has changed {key:?} and does not say so");
        }
        assert!(op.is_write() || touched.is_empty(), "{op:?}");
    }
}

#[test]
fn whatever_changes_a_version_says_so() {
    let words = Words::few();
    with_seeds(300, |chance| compare(&words, chance));
}
