//! Sorted sets against a plain model.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::{Fold, LexBound, Op, ScoreBound, Span};
use crate::chance::{Chance, with_seeds};
use crate::keys::sets::Merge;
use crate::keys::tests::{Story, restored};
use crate::keys::{About, Op as KeyOp};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);

type Model = BTreeMap<Vec<u8>, f64>;

fn on<'a>(key: &'a [u8], op: Op<'a>) -> KeyOp<'a> {
    KeyOp::Scored { db: DB, key, op }
}

fn plain<'a>(pairs: Vec<(f64, &'a [u8])>) -> Op<'a> {
    let (absent, present, greater, less, changed, incr) =
        (false, false, false, false, false, false);
    Op::Add { pairs, absent, present, greater, less, changed, incr }
}

fn pair(member: &[u8], score: f64) -> Outcome {
    Outcome::List(vec![Outcome::Bytes(member.to_vec()), Outcome::Float(score)])
}

/// The members in their order.
fn ranked(model: &Model) -> Vec<(Vec<u8>, f64)> {
    let mut all: Vec<_> = model.iter().map(|(member, score)| (member.clone(), *score)).collect();
    all.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    all
}

fn shown(members: &[(Vec<u8>, f64)]) -> Outcome {
    Outcome::List(members.iter().map(|(member, score)| pair(member, *score)).collect())
}

impl Story {
    fn sorted(&mut self, op: Op<'_>) -> Outcome {
        self.run(&on(b"z", op))
    }

    fn zadd(&mut self, key: &[u8], pairs: &[(f64, &str)]) -> Outcome {
        let pairs = pairs.iter().map(|(score, member)| (*score, member.as_bytes())).collect();
        self.run(&on(key, plain(pairs)))
    }

    fn span(&mut self, span: Span<'_>, reverse: bool) -> Outcome {
        self.sorted(Op::Range { span, reverse, offset: 0, limit: -1, scores: true })
    }
}

fn score(chance: &mut Chance) -> f64 {
    match chance.below(12) {
        0 => f64::INFINITY,
        1 => f64::NEG_INFINITY,
        2 => chance.below(1_000) as f64 / 7.0,
        _ => chance.below(40) as f64 - 20.0,
    }
}

fn bound(chance: &mut Chance) -> (ScoreBound, f64, bool) {
    let (score, open) = (score(chance), chance.once_in(2));
    let bound = if open { ScoreBound::Without { score } } else { ScoreBound::With { score } };
    (bound, score, open)
}

fn change(story: &mut Story, model: &mut Model, chance: &mut Chance, range: u64) {
    let member = format!("member {}", chance.below(range)).into_bytes();
    let number = |number: usize| Outcome::Int(number as i64);
    match chance.below(12) {
        0..=7 => {
            let score = score(chance);
            let new = usize::from(model.insert(member.clone(), score).is_none());
            assert_eq!(story.sorted(plain(vec![(score, &member)])), number(new));
        }
        8 | 9 => {
            let there = usize::from(model.remove(&member).is_some());
            assert_eq!(story.sorted(Op::Remove { members: vec![&member] }), number(there));
        }
        10 => {
            let (max, count) = (chance.once_in(2), chance.below(4));
            let mut all = ranked(model);
            if max {
                all.reverse();
            }
            all.truncate(count as usize);
            all.iter().for_each(|(member, _)| _ = model.remove(member));
            assert_eq!(story.sorted(Op::Pop { max, count: Some(count) }), shown(&all));
        }
        _ => {
            let start = chance.below(model.len() as u64 + 1) as i64;
            let gone: Vec<_> = ranked(model).into_iter().skip(start as usize).take(3).collect();
            gone.iter().for_each(|(member, _)| _ = model.remove(member));
            let span = Span::Ranks { start, end: start + 2 };
            assert_eq!(story.sorted(Op::RemoveSpan { span }), number(gone.len()));
        }
    }
}

fn compare(story: &mut Story, model: &Model, chance: &mut Chance) {
    let mut all = ranked(model);
    assert_eq!(story.span(Span::Ranks { start: 0, end: -1 }, false), shown(&all));
    let (min, least, least_open) = bound(chance);
    let (max, most, most_open) = bound(chance);
    let within = |(_, score): &&(Vec<u8>, f64)| {
        (*score > least || (!least_open && *score == least))
            && (*score < most || (!most_open && *score == most))
    };
    let wanted: Vec<_> = all.iter().filter(within).cloned().collect();
    let span = Span::Scores { min, max };
    assert_eq!(story.span(span, false), shown(&wanted));
    assert_eq!(story.sorted(Op::Count { span }), Outcome::Int(wanted.len() as i64));
    let (offset, limit) = (chance.below(5) as i64, chance.below(6) as i64);
    let back: Vec<_> =
        wanted.iter().rev().skip(offset as usize).take(limit as usize).cloned().collect();
    let op = Op::Range { span, reverse: true, offset, limit, scores: true };
    assert_eq!(story.sorted(op), shown(&back));
    if let Some(at) = all.len().checked_sub(1).map(|last| chance.below(last as u64 + 1) as usize) {
        let (member, score) = all[at].clone();
        assert_eq!(story.sorted(Op::Score { member: &member }), Outcome::Float(score));
        let rank = Op::Rank { member: &member, reverse: false };
        assert_eq!(story.sorted(rank), Outcome::Int(at as i64));
        let rank = Op::Rank { member: &member, reverse: true };
        assert_eq!(story.sorted(rank), Outcome::Int((all.len() - 1 - at) as i64));
    }
    all.reverse();
    assert_eq!(story.span(Span::Ranks { start: 0, end: -1 }, true), shown(&all));
    let copy = restored(&story.space);
    assert_eq!(copy.state_digest(), story.space.state_digest());
    assert_eq!(copy.memory(), story.space.memory());
}

#[test]
fn a_sorted_set_does_what_a_sorted_vector_does() {
    with_seeds(30, |chance| {
        let (mut story, mut model) = (Story::new(), Model::new());
        let range = chance.pick(&[10, 150, 2_000]);
        for step in 0..1_200 {
            change(&mut story, &mut model, chance, range);
            if step % 100 == 0 {
                compare(&mut story, &model, chance);
            }
        }
        compare(&mut story, &model, chance);
        let span = Span::Ranks { start: 0, end: -1 };
        story.sorted(Op::RemoveSpan { span });
        assert_eq!(story.space.memory(), 0);
    });
}

#[test]
fn members_are_in_their_order_where_scores_are_equal() {
    for count in [20, 500] {
        let mut story = Story::new();
        let names: Vec<String> = (0..count).map(|number| format!("{number:04}")).collect();
        names.iter().for_each(|name| _ = story.zadd(b"z", &[(0.0, name)]));
        let mut lex = |min, max| story.sorted(Op::Count { span: Span::Members { min, max } });
        let (first, last) = (LexBound::First {}, LexBound::Last {});
        assert_eq!(lex(first, last), Outcome::Int(count));
        assert_eq!(lex(last, first), Outcome::Int(0));
        let with = |member| LexBound::With { member };
        let without = |member| LexBound::Without { member };
        assert_eq!(lex(with(b"0003"), with(b"0007")), Outcome::Int(5));
        assert_eq!(lex(without(b"0003"), without(b"0007")), Outcome::Int(3));
        assert_eq!(lex(first, without(b"00035")), Outcome::Int(4));
    }
}

/// As redis-server 7.0.15 does where a set is small.
#[test]
fn members_of_different_scores_are_looked_for_from_the_end_they_are_asked_from() {
    let mut story = Story::new();
    story.zadd(b"z", &[(0.0, "b"), (1.0, "d"), (2.0, "a"), (3.0, "c")]);
    let mut lex = |reverse, min, max| {
        let span = Span::Members { min, max };
        let op = Op::Range { span, reverse, offset: 0, limit: -1, scores: false };
        let Outcome::List(found) = story.sorted(op) else { panic!("no list") };
        let text = |found| match found {
            Outcome::Bytes(member) => String::from_utf8(member).unwrap(),
            other => panic!("{other:?}"),
        };
        found.into_iter().map(text).collect::<String>()
    };
    let with = |member: &'static str| LexBound::With { member: member.as_bytes() };
    let without = |member: &'static str| LexBound::Without { member: member.as_bytes() };
    let (first, last) = (LexBound::First {}, LexBound::Last {});
    assert_eq!(lex(false, first, last), "bdac");
    assert_eq!(lex(false, first, with("c")), "b", "d ends it");
    assert_eq!(lex(true, with("b"), last), "c", "a ends it");
    assert_eq!(lex(true, first, with("c")), "cadb", "only the first is looked at from that side");
    assert_eq!(lex(false, without("b"), last), "dac", "it begins with d");
    assert_eq!(lex(false, with("d"), last), "", "the last one is below it");
    assert_eq!(lex(false, first, with("a")), "", "the first one is above it");
    assert_eq!(lex(false, with("c"), with("b")), "");
    assert_eq!(lex(false, without("b"), with("b")), "");
}

#[test]
fn rules_say_which_scores_change() {
    let mut story = Story::new();
    story.zadd(b"z", &[(5.0, "a")]);
    let mut add = |rules: &str, score, member: &'static str| {
        let has = |letter| rules.contains(letter);
        story.sorted(Op::Add {
            pairs: vec![(score, member.as_bytes())],
            absent: has('n'),
            present: has('x'),
            greater: has('g'),
            less: has('l'),
            changed: has('c'),
            incr: has('i'),
        })
    };
    assert_eq!(add("nc", 1.0, "a"), Outcome::Int(0));
    assert_eq!(add("xc", 1.0, "b"), Outcome::Int(0));
    assert_eq!(add("gc", 4.0, "a"), Outcome::Int(0));
    assert_eq!(add("gc", 6.0, "a"), Outcome::Int(1));
    assert_eq!(add("lc", 6.0, "a"), Outcome::Int(0));
    assert_eq!(add("g", 1.0, "new"), Outcome::Int(1));
    assert_eq!(add("i", 1.5, "a"), Outcome::Float(7.5));
    assert_eq!(add("ig", -1.0, "a"), Outcome::Nil);
    assert_eq!(add("in", 1.0, "a"), Outcome::Nil);
    assert_eq!(add("ix", 1.0, "none"), Outcome::Nil);
    add("", f64::INFINITY, "a");
    assert_eq!(add("i", f64::NEG_INFINITY, "a"), Fault::NotFinite.into());
}

#[test]
fn encodings_and_types_are_those_of_redis() {
    let mut story = Story::new();
    for number in 0..128 {
        story.zadd(b"z", &[(1.0, &format!("{number}"))]);
    }
    let encoding = |key| KeyOp::Object { db: DB, key, about: About::Encoding {} };
    assert_eq!(story.run(&encoding(b"z")), Outcome::Word("listpack"));
    story.zadd(b"z", &[(-0.0, "one more")]);
    assert_eq!(story.run(&encoding(b"z")), Outcome::Word("skiplist"));
    story.zadd(b"y", &[(1.0, &"m".repeat(65))]);
    assert_eq!(story.run(&encoding(b"y")), Outcome::Word("skiplist"));
    assert_eq!(story.run(&KeyOp::Type { db: DB, key: b"y" }), Outcome::Word("zset"));
    let first = story.sorted(Op::Pop { max: false, count: None });
    let Outcome::List(parts) = first else { panic!() };
    assert!(matches!(parts[1], Outcome::Float(score) if score == 0.0 && score.is_sign_negative()));
    assert_eq!(story.get("y"), Fault::WrongType.into());
    story.set("s", "v");
    assert_eq!(story.run(&on(b"s", Op::Len {})), Fault::WrongType.into());
    for key in [b"z", b"y"] {
        let Outcome::Bytes(payload) = story.run(&KeyOp::Dump { db: DB, key }) else { panic!() };
        let expiry = crate::keys::Expiry::Never {};
        let restore = KeyOp::Restore {
            db: DB,
            key: b"copy",
            payload: &payload,
            expiry,
            replace: true,
            idle_s: None,
            freq: None,
        };
        assert_eq!(story.run(&restore), Outcome::Ok);
        let span = Span::Ranks { start: 0, end: -1 };
        let range = || Op::Range { span, reverse: false, offset: 0, limit: -1, scores: true };
        assert_eq!(story.run(&on(b"copy", range())), story.run(&on(key, range())));
    }
}

#[test]
fn sorted_sets_are_merged_with_weights() {
    let mut story = Story::new();
    story.zadd(b"a", &[(1.0, "x"), (2.0, "y")]);
    story.zadd(b"b", &[(10.0, "y"), (f64::INFINITY, "z")]);
    let members = vec![&b"y"[..], b"w"];
    story.run(&KeyOp::Members { db: DB, key: b"s", op: crate::keys::sets::Op::Add { members } });
    let mut merge = |how, keys: &[&'static [u8]], weights: &[f64], fold| {
        let (keys, weights) = (keys.to_vec(), weights.to_vec());
        story.run(&KeyOp::ScoredMerge { db: DB, how, keys, weights, fold, scores: true })
    };
    let list = |pairs: &[(&str, f64)]| {
        Outcome::List(pairs.iter().map(|(member, score)| pair(member.as_bytes(), *score)).collect())
    };
    let (union, both, rest) = (Merge::Union {}, Merge::Intersection {}, Merge::Difference {});
    let (sum, min, max) = (Fold::Sum {}, Fold::Min {}, Fold::Max {});
    let wanted = list(&[("x", 1.0), ("y", 12.0), ("z", f64::INFINITY)]);
    assert_eq!(merge(union, &[b"a", b"b"], &[], sum), wanted);
    let wanted = list(&[("z", 0.0), ("x", 2.0), ("y", 4.0)]);
    assert_eq!(merge(union, &[b"a", b"b"], &[2.0, 0.0], max), wanted);
    assert_eq!(merge(both, &[b"a", b"s", b"b"], &[], min), list(&[("y", 1.0)]));
    assert_eq!(merge(rest, &[b"a", b"s"], &[], sum), list(&[("x", 1.0)]));
    assert_eq!(merge(both, &[b"a", b"none"], &[], sum), list(&[]));
    let keys: Vec<&[u8]> = vec![b"a", b"b"];
    let common = KeyOp::ScoredCommon { db: DB, keys: keys.clone(), limit: 0 };
    assert_eq!(story.run(&common), Outcome::Int(1));
    let (how, to, weights, fold) = (union, b"a", Vec::new(), sum);
    let store = KeyOp::ScoredMergeStore { db: DB, how, to, keys, weights, fold };
    assert_eq!(story.run(&store), Outcome::Int(3));
    assert_eq!(story.run(&on(b"a", Op::Len {})), Outcome::Int(3));
}

#[test]
fn what_is_no_number_counts_0_only_in_the_first_set_and_in_sums_of_what_is_shared() {
    let mut story = Story::new();
    story.zadd(b"b", &[(5.0, "m"), (6.0, "n")]);
    story.zadd(b"c", &[(f64::INFINITY, "m"), (1.0, "n")]);
    let mut shared = |keys: [&'static [u8]; 2], weights: [f64; 2], fold| {
        let (how, keys, weights) = (Merge::Intersection {}, keys.to_vec(), weights.to_vec());
        story.run(&KeyOp::ScoredMerge { db: DB, how, keys, weights, fold, scores: true })
    };
    let list = |pairs: [(&str, f64); 2]| {
        Outcome::List(pairs.map(|(member, score)| pair(member.as_bytes(), score)).to_vec())
    };
    // All of these as Redis 7.0.15 answers.
    let (sum, min, max) = (Fold::Sum {}, Fold::Min {}, Fold::Max {});
    assert_eq!(shared([b"b", b"c"], [1.0, 0.0], sum), list([("m", 0.0), ("n", 6.0)]));
    assert_eq!(shared([b"b", b"c"], [1.0, 0.0], min), list([("n", 0.0), ("m", 5.0)]));
    assert_eq!(shared([b"b", b"c"], [-1.0, 0.0], max), list([("m", -5.0), ("n", 0.0)]));
    assert_eq!(shared([b"c", b"b"], [0.0, 1.0], sum), list([("m", 5.0), ("n", 6.0)]));
}

#[test]
fn a_chunk_of_a_snapshot_has_at_most_one_member_too_much() {
    let mut story = Story::new();
    for number in 0..100 {
        story.zadd(b"z", &[(number.into(), &"m".repeat(10_000 + number as usize))]);
    }
    let longest = story.space.freeze().chunks().map(|chunk| chunk.len()).max();
    assert!(longest < Some(80 * 1024), "{longest:?}");
    assert_eq!(restored(&story.space).state_digest(), story.space.state_digest());
}

#[test]
fn ranges_are_stored_and_the_first_that_is_there_is_popped() {
    let mut story = Story::new();
    story.zadd(b"z", &[(1.0, "a"), (2.0, "b"), (3.0, "c")]);
    let (db, to, from, span) = (DB, b"to", b"z", Span::Ranks { start: 0, end: 1 });
    let store =
        |from| KeyOp::ScoredRangeStore { db, to, from, span, reverse: true, offset: 0, limit: -1 };
    assert_eq!(story.run(&store(from)), Outcome::Int(2));
    let keys: Vec<&[u8]> = vec![b"none", b"to"];
    let pop = KeyOp::ScoredPopFirst { db, keys, max: false, count: 1 };
    let popped = Outcome::List(vec![pair(b"b", 2.0)]);
    let wanted = Outcome::List(vec![Outcome::Bytes(b"to".to_vec()), popped]);
    assert_eq!(story.run(&pop), wanted);
    assert_eq!(story.run(&store(b"?")), Outcome::Int(0));
    assert_eq!(story.run(&pop), Outcome::Nil);
}
