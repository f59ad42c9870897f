//! What stands in the log about keys that are filled, likewise.

use lockstep_core::keys::waits::Want;
use lockstep_core::keys::{Expiry, Op as KeyOp};
use lockstep_core::{Db, NodeId, Op, Origin, Outcome, Wait};

use super::{carried_out, check, key};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/fills-1.txt");

/// A token is the number of the operation that gave it.
fn history() -> Vec<Op<'static>> {
    let db = Db(3);
    let origin = Origin { node: NodeId(7), boot: 2, conn: 9 };
    let wait = Wait::For { origin, request: 5, block_ms: 250 };
    let fill = |key, wait, keep| {
        let want = Want::Fill { ttl_ms: 90_000 };
        KeyOp::PopOrWait { db, keys: vec![key], want, wait, keep }
    };
    let expiry = Expiry::In { ms: 60_000 };
    let all: [KeyOp<'static>; 5] = [
        fill(b"a", None, false),
        fill(b"a", Some(wait), true),
        KeyOp::FillSet { db, key: b"a", token: 1, value: b"value", expiry },
        fill(b"b", None, false),
        KeyOp::FillAbort { db, key: b"b", token: 5 },
    ];
    all.into_iter().map(key).collect()
}

#[test]
fn operations_that_fill_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn what_was_filled_once_is_filled_as_ever() {
    let (shard, outcomes) = carried_out(OPS);
    let token = |name: &[u8], token| {
        Outcome::List(vec![Outcome::Bytes(name.to_vec()), Outcome::Int(token)])
    };
    // Serving the one who waits is an operation of its own.
    let all = [token(b"a", 1), Outcome::Waits, Outcome::Ok, token(b"b", 5), Outcome::Int(1)];
    assert_eq!(outcomes, all);
    assert_eq!(shard.keys().counts(Db(3), 1_000).keys, 1);
}
