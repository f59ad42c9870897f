//! Fields with deadlines against a plain model.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use super::{END_MAX_MS, Op, Part};
use crate::chance::{Chance, with_seeds};
use crate::keys::tests::{Story, restored};
use crate::keys::{ExpireWhen, Expiry, Op as KeyOp, TtlForm, sorting};
use crate::{Db, Fault, Outcome, Read, Stamp};

const DB: Db = Db(0);

fn on(op: Op<'_>) -> KeyOp<'_> {
    KeyOp::Hash { db: DB, key: b"h", op }
}

fn bytes(text: impl AsRef<[u8]>) -> Outcome {
    Outcome::Bytes(text.as_ref().to_vec())
}

fn ints<const N: usize>(numbers: [i64; N]) -> Outcome {
    Outcome::List(numbers.map(Outcome::Int).to_vec())
}

fn hset(story: &mut Story, field: &str, value: &str) -> Outcome {
    story.run(&on(Op::Set { pairs: vec![(field.as_bytes(), value.as_bytes())] }))
}

fn expire(story: &mut Story, field: &str, ms: i64) -> Outcome {
    let (fields, expiry) = (vec![field.as_bytes()], Expiry::In { ms });
    story.run(&on(Op::Expire { fields, expiry, when: ExpireWhen::Always {} }))
}

fn ttl(story: &mut Story, field: &str, form: TtlForm) -> Outcome {
    story.run(&on(Op::Ttl { fields: vec![field.as_bytes()], form }))
}

/// What the hash should be.
#[derive(Default)]
struct Model {
    fields: BTreeMap<Vec<u8>, (Vec<u8>, Option<u64>)>,
}

impl Model {
    fn drop_due(&mut self, now_ms: u64) {
        self.fields.retain(|_, (_, end)| end.is_none_or(|end| end > now_ms));
    }

    fn expire(&mut self, field: &[u8], deadline: u64, when: ExpireWhen, now_ms: u64) -> i64 {
        let Some((_, end)) = self.fields.get_mut(field) else { return -2 };
        let fits = match (when, *end) {
            (ExpireWhen::Always {}, _) => true,
            (ExpireWhen::NoDeadline {}, end) => end.is_none(),
            (ExpireWhen::If { later: true, .. }, end) => end.is_some_and(|end| deadline > end),
            (ExpireWhen::If { earlier: true, .. }, end) => end.is_none_or(|end| deadline < end),
            (ExpireWhen::If { .. }, end) => end.is_some(),
        };
        if !fits {
            return 0;
        }
        *end = Some(deadline);
        if deadline <= now_ms {
            self.fields.remove(field);
            return 2;
        }
        1
    }

    fn persist(&mut self, field: &[u8]) -> i64 {
        match self.fields.get_mut(field) {
            None => -2,
            Some((_, end)) => end.take().map_or(-1, |_| 1),
        }
    }
}

const WHENS: [ExpireWhen; 5] = [
    ExpireWhen::Always {},
    ExpireWhen::NoDeadline {},
    ExpireWhen::If { has: true, later: false, earlier: false },
    ExpireWhen::If { has: false, later: true, earlier: false },
    ExpireWhen::If { has: false, later: false, earlier: true },
];

fn step(story: &mut Story, model: &mut Model, chance: &mut Chance, names: u64) {
    let mut field = format!("field:{}", chance.below(names)).into_bytes();
    if chance.once_in(200) {
        field.extend_from_slice(&[b'x'; 80]);
    }
    let field = &field[..];
    let now_ms = story.now_ms;
    model.drop_due(now_ms);
    match chance.below(10) {
        0..=3 => {
            let new = model.fields.insert(field.to_vec(), (b"7".to_vec(), None)).is_none();
            let told = story.run(&on(Op::Set { pairs: vec![(field, b"7")] }));
            assert_eq!(told, Outcome::Int(new.into()));
        }
        4 => {
            let there = model.fields.remove(field).is_some();
            let told = story.run(&on(Op::Del { fields: vec![field] }));
            assert_eq!(told, Outcome::Int(there.into()));
        }
        5 => {
            let (value, _) = model.fields.entry(field.to_vec()).or_insert((b"0".to_vec(), None));
            let number: i64 = std::str::from_utf8(value).unwrap().parse().unwrap();
            *value = (number + 1).to_string().into_bytes();
            let told = story.run(&on(Op::IncrBy { field, by: 1 }));
            assert_eq!(told, Outcome::Int(number + 1));
        }
        6..=8 => {
            let (ms, when) = (chance.below(400), chance.pick(&WHENS));
            let told = model.expire(field, now_ms + ms, when, now_ms);
            let expiry = Expiry::In { ms: ms as i64 };
            let done = story.run(&on(Op::Expire { fields: vec![field], expiry, when }));
            assert_eq!(done, ints([told]));
        }
        _ => {
            let told = model.persist(field);
            assert_eq!(story.run(&on(Op::Persist { fields: vec![field] })), ints([told]));
        }
    }
}

fn compare(story: &mut Story, model: &mut Model) {
    model.drop_due(story.now_ms);
    let Outcome::List(all) = story.run(&on(Op::All { part: Part::Fields {} })) else { panic!() };
    let names = all.into_iter().map(|name| match name {
        Outcome::Bytes(name) => name,
        other => panic!("{other:?}"),
    });
    let names: BTreeSet<Vec<u8>> = names.collect();
    assert!(names.iter().eq(model.fields.keys()), "{names:?}");
    assert_eq!(story.run(&on(Op::Len {})), Outcome::Int(model.fields.len() as i64));
    for (field, (value, end)) in &model.fields {
        assert_eq!(story.run(&on(Op::Get { field })), bytes(value));
        let told = story.run(&on(Op::Ttl { fields: vec![field], form: TtlForm::AtMillis {} }));
        assert_eq!(told, ints([end.map_or(-1, |end| end as i64)]));
    }
    let there = Outcome::Int((!model.fields.is_empty()).into());
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"h"] }), there);
    assert_eq!(story.run(&KeyOp::DbSize { db: DB }), there);
    let copy = restored(&story.space);
    assert_eq!(copy.state_digest(), story.space.state_digest());
    assert_eq!(copy.digest(story.now_ms), story.space.digest(story.now_ms));
    assert_eq!(copy.memory(), story.space.memory());
    assert_eq!(copy.next_deadline(), story.space.next_deadline());
}

#[test]
fn fields_end_when_they_should() {
    with_seeds(40, |chance| {
        let (mut story, mut model) = (Story::new(), Model::default());
        let names = chance.pick(&[2, 20, 600]);
        for round in 0..1_200 {
            if chance.once_in(4) {
                story.now_ms += chance.below(60);
            }
            if chance.once_in(10) {
                let at = Stamp { now_ms: story.now_ms, seq: 5_000 + round, version: 1 };
                story.space.expire(&at, chance.below(5) as usize);
            }
            step(&mut story, &mut model, chance, names);
            if chance.once_in(40) {
                compare(&mut story, &mut model);
            }
        }
        story.now_ms += 1_000;
        compare(&mut story, &mut model);
        for field in model.fields.keys() {
            story.run(&on(Op::Del { fields: vec![field] }));
        }
        let at = Stamp { now_ms: story.now_ms, seq: 9_999, version: 1 };
        story.space.expire(&at, usize::MAX);
        assert_eq!((story.space.memory(), story.space.next_deadline()), (0, None));
    });
}

/// Whoever reads with a clock ahead of the shard's tells nothing that replicas do not know.
#[test]
fn a_field_that_ends_by_the_readers_clock_only_is_told_of_later() {
    let mut story = Story::new();
    hset(&mut story, "a", "1");
    hset(&mut story, "b", "2");
    assert_eq!(expire(&mut story, "a", 100), ints([1]));
    let clock = story.now_ms;
    let space = &story.space;
    let get = on(Op::Get { field: b"a" });
    assert_eq!(space.read(clock + 99, clock, &get), Read::Done(bytes("1")));
    assert_eq!(space.read(clock + 100, clock, &get), Read::TickFirst);
    assert_eq!(space.read(clock + 100, clock, &KeyOp::DbSize { db: DB }), Read::TickFirst);
    assert_eq!(space.read(clock + 100, clock + 100, &get), Read::Done(Outcome::Nil));
    assert_eq!(space.read_lasting(clock, &get), None, "it has no clock");
    assert_eq!(space.next_deadline(), Some(clock + 100));
    let at = Stamp { now_ms: clock + 100, seq: 50, version: 1 };
    let before = story.space.version_of(DB, b"h", clock);
    story.space.note_touched(true);
    assert_eq!(story.space.expire(&at, 10), 1);
    assert!(story.space.take_touched().is_some(), "who tracks it is told");
    assert_eq!(story.space.next_deadline(), None);
    assert_ne!(story.space.version_of(DB, b"h", clock), before, "who watches it is told");
    assert_eq!(
        story.space.read(clock + 100, clock + 100, &on(Op::Len {})),
        Read::Done(Outcome::Int(1))
    );
}

#[test]
fn a_hash_goes_with_its_last_field() {
    let mut story = Story::new();
    hset(&mut story, "a", "1");
    assert_eq!(expire(&mut story, "a", 0), ints([2]), "it has ended already");
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"h"] }), Outcome::Int(0));
    hset(&mut story, "a", "1");
    expire(&mut story, "a", 10);
    story.now_ms += 10;
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"h"] }), Outcome::Int(0));
    assert_eq!(story.run(&KeyOp::DbSize { db: DB }), Outcome::Int(0));
    assert_eq!(hset(&mut story, "b", "1"), Outcome::Int(1));
    assert_eq!(story.run(&on(Op::Len {})), Outcome::Int(1));
}

#[test]
fn what_is_asked_of_no_hash_is_answered_for_each_field() {
    let mut story = Story::new();
    assert_eq!(expire(&mut story, "a", 10), ints([-2]));
    assert_eq!(ttl(&mut story, "a", TtlForm::Seconds {}), ints([-2]));
    assert_eq!(story.run(&on(Op::Persist { fields: vec![b"a", b"b"] })), ints([-2, -2]));
    story.set("h", "text");
    assert_eq!(expire(&mut story, "a", 10), Fault::WrongType.into());
    assert_eq!(ttl(&mut story, "a", TtlForm::Seconds {}), Fault::WrongType.into());
}

#[test]
fn times_are_shown_in_all_forms() {
    let mut story = Story::new();
    hset(&mut story, "a", "1");
    assert_eq!(ttl(&mut story, "a", TtlForm::Millis {}), ints([-1]));
    expire(&mut story, "a", 1_500);
    assert_eq!(ttl(&mut story, "a", TtlForm::Millis {}), ints([1_500]));
    assert_eq!(ttl(&mut story, "a", TtlForm::Seconds {}), ints([2]));
    let end = story.now_ms as i64 + 1_500;
    assert_eq!(ttl(&mut story, "a", TtlForm::AtMillis {}), ints([end]));
    assert_eq!(ttl(&mut story, "a", TtlForm::AtSeconds {}), ints([(end + 999) / 1000]));
    assert_eq!(expire(&mut story, "a", END_MAX_MS as i64), Fault::InvalidExpire.into());
    assert_eq!(expire(&mut story, "a", -1), Fault::InvalidExpire.into());
    assert_eq!(ttl(&mut story, "a", TtlForm::Millis {}), ints([1_500]), "nothing changed");
}

#[test]
fn deadlines_go_where_the_hash_goes() {
    let mut story = Story::new();
    for number in 0..300 {
        hset(&mut story, &format!("f{number}"), "v");
        if number % 2 == 0 {
            expire(&mut story, &format!("f{number}"), 1_000 + number);
        }
    }
    let ends = |story: &mut Story, key: &'static [u8]| {
        let names: Vec<String> = (0..300).map(|number| format!("f{number}")).collect();
        let fields = names.iter().map(|name| name.as_bytes()).collect();
        let op = Op::Ttl { fields, form: TtlForm::AtMillis {} };
        story.run(&KeyOp::Hash { db: DB, key, op })
    };
    let all = ends(&mut story, b"h");
    let Outcome::Bytes(payload) = story.run(&KeyOp::Dump { db: DB, key: b"h" }) else { panic!() };
    story.run(&KeyOp::Restore {
        db: DB,
        key: b"again",
        payload: &payload,
        expiry: Expiry::Never {},
        replace: false,
        idle_s: None,
        freq: None,
    });
    assert_eq!(ends(&mut story, b"again"), all);
    story.run(&KeyOp::Copy { db: DB, from: b"h", to_db: DB, to: b"copy", replace: false });
    story.run(&KeyOp::Rename { db: DB, from: b"h", to: b"moved", only_new: false });
    assert_eq!(ends(&mut story, b"copy"), all);
    assert_eq!(ends(&mut story, b"moved"), all);
    story.now_ms += 1_100;
    for key in [&b"again"[..], b"copy", b"moved"] {
        let len = story.run(&KeyOp::Hash { db: DB, key, op: Op::Len {} });
        assert_eq!(len, Outcome::Int(150 + 99), "those of f102 and later, and those without");
    }
    let at = Stamp { now_ms: story.now_ms, seq: 9_999, version: 1 };
    assert_eq!(story.space.expire(&at, usize::MAX), 3 * 51);
}

#[test]
fn what_redis_dumps_with_deadlines_is_read() {
    // Of Redis 7.4: a listpack of three parts for each field, behind the nearest deadline.
    let mut packed = vec![25];
    packed.extend_from_slice(&5_000_u64.to_le_bytes());
    let listpack =
        b"\x19\0\0\0\x06\0\x81a\x02\x811\x02\xf1\x88\x13\x03\x81b\x02\x812\x02\0\x01\xff";
    packed.push(listpack.len() as u8);
    packed.extend_from_slice(listpack);
    let payload = crate::keys::payload::with_footer(&packed);
    let mut story = Story::new();
    story.now_ms = 1_000;
    let restored = story.run(&KeyOp::Restore {
        db: DB,
        key: b"h",
        payload: &payload,
        expiry: Expiry::Never {},
        replace: false,
        idle_s: None,
        freq: None,
    });
    assert_eq!(restored, Outcome::Ok);
    assert_eq!(ttl(&mut story, "a", TtlForm::AtMillis {}), ints([5_000]));
    assert_eq!(ttl(&mut story, "b", TtlForm::AtMillis {}), ints([-1]));
    assert_eq!(story.run(&on(Op::Get { field: b"b" })), bytes("2"));
}

#[test]
fn sorting_by_a_field_that_has_ended_takes_it_for_missing() {
    let mut story = Story::new();
    hset(&mut story, "w", "5");
    hset(&mut story, "stays", "1");
    expire(&mut story, "w", 10);
    story.run(&KeyOp::List {
        db: DB,
        key: b"l",
        op: crate::keys::lists::Op::Push { front: false, values: vec![b"h"], only_there: false },
    });
    let terms = sorting::Terms::Are { by: None, offset: 0, limit: -1, reverse: false, alpha: true };
    let sort = KeyOp::Sort { db: DB, key: b"l", terms, get: vec![b"*->w"] };
    assert_eq!(story.run(&sort), Outcome::List(vec![bytes("5")]));
    story.now_ms += 10;
    assert_eq!(story.run(&sort), Outcome::List(vec![Outcome::Nil]));
}

#[test]
fn who_listens_hears_of_deadlines_and_of_ends() {
    let mut story = Story::new();
    hset(&mut story, "a", "1");
    hset(&mut story, "b", "2");
    story.space.hear(u64::MAX);
    let heard = |story: &mut Story| -> Vec<&'static str> {
        story.space.take_happened().into_iter().map(|one| one.event.word()).collect()
    };
    expire(&mut story, "none", 10);
    assert!(heard(&mut story).is_empty());
    expire(&mut story, "a", 10);
    story.run(&on(Op::Persist { fields: vec![b"a"] }));
    story.run(&on(Op::Persist { fields: vec![b"a"] }));
    assert_eq!(heard(&mut story), ["hexpire", "hpersist"]);
    expire(&mut story, "a", 10);
    expire(&mut story, "b", 20);
    story.now_ms += 10;
    let at = Stamp { now_ms: story.now_ms, seq: 50, version: 1 };
    story.space.expire(&at, 10);
    assert_eq!(heard(&mut story), ["hexpire", "hexpire", "hexpired"]);
    story.now_ms += 10;
    assert_eq!(hset(&mut story, "c", "3"), Outcome::Int(1));
    assert_eq!(heard(&mut story), ["hexpired", "del", "new", "hset"]);
    expire(&mut story, "c", 0);
    assert_eq!(heard(&mut story), ["hdel", "del"]);
}

/// More fields end at once than one operation, or one tick, takes away.
#[test]
fn a_pile_of_fields_that_have_ended_is_seen_by_nobody() {
    let mut story = Story::new();
    let names: Vec<String> = (0..5_000).map(|number| format!("f{number}")).collect();
    let fields: Vec<&[u8]> = names.iter().map(|name| name.as_bytes()).collect();
    let pairs = fields.iter().map(|field| (*field, &b"v"[..])).collect();
    story.run(&on(Op::Set { pairs }));
    let (expiry, when) = (Expiry::In { ms: 100 }, ExpireWhen::Always {});
    story.run(&on(Op::Expire { fields: fields.clone(), expiry, when }));
    let expiry = Expiry::In { ms: 1_000_000 };
    story.run(&KeyOp::Expire { db: DB, key: b"h", expiry, when });
    hset(&mut story, "stays", "1");
    story.now_ms += 100;
    let now = story.now_ms;
    let reads = [
        (on(Op::Len {}), Outcome::Int(1)),
        (on(Op::Get { field: b"f7" }), Outcome::Nil),
        (on(Op::All { part: Part::Fields {} }), Outcome::List(vec![bytes("stays")])),
        (KeyOp::DbSize { db: DB }, Outcome::Int(1)),
    ];
    for (op, due) in &reads {
        assert_eq!(story.space.read(now, now, op), Read::Done(due.clone()), "{op:?}");
    }
    assert_eq!(hset(&mut story, "f7", "2"), Outcome::Int(1), "it is new");
    assert_eq!(story.run(&on(Op::SetNew { field: b"f8", value: b"3" })), Outcome::Int(1));
    assert_eq!(story.run(&on(Op::Len {})), Outcome::Int(3));
    assert_eq!(story.run(&on(Op::Del { fields: vec![b"f7", b"f8", b"f9"] })), Outcome::Int(2));
    assert_eq!(story.run(&on(Op::Del { fields: vec![b"stays"] })), Outcome::Int(1));
    // Nothing is left that has not ended, and the key has a later deadline of its own.
    for op in [KeyOp::DbSize { db: DB }, KeyOp::Exists { db: DB, keys: vec![b"h"] }] {
        assert_eq!(story.space.read(now, now, &op), Read::Done(Outcome::Int(0)), "{op:?}");
    }
    assert!(matches!(story.space.read(now, now, &KeyOp::Digest {}), Read::Done(_)));
    assert_eq!(hset(&mut story, "a", "1"), Outcome::Int(1));
    assert_eq!(story.run(&on(Op::Len {})), Outcome::Int(1));
    assert_eq!(
        story.run(&KeyOp::Ttl { db: DB, key: b"h", form: TtlForm::Millis {} }),
        Outcome::Int(-1)
    );
}
