//! What stands in the log about fields with deadlines, likewise.

use lockstep_core::keys::hashes::Op::{Expire, Persist, Set};
use lockstep_core::keys::{ExpireWhen, Expiry, Op as KeyOp, TtlForm, hashes};
use lockstep_core::{Db, Effects, Op, Outcome};

use super::{carried_out, check, key};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/fields-1.txt");
const DB: Db = Db(2);

fn history() -> Vec<Op<'static>> {
    let later = ExpireWhen::If { has: false, later: true, earlier: false };
    let fields = || vec![&b"f"[..], b"g", b"none"];
    let all = [
        Set { pairs: vec![(b"f", b"1"), (b"g", b"2"), (b"h", b"3")] },
        Expire { fields: fields(), expiry: Expiry::In { ms: 500 }, when: ExpireWhen::Always {} },
        Expire { fields: fields(), expiry: Expiry::At { ms: 9_000 }, when: later },
        Persist { fields: vec![b"g", b"h"] },
        Expire {
            fields: vec![b"h"],
            expiry: Expiry::At { ms: 1 },
            when: ExpireWhen::NoDeadline {},
        },
    ];
    all.into_iter().map(|op| key(KeyOp::Hash { db: DB, key: b"hash", op })).collect()
}

#[test]
fn operations_on_deadlines_of_fields_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn fields_that_got_deadlines_once_have_them_as_ever() {
    let (mut shard, outcomes) = carried_out(OPS);
    let ints = |numbers: &[i64]| {
        Outcome::List(numbers.iter().map(|number| Outcome::Int(*number)).collect())
    };
    let told = [ints(&[1, 1, -2]), ints(&[1, 1, -2]), ints(&[1, -1]), ints(&[2])];
    assert_eq!(outcomes[0], Outcome::Int(3));
    assert_eq!(outcomes[1..], told);
    let fields = vec![&b"f"[..], b"g", b"h"];
    let ends = hashes::Op::Ttl { fields, form: TtlForm::AtMillis {} };
    let ends = key(KeyOp::Hash { db: DB, key: b"hash", op: ends });
    let told = shard.apply(1_000, &ends, &mut Effects::default());
    assert_eq!(told, ints(&[9_000, -1, -2]));
}
