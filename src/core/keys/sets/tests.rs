//! Sets against a plain model.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use super::{Merge, Op};
use crate::chance::{Chance, with_seeds};
use crate::keys::tests::{Story, restored};
use crate::keys::{About, Op as KeyOp};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);

type Model = BTreeSet<Vec<u8>>;

fn on<'a>(key: &'a [u8], op: Op<'a>) -> KeyOp<'a> {
    KeyOp::Members { db: DB, key, op }
}

fn bytes(text: impl AsRef<[u8]>) -> Outcome {
    Outcome::Bytes(text.as_ref().to_vec())
}

/// The bytes in a list, sorted.
fn sorted(outcome: Outcome) -> Vec<Vec<u8>> {
    let Outcome::List(items) = outcome else { panic!("{outcome:?}") };
    let bytes = |item| match item {
        Outcome::Bytes(bytes) => bytes,
        other => panic!("{other:?}"),
    };
    let mut all: Vec<Vec<u8>> = items.into_iter().map(bytes).collect();
    all.sort();
    all
}

impl Story {
    fn members(&mut self, key: &[u8]) -> Vec<Vec<u8>> {
        sorted(self.run(&on(key, Op::All {})))
    }

    fn sadd(&mut self, key: &[u8], members: &[&str]) -> Outcome {
        let members = members.iter().map(|member| member.as_bytes()).collect();
        self.run(&on(key, Op::Add { members }))
    }

    fn form(&mut self, key: &[u8]) -> Outcome {
        self.run(&KeyOp::Object { db: DB, key, about: About::Encoding {} })
    }
}

/// Numbers only, or words, too.
fn member(chance: &mut Chance, words: bool, range: u64) -> Vec<u8> {
    let number = chance.below(range) as i64 - range as i64 / 2;
    match chance.below(3) {
        0 if words => format!("word {number}").into_bytes(),
        _ => number.to_string().into_bytes(),
    }
}

fn step(story: &mut Story, model: &mut Model, chance: &mut Chance, words: bool, range: u64) {
    let (a, b) = (member(chance, words, range), member(chance, words, range));
    let number = |number: usize| Outcome::Int(number as i64);
    match chance.below(10) {
        0..=4 => {
            let new = usize::from(model.insert(a.clone())) + usize::from(model.insert(b.clone()));
            assert_eq!(story.run(&on(b"s", Op::Add { members: vec![&a, &b] })), number(new));
        }
        5..=7 => {
            let there = usize::from(model.remove(&a)) + usize::from(model.remove(&b));
            assert_eq!(story.run(&on(b"s", Op::Remove { members: vec![&a, &b] })), number(there));
        }
        8 => match story.run(&on(b"s", Op::Pop { seed: chance.next() })) {
            Outcome::Bytes(popped) => assert!(model.remove(&popped)),
            other => assert!(model.is_empty(), "{other:?}"),
        },
        _ => {
            let (count, seed) = (chance.below(4), chance.next());
            let popped = sorted(story.run(&on(b"s", Op::PopSome { count, seed })));
            assert_eq!(popped.len(), model.len().min(count as usize));
            assert!(popped.iter().all(|member| model.remove(member)));
        }
    }
    let has = Outcome::Int(model.contains(&a).into());
    assert_eq!(story.run(&on(b"s", Op::Has { member: &a })), has);
    assert_eq!(story.run(&on(b"s", Op::Len {})), number(model.len()));
}

#[test]
fn a_set_does_what_a_sorted_set_of_bytes_does() {
    with_seeds(30, |chance| {
        let (mut story, mut model) = (Story::new(), Model::new());
        let (words, range) = (chance.once_in(2), chance.pick(&[8, 120, 3_000]));
        for _ in 0..1_200 {
            step(&mut story, &mut model, chance, words, range);
        }
        assert_eq!(story.members(b"s"), model.iter().cloned().collect::<Vec<_>>());
        let copy = restored(&story.space);
        assert_eq!(copy.state_digest(), story.space.state_digest());
        assert_eq!(copy.memory(), story.space.memory());
        let all = on(b"s", Op::All {});
        assert_eq!(copy.read(0, 0, &all), story.space.read(0, 0, &all));
        story.run(&on(b"s", Op::PopSome { count: u64::MAX, seed: 0 }));
        assert_eq!(story.space.memory(), 0);
    });
}

#[test]
fn encodings_change_where_those_of_redis_do() {
    let mut story = Story::new();
    for number in 0..512 {
        story.sadd(b"s", &[&(number * 7 - 1000).to_string()]);
    }
    assert_eq!(story.form(b"s"), Outcome::Word("intset"));
    story.sadd(b"s", &["9999"]);
    assert_eq!(story.form(b"s"), Outcome::Word("hashtable"));
    story.sadd(b"t", &["1", "2"]);
    assert_eq!(story.form(b"t"), Outcome::Word("intset"));
    story.sadd(b"t", &["01"]);
    assert_eq!(story.form(b"t"), Outcome::Word("hashtable"));
    assert_eq!(story.run(&KeyOp::Type { db: DB, key: b"t" }), Outcome::Word("set"));
    story.sadd(b"u", &["10", "-3", "2", "-20", "0"]);
    let wanted = ["-20", "-3", "0", "2", "10"].map(bytes).to_vec();
    assert_eq!(story.run(&on(b"u", Op::All {})), Outcome::List(wanted));
}

#[test]
fn sets_are_merged_as_their_models_are() {
    with_seeds(40, |chance| {
        let mut story = Story::new();
        let keys: [&[u8]; 3] = [b"a", b"b", b"c"];
        let models = keys.map(|key| {
            let size = chance.below(150);
            let model: Model = (0..size).map(|_| member(chance, true, 200)).collect();
            let members = model.iter().map(Vec::as_slice).collect();
            story.run(&on(key, Op::Add { members }));
            model
        });
        let [a, b, c] = &models;
        let union: Model = a.union(b).cloned().collect::<Model>().union(c).cloned().collect();
        let both: Model = a.intersection(b).cloned().collect();
        let all: Model = both.intersection(c).cloned().collect();
        let rest: Model = a.difference(b).cloned().collect();
        let rest: Model = rest.difference(c).cloned().collect();
        let hows = [Merge::Union {}, Merge::Intersection {}, Merge::Difference {}];
        for (how, model) in hows.into_iter().zip([union, all, rest]) {
            let wanted: Vec<Vec<u8>> = model.into_iter().collect();
            let keys = keys.to_vec();
            let merge = KeyOp::SetMerge { db: DB, how, keys: keys.clone() };
            assert_eq!(sorted(story.run(&merge)), wanted);
            let store = KeyOp::SetMergeStore { db: DB, how, to: b"to", keys: keys.clone() };
            assert_eq!(story.run(&store), Outcome::Int(wanted.len() as i64));
            assert_eq!(story.members(b"to"), wanted);
            if matches!(how, Merge::Intersection {}) {
                let card = |limit| KeyOp::SetCommon { db: DB, keys: keys.clone(), limit };
                assert_eq!(story.run(&card(0)), Outcome::Int(wanted.len() as i64));
                assert_eq!(story.run(&card(2)), Outcome::Int(wanted.len().min(2) as i64));
            }
        }
    });
}

#[test]
fn a_merge_that_is_empty_takes_its_target_away() {
    let mut story = Story::new();
    story.sadd(b"a", &["1"]);
    story.set("to", "a string");
    let how = Merge::Intersection {};
    let keys: Vec<&[u8]> = vec![b"a", b"none"];
    let store = KeyOp::SetMergeStore { db: DB, how, to: b"to", keys };
    assert_eq!(story.run(&store), Outcome::Int(0));
    assert_eq!(story.get("to"), Outcome::Nil);
    story.set("s", "a string");
    let keys: Vec<&[u8]> = vec![b"none", b"s"];
    let store = KeyOp::SetMergeStore { db: DB, how, to: b"a", keys };
    assert_eq!(story.run(&store), Fault::WrongType.into());
    assert_eq!(story.members(b"a"), [b"1"]);
}

#[test]
fn a_member_goes_from_one_set_to_another() {
    let mut story = Story::new();
    story.sadd(b"a", &["x", "y"]);
    story.set("s", "v");
    let shift = |from: &'static [u8], to: &'static [u8], member: &'static [u8]| KeyOp::MemberMove {
        db: DB,
        from,
        to,
        member,
    };
    assert_eq!(story.run(&shift(b"a", b"b", b"x")), Outcome::Int(1));
    assert_eq!(story.run(&shift(b"a", b"b", b"x")), Outcome::Int(0));
    assert_eq!(story.run(&shift(b"a", b"a", b"y")), Outcome::Int(1));
    assert_eq!(story.run(&shift(b"a", b"s", b"none")), Fault::WrongType.into());
    assert_eq!(story.run(&shift(b"none", b"s", b"y")), Outcome::Int(0));
    assert_eq!(story.run(&shift(b"s", b"a", b"y")), Fault::WrongType.into());
    assert_eq!(story.run(&shift(b"a", b"b", b"y")), Outcome::Int(1));
    assert_eq!(story.members(b"b"), [b"x", b"y"]);
    assert!(story.members(b"a").is_empty());
}

#[test]
fn members_that_are_chosen_again_and_again_have_a_limited_number_of_bytes() {
    let mut story = Story::new();
    story.sadd(b"s", &[&"m".repeat(1 << 20)]);
    let mut some = |count| story.run(&on(b"s", Op::RandomSome { count, seed: 5 }));
    assert!(matches!(some(-64), Outcome::List(members) if members.len() == 64));
    assert_eq!(some(-65), Fault::AnswerTooBig.into());
    assert_eq!(some(-1_000_000), Fault::AnswerTooBig.into());
    assert!(matches!(some(1_000_000), Outcome::List(members) if members.len() == 1));
}

#[test]
fn random_members_are_of_the_set() {
    let mut story = Story::new();
    for number in 0..300 {
        story.sadd(b"s", &[&format!("m{number}")]);
    }
    let mut some = |count| sorted(story.run(&on(b"s", Op::RandomSome { count, seed: 5 })));
    assert_eq!(some(1_000).len(), 300);
    let mut ten = some(10);
    ten.dedup();
    assert_eq!(ten.len(), 10);
    assert_eq!(some(-1_000).len(), 1_000);
    assert!(some(0).is_empty());
    let endless = Op::RandomSome { count: i64::MIN, seed: 5 };
    assert_eq!(story.run(&on(b"s", endless)), Fault::CountTooLarge.into());
    let payload = match story.run(&KeyOp::Dump { db: DB, key: b"s" }) {
        Outcome::Bytes(payload) => payload,
        other => panic!("{other:?}"),
    };
    let expiry = crate::keys::Expiry::Never {};
    let (key, replace) = (b"copy", false);
    let restore = KeyOp::Restore {
        db: DB,
        key,
        payload: &payload,
        expiry,
        replace,
        idle_s: None,
        freq: None,
    };
    assert_eq!(story.run(&restore), Outcome::Ok);
    assert_eq!(story.members(b"copy"), story.members(b"s"));
}
