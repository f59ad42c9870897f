//! Random histories beside the model.

use std::collections::BTreeMap;

use super::model::{Model, Step};
use super::*;
use crate::chance::{Chance, with_seeds};
use crate::keys::When;

const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

fn draw(chance: &mut Chance, model: &Model, place: (Db, &'static [u8]), conn: u64) -> Step {
    let life_ms = chance.once_in(2).then(|| 1 + chance.below(40));
    let token = match model.token(place) {
        Some(token) if chance.once_in(2) => token,
        _ => model.newest().saturating_sub(chance.below(3)),
    };
    match chance.below(20) {
        0..=8 => {
            let block_ms = if chance.once_in(3) { 0 } else { 1 + chance.below(60) };
            let wait = chance.once_in(2).then_some((conn, block_ms));
            Step::Fill { ttl_ms: 1 + chance.below(50), wait }
        }
        9..=12 => Step::HandIn { token, life_ms },
        13 => Step::Abort { token },
        14 => Step::Set { life_ms },
        15 | 16 => Step::Del,
        17 if chance.once_in(3) => Step::Flush,
        17 => Step::Swap { with: Db(chance.below(2) as u8) },
        _ => Step::Look,
    }
}

fn op<'a>(step: &Step, (db, name): (Db, &'static [u8]), value: &'a [u8]) -> Op<'a> {
    let expiry = |life_ms: Option<u64>| match life_ms {
        Some(ms) => Expiry::In { ms: ms as i64 },
        None => Expiry::Never {},
    };
    let when = When::Always {};
    key(match *step {
        Step::Fill { ttl_ms, wait } => return fill(db, name, ttl_ms, wait),
        Step::HandIn { token, life_ms } => {
            keys::Op::FillSet { db, key: name, token, value, expiry: expiry(life_ms) }
        }
        Step::Abort { token } => keys::Op::FillAbort { db, key: name, token },
        Step::Set { life_ms } => {
            let expiry = expiry(life_ms);
            keys::Op::Set { db, key: name, value, when, expiry, get: false }
        }
        Step::Del => keys::Op::Del { db, keys: vec![name] },
        Step::Flush => keys::Op::FlushDb { db },
        Step::Swap { with } => keys::Op::SwapDb { a: db, b: with },
        Step::Look => keys::Op::Get { db, key: name },
    })
}

/// Also through snapshots, and with equal digests on both ways.
#[test]
fn filling_does_what_the_model_says() {
    with_seeds(60, |chance| {
        let (mut story, mut other) = (Story::new(), Story::new());
        let mut model = Model::default();
        let moment = chance.below(400);
        for number in 0..400 {
            story.now_ms += chance.below(12);
            other.now_ms = story.now_ms;
            let place = (Db(chance.below(2) as u8), chance.pick(&KEYS));
            let value = format!("v{number}");
            let step = draw(chance, &model, place, number);
            let op = op(&step, place, value.as_bytes());
            let outcome = story.run(&op);
            assert_eq!(other.run(&op), outcome);
            let answers = story.answers();
            assert_eq!(other.answers(), answers);
            let answers: BTreeMap<u64, Outcome> = answers.into_iter().collect();
            model.check(story.now_ms, place, value.as_bytes(), &step, &outcome, answers);
            assert_eq!(story.shard.keys().waits().len(), model.waiting());
            assert_eq!(story.shard.keys().fills().len(), model.filled());
            if number == moment {
                other.shard = Shard::restore(other.shard.freeze().chunks()).unwrap();
            }
            if number % 10 == 0 {
                assert_eq!(story.shard.state_digest(), other.shard.state_digest());
            }
            assert_eq!(story.shard.next_deadline(), other.shard.next_deadline());
        }
    });
}

#[test]
fn what_is_cut_short_or_comes_twice_is_no_image() {
    let mut story = Story::new();
    story.token(b"k");
    let mut table = keys::fills::Table::default();
    let chunk = story.shard.keys().fills().freeze().chunks().next().unwrap();
    assert!(table.restore(&chunk[..chunk.len() - 1]).is_err());
    let mut table = keys::fills::Table::default();
    table.restore(&chunk).unwrap();
    assert!(table.restore(&chunk).is_err());
}
