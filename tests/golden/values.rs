//! What stands in the log about bits, streams, those who wait for keys, and about what is
//! sorted, counted or looked for, likewise.

use lockstep_core::keys::bitmaps::{self, Field, Merge, Overflow, Step};
use lockstep_core::keys::geo::{From, Search, Shape};
use lockstep_core::keys::sorting::Terms;
use lockstep_core::keys::streams::{self, After, Id, NewId, Trim};
use lockstep_core::keys::waits::Want;
use lockstep_core::keys::{Op as KeyOp, lists, zsets};
use lockstep_core::wait::Wait;
use lockstep_core::{Db, Effects, Op, Outcome, Shard};

use super::{check, key, origin, taken};

const WAITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/waits-1.txt");
const SORTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/sorted-1.txt");
const DB: Db = Db(0);

fn id(ms: u64, seq: u64) -> Id {
    Id { ms, seq }
}

/// Bits of strings, streams, and who waits for keys.
fn waits() -> Vec<Op<'static>> {
    [on_bits(), on_streams(), on_groups(), on_waits()].into_iter().flatten().map(key).collect()
}

fn on_bits() -> Vec<KeyOp<'static>> {
    let set = bitmaps::Op::Set { offset: 9, bit: true, max: 1 << 20 };
    let mut all = vec![KeyOp::Bits { db: DB, key: b"bits", op: set }];
    let field = Field::At { offset: 16, bits: 7, signed: true };
    let steps = vec![
        Step::Get { field },
        Step::Set { field, value: 5, overflow: Overflow::Wrap {} },
        Step::Add { field, by: 70, overflow: Overflow::Saturate {} },
        Step::Add { field, by: 70, overflow: Overflow::Refuse {} },
    ];
    let change = bitmaps::Op::Change { steps, max: 1 << 20 };
    all.push(KeyOp::Bits { db: DB, key: b"bits", op: change });
    for how in [Merge::And {}, Merge::Or {}, Merge::Xor {}] {
        let keys = vec![&b"bits"[..], b"none"];
        all.push(KeyOp::BitMerge { db: DB, how, to: b"merged bits", keys });
    }
    all
}

fn on_streams() -> Vec<KeyOp<'static>> {
    use streams::Op::{Add, Delete, SetId, Trim as Cut};
    let add = |id, trim| Add {
        id,
        fields: vec![(b"f", b"v"), (b"g", b"7")],
        create: true,
        trim,
        block_entries_max: 100,
        block_bytes_max: 4096,
    };
    let on = [
        add(NewId::Is { id: id(1, 1) }, Trim::Never {}),
        add(NewId::Of { ms: 5 }, Trim::MaxLen { count: 9, blocks: true, limit: 3 }),
        add(NewId::Auto {}, Trim::MinId { id: id(1, 0), blocks: false, limit: 0 }),
        Delete { ids: vec![id(1, 1)] },
        Cut { trim: Trim::MaxLen { count: 2, blocks: false, limit: 0 } },
        SetId { id: id(9_000, 0), added: Some(7), max_deleted: id(1, 1) },
    ];
    on.into_iter().map(|op| KeyOp::Stream { db: DB, key: b"stream", op }).collect()
}

fn on_groups() -> Vec<KeyOp<'static>> {
    use streams::Given;
    use streams::Op::{
        Ack, AutoClaim, Claim, CreateConsumer, CreateGroup, DeleteConsumer, DestroyGroup, SetGroup,
    };
    let (group, consumer) = (&b"group"[..], &b"consumer"[..]);
    let on = |op| KeyOp::Stream { db: DB, key: b"stream", op };
    let (keys, after) = (vec![&b"stream"[..]], vec![After::Newest {}]);
    let (count, no_ack) = (1, false);
    let claim = |given, idle_ms| Claim {
        group,
        consumer: b"other",
        idle_ms,
        ids: vec![id(5, 0)],
        given,
        retries: Some(4),
        force: true,
        just_id: false,
        last_id: id(5, 0),
    };
    vec![
        on(CreateGroup { group, id: Some(Id::MIN), read: Some(1), create: true }),
        on(CreateConsumer { group, consumer }),
        KeyOp::StreamRead {
            db: DB,
            keys: keys.clone(),
            after: vec![After::Id { id: id(1, 0) }],
            count: 2,
        },
        KeyOp::StreamReadGroup { db: DB, group, consumer, keys, after, count, no_ack },
        on(claim(Given::Now {}, 0)),
        on(claim(Given::Ago { ms: 3 }, 0)),
        on(claim(Given::At { ms: 500 }, 0)),
        on(AutoClaim { group, consumer, idle_ms: 0, start: Id::MIN, count: 5, just_id: true }),
        on(Ack { group, ids: vec![id(5, 0)] }),
        on(SetGroup { group, id: None, read: None }),
        on(DeleteConsumer { group, consumer: b"other" }),
        on(CreateGroup { group: b"gone", id: None, read: None, create: false }),
        on(DestroyGroup { group: b"gone" }),
    ]
}

fn on_waits() -> Vec<KeyOp<'static>> {
    let wants = [
        Want::Element { front: true },
        Want::Elements { front: false, count: 2 },
        Want::Moved { to: b"moved", from_front: true, to_front: false },
        Want::Member { max: true },
        Want::Members { max: false, count: 3 },
        Want::Entries { after: vec![After::Newest {}, After::Id { id: id(3, 0) }], count: 4 },
        Want::GroupEntries {
            group: b"group",
            consumer: b"consumer",
            after: vec![After::Newest {}],
            count: 0,
            no_ack: true,
        },
    ];
    let mut all: Vec<KeyOp<'_>> = (1_u64..)
        .zip(wants)
        .map(|(conn, want)| {
            let wait = Wait::For { origin: origin(conn), request: 3, block_ms: 60_000 };
            let keys = match &want {
                Want::Entries { .. } => vec![&b"later"[..], b"much later"],
                Want::GroupEntries { .. } => vec![&b"stream"[..]],
                _ => vec![&b"awaited"[..]],
            };
            KeyOp::PopOrWait { db: DB, keys, want, wait: Some(wait), keep: true }
        })
        .collect();
    let push = lists::Op::Push { values: vec![b"e"], front: true, only_there: false };
    all.push(KeyOp::List { db: DB, key: b"awaited", op: push });
    all.push(KeyOp::LookAtWait { origin: origin(1), request: 3 });
    all.push(KeyOp::ConfirmWait { origin: origin(1), request: 3 });
    all.push(KeyOp::CancelWait { origin: origin(2), request: 3, error: true });
    all.push(KeyOp::CancelWait { origin: origin(3), request: 3, error: false });
    all
}

/// What is sorted, counted and looked for.
fn sorted() -> Vec<Op<'static>> {
    let db = DB;
    let values = vec![&b"3"[..], b"1", b"2"];
    let push = lists::Op::Push { values, front: false, only_there: false };
    let by = Some(&b"weight *"[..]);
    let terms = Terms::Are { by, alpha: true, reverse: true, offset: 1, limit: -1 };
    let get = vec![&b"#"[..], b"h *->f"];
    let (absent, present, greater, less) = (false, false, false, false);
    let pairs: Vec<(f64, &[u8])> =
        vec![(3_479_099_956_230_698.0, b"Palermo"), (3_479_447_370_796_909.0, b"Catania")];
    let add = zsets::Op::Add { pairs, absent, present, greater, less, changed: false, incr: false };
    let circle = Search::Is {
        from: From::Place { longitude: 15.0, latitude: 37.0 },
        shape: Shape::Circle { radius: 200.0 },
        unit: 1_000.0,
        count: 0,
        any: false,
        nearest_first: Some(true),
    };
    let rectangle = Search::Is {
        from: From::Member { member: b"Palermo" },
        shape: Shape::Box { width: 400.0, height: 300.0 },
        unit: 1_609.34,
        count: 1,
        any: true,
        nearest_first: None,
    };
    let elements = vec![&b"a"[..], b"b", b"c"];
    let all = vec![
        KeyOp::List { db, key: b"list", op: push },
        KeyOp::Sort { db, key: b"list", terms, get: get.clone() },
        KeyOp::SortStore { db, to: b"sorted", key: b"list", terms, get },
        KeyOp::CountDistinct { db, key: b"count", elements, sparse_max: 3_000 },
        KeyOp::DistinctCount { db, keys: vec![b"count", b"none"] },
        KeyOp::DistinctMerge { db, to: b"merged", keys: vec![b"count"], sparse_max: 3_000 },
        KeyOp::Scored { db, key: b"places", op: add },
        KeyOp::Near {
            db,
            key: b"places",
            search: circle,
            distance: true,
            score: false,
            place: true,
        },
        KeyOp::NearStore { db, to: b"near", key: b"places", search: rectangle, distances: true },
        KeyOp::RadiusStore { db, to: b"near", key: b"places", search: rectangle, distances: false },
        KeyOp::Distance { db, key: b"places", from: b"Palermo", to: b"Catania", unit: 0.3048 },
    ];
    all.into_iter().map(key).collect()
}

/// Applies what was written once, to two shards that must agree.
fn replay(path: &str) -> Shard {
    let text = std::fs::read_to_string(path).unwrap();
    let (mut shard, mut again) = (Shard::new(1), Shard::new(1));
    for (number, line) in text.lines().enumerate() {
        let bytes = super::bytes(line);
        let now_ms = 1_000 + number as u64 * 10;
        let outcome = shard.apply(now_ms, &taken(&bytes), &mut Effects::default());
        assert_eq!(outcome, again.apply(now_ms, &taken(&bytes), &mut Effects::default()));
        let refused = matches!(outcome, Outcome::Fault(_) | Outcome::Refused { .. });
        assert!(!refused, "line {} was refused: {outcome:?}", number + 1);
    }
    assert_eq!(shard.state_digest(), again.state_digest());
    shard
}

#[test]
fn operations_on_streams_and_of_who_waits_keep_their_byte_form() {
    check(WAITS, waits().iter());
    let shard = replay(WAITS);
    assert!(shard.keys().counts(DB, 2_000).keys >= 3, "what the history leaves");
    assert!(!shard.keys().waits().is_empty(), "somebody still waits");
}

#[test]
fn operations_that_sort_count_and_look_for_places_keep_their_byte_form() {
    check(SORTED, sorted().iter());
    assert!(replay(SORTED).keys().counts(DB, 2_000).keys >= 6, "what the history leaves");
}
