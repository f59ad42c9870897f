//! What SORT gives.

#![allow(clippy::unwrap_used)]

use super::Terms;
use crate::chance::with_seeds;
use crate::keys::tests::Story;
use crate::keys::{Expiry, Op, When, hashes, lists, sets, zsets};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);

const PLAIN: Terms<'static> =
    Terms::Are { by: None, alpha: false, reverse: false, offset: 0, limit: -1 };

fn by(pattern: &[u8], alpha: bool, reverse: bool) -> Terms<'_> {
    Terms::Are { by: Some(pattern), alpha, reverse, offset: 0, limit: -1 }
}

fn texts(outcome: Outcome) -> Vec<String> {
    let Outcome::List(items) = outcome else { panic!("{outcome:?}") };
    let text = |item| match item {
        Outcome::Bytes(bytes) => String::from_utf8(bytes).unwrap(),
        Outcome::Nil => "(nil)".to_owned(),
        other => panic!("{other:?}"),
    };
    items.into_iter().map(text).collect()
}

impl Story {
    fn push_all(&mut self, key: &[u8], values: &[&str]) {
        let values = values.iter().map(|value| value.as_bytes()).collect();
        let op = lists::Op::Push { values, front: false, only_there: false };
        self.run(&Op::List { db: DB, key, op });
    }

    fn put(&mut self, key: &[u8], value: &[u8]) {
        let (when, expiry) = (When::Always {}, Expiry::Never {});
        self.run(&Op::Set { db: DB, key, value, when, expiry, get: false });
    }

    fn put_field(&mut self, key: &[u8], field: &[u8], value: &[u8]) {
        let op = hashes::Op::Set { pairs: vec![(field, value)] };
        self.run(&Op::Hash { db: DB, key, op });
    }

    fn sort(&mut self, key: &[u8], terms: Terms<'_>, get: &[&[u8]]) -> Vec<String> {
        texts(self.run(&Op::Sort { db: DB, key, terms, get: get.to_vec() }))
    }

    fn store(&mut self, key: &[u8], terms: Terms<'_>, get: &[&[u8]]) -> (i64, Vec<String>) {
        let get = get.to_vec();
        let stored = self.run(&Op::SortStore { db: DB, to: b"to", key, terms, get });
        let Outcome::Int(stored) = stored else { panic!("{stored:?}") };
        let range = lists::Op::Range { start: 0, end: -1 };
        (stored, texts(self.run(&Op::List { db: DB, key: b"to", op: range })))
    }
}

#[test]
fn numbers_are_sorted_as_numbers_and_bytes_as_bytes() {
    let mut story = Story::new();
    story.push_all(b"l", &["10", "9", "-1.5", "1e1", "+3"]);
    assert_eq!(story.sort(b"l", PLAIN, &[]), ["-1.5", "+3", "9", "10", "1e1"]);
    let alpha = |reverse| Terms::Are { by: None, alpha: true, reverse, offset: 0, limit: -1 };
    assert_eq!(story.sort(b"l", alpha(false), &[]), ["+3", "-1.5", "10", "1e1", "9"]);
    assert_eq!(story.sort(b"l", alpha(true), &[]), ["9", "1e1", "10", "-1.5", "+3"]);
    story.push_all(b"l", &["a"]);
    let sort = Op::Sort { db: DB, key: b"l", terms: PLAIN, get: Vec::new() };
    assert_eq!(story.run(&sort), Fault::NotNumbers.into());
}

#[test]
fn a_limit_takes_a_part() {
    let mut story = Story::new();
    story.push_all(b"l", &["3", "1", "2"]);
    let part = |offset, limit| Terms::Are { by: None, alpha: false, reverse: true, offset, limit };
    for (offset, limit, expected) in [
        (0, 2, &["3", "2"][..]),
        (1, 5, &["2", "1"]),
        (-7, 1, &["3"]),
        (3, 1, &[]),
        (1, 0, &[]),
        (i64::MAX, i64::MAX, &[]),
        (2, -5, &["1"]),
    ] {
        assert_eq!(story.sort(b"l", part(offset, limit), &[]), expected, "{offset} {limit}");
    }
}

#[test]
fn elements_are_sorted_by_what_is_elsewhere() {
    let mut story = Story::new();
    story.push_all(b"l", &["a", "b", "c", "d"]);
    for (element, weight) in [(b"a", b"3"), (b"b", b"1"), (b"c", b"2")] {
        story.put(&[b"w_", &element[..]].concat(), weight);
        story.put_field(&[b"h_", &element[..]].concat(), b"n", weight);
    }
    // What is not there counts 0, and stands before all bytes.
    assert_eq!(story.sort(b"l", by(b"w_*", false, false), &[]), ["d", "b", "c", "a"]);
    assert_eq!(story.sort(b"l", by(b"h_*->n", true, true), &[]), ["a", "c", "b", "d"]);
    let get: [&[u8]; 4] = [b"#", b"w_*", b"h_*->n", b"fixed"];
    let shown = ["d", "(nil)", "(nil)", "(nil)", "b", "1", "1", "(nil)"];
    let first = Terms::Are { by: Some(b"w_*"), alpha: false, reverse: false, offset: 0, limit: 2 };
    assert_eq!(story.sort(b"l", first, &get), shown);
    assert_eq!(
        story.store(b"l", first, &get[..2]),
        (4, vec!["d".into(), "".into(), "b".into(), "1".into()])
    );
    // Another type is as if nothing were there.
    assert_eq!(story.sort(b"l", by(b"h_*", true, false), &[]), ["a", "b", "c", "d"]);
}

#[test]
fn without_a_star_the_order_stays() {
    let mut story = Story::new();
    story.push_all(b"l", &["b", "c", "a"]);
    assert_eq!(story.sort(b"l", by(b"nosort", false, false), &[]), ["b", "c", "a"]);
    assert_eq!(story.sort(b"l", by(b"nosort", false, true), &[]), ["a", "c", "b"]);
    let (absent, present, greater, less) = (false, false, false, false);
    let pairs: Vec<(f64, &[u8])> = vec![(2.0, b"x"), (1.0, b"y")];
    let add = zsets::Op::Add { pairs, absent, present, greater, less, changed: false, incr: false };
    story.run(&Op::Scored { db: DB, key: b"z", op: add });
    assert_eq!(story.sort(b"z", by(b"nosort", false, true), &[]), ["x", "y"]);
    let members = vec![&b"n"[..], b"m", b"o"];
    story.run(&Op::Members { db: DB, key: b"s", op: sets::Op::Add { members } });
    let sorted = ["m", "n", "o"].map(str::to_owned).to_vec();
    assert_eq!(story.store(b"s", by(b"nosort", false, false), &[]), (3, sorted));
}

#[test]
fn nothing_is_stored_where_nothing_is_and_other_types_are_refused() {
    let mut story = Story::new();
    story.put(b"to", b"v");
    assert_eq!(story.store(b"none", PLAIN, &[]), (0, Vec::new()));
    story.put(b"s", b"v");
    let sort = Op::Sort { db: DB, key: b"s", terms: PLAIN, get: Vec::new() };
    assert_eq!(story.run(&sort), Fault::WrongType.into());
    story.push_all(b"to", &["2", "1"]);
    assert_eq!(story.store(b"to", PLAIN, &[]).0, 2, "to itself");
    assert_eq!(story.sort(b"to", by(b"x", false, false), &[]), ["1", "2"]);
}

#[test]
fn any_numbers_are_sorted() {
    with_seeds(100, |chance| {
        let mut story = Story::new();
        let mut numbers: Vec<i64> =
            (0..chance.below(60)).map(|_| chance.below(1_000) as i64 - 500).collect();
        let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
        let values: Vec<&str> = texts.iter().map(String::as_str).collect();
        story.push_all(b"l", &values);
        numbers.sort_unstable();
        let sorted: Vec<String> = numbers.iter().map(i64::to_string).collect();
        assert_eq!(story.sort(b"l", PLAIN, &[]), sorted);
        assert_eq!(story.store(b"l", PLAIN, &[]), (numbers.len() as i64, sorted));
    });
}
