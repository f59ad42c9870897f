//! Payloads that Redis 7.0.15 made of small values.

#![allow(clippy::unwrap_used)]

use super::{load, with_footer};
use crate::chance::with_seeds;
use crate::keys::store::{Hasher, Scored, Value};
use crate::{Fault, keys};

const HASH: &[u8] = b"\x10\x17\x17\0\0\0\x06\0\x81f\x02\x81v\x02\x81g\x02\x0c\x01\x81x\x02\x80\x01\
    \xff\x0a\0\x1a\x37\x22\xe7\x54\x64\x75\xc1";
const SORTED: &[u8] = b"\x11\x21\x21\0\0\0\x08\0\x81b\x02\x84-2.5\x05\x81a\x02\x01\x01\x11\x01\x03\
    \x01\x81c\x02\x83inf\x04\xff\x0a\0\x01\xa2\xb9\x31\xd3\xc6\x3b\x19";
const LIST: &[u8] =
    b"\x12\x01\x02\x13\x13\0\0\0\x04\0\x81a\x02\x01\x01\xf2\x90\xee\xfe\x04\x80\x01\
    \xff\x0a\0\x1c\xc6\xcf\xae\x71\x40\x4f\x95";
/// Of several nodes, one of them packed by LZF.
const LONG_LIST: &[u8] = b"\x12\x02\x02\x0d\x0d\0\0\0\x02\0\x81a\x02\x81b\x02\xff\x02\xc3\x12\x20\
    \x0a\x20\0\0\0\x02\0\x81c\x02\x94y\xe0\x0a\0\x01\x15\xff\x0a\0\xc4\xa8\xc9\x6e\xe2\x92\x88\x06";
const INTEGERS: &[u8] = b"\x0b\x14\x04\0\0\0\x03\0\0\0\xf9\xff\xff\xff\x01\0\0\0\xe0\x93\x04\0\
    \x0a\0\x05\x30\x96\xb8\x6b\xb1\x46\xfe";

fn loaded(payload: &[u8]) -> Value {
    load(payload, Hasher::default()).unwrap()
}

fn elements(value: &Value) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    match value {
        Value::List(list) => list.elements(0).map(text).collect(),
        Value::Integers(set) | Value::Set(set) => set.rows().map(|row| text(row.key)).collect(),
        Value::Hash(hash) => hash.rows().flat_map(|row| [text(row.key), text(row.value)]).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn small_values_of_redis_are_read() {
    assert_eq!(elements(&loaded(HASH)), ["f", "v", "g", "12", "x", ""]);
    assert_eq!(elements(&loaded(LIST)), ["a", "1", "-70000", ""]);
    assert_eq!(elements(&loaded(LONG_LIST)), ["a", "b", "c", &"y".repeat(20)]);
    assert_eq!(elements(&loaded(INTEGERS)), ["-7", "1", "300000"]);
    let Value::Sorted(set) = loaded(SORTED) else { panic!() };
    let found: Vec<(&[u8], f64)> =
        set.ranks(0, 9).into_iter().map(|Scored { member, score }| (member, score)).collect();
    assert_eq!(found, [(&b"b"[..], -2.5), (b"a", 1.0), (b"17", 3.0), (b"c", f64::INFINITY)]);
    // As Redis 7.2 writes it, and a list whose node is one large element.
    let set = with_footer(b"\x14\x0c\x0c\0\0\0\x02\0\x81a\x02\x05\x01\xff".as_slice());
    assert_eq!(elements(&loaded(&set[..])).len(), 2);
    let list = with_footer(b"\x12\x02\x01\x02xy\x01\x00");
    assert_eq!(elements(&loaded(&list)), ["xy", ""]);
}

#[test]
fn what_contradicts_itself_is_bad_data() {
    let listpack = |elements: &[u8], count: u8| {
        let len = elements.len() as u8 + 7;
        [&[len, len, 0, 0, 0, count, 0], elements, &[0xff]].concat()
    };
    let twice = listpack(b"\x81a\x02\x81a\x02", 2);
    let four = listpack(b"\x81a\x02\x01\x01\x81a\x02\x02\x01", 4);
    let no_number = listpack(b"\x81a\x02\x81b\x02", 2);
    let odd = listpack(b"\x81a\x02", 1);
    for (kind, body) in [
        (16, &odd),
        (16, &four),
        (17, &odd),
        (17, &four),
        (17, &no_number),
        (20, &twice),
        (20, &listpack(b"", 0)),
        (16, &listpack(b"", 0)),
        (11, &b"\x08\x03\0\0\0\0\0\0\0".to_vec()),
        (11, &b"\x0c\x02\0\0\0\x02\0\0\0\x02\0\x01\0".to_vec()),
        (11, &b"\x0c\x02\0\0\0\x02\0\0\0\x02\0\x02\0".to_vec()),
        (11, &b"\x0a\x02\0\0\0\x02\0\0\0\x02\0".to_vec()),
        (11, &b"\x08\x02\0\0\0\0\0\0\0".to_vec()),
        (18, &b"\0".to_vec()),
        (18, &b"\x01\x03\x01x".to_vec()),
        (18, &b"\x02\x01\x01x".to_vec()),
    ] {
        let payload = with_footer(&[&[kind], &body[..]].concat());
        let loaded = load(&payload, Hasher::default());
        assert_eq!(loaded.err(), Some(Fault::BadData), "{kind}: {body:?}");
    }
}

#[test]
fn damage_is_refused_or_read_but_never_panics() {
    with_seeds(2_000, |chance| {
        let payload = chance.pick(&[HASH, SORTED, LIST, LONG_LIST, INTEGERS]);
        let mut body = payload[..payload.len() - 10].to_vec();
        body[0] = if chance.once_in(3) { chance.below(24) as u8 } else { body[0] };
        for _ in 0..1 + chance.below(3) {
            let at = chance.below(body.len() as u64) as usize;
            body[at] = chance.next() as u8;
        }
        body.truncate(1 + chance.below(body.len() as u64) as usize);
        if let Ok(value) = load(&with_footer(&body), Hasher::default()) {
            let again = keys::payload::dump(&value);
            assert!(load(&again, Hasher::default()).is_ok());
        }
    });
}
