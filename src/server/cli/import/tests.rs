//! Files that are damaged are told as such, whatever stands in them.

#![allow(clippy::unwrap_used)]

use lockstep_core::rdb::crc64;

use super::file::{Damage, File, Item, Value};
use super::values::{Kind, module_name};

/// A file with these bytes behind its first line, and a checksum.
fn file(version: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = [b"REDIS", version.as_bytes(), body, b"\xff"].concat();
    let crc = crc64::checksum(&bytes);
    bytes.extend(crc.to_le_bytes());
    bytes
}

fn all(bytes: &[u8]) -> Result<Vec<Item>, Damage> {
    let mut file = File::read(bytes)?;
    let mut items = Vec::new();
    while let Some(item) = file.next()? {
        items.push(item);
    }
    Ok(items)
}

/// Everything that is not a value, and values of every type.
fn body() -> Vec<u8> {
    let stream =
        [&b"\x13\x01x\0\0\0\0\0\0\0\0\0\x01\x01g\0\0\0\x01"[..], &[7; 24], b"\x01\x01\x01c"]
            .concat();
    let stream = [&stream[..], &[8; 8], b"\x01", &[7; 16]].concat();
    let parts: &[&[u8]] = &[
        b"\xfa\x09redis-ver\x067.0.15\xfa\x04bits\xc0\x40",
        b"\xfe\0\xfb\x02\x01\xf4\x01\x02\x03",
        b"\xfc\xff\xff\xff\xff\xff\0\0\0\0\x01a\x03abc",
        b"\xfd\xff\xff\xff\xff\xf9\x07\0\x01b\xc1\x01\x02",
        b"\xf8\x40\x99\0\x01l\xc3\x05\x15\0a\xe0\x0b\0",
        b"\x01\x01L\x02\x01x\x01y\x02\x01S\x01\x01x\x03\x01O\x03\x01a\x011\x01b\xfe\x01c\xff",
        b"\x04\x01H\x01\x01f\x01v\x05\x01Z\x01\x01m\0\0\0\0\0\0\xf0\x3f",
        b"\x12\x01Q\x02\x01\x01x\x02\x01y\x0e\x01P\x01\x01z\x10\x01p\x02xx",
        &stream,
        b"\xfe\x0b\x0d\x01w\x01-\x07\x01M\x81\x53\x97\x18\x94\xfd\x55\x2c\x00",
        b"\x02\x05\x04\0\0\0\0\0\0\0\0\x03\0\0\0\0\x05\x01s\x01\x07\0",
        b"\xf7\x81\x53\x97\x18\x94\xfd\x55\x2c\x00\x02\x01\x05\x01s\0",
        b"\xf5\x0d#!lua name=a\n",
        b"\x18\x01T\0\0\0\0\0\0\0\0\x01\x05\x01f\x01v\x19\x01t\0\0\0\0\0\0\0\0\x01x",
    ];
    parts.concat()
}

#[test]
fn every_kind_of_entry_is_read() {
    let items = all(&file("0010", &body())).unwrap();
    let kinds: Vec<(u64, u8, Kind)> = items
        .iter()
        .filter_map(|item| match item {
            Item::Value(value) => Some((value.db, value.key[0], value.kind())),
            _ => None,
        })
        .collect();
    let due = [
        (0, b'a', Kind::String),
        (0, b'b', Kind::String),
        (0, b'l', Kind::String),
        (0, b'L', Kind::List),
        (0, b'S', Kind::Set),
        (0, b'O', Kind::Sorted),
        (0, b'H', Kind::Hash),
        (0, b'Z', Kind::Sorted),
        (0, b'Q', Kind::List),
        (0, b'P', Kind::List),
        (0, b'p', Kind::Hash),
        (0, b'x', Kind::Stream),
        (11, b'w', Kind::Hash),
        (11, b'T', Kind::Hash),
        (11, b't', Kind::Hash),
    ];
    assert_eq!(kinds, due);
    let rest: Vec<&Item> = items.iter().filter(|item| !matches!(item, Item::Value(_))).collect();
    assert!(matches!(rest[0], Item::Lost { kind: Kind::Module, key, .. } if key == b"M"));
    assert!(matches!(rest[1], Item::Lost { kind: Kind::Module, key, .. } if key.is_empty()));
    assert_eq!(rest[2], &Item::Library(b"#!lua name=a\n".to_vec()));
    assert_eq!(rest.len(), 3);
    let expires: Vec<Option<u64>> = items[..3]
        .iter()
        .map(|item| match item {
            Item::Value(Value { expires_ms, .. }) => *expires_ms,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(expires, [Some(0xFF_FFFF_FFFF), Some(0xFFFF_FFFF * 1000), None]);
}

#[test]
fn a_file_that_is_cut_anywhere_is_said_to_be_so() {
    let bytes = file("0010", &body());
    for len in 0..bytes.len() {
        let damage = all(&bytes[..len]).unwrap_err();
        let due = Damage::At { offset: 0, what: "the file ends too early".to_owned() };
        let Damage::At { what, .. } = &damage else { panic!("{damage}") };
        assert_eq!(Damage::At { offset: 0, what: what.clone() }, due, "{len}");
    }
}

#[test]
fn the_checksum_counts_since_version_5_unless_it_is_zero() {
    let good = file("0009", b"\0\x01a\x03abc");
    let mut bad = good.clone();
    bad[14] ^= 1;
    let said = all(&bad).unwrap_err().to_string();
    assert!(said.contains("at byte 25: the checksum"), "{said}");
    let len = bad.len();
    bad[len - 8..].fill(0);
    assert_eq!(all(&bad).unwrap().len(), 1);
    assert_eq!(all(b"REDIS0003\0\x01a\x03abc\xff").unwrap().len(), 1);
}

#[test]
fn what_is_no_file_or_of_a_later_version_is_refused() {
    for (bytes, what) in [
        (&b"hello, world"[..], "does not begin"),
        (b"REDISabcd", "does not begin"),
        (b"REDIS0013", "version 13"),
        (b"REDIS0000", "version 0"),
        (b"RED", "ends too early"),
        (b"REDIS0010\x1a\x01a\x00", "type 26"),
        (b"REDIS0010\x06\x01a\x00", "module"),
        (b"REDIS0010\xf6\x01a\x00", "functions of before"),
        (b"REDIS0010\0\x82", "no such length"),
        (b"REDIS0010\0\x01a\xc9", "string encoding 9"),
        (b"REDIS0010\xfe\xc0\x01", "a string stands"),
    ] {
        let said = all(bytes).unwrap_err().to_string();
        assert!(said.contains(what), "{said}");
    }
}

#[test]
fn lengths_that_lie_take_no_memory() {
    // Strings, and a list, of 2^63 bytes or elements.
    for body in [
        &b"\0\x01a\x81\x7f\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x01\x01a\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\0\x81\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\0\x01a\xc3\x01\x81\x7f\xff\xff\xff\xff\xff\xff\xff\0",
    ] {
        assert!(all(&[b"REDIS0010", body].concat()).is_err());
    }
}

#[test]
fn any_damage_is_an_error_or_gives_other_values_but_never_panics() {
    let seed = std::env::var("TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    let mut state = seed;
    let mut draw = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let whole = file("0010", &body());
    for round in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..=draw(4) {
            let at = 9 + draw(bytes.len() - 9);
            match draw(4) {
                0 => drop(bytes.remove(at)),
                1 => bytes.insert(at, draw(256) as u8),
                _ => bytes[at] = draw(256) as u8,
            }
        }
        if draw(3) == 0 {
            bytes.truncate(9 + draw(bytes.len() - 9));
        }
        let read = std::panic::catch_unwind(|| all(&bytes).map(drop));
        assert!(read.is_ok(), "TEST_SEED={seed}, round {round}");
    }
}

#[test]
fn the_name_of_a_module_is_in_its_id() {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let id =
        "ReJSON-RL".chars().fold(0, |id, letter| id << 6 | letters.find(letter).unwrap() as u64);
    assert_eq!(module_name(id << 10 | 3), "ReJSON-RL");
}
