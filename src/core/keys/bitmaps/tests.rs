//! Bits beside a plain model: a string of booleans.

use super::*;
use crate::chance::{Chance, with_seeds};
use crate::keys::tests::Story;
use crate::keys::{Expiry, Op as KeyOp, When};
use crate::{Db, Fault, Outcome};

const DB: Db = Db(0);
const MAX: u64 = 1 << 20;

fn on(op: Op) -> KeyOp<'static> {
    KeyOp::Bits { db: DB, key: b"k", op }
}

fn bits_of(bytes: &[u8]) -> Vec<bool> {
    bytes.iter().flat_map(|byte| (0..8).map(move |at| byte >> (7 - at) & 1 == 1)).collect()
}

fn draw(chance: &mut Chance) -> Vec<u8> {
    let byte = |chance: &mut Chance| match chance.below(4) {
        0 => 0,
        1 => 0xFF,
        _ => chance.next() as u8,
    };
    (0..chance.below(40)).map(|_| byte(chance)).collect()
}

/// The bits that a range means, by counting.
fn meant(len: usize, start: i64, end: i64, bits: bool) -> Vec<usize> {
    let unit = if bits { 1 } else { 8 };
    let total = (len * 8 / unit) as i64;
    let place = |at: i64| if at < 0 { (at + total).max(0) } else { at };
    let (start, end) = (place(start), place(end));
    (0..len * 8).filter(|bit| (start..=end).contains(&((bit / unit) as i64))).collect()
}

#[test]
fn ranges_are_counted_and_searched_as_bit_by_bit() {
    with_seeds(3_000, |chance| {
        let bytes = draw(chance);
        let (all, unit) = (bits_of(&bytes), chance.once_in(2));
        let edge = |chance: &mut Chance| chance.below(100) as i64 - 50;
        let (start, end) = (edge(chance), edge(chance));
        let inside = meant(bytes.len(), start, end, unit);
        let backward = start < 0 && end < 0 && start > end;
        let ones = inside.iter().filter(|bit| all[**bit]).count() as u64;
        let range = Some(Range::Of { start, end, bits: unit });
        assert_eq!(bits::count(&bytes, range), if backward { 0 } else { ones });
        for bit in [false, true] {
            let found = inside.iter().find(|at| all[**at] == bit).map(|at| *at as u64);
            assert_eq!(bits::position(&bytes, bit, start, Some(end), unit), found);
            let inside = meant(bytes.len(), start, i64::MAX, unit);
            let behind = (!bit && !inside.is_empty()).then_some(all.len() as u64);
            let found = inside.iter().find(|at| all[**at] == bit).map(|at| *at as u64);
            let open = bits::position(&bytes, bit, start, None, unit);
            assert_eq!(open, found.or(behind));
        }
    });
}

#[test]
fn strings_are_merged_as_bit_by_bit() {
    with_seeds(500, |chance| {
        let strings: Vec<Vec<u8>> = (0..1 + chance.below(4)).map(|_| draw(chance)).collect();
        let longest = strings.iter().map(Vec::len).max().unwrap_or(0);
        let all = |at: u64| strings.iter().map(move |string| bits::get(string, at));
        for (how, expected) in [
            (Merge::And {}, &(|at| all(at).all(|bit| bit)) as &dyn Fn(u64) -> bool),
            (Merge::Or {}, &|at| all(at).any(|bit| bit)),
            (Merge::Xor {}, &|at| all(at).filter(|bit| *bit).count() % 2 == 1),
        ] {
            let merged = bits::merge(how, &strings);
            assert_eq!(merged.len(), longest);
            let expected: Vec<bool> = (0..longest as u64 * 8).map(expected).collect();
            assert_eq!(bits_of(&merged), expected, "{how:?}");
        }
        let not = bits::merge(Merge::Not {}, &strings[..1]);
        assert!(not.iter().zip(&strings[0]).all(|(not, byte)| *not == !byte));
    });
}

/// A field by arithmetic on its bits as text.
fn model(all: &mut [bool], step: &Step) -> Option<i128> {
    let Field::At { offset, bits, signed } = step.field();
    let places = offset as usize..offset as usize + usize::from(bits);
    let raw = places.clone().fold(0i128, |number, at| number * 2 + i128::from(all[at]));
    let whole = 1i128 << bits;
    let old = if signed && raw >= whole / 2 { raw - whole } else { raw };
    let (value, overflow, told) = match *step {
        Step::Get { .. } => return Some(old),
        Step::Set { value, overflow, .. } if signed => (i128::from(value), overflow, Some(old)),
        Step::Set { value, overflow, .. } => (i128::from(value as u64), overflow, Some(old)),
        Step::Add { by, overflow, .. } => (old + i128::from(by), overflow, None),
    };
    let (min, max) = if signed { (-whole / 2, whole / 2 - 1) } else { (0, whole - 1) };
    let new = match overflow {
        _ if (min..=max).contains(&value) => value,
        Overflow::Refuse {} => return None,
        Overflow::Saturate {} if value > max => max,
        Overflow::Saturate {} => min,
        Overflow::Wrap {} => {
            let low = value.rem_euclid(whole);
            if low > max { low - whole } else { low }
        }
    };
    let mut rest = new.rem_euclid(whole);
    for at in places.rev() {
        all[at] = rest % 2 == 1;
        rest /= 2;
    }
    told.or(Some(new))
}

fn draw_step(chance: &mut Chance) -> Step {
    let signed = chance.once_in(2);
    let bits = 1 + chance.below(if signed { 64 } else { 63 }) as u8;
    let field = Field::At { offset: chance.below(120), bits, signed };
    let overflow = chance.pick(&[Overflow::Wrap {}, Overflow::Saturate {}, Overflow::Refuse {}]);
    let value = match chance.below(4) {
        0 => i64::MAX,
        1 => i64::MIN,
        _ => chance.next() as i64 >> chance.below(64),
    };
    match chance.below(3) {
        0 => Step::Get { field },
        1 => Step::Set { field, value, overflow },
        _ => Step::Add { field, by: value, overflow },
    }
}

#[test]
fn integers_of_any_width_are_as_the_model_says() {
    with_seeds(1_000, |chance| {
        let mut bytes: Vec<u8> = (0..32).map(|_| chance.next() as u8).collect();
        let mut all = bits_of(&bytes);
        for _ in 0..10 {
            let step = draw_step(chance);
            let expected = model(&mut all, &step);
            let (told, _) = field::step(&mut bytes, &step);
            assert_eq!(told.map(i128::from), expected, "{step:?}");
            assert_eq!(bits_of(&bytes), all, "{step:?}");
        }
    });
}

#[test]
fn a_string_grows_as_far_as_it_is_written() {
    let mut story = Story::new();
    let set = |offset, bit| on(Op::Set { offset, bit, max: MAX });
    assert_eq!(story.run(&set(9, true)), Outcome::Int(0));
    assert_eq!(story.get("k"), Outcome::Bytes(vec![0, 0x40]));
    assert_eq!(story.run(&set(9, false)), Outcome::Int(1));
    assert_eq!(story.run(&on(Op::Get { offset: 9 })), Outcome::Int(0));
    assert_eq!(story.run(&on(Op::Get { offset: u64::MAX })), Outcome::Int(0));
    assert_eq!(story.run(&on(Op::Count { range: None })), Outcome::Int(0));
    let field = Field::At { offset: 20, bits: 8, signed: false };
    let overflow = Overflow::Refuse {};
    let steps = vec![Step::Set { field, value: 256, overflow }, Step::Get { field }];
    let outcome = story.run(&on(Op::Change { steps, max: MAX }));
    assert_eq!(outcome, Outcome::List(vec![Outcome::Nil, Outcome::Int(0)]));
    assert_eq!(story.get("k"), Outcome::Bytes(vec![0; 4]));
}

#[test]
fn strings_have_an_end_and_other_types_are_refused() {
    let mut story = Story::new();
    let far = on(Op::Set { offset: MAX * 8, bit: true, max: MAX });
    assert_eq!(story.run(&far), Fault::StringTooLong.into());
    let field = Field::At { offset: u64::MAX, bits: 64, signed: true };
    let steps = vec![Step::Set { field, value: 1, overflow: Overflow::Wrap {} }];
    assert_eq!(story.run(&on(Op::Change { steps, max: MAX })), Fault::StringTooLong.into());
    assert_eq!(
        story.run(&on(Op::Fields { fields: vec![field] })),
        Outcome::List(vec![Outcome::Int(0)])
    );
    let members = crate::keys::sets::Op::Add { members: vec![b"m"] };
    story.run(&KeyOp::Members { db: DB, key: b"k", op: members });
    for op in [
        Op::Get { offset: 0 },
        Op::Count { range: None },
        Op::Set { offset: 0, bit: true, max: MAX },
    ] {
        assert_eq!(story.run(&on(op)), Fault::WrongType.into());
    }
}

#[test]
fn what_is_merged_takes_the_place_of_what_was_there() {
    let mut story = Story::new();
    story.set("a", "12");
    story.set("b", "1");
    let merge = |how, keys| KeyOp::BitMerge { db: DB, how, to: b"to", keys };
    let both: Vec<&[u8]> = vec![b"a", b"b", b"none"];
    assert_eq!(story.run(&merge(Merge::Or {}, both.clone())), Outcome::Int(2));
    assert_eq!(story.get("to"), Outcome::Bytes(b"12".to_vec()));
    let about = crate::keys::About::Encoding {};
    let encoding = KeyOp::Object { db: DB, key: b"to", about };
    assert_eq!(story.run(&encoding), Outcome::Word("raw"));
    assert_eq!(story.run(&merge(Merge::And {}, both)), Outcome::Int(2));
    assert_eq!(story.get("to"), Outcome::Bytes(vec![0, 0]));
    assert_eq!(story.run(&merge(Merge::Not {}, vec![b"none"])), Outcome::Int(0));
    assert_eq!(story.get("to"), Outcome::Nil);
}

#[test]
fn a_bit_that_stays_changes_no_version() {
    let mut story = Story::new();
    let (when, expiry) = (When::Always {}, Expiry::Never {});
    story.run(&KeyOp::Set { db: DB, key: b"k", value: b"@", when, expiry, get: false });
    let before = story.space.version_of(DB, b"k", story.now_ms);
    story.run(&on(Op::Set { offset: 1, bit: true, max: MAX }));
    assert_eq!(story.space.version_of(DB, b"k", story.now_ms), before);
    story.run(&on(Op::Set { offset: 0, bit: true, max: MAX }));
    assert_ne!(story.space.version_of(DB, b"k", story.now_ms), before);
}
