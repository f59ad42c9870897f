//! Lists against a plain model.

#![allow(clippy::unwrap_used)]

use super::Op;
use crate::chance::{Chance, with_seeds};
use crate::keys::Op as KeyOp;
use crate::keys::tests::{Story, restored};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);

fn on<'a>(key: &'a [u8], op: Op<'a>) -> KeyOp<'a> {
    KeyOp::List { db: DB, key, op }
}

fn push<'a>(values: &[&'a str], front: bool) -> Op<'a> {
    let values = values.iter().map(|value| value.as_bytes()).collect();
    Op::Push { values, front, only_there: false }
}

fn list(values: &[impl AsRef<[u8]>]) -> Outcome {
    Outcome::List(values.iter().map(bytes).collect())
}

fn bytes(text: impl AsRef<[u8]>) -> Outcome {
    Outcome::Bytes(text.as_ref().to_vec())
}

impl Story {
    fn list(&mut self, op: Op<'_>) -> Outcome {
        self.run(&on(b"l", op))
    }

    fn all(&mut self, key: &[u8]) -> Outcome {
        self.run(&on(key, Op::Range { start: 0, end: -1 }))
    }
}

fn element(chance: &mut Chance) -> Vec<u8> {
    let len = if chance.once_in(100) { 3_000 } else { chance.below(12) };
    [vec![b'e'; len as usize], chance.below(5).to_string().into_bytes()].concat()
}

fn index(chance: &mut Chance, len: usize) -> i64 {
    chance.below(2 * len as u64 + 6) as i64 - len as i64 - 3
}

/// What a vector has from one index to another one.
fn slice(model: &[Vec<u8>], start: i64, end: i64) -> Vec<Vec<u8>> {
    let len = model.len() as i64;
    let from_end = |index: i64| if index < 0 { index + len } else { index };
    let (start, end) = (from_end(start).max(0), from_end(end).min(len - 1));
    (start..=end).filter_map(|at| model.get(usize::try_from(at).ok()?).cloned()).collect()
}

fn step(story: &mut Story, model: &mut Vec<Vec<u8>>, chance: &mut Chance) {
    let (value, front, len) = (element(chance), chance.once_in(2), model.len());
    let (start, end) = (index(chance, len), index(chance, len));
    let number = |number: usize| Outcome::Int(number as i64);
    match chance.below(24) {
        0..=9 => {
            let more = element(chance);
            for value in [&value, &more] {
                model.insert(if front { 0 } else { model.len() }, value.clone());
            }
            let values = vec![&value[..], &more];
            let op = Op::Push { values, front, only_there: false };
            assert_eq!(story.list(op), number(model.len()));
        }
        10..=13 => {
            let popped = match front {
                true if len > 0 => bytes(model.remove(0)),
                _ => model.pop().map_or(Outcome::Nil, bytes),
            };
            assert_eq!(story.list(Op::Pop { front, count: None }), popped);
        }
        14 => {
            let count = chance.below(6) as usize;
            let few = count.min(len);
            let mut popped: Vec<_> =
                if front { model.drain(..few) } else { model.drain(len - few..) }.collect();
            if !front {
                popped.reverse();
            }
            let wanted = if len == 0 { Outcome::Ok } else { list(&popped) };
            assert_eq!(story.list(Op::Pop { front, count: Some(count as u64) }), wanted);
        }
        15 | 16 => {
            let at = if start < 0 { start + len as i64 } else { start };
            let outcome = story.list(Op::Set { index: start, value: &value });
            match usize::try_from(at).ok().filter(|at| *at < len) {
                Some(at) => {
                    model[at] = value;
                    assert_eq!(outcome, Outcome::Ok);
                }
                None if len == 0 => assert_eq!(outcome, Fault::NoSuchKey.into()),
                None => assert_eq!(outcome, Fault::OutOfRange.into()),
            }
        }
        17 | 18 => {
            let pivot = model.get(len / 2).cloned().unwrap_or_default();
            let at = model.iter().position(|element| *element == pivot);
            let outcome = story.list(Op::Insert { pivot: &pivot, value: &value, before: front });
            match at {
                Some(at) => {
                    model.insert(if front { at } else { at + 1 }, value);
                    assert_eq!(outcome, number(len + 1));
                }
                None => assert_eq!(outcome, Outcome::Int(0)),
            }
        }
        19 | 20 => {
            let count = chance.below(7) as i64 - 3;
            let mut left = if count == 0 { usize::MAX } else { count.unsigned_abs() as usize };
            if count < 0 {
                model.reverse();
            }
            model.retain(|element| {
                let goes = *element == value && left > 0;
                left -= usize::from(goes);
                !goes
            });
            if count < 0 {
                model.reverse();
            }
            let outcome = story.list(Op::Remove { count, value: &value });
            assert_eq!(outcome, number(len - model.len()));
        }
        21 if chance.once_in(6) => {
            *model = slice(model, start, end);
            assert_eq!(story.list(Op::Trim { start, end }), Outcome::Ok);
        }
        _ => {
            let found = slice(model, start, start).into_iter().next();
            let one = (-(len as i64)..len as i64).contains(&start).then_some(found).flatten();
            assert_eq!(story.list(Op::Index { index: start }), one.map_or(Outcome::Nil, bytes));
            let wanted = list(&slice(model, start, end));
            assert_eq!(story.list(Op::Range { start, end }), wanted);
        }
    }
    assert_eq!(story.list(Op::Len {}), number(model.len()));
}

#[test]
fn a_list_does_what_a_vector_does() {
    with_seeds(40, |chance| {
        let (mut story, mut model) = (Story::new(), Vec::new());
        for _ in 0..700 {
            step(&mut story, &mut model, chance);
        }
        assert_eq!(story.all(b"l"), list(&model));
        let copy = restored(&story.space);
        assert_eq!(copy.state_digest(), story.space.state_digest());
        assert_eq!(copy.memory(), story.space.memory());
        story.list(Op::Trim { start: 1, end: 0 });
        assert_eq!(story.space.memory(), 0);
    });
}

#[test]
fn positions_are_found_from_both_ends() {
    let mut story = Story::new();
    story.list(push(&["a", "b", "c", "1", "2", "3", "c", "c"], false));
    let mut pos =
        |rank, count, max_len| story.list(Op::Pos { element: b"c", rank, count, max_len });
    let numbers = |numbers: &[i64]| {
        Outcome::List(numbers.iter().map(|number| Outcome::Int(*number)).collect())
    };
    assert_eq!(pos(1, None, 0), Outcome::Int(2));
    assert_eq!(pos(2, None, 0), Outcome::Int(6));
    assert_eq!(pos(-1, None, 0), Outcome::Int(7));
    assert_eq!(pos(4, None, 0), Outcome::Nil);
    assert_eq!(pos(1, Some(2), 0), numbers(&[2, 6]));
    assert_eq!(pos(-1, Some(0), 0), numbers(&[7, 6, 2]));
    assert_eq!(pos(1, Some(0), 7), numbers(&[2, 6]));
    assert_eq!(pos(-1, None, 1), Outcome::Int(7));
    assert_eq!(pos(i64::MIN, None, 0), Outcome::Nil);
}

#[test]
fn an_element_goes_from_one_list_to_another() {
    let mut story = Story::new();
    story.list(push(&["a", "b", "c"], false));
    story.set("s", "v");
    let shift = |from: &'static [u8], to: &'static [u8], from_front, to_front| KeyOp::ListMove {
        db: DB,
        from,
        to,
        from_front,
        to_front,
    };
    assert_eq!(story.run(&shift(b"l", b"m", true, false)), bytes("a"));
    assert_eq!(story.run(&shift(b"l", b"m", false, true)), bytes("c"));
    assert_eq!(story.all(b"m"), list(&["c", "a"]));
    assert_eq!(story.run(&shift(b"m", b"m", true, false)), bytes("c"));
    assert_eq!(story.all(b"m"), list(&["a", "c"]));
    let refused = Outcome::from(Fault::WrongType);
    assert_eq!(story.run(&shift(b"l", b"s", true, true)), refused);
    assert_eq!(story.all(b"l"), list(&["b"]));
    assert_eq!(story.run(&shift(b"none", b"s", true, true)), Outcome::Nil);
    assert_eq!(story.run(&shift(b"l", b"l", true, true)), bytes("b"));
    assert_eq!(story.run(&shift(b"l", b"m", true, true)), bytes("b"));
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"l"] }), Outcome::Int(0));
}

#[test]
fn a_list_of_one_element_keeps_its_deadline_when_that_goes_round() {
    let mut story = Story::new();
    story.list(push(&["a"], false));
    let (ms, when) = (story.now_ms as i64 + 100, crate::keys::ExpireWhen::Always {});
    let expiry = crate::keys::Expiry::At { ms };
    story.run(&KeyOp::Expire { db: DB, key: b"l", expiry, when });
    let round = KeyOp::ListMove { db: DB, from: b"l", to: b"l", from_front: false, to_front: true };
    assert_eq!(story.run(&round), bytes("a"));
    let ttl = KeyOp::Ttl { db: DB, key: b"l", form: crate::keys::TtlForm::Millis {} };
    assert_eq!(story.run(&ttl), Outcome::Int(100));
    assert_eq!(story.all(b"l"), list(&["a"]));
}

#[test]
fn the_first_list_that_is_there_is_popped() {
    let mut story = Story::new();
    story.list(push(&["a", "b", "c"], false));
    let pop = |keys, front, count| KeyOp::ListPopFirst { db: DB, keys, front, count };
    let keys: Vec<&[u8]> = vec![b"none", b"l"];
    let wanted = Outcome::List(vec![bytes("l"), list(&["c", "b"])]);
    assert_eq!(story.run(&pop(keys.clone(), false, 2)), wanted);
    story.run(&pop(keys.clone(), true, 9));
    assert_eq!(story.run(&pop(keys, true, 1)), Outcome::Nil);
}

#[test]
fn lists_have_their_type_and_others_refuse_them() {
    let mut story = Story::new();
    story.list(push(&["a"], true));
    assert_eq!(story.run(&KeyOp::Type { db: DB, key: b"l" }), Outcome::Word("list"));
    assert_eq!(story.get("l"), Fault::WrongType.into());
    story.set("s", "v");
    assert_eq!(story.run(&on(b"s", Op::Len {})), Fault::WrongType.into());
    assert_eq!(story.run(&on(b"s", push(&["a"], true))), Fault::WrongType.into());
    let only_there = Op::Push { values: vec![b"x"], front: true, only_there: true };
    assert_eq!(story.run(&on(b"none", only_there)), Outcome::Int(0));
    let dump = KeyOp::Dump { db: DB, key: b"l" };
    let Outcome::Bytes(payload) = story.run(&dump) else { panic!() };
    let expiry = crate::keys::Expiry::Never {};
    let (key, replace) = (b"copy", false);
    let restore = KeyOp::Restore {
        db: DB,
        key,
        payload: &payload,
        expiry,
        replace,
        idle_s: None,
        freq: None,
    };
    assert_eq!(story.run(&restore), Outcome::Ok);
    assert_eq!(story.all(b"copy"), list(&["a"]));
}
