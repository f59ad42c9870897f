//! LOCKASSERT in a transaction.

use super::*;
use crate::chance::{Chance, with_seeds};
use crate::keys::{self, Expiry, When};
use crate::wire::Wire;
use crate::{Db, Shard, queues};

const KEYS: [&[u8]; 3] = [b"a", b"b", b"c"];

fn key(op: keys::Op<'_>) -> crate::Op<'_> {
    crate::Op::Key { op }
}

/// An operation that changes something.
fn write(chance: &mut Chance, words: &mut u64) -> crate::Op<'static> {
    *words += 1;
    let name = chance.pick(&KEYS);
    match chance.below(6) {
        0 => {
            let (db, value, when) = (Db(0), &b"v"[..], When::Always {});
            key(keys::Op::Set { db, key: name, value, when, expiry: Expiry::Never {}, get: false })
        }
        1 => key(keys::Op::Append { db: Db(0), key: name, value: b"+", max: 1 << 10 }),
        2 => crate::Op::Queue { op: queues::Op::push(name, b"m") },
        3 => locked(&["unlock", "a"], chance.below(3), *words),
        4 => locked(&["lock", "b", "shared", "block", "0"], chance.below(3), *words),
        _ => locked(&["lock", "a", "px", "200", "block", "0"], chance.below(3), *words),
    }
}

fn locked<'a>(line: &[&'a str], conn: u64, request: u64) -> crate::Op<'a> {
    crate::Op::Lock { op: words::op(connection(conn), request, line).0 }
}

/// S15: nothing of a transaction with an assertion that does not hold is done, on no
/// replica: each is as if only time had passed.
#[test]
fn s15_a_transaction_with_an_invalid_token_changes_nothing_on_any_replica() {
    with_seeds(200, |chance| {
        let mut replicas = [Shard::new(1), Shard::new(1), Shard::new(1)];
        let mut idle = Shard::new(1);
        let (mut now_ms, mut words) = (1_000, 0);
        for _ in 0..chance.below(40) {
            now_ms += chance.pick(&[0, 5, 150]);
            let op = write(chance, &mut words);
            for shard in replicas.iter_mut().chain([&mut idle]) {
                shard.apply(now_ms, &op, &mut Effects::default());
            }
        }
        // No token is that high.
        let invalid = locked(&["assert", "a", "token", "1000"], 0, 0);
        let count = 1 + chance.below(5);
        let at = chance.below(count);
        let mut ops = Vec::new();
        for place in 0..count {
            let op = if place == at { invalid.clone() } else { write(chance, &mut words) };
            op.put(&mut ops);
        }
        let count = u32::try_from(count).unwrap();
        let exec = crate::Op::Transaction { watched: Vec::new(), count, ops: &ops };
        for shard in &mut replicas {
            let mut fx = Effects::default();
            let outcome = shard.apply(now_ms, &exec, &mut fx);
            assert!(matches!(outcome, Outcome::Refused { fault: Fault::Fenced, .. }));
            assert!(fx.is_empty(), "nobody is told anything");
        }
        idle.apply(now_ms, &crate::Op::Tick {}, &mut Effects::default());
        let digests = replicas.map(|shard| shard.state_digest());
        assert_eq!(digests, [idle.state_digest(); 3]);
    });
}
