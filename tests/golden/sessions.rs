//! What stands in the log about sessions, likewise.

use lockstep_core::sessions;
use lockstep_core::{Effects, Op, Outcome, Shard, ShardId};

use super::{check, origin, taken};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/sessions-1.txt");
const ID: &[u8] = b"s0123456789abcdef0123456789abcde";
const GUEST: &[u8] = b"sfedcba9876543210fedcba987654321";

/// One of every operation on sessions, in an order that makes sense.
fn history() -> Vec<Op<'static>> {
    use sessions::Op::{
        Attach, Create, Destroy, Detach, End, Info, KeepAlive, List, Open, Settled, Stats, Touch,
    };
    let all = vec![
        Create { id: ID, ttl_ms: 10_000, name: b"worker", delay_ms: 60_000 },
        Attach { id: ID, origin: origin(5) },
        Touch { id: ID, shard: ShardId(255) },
        Detach { id: ID, origin: origin(5) },
        KeepAlive { id: ID },
        Open { id: GUEST, birth_ms: 1_700_000_000_000, delay_ms: 0, floor: 1_000 },
        Info { id: ID },
        List { cursor: 0, count: 10 },
        Stats {},
        Destroy { id: ID },
        Settled { id: ID, shard: ShardId(255) },
        End { id: GUEST, delay_ms: 60_000 },
    ];
    all.into_iter().map(|op| Op::Session { op }).collect()
}

#[test]
fn operations_on_sessions_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn sessions_that_were_written_once_come_about_as_ever() {
    let text = std::fs::read_to_string(OPS).unwrap();
    let mut shard = Shard::new(1);
    for (number, line) in text.lines().enumerate() {
        let bytes = super::bytes(line);
        let outcome = shard.apply(1_000, &taken(&bytes), &mut Effects::default());
        let fault = matches!(outcome, Outcome::Fault(_));
        assert!(!fault, "line {} was refused: {outcome:?}", number + 1);
    }
    let table = shard.sessions();
    assert!(table.is_empty() && table.guests() == 0, "what the history leaves");
    assert_eq!((table.stats().created, table.stats().destroyed), (1, 1));
}
