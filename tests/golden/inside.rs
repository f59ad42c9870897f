//! What stands in the log about the inside of what counts different elements, likewise.

use lockstep_core::keys::{Inside, Op as KeyOp};
use lockstep_core::{Db, Op, Outcome};

use super::{carried_out, check, key};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/inside-1.txt");

fn history() -> Vec<Op<'static>> {
    let db = Db(0);
    let ask = |ask| KeyOp::DistinctInside { db, key: b"count", ask };
    let all: [KeyOp<'static>; 5] = [
        KeyOp::CountDistinct { db, key: b"count", elements: vec![b"a"], sparse_max: 3_000 },
        ask(Inside::Form {}),
        ask(Inside::Runs {}),
        ask(Inside::MakeDense {}),
        ask(Inside::Counters {}),
    ];
    all.into_iter().map(key).collect()
}

#[test]
fn operations_on_the_inside_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn what_was_asked_once_is_answered_as_ever() {
    let (_, outcomes) = carried_out(OPS);
    let runs = Outcome::Bytes(b"Z:12711 v:2,1 Z:3672".to_vec());
    let due = [Outcome::Int(1), Outcome::Word("sparse"), runs, Outcome::Int(1)];
    assert_eq!(outcomes[..4], due);
    let Outcome::List(counters) = &outcomes[4] else { panic!("{:?}", outcomes[4]) };
    assert_eq!((counters.len(), &counters[12_711]), (16_384, &Outcome::Int(2)));
}
