//! Random histories beside the model.

use super::model::Model;
use super::*;
use crate::chance::{Chance, with_seeds};
use crate::wire::Wire;

const KEYS: [&[u8]; 4] = [b"a", b"b", b"c", b"d"];

fn draw_want(chance: &mut Chance) -> Want<'static> {
    let (one, two) = (chance.once_in(2), chance.once_in(2));
    match chance.below(6) {
        0 | 1 => Want::Element { front: one },
        2 => Want::Elements { front: one, count: 1 + chance.below(3) },
        3 => Want::Member { max: one },
        _ => Want::Moved { to: chance.pick(&KEYS), from_front: one, to_front: two },
    }
}

/// An operation on keys; `number` makes elements differ from each other.
fn draw(chance: &mut Chance, number: u64, may_wait: bool) -> Vec<u8> {
    let db = Db(chance.below(2) as u8);
    let (one, two) = (chance.pick(&KEYS), chance.pick(&KEYS));
    let element = format!("e{number}");
    let more = format!("f{number}");
    let op = match chance.below(20) {
        0..=5 => push(db, one, vec![element.as_bytes(), more.as_bytes()]),
        6 | 7 => add(db, one, chance.below(5) as f64, element.as_bytes()),
        8 => match set(one, b"v", keys::Expiry::Never {}) {
            Op::Key { op } => op,
            _ => unreachable!(),
        },
        9 | 10 => keys::Op::Del { db, keys: vec![one, two] },
        11 => keys::Op::Rename { db, from: one, to: two, only_new: false },
        12 if chance.once_in(3) => keys::Op::FlushAll {},
        12 => keys::Op::SwapDb { a: db, b: Db(chance.below(2) as u8) },
        _ => {
            let want = draw_want(chance);
            let single = matches!(want, Want::Moved { .. });
            let keys = if single { vec![one] } else { vec![one, two] };
            let block_ms = if chance.once_in(3) { 0 } else { 1 + chance.below(60) };
            let wait = Wait::For { origin: origin(number), request: 1, block_ms };
            let keep = chance.once_in(2);
            keys::Op::PopOrWait { db, keys, want, wait: may_wait.then_some(wait), keep }
        }
    };
    let mut bytes = Vec::new();
    key(op).put(&mut bytes);
    bytes
}

fn op(bytes: &[u8]) -> Op<'_> {
    Op::take(&mut &bytes[..]).unwrap()
}

/// One step of both; what it gave.
fn step(story: &mut Story, model: &mut Model, chance: &mut Chance, number: u64) {
    story.now_ms += chance.below(20);
    model.expire(story.now_ms);
    if chance.once_in(6) {
        let drawn: Vec<Vec<u8>> = (0..3).map(|at| draw(chance, number * 10 + at, false)).collect();
        let ops: Vec<Op<'_>> = drawn.iter().map(|bytes| op(bytes)).collect();
        let packed = encoded(&ops);
        let mut expected = Vec::new();
        for op in &ops {
            let Op::Key { op } = op else { unreachable!() };
            expected.push(model.run(story.now_ms, op));
        }
        let outcome = story.run(&transaction(&packed, 3, Vec::new()));
        assert_eq!(outcome, Outcome::List(expected), "{ops:?}");
    } else if chance.once_in(8) {
        let of = origin(number.saturating_sub(chance.below(12)));
        if chance.once_in(2) {
            story.run(&Op::Gone { origin: of });
            model.gone(of.conn);
        } else {
            let cancel = keys::Op::CancelWait { origin: of, request: 1, error: false };
            assert_eq!(story.run(&key(cancel.clone())), model.run(story.now_ms, &cancel));
        }
    } else {
        let bytes = draw(chance, number, true);
        let op = op(&bytes);
        let Op::Key { op: of_key } = &op else { unreachable!() };
        let expected = model.run(story.now_ms, of_key);
        assert_eq!(story.run(&op), expected, "{op:?}");
    }
    model.serve();
    assert_eq!(story.answers(), std::mem::take(&mut model.answers));
    assert_eq!(story.shard.keys().waits().len(), model.waiting());
}

/// Answers are confirmed at once: what goes back is for another test.
fn confirm_all(story: &mut Story, number: u64) {
    for conn in number.saturating_sub(20)..=number {
        let op = keys::Op::ConfirmWait { origin: origin(conn), request: 1 };
        story.run(&key(op));
    }
    story.fx.take();
}

#[test]
fn who_waits_is_served_as_the_model_says() {
    with_seeds(250, |chance| {
        let (mut story, mut model) = (Story::new(), Model::default());
        for number in 1..150 {
            step(&mut story, &mut model, chance, number);
            confirm_all(&mut story, number);
            nobody_waits_for_what_is_there(&story);
        }
    });
}

/// Whoever waits finds nothing of what is waited for.
fn nobody_waits_for_what_is_there(story: &Story) {
    for db in [Db(0), Db(1)] {
        for key in KEYS {
            let kind = story.shard.keys().kind_of(db, key, story.now_ms);
            let first = kind.and_then(|kind| story.shard.keys().waits().first(db, key, kind));
            assert_eq!(first, None, "{db:?} {key:?}");
        }
    }
}

#[test]
fn the_same_history_gives_the_same_lines_also_through_a_snapshot() {
    with_seeds(100, |chance| {
        let (mut one, mut two) = (Story::new(), Story::new());
        let moment = 1 + chance.below(100);
        for number in 1..100 {
            let bytes = draw(chance, number, true);
            let now_ms = one.now_ms + chance.below(20);
            for story in [&mut one, &mut two] {
                story.now_ms = now_ms;
            }
            assert_eq!(one.run(&op(&bytes)), two.run(&op(&bytes)));
            assert_eq!(one.answers(), two.answers());
            assert_eq!(one.shard.next_deadline(), two.shard.next_deadline());
            if number == moment {
                two.shard = Shard::restore(two.shard.freeze().chunks()).unwrap();
            }
            if number % 10 == 0 {
                assert_eq!(one.shard.state_digest(), two.shard.state_digest());
            }
        }
        assert_eq!(one.shard.keys().waits().keys(), two.shard.keys().waits().keys());
    });
}
