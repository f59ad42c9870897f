//! What stands in the log about hashes, lists, sets and sorted sets, likewise.

use lockstep_core::keys::sets::Merge;
use lockstep_core::keys::zsets::{Fold, LexBound, ScoreBound, Span};
use lockstep_core::keys::{Op as KeyOp, hashes, lists, sets, zsets};
use lockstep_core::{Db, Effects, Op, Outcome, Shard};

use super::{check, key, taken};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/collections-1.txt");
const DB: Db = Db(0);

/// One of every write on collections, in an order that makes sense.
fn history() -> Vec<Op<'static>> {
    let all = [on_hashes(), on_lists(), on_sets(), on_sorted_sets()];
    all.into_iter().flatten().map(key).collect()
}

fn on_hashes() -> Vec<KeyOp<'static>> {
    use hashes::Op::{Del, IncrBy, IncrByFloat, Set, SetNew};
    let all = vec![
        Set { pairs: vec![(b"f", b"1"), (b"g", b"text")] },
        SetNew { field: b"h", value: b"0.5" },
        IncrBy { field: b"f", by: -3 },
        IncrByFloat { field: b"h", by: b"1.25" },
        Del { fields: vec![b"g", b"none"] },
    ];
    all.into_iter().map(|op| KeyOp::Hash { db: DB, key: b"hash", op }).collect()
}

fn on_lists() -> Vec<KeyOp<'static>> {
    use lists::Op::{Insert, Pop, Push, Remove, Set, Trim};
    let values = vec![&b"a"[..], b"b", b"c", b"d", b"e", b"f"];
    let on = [
        Push { values, front: false, only_there: false },
        Pop { front: true, count: None },
        Pop { front: false, count: Some(1) },
        Set { index: -1, value: b"z" },
        Insert { pivot: b"c", value: b"x", before: true },
        Remove { count: -1, value: b"d" },
        Trim { start: 0, end: -1 },
    ];
    let mut all: Vec<_> =
        on.into_iter().map(|op| KeyOp::List { db: DB, key: b"list", op }).collect();
    let (from, to) = (b"list", b"other list");
    all.push(KeyOp::ListMove { db: DB, from, to, from_front: true, to_front: false });
    let keys = vec![&b"none"[..], b"other list"];
    all.push(KeyOp::ListPopFirst { db: DB, keys, front: true, count: 2 });
    all
}

fn on_sets() -> Vec<KeyOp<'static>> {
    use sets::Op::{Add, Pop, PopSome, Remove};
    let on = [
        Add { members: vec![b"a", b"b", b"c", b"d", b"e", b"f"] },
        Remove { members: vec![b"a"] },
        Pop { seed: 7 },
        PopSome { count: 2, seed: 9 },
        Add { members: vec![b"b", b"c"] },
    ];
    let mut all: Vec<_> =
        on.into_iter().map(|op| KeyOp::Members { db: DB, key: b"set", op }).collect();
    let (db, from, to) = (DB, b"set", b"other set");
    all.push(KeyOp::MemberMove { db, from, to, member: b"b" });
    for how in [Merge::Union {}, Merge::Intersection {}, Merge::Difference {}] {
        let keys = vec![&b"set"[..], b"other set"];
        all.push(KeyOp::SetMergeStore { db, how, to: b"merged set", keys });
    }
    all
}

fn on_sorted_sets() -> Vec<KeyOp<'static>> {
    use zsets::Op::{Add, Pop, Remove, RemoveSpan};
    let names = [&b"a"[..], b"b", b"c", b"d", b"e", b"f", b"g", b"h"];
    let pairs = names.into_iter().zip(0_u8..).map(|(name, at)| (f64::from(at) / 2.0, name));
    let (absent, present, greater, less) = (false, true, true, false);
    let (min, max) =
        (ScoreBound::Without { score: 3.0 }, ScoreBound::With { score: f64::INFINITY });
    let (first, last) = (LexBound::With { member: b"x" }, LexBound::Without { member: b"y" });
    let all_first = Span::Members { min: LexBound::First {}, max: first };
    let on = vec![
        Add {
            pairs: pairs.collect(),
            absent,
            present: false,
            greater: false,
            less,
            changed: true,
            incr: false,
        },
        Add {
            pairs: vec![(0.25, b"b")],
            absent,
            present,
            greater,
            less,
            changed: false,
            incr: true,
        },
        Remove { members: vec![b"a"] },
        Pop { max: false, count: None },
        Pop { max: true, count: Some(1) },
        RemoveSpan { span: Span::Ranks { start: 0, end: 0 } },
        RemoveSpan { span: Span::Scores { min, max } },
        RemoveSpan { span: Span::Members { min: last, max: LexBound::Last {} } },
    ];
    let mut all: Vec<_> =
        on.into_iter().map(|op| KeyOp::Scored { db: DB, key: b"sorted", op }).collect();
    for (how, fold) in [
        (Merge::Union {}, Fold::Sum {}),
        (Merge::Intersection {}, Fold::Min {}),
        (Merge::Union {}, Fold::Max {}),
    ] {
        let (keys, weights) = (vec![&b"sorted"[..], b"set"], vec![2.0, -1.5]);
        all.push(KeyOp::ScoredMergeStore { db: DB, how, to: b"merged", keys, weights, fold });
    }
    let (db, to, from) = (DB, b"range", b"merged");
    let (span, reverse, offset, limit) = (all_first, true, 0, 3);
    all.push(KeyOp::ScoredRangeStore { db, to, from, span, reverse, offset, limit });
    all.push(KeyOp::ScoredPopFirst { db, keys: vec![b"merged"], max: true, count: 1 });
    all
}

#[test]
fn operations_on_collections_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn collections_that_were_written_once_come_about_as_ever() {
    let text = std::fs::read_to_string(OPS).unwrap();
    let (mut shard, mut again) = (Shard::new(1), Shard::new(1));
    for (number, line) in text.lines().enumerate() {
        let bytes = super::bytes(line);
        let outcome = shard.apply(1_000, &taken(&bytes), &mut Effects::default());
        assert_eq!(outcome, again.apply(1_000, &taken(&bytes), &mut Effects::default()));
        let fault = matches!(outcome, Outcome::Fault(_));
        assert!(!fault, "line {} was refused: {outcome:?}", number + 1);
    }
    assert_eq!(shard.state_digest(), again.state_digest());
    assert!(shard.keys().counts(DB, 1_000).keys >= 5, "what the history leaves");
}
