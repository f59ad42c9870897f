//! Values in the encodings of before Redis 7, made by hand: `tests/import` compares them
//! with what Redis makes of the same bytes.

#![allow(clippy::unwrap_used)]

use super::{load, with_footer};
use crate::Fault;
use crate::chance::with_seeds;
use crate::keys::store::{Hasher, Scored, Value};

/// An entry of a ziplist: its encoding and its bytes.
fn entries(entries: &[&[u8]]) -> Vec<u8> {
    let (mut body, mut before, mut last) = (Vec::new(), 0, 10);
    for entry in entries {
        let begun = body.len();
        last = 10 + begun;
        if before < 254 {
            body.push(before as u8);
        } else {
            body.push(254);
            body.extend((before as u32).to_le_bytes());
        }
        body.extend_from_slice(entry);
        before = body.len() - begun;
    }
    let head = [(body.len() + 11) as u32, last as u32].map(u32::to_le_bytes).concat();
    [&head[..], &(entries.len() as u16).to_le_bytes(), &body, b"\xff"].concat()
}

fn string(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::rdb::put_len(&mut out, bytes.len() as u64);
    out.extend_from_slice(bytes);
    out
}

fn loaded(kind: u8, body: &[u8]) -> Result<Value, Fault> {
    load(&with_footer(&[&[kind], body].concat()), Hasher::default())
}

fn list(body: &[u8], kind: u8) -> Vec<Vec<u8>> {
    let Value::List(list) = loaded(kind, body).unwrap() else { panic!("no list") };
    list.elements(0).map(<[u8]>::to_vec).collect()
}

/// One of every encoding, the long text before the integers.
fn all_kinds() -> (Vec<u8>, Vec<Vec<u8>>) {
    let (middle, long) = ([b'm'; 300], [b'l'; 20_000]);
    let entry = |head: &[u8], text: &[u8]| [head, text].concat();
    let all = [
        entry(&[3], b"abc"),
        entry(&[0x40 | 1, 44], &middle),
        entry(&[0x80, 0, 0, 0x4E, 0x20], &long),
        vec![0xF1],
        vec![0xFD],
        vec![0xFE, 0x80],
        entry(&[0xC0], &(-300_i16).to_le_bytes()),
        entry(&[0xF0], &[0xFF, 0xFF, 0x7F]),
        entry(&[0xF0], &[0x00, 0x00, 0x80]),
        entry(&[0xD0], &i32::MIN.to_le_bytes()),
        entry(&[0xE0], &i64::MAX.to_le_bytes()),
    ];
    let all: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let numbers: [i64; 8] = [0, 12, -128, -300, 8_388_607, -8_388_608, i32::MIN.into(), i64::MAX];
    let mut due = vec![b"abc".to_vec(), middle.to_vec(), long.to_vec()];
    due.extend(numbers.iter().map(|number| number.to_string().into_bytes()));
    (entries(&all), due)
}

#[test]
fn lists_of_ziplists_are_read() {
    let (ziplist, due) = all_kinds();
    assert_eq!(list(&string(&ziplist), 10), due);
    let two = [&[2][..], &string(&ziplist), &string(&entries(&[b"\x01x"]))].concat();
    assert_eq!(list(&two, 14), [&due[..], &[b"x".to_vec()]].concat());
}

#[test]
fn hashes_and_sorted_sets_are_read() {
    let pairs = string(&entries(&[b"\x01f", b"\x01v", b"\x01g", &[0xF4]]));
    let zipmap = string(b"\x02\x01f\x01\x02v..\x01g\xfe\x01\0\0\0\x003\xff");
    for (kind, body) in [(13, &pairs), (9, &zipmap)] {
        let Value::Hash(hash) = loaded(kind, body).unwrap() else { panic!("no hash") };
        let rows: Vec<_> = hash.rows().map(|row| (row.key.to_vec(), row.value.to_vec())).collect();
        assert_eq!(rows, [(b"f".to_vec(), b"v".to_vec()), (b"g".to_vec(), b"3".to_vec())]);
    }
    let scores = string(&entries(&[b"\x01a", b"\x03-.5", b"\x01b", &[0xF3]]));
    let old = b"\x03\x01a\x03-.5\x01b\x012\x01c\xfe";
    for (kind, body, due) in [
        (12, &scores[..], vec![("a", -0.5), ("b", 2.0)]),
        (3, &old[..], vec![("a", -0.5), ("b", 2.0), ("c", f64::INFINITY)]),
    ] {
        let Value::Sorted(set) = loaded(kind, body).unwrap() else { panic!("no set") };
        let found: Vec<(&[u8], f64)> =
            set.ranks(0, 9).into_iter().map(|Scored { member, score }| (member, score)).collect();
        let due: Vec<(&[u8], f64)> =
            due.into_iter().map(|(member, score)| (member.as_bytes(), score)).collect();
        assert_eq!(found, due);
    }
}

#[test]
fn what_contradicts_itself_is_bad_data() {
    let one = entries(&[b"\x01x"]);
    let with = |at: usize, byte: u8| {
        let mut bytes = one.clone();
        bytes[at] = byte;
        string(&bytes)
    };
    for (kind, body) in [
        (10, string(&entries(&[]))),
        (10, with(0, 99)),
        (10, with(4, 99)),
        (10, with(8, 2)),
        (10, with(10, 1)),
        (10, with(11, 0xFF)),
        (10, with(11, 0x7F)),
        (10, string(b"")),
        (12, string(&entries(&[b"\x01a"]))),
        (12, string(&entries(&[b"\x01a", b"\x01b"]))),
        (13, string(&entries(&[b"\x01a", b"\x01b", b"\x01a", b"\x01b"]))),
        (9, string(b"\x01\x01f\xff")),
        (9, string(b"\x01\x01f\x01\x09v\xff")),
        (9, string(b"\0\xff")),
        (14, vec![0]),
        (3, b"\x01\x01a\xfd".to_vec()),
    ] {
        assert_eq!(loaded(kind, &body).err(), Some(Fault::BadData), "{kind}: {body:?}");
    }
}

#[test]
fn damage_is_refused_or_read_but_never_panics() {
    let kinds = all_kinds().0;
    with_seeds(5_000, |chance| {
        let mut bytes = match chance.below(3) {
            0 => kinds[..10 + chance.below(500) as usize].to_vec(),
            1 => entries(&[b"\x01a", &[0xF2], b"\x03abc", &[0xFE, 7]]),
            _ => b"\x02\x01f\x01\x02v..\x01g\xfe\x01\0\0\0\x003\xff".to_vec(),
        };
        for _ in 0..chance.below(4) {
            let at = chance.below(bytes.len() as u64) as usize;
            bytes[at] = chance.next() as u8;
        }
        bytes.truncate(1 + chance.below(bytes.len() as u64) as usize);
        let kind = chance.pick(&[3_u8, 9, 10, 12, 13, 14]);
        let body = if kind == 3 { bytes } else { string(&bytes) };
        if let Ok(value) = loaded(kind, &body) {
            assert!(load(&super::dump(&value), Hasher::default()).is_ok());
        }
    });
}
