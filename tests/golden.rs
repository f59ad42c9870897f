//! The format of the log: bytes that were written once keep their meaning.

mod cluster;
mod collections;
mod counts;
mod fields;
mod fills;
mod functions;
mod inside;
mod scripts;
mod sessions;
mod users;
mod values;

use std::fmt::Write as _;
use std::path::Path;

use lockstep_core::keys::{self, ExpireWhen, Expiry, When};
use lockstep_core::op::Watched;
use lockstep_core::queues::{self, Blame, Receipt, Visible, Want};
use lockstep_core::wait::Wait;
use lockstep_core::wire::Wire;
use lockstep_core::{Db, Effects, NodeId, Op, Origin, Outcome, Shard, Token, locks};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/ops-1.txt");

fn origin(conn: u64) -> Origin {
    Origin { node: NodeId(77), boot: 3, conn }
}

fn key(op: keys::Op<'_>) -> Op<'_> {
    Op::Key { op }
}

/// One of every write that can stand in the log, in an order that makes sense.
fn history(transaction: &[u8]) -> Vec<Op<'_>> {
    let (db, always, never) = (Db(0), When::Always {}, Expiry::Never {});
    let connection = locks::Owner::Connection { origin: origin(1) };
    let wait = Some(Wait::For { origin: origin(2), request: 9, block_ms: 60_000 });
    let receipt = Receipt::Of { part: 0, seq: 1, attempt: 1 };
    let set = |key, value, when, expiry, get| {
        self::key(keys::Op::Set { db, key, value, when, expiry, get })
    };
    vec![
        Op::Boot { origin: origin(0) },
        set(b"a", b"1", always, never, false),
        set(b"b", b"bytes", When::Absent {}, Expiry::In { ms: 5_000 }, false),
        set(b"b", b"more", When::Present {}, Expiry::Keep {}, true),
        set(b"b", b"again", When::Equals { value: b"more" }, Expiry::At { ms: 90_000 }, false),
        key(keys::Op::IncrBy { db, key: b"a", by: -7 }),
        key(keys::Op::IncrByFloat { db, key: b"f", by: b"0.1" }),
        key(keys::Op::Append { db, key: b"b", value: b"!", max: 1 << 20 }),
        key(keys::Op::SetRange { db, key: b"r", offset: 3, value: b"x", max: 1 << 20 }),
        key(keys::Op::GetEx { db, key: b"b", expiry: Expiry::In { ms: 7_000 } }),
        key(keys::Op::MSet { db, pairs: vec![(b"m", b"1"), (b"n", b"2")], only_new: true }),
        key(keys::Op::GetDel { db, key: b"n" }),
        key(keys::Op::DelIfEqual { db, key: b"m", value: b"1" }),
        key(keys::Op::Copy { db, from: b"a", to_db: Db(1), to: b"a", replace: false }),
        key(keys::Op::Rename { db, from: b"f", to: b"g", only_new: false }),
        key(keys::Op::Move { db, key: b"g", to_db: Db(2) }),
        key(keys::Op::Expire {
            db,
            key: b"a",
            expiry: Expiry::In { ms: 100_000 },
            when: ExpireWhen::If { has: false, later: false, earlier: true },
        }),
        key(keys::Op::Persist { db, key: b"b" }),
        key(keys::Op::Del { db, keys: vec![b"r", b"none"] }),
        key(keys::Op::SwapDb { a: Db(0), b: Db(1) }),
        key(keys::Op::FlushDb { db: Db(2) }),
        key(keys::Op::Evict { keys: vec![(Db(1), b"b")] }),
        Op::Transaction {
            watched: vec![Watched::Key { db, key: b"absent", version: 0 }],
            count: 2,
            ops: transaction,
        },
        Op::Lock {
            op: locks::Op::Acquire {
                name: b"door",
                terms: locks::Terms::plain(connection, origin(1)).for_ms(Some(30_000)),
            },
        },
        Op::Lock {
            op: locks::Op::Acquire {
                name: b"door",
                terms: locks::Terms::plain(locks::Owner::Named { name: b"bob" }, origin(2))
                    .for_ms(Some(30_000))
                    .waiting(wait),
            },
        },
        Op::Lock {
            op: locks::Op::Renew {
                name: b"door",
                owner: connection,
                token: Some(Token(1)),
                lease_ms: 60_000,
                rule: locks::Rule::Any {},
            },
        },
        Op::Lock {
            op: locks::Op::Release {
                name: b"door",
                owner: connection,
                token: None,
                all: false,
                strict: true,
            },
        },
        Op::Queue { op: queues::Op::push(b"mails", b"first") },
        Op::Queue { op: queues::Op::push_at(b"mails", b"second", Visible::In { ms: 400 }) },
        Op::Queue { op: queues::Op::pop(b"mails", Want::some(None, Some(9_000), false), None) },
        Op::Queue {
            op: queues::Op::Extend {
                queue: b"mails",
                part: 0,
                receipts: vec![receipt],
                lease_ms: 0,
            },
        },
        Op::Queue { op: queues::Op::nack(b"mails", vec![receipt], Blame::Fail {}, Some(10)) },
        Op::Queue { op: queues::Op::ack(b"mails", vec![receipt]) },
        Op::Tick {},
        Op::Gone { origin: origin(2) },
    ]
}

fn transaction() -> Vec<u8> {
    let mut ops = Vec::new();
    let db = Db(0);
    key(keys::Op::IncrBy { db, key: b"in", by: 1 }).put(&mut ops);
    key(keys::Op::Get { db, key: b"in" }).put(&mut ops);
    ops
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Compares the byte forms, one to a line, with those that were written once.
fn check<'a, 'b: 'a, T: Wire<'b> + 'a>(path: &str, values: impl Iterator<Item = &'a T>) {
    let text: String = values
        .map(|value| {
            let mut bytes = Vec::new();
            value.put(&mut bytes);
            format!("{}\n", hex(&bytes))
        })
        .collect();
    let bless = std::env::var_os("LOCKSTEP_BLESS").is_some();
    if bless && !Path::new(path).exists() {
        // Written once with a new format, never again.
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(text, std::fs::read_to_string(path).unwrap());
}

/// The operation that all of these bytes are.
fn taken(bytes: &[u8]) -> Op<'_> {
    let mut rest = bytes;
    let op = Op::take(&mut rest).unwrap();
    assert!(rest.is_empty(), "all bytes are of one operation");
    op
}

/// A new shard behind the operations of a file, and what they gave.
fn carried_out(path: &str) -> (Shard, Vec<Outcome>) {
    let text = std::fs::read_to_string(path).unwrap();
    let mut shard = Shard::new(1);
    let apply = |line| shard.apply(1_000, &taken(&bytes(line)), &mut Effects::default());
    let outcomes = text.lines().map(apply).collect();
    (shard, outcomes)
}

#[test]
fn operations_keep_their_byte_form() {
    check(PATH, history(&transaction()).iter());
}

#[test]
fn a_log_that_was_written_once_is_read_and_applied_as_ever() {
    let text = std::fs::read_to_string(PATH).unwrap();
    let (mut shard, mut again) = (Shard::new(1), Shard::new(1));
    for (number, line) in text.lines().enumerate() {
        let bytes = bytes(line);
        let op = taken(&bytes);
        let now_ms = 1_000 + number as u64 * 10;
        let outcome = shard.apply(now_ms, &op, &mut Effects::default());
        assert_eq!(outcome, again.apply(now_ms, &op, &mut Effects::default()));
        let fault = matches!(outcome, lockstep_core::Outcome::Fault(_));
        assert!(!fault, "line {} was refused: {outcome:?}", number + 1);
    }
    assert_eq!(shard.state_digest(), again.state_digest());
    let keys: u64 = (0..16).map(|db| shard.keys().counts(Db(db), 2_000).keys).sum();
    assert_eq!(keys, 3, "what the history leaves");
}
