//! Hashes against a plain model.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::{Op, Part};
use crate::chance::{Chance, with_seeds};
use crate::keys::tests::{Story, restored};
use crate::keys::{About, Op as KeyOp};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);

fn on<'a>(key: &'a [u8], op: Op<'a>) -> KeyOp<'a> {
    KeyOp::Hash { db: DB, key, op }
}

impl Story {
    fn hash(&mut self, op: Op<'_>) -> Outcome {
        self.run(&on(b"h", op))
    }

    fn hset(&mut self, field: &str, value: &str) -> Outcome {
        self.hash(Op::Set { pairs: vec![(field.as_bytes(), value.as_bytes())] })
    }

    fn encoding(&mut self, key: &[u8]) -> Outcome {
        self.run(&KeyOp::Object { db: DB, key, about: About::Encoding {} })
    }
}

fn bytes(text: impl AsRef<[u8]>) -> Outcome {
    Outcome::Bytes(text.as_ref().to_vec())
}

fn pairs_of(outcome: Outcome) -> Vec<(Outcome, Outcome)> {
    let Outcome::List(parts) = outcome else { panic!("{outcome:?}") };
    parts.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
}

type Model = BTreeMap<Vec<u8>, Vec<u8>>;

fn step(story: &mut Story, model: &mut Model, chance: &mut Chance, fields: u64) {
    let field = format!("field:{}", chance.below(fields)).into_bytes();
    let value = match chance.below(40) {
        0 if chance.once_in(10) => vec![b'l'; 70],
        1..=10 => chance.below(100).to_string().into_bytes(),
        _ => vec![b'v'; chance.below(20) as usize],
    };
    let (field, value) = (field.as_slice(), value.as_slice());
    let there = model.get(field).cloned();
    let new = Outcome::Int(there.is_none().into());
    match chance.below(8) {
        0..=3 => {
            assert_eq!(story.hash(Op::Set { pairs: vec![(field, value)] }), new);
            model.insert(field.to_vec(), value.to_vec());
        }
        4 => {
            assert_eq!(story.hash(Op::SetNew { field, value }), new);
            model.entry(field.to_vec()).or_insert_with(|| value.to_vec());
        }
        5 => {
            let outcome = story.hash(Op::IncrBy { field, by: 3 });
            let old = there.map_or(Some(0), |text| crate::keys::parse_integer(&text));
            match old {
                Some(old) => {
                    assert_eq!(outcome, Outcome::Int(old + 3));
                    model.insert(field.to_vec(), (old + 3).to_string().into_bytes());
                }
                None => assert_eq!(outcome, Fault::FieldNotNumber.into()),
            }
        }
        _ => {
            let there = Outcome::Int(model.remove(field).is_some().into());
            assert_eq!(story.hash(Op::Del { fields: vec![field, field] }), there);
        }
    }
    let value = model.get(field).map_or(Outcome::Nil, bytes);
    assert_eq!(story.hash(Op::Get { field }), value);
    assert_eq!(story.hash(Op::Len {}), Outcome::Int(model.len() as i64));
}

fn compare(story: &mut Story, model: &Model) {
    let mut all = pairs_of(story.hash(Op::All { part: Part::Both {} }));
    all.sort_by_key(|pair| format!("{pair:?}"));
    let mut wanted: Vec<_> = model.iter().map(|(f, v)| (bytes(f), bytes(v))).collect();
    wanted.sort_by_key(|pair| format!("{pair:?}"));
    assert_eq!(all, wanted);
    let copy = restored(&story.space);
    assert_eq!(copy.state_digest(), story.space.state_digest());
    assert_eq!(copy.memory(), story.space.memory());
    let op = on(b"h", Op::All { part: Part::Both {} });
    assert_eq!(copy.read(0, 0, &op), story.space.read(0, 0, &op));
    let there = Outcome::Int((!model.is_empty()).into());
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"h"] }), there);
}

#[test]
fn a_hash_does_what_a_map_does() {
    with_seeds(20, |chance| {
        let (mut story, mut model) = (Story::new(), Model::new());
        let fields = chance.pick(&[3, 40, 2_000]);
        for _ in 0..1_500 {
            step(&mut story, &mut model, chance, fields);
        }
        compare(&mut story, &model);
        for field in model.keys() {
            story.hash(Op::Del { fields: vec![field] });
        }
        compare(&mut story, &Model::new());
        assert_eq!(story.space.memory(), 0);
    });
}

#[test]
fn a_scan_gives_every_field_that_stays() {
    let mut story = Story::new();
    for number in 0..3_000 {
        story.hset(&format!("f{number}"), "v");
    }
    let (mut cursor, mut seen) = (0, std::collections::BTreeSet::new());
    loop {
        let outcome = story.hash(Op::Scan { cursor, pattern: None, count: 10 });
        let Outcome::List(parts) = outcome else { panic!() };
        let [Outcome::Bytes(next), found] = &parts[..] else { panic!() };
        for (field, _) in pairs_of(found.clone()) {
            let Outcome::Bytes(field) = field else { panic!() };
            seen.insert(field);
        }
        cursor = std::str::from_utf8(next).unwrap().parse().unwrap();
        // What comes and goes meanwhile hides nothing.
        story.hset(&format!("new{cursor}"), "v");
        story.hash(Op::Del { fields: vec![format!("new{}", cursor / 2).as_bytes()] });
        if cursor == 0 {
            break;
        }
    }
    assert!((0..3_000).all(|number| seen.contains(format!("f{number}").as_bytes())));
    story.run(&on(b"small", Op::Set { pairs: vec![(b"", b"v")] }));
    let star = on(b"small", Op::Scan { cursor: 0, pattern: Some(b"*"), count: 1 });
    let whole = Outcome::List(vec![bytes(""), bytes("v")]);
    assert_eq!(story.run(&star), Outcome::List(vec![bytes("0"), whole]));
    let past = Op::Scan { cursor: u64::MAX, pattern: None, count: 1 };
    assert_eq!(story.hash(past), Outcome::List(vec![bytes("0"), Outcome::List(vec![])]));
}

#[test]
fn encodings_change_where_those_of_redis_do() {
    let mut story = Story::new();
    for number in 0..512 {
        story.hset(&number.to_string(), &"v".repeat(64));
    }
    assert_eq!(story.encoding(b"h"), Outcome::Word("listpack"));
    story.hset("one more", "v");
    assert_eq!(story.encoding(b"h"), Outcome::Word("hashtable"));
    story.run(&KeyOp::Del { db: DB, keys: vec![b"h"] });
    story.hset("f", &"v".repeat(65));
    assert_eq!(story.encoding(b"h"), Outcome::Word("hashtable"));
    story.hset("f", "v");
    assert_eq!(story.encoding(b"h"), Outcome::Word("hashtable"));
    assert_eq!(story.run(&KeyOp::Type { db: DB, key: b"h" }), Outcome::Word("hash"));
}

#[test]
fn commands_on_strings_refuse_a_hash_and_those_on_hashes_a_string() {
    let mut story = Story::new();
    story.hset("f", "v");
    story.set("s", "v");
    let refused = Outcome::from(Fault::WrongType);
    assert_eq!(story.get("h"), refused);
    assert_eq!(story.run(&KeyOp::IncrBy { db: DB, key: b"h", by: 1 }), refused);
    assert_eq!(story.run(&KeyOp::GetDel { db: DB, key: b"h" }), refused);
    let append = KeyOp::Append { db: DB, key: b"h", value: b"x", max: 100 };
    assert_eq!(story.run(&append), refused);
    let set = Op::Set { pairs: vec![(b"f", b"v")] };
    assert_eq!(story.run(&on(b"s", set)), refused);
    assert_eq!(story.run(&on(b"s", Op::Len {})), refused);
    let float = Op::IncrByFloat { field: b"f", by: b"x" };
    assert_eq!(story.run(&on(b"s", float)), Fault::NotFloat.into());
    let both = KeyOp::MGet { db: DB, keys: vec![b"h", b"s"] };
    assert_eq!(story.run(&both), Outcome::List(vec![Outcome::Nil, bytes("v")]));
    story.set("h", "now a string");
    assert_eq!(story.get("h"), bytes("now a string"));
}

#[test]
fn what_works_on_keys_works_on_hashes() {
    let mut story = Story::new();
    story.hset("1", "-70000");
    story.hset("f", "v");
    let payload = match story.run(&KeyOp::Dump { db: DB, key: b"h" }) {
        Outcome::Bytes(payload) => payload,
        other => panic!("{other:?}"),
    };
    let (from, to, to_db) = (b"h", b"copy", DB);
    story.run(&KeyOp::Copy { db: DB, from, to_db, to, replace: false });
    let expiry = crate::keys::Expiry::Never {};
    let restore = KeyOp::Restore {
        db: DB,
        key: b"restored",
        payload: &payload,
        expiry,
        replace: false,
        idle_s: None,
        freq: None,
    };
    assert_eq!(story.run(&restore), Outcome::Ok);
    story.run(&KeyOp::Rename { db: DB, from, to: b"moved", only_new: false });
    for key in [&b"copy"[..], b"restored", b"moved"] {
        assert_eq!(story.run(&on(key, Op::Get { field: b"f" })), bytes("v"));
    }
    story.hset("f", "another one");
    assert_eq!(story.run(&on(b"copy", Op::Get { field: b"f" })), bytes("v"));
}

#[test]
fn only_what_changes_a_hash_gives_it_a_version() {
    let mut story = Story::new();
    story.hset("f", "v");
    let version = story.space.version_of(DB, b"h", 0);
    story.hash(Op::SetNew { field: b"f", value: b"x" });
    story.hash(Op::Del { fields: vec![b"none"] });
    story.hash(Op::IncrBy { field: b"f", by: 1 });
    assert_eq!(story.space.version_of(DB, b"h", 0), version);
    story.hset("f", "v");
    assert!(story.space.version_of(DB, b"h", 0) > version);
}

#[test]
fn a_large_hash_is_freed_bit_by_bit_and_its_image_is_in_parts() {
    let mut story = Story::new();
    for number in 0..20_000 {
        story.hset(&format!("field number {number}"), "value");
    }
    let chunks: Vec<Vec<u8>> = story.space.freeze().chunks().collect();
    assert!(chunks.len() > 5 && chunks.iter().all(|chunk| chunk.len() < 80 * 1024));
    assert_eq!(restored(&story.space).state_digest(), story.space.state_digest());
    let frozen = story.space.freeze();
    story.hset("field number 1", "changed");
    drop(frozen);
    story.run(&KeyOp::Del { db: DB, keys: vec![b"h"] });
    assert!(story.space.garbage.owed() > 0);
    for _ in 0..1_000 {
        story.get("h");
    }
    assert_eq!(story.space.garbage.owed(), 0);
    assert_eq!(story.space.memory(), 0);
}
