//! What stands in the log about counts that are kept, likewise.

use lockstep_core::keys::Op as KeyOp;
use lockstep_core::{Db, Op, Outcome};

use super::{carried_out, check, key};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/counts-1.txt");

fn history() -> Vec<Op<'static>> {
    let (db, elements) = (Db(0), vec![&b"a"[..], b"b"]);
    let all: [KeyOp<'static>; 4] = [
        KeyOp::CountDistinct { db, key: b"count", elements, sparse_max: 3_000 },
        KeyOp::KeepCount { db, key: b"count" },
        KeyOp::GetRange { db, key: b"count", start: 0, end: 15 },
        KeyOp::DistinctCount { db, keys: vec![b"count"] },
    ];
    all.into_iter().map(key).collect()
}

#[test]
fn operations_on_counts_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn what_was_kept_once_is_kept_as_ever() {
    let (_, outcomes) = carried_out(OPS);
    let head = Outcome::Bytes(b"HYLL\x01\0\0\0\x02\0\0\0\0\0\0\0".to_vec());
    assert_eq!(outcomes, [Outcome::Int(1), Outcome::Ok, head, Outcome::Int(2)]);
}
