//! Values as Redis wrote them before version 7: RESTORE gives here what it gives there.

use lockstep_tests::{Server, needed, tool};

use super::redis;

/// CRC-64 as Redis uses it, bit by bit.
fn crc64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u64::from(*byte), |crc, _| {
            if crc & 1 == 1 { crc >> 1 ^ 0x95AC_9329_AC4B_C9B5 } else { crc >> 1 }
        })
    })
}

/// What RESTORE takes, of version 9.
fn payload(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = [&[kind][..], body, &[9, 0]].concat();
    bytes.extend(crc64(&bytes).to_le_bytes());
    bytes
}

/// A string of fewer than 16,384 bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let len = (0x4000 | bytes.len() as u16).to_be_bytes();
    [&len, bytes].concat()
}

fn ziplist(entries: &[&[u8]]) -> Vec<u8> {
    let (mut body, mut before, mut last) = (Vec::new(), 0_u32, 10);
    for entry in entries {
        let begun = body.len();
        last = 10 + begun as u32;
        match u8::try_from(before) {
            Ok(short) if short < 254 => body.push(short),
            _ => {
                body.push(254);
                body.extend(before.to_le_bytes());
            }
        }
        body.extend_from_slice(entry);
        before = (body.len() - begun) as u32;
    }
    let head = [body.len() as u32 + 11, last].map(u32::to_le_bytes).concat();
    string(&[&head[..], &(entries.len() as u16).to_le_bytes(), &body, b"\xff"].concat())
}

#[test]
fn old_encodings_are_what_they_are_in_redis() {
    if !needed(tool("redis-server"), "redis-server") {
        return;
    }
    let (redis, lockstep) = (redis(), Server::lockstep(&["--fsync", "never"]));
    let middle = [&[0x41, 44][..], &[b'm'; 300]].concat();
    let long = [&[0x80, 0, 0, 0x1F, 0x40][..], &[b'l'; 8000]].concat();
    let kinds: [&[u8]; 11] = [
        b"\x03abc",
        &middle,
        &long,
        b"\xf1",
        b"\xfd",
        b"\xfe\x80",
        b"\xc0\xd4\xfe",
        b"\xf0\xff\xff\x7f",
        b"\xf0\x00\x00\x80",
        b"\xd0\x00\x00\x00\x80",
        b"\xe0\xff\xff\xff\xff\xff\xff\xff\x7f",
    ];
    let pairs = ziplist(&[b"\x01f", b"\xf5", b"\x01g", b"\x03abc"]);
    let scores = ziplist(&[b"\x01a", b"\x03-.5", b"\x01b", b"\xf3", b"\x01c", b"\x03inf"]);
    let zipmap = string(b"\x02\x01f\x01\x02v..\x01g\x03\x00abc\xff");
    let old_scores = b"\x03\x01a\x03-.5\x01b\x012\x01c\xfe".to_vec();
    let two = [&[2][..], &ziplist(&kinds), &ziplist(&[b"\x01x"])].concat();
    let listpack = string(b"\x0d\0\0\0\x02\0\x81f\x02\x81v\x02\xff");
    for (kind, body, read) in [
        (10, ziplist(&kinds), "LRANGE k 0 -1"),
        (14, two, "LRANGE k 0 -1"),
        (13, pairs, "HGETALL k"),
        (9, zipmap, "HGETALL k"),
        (12, scores, "ZRANGE k 0 -1 WITHSCORES"),
        (3, old_scores, "ZRANGE k 0 -1 WITHSCORES"),
        (2, b"\x02\x01a\x01b".to_vec(), "SCARD k"),
        (16, listpack, "HGETALL k"),
        (10, ziplist(&[]), "TYPE k"),
        (13, ziplist(&[b"\x01f"]), "TYPE k"),
        (13, ziplist(&[b"\x01f", b"\x01v", b"\x01f", b"\x01v"]), "TYPE k"),
        (10, string(b"nonsense"), "TYPE k"),
    ] {
        let bytes = payload(kind, &body);
        let [due, given] = [&redis, &lockstep].map(|server| {
            let mut client = server.client();
            client.call("FLUSHALL");
            let restored = client.call_words(&[b"RESTORE", &b"k"[..], b"0", &bytes]);
            (restored, client.call(read))
        });
        assert_eq!(given, due, "type {kind}");
    }
}
