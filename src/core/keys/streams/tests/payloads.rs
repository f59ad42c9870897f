//! DUMP and RESTORE.

use super::{After, BLOCK, DB, Id, NewId, Op, Story, Trim, adding, id, ids};
use crate::Outcome;
use crate::chance::with_seeds;
use crate::keys::payload::with_footer;
use crate::keys::{Expiry, Op as KeyOp};

/// What redis-server 7.0.15 gives for the stream of [`dumped`].
const PAYLOAD: &str = "\
    13011000000000000000050000000000000001404444000000180002010101010181660200010201000100018176\
    020401030100010101817702040100010201dfff020201856f74686572060c01816e02f290eefe040801ff020700\
    0501050203010167050181ffffffffffffffff0100000000000000050000000000000001f3d9cb05a20100000102\
    0163f3d9cb05a20100000100000000000000050000000000000001016400dacb05a2010000000a001e6cfa9945e3\
    2df6";

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn restore<'a>(key: &'a [u8], payload: &'a [u8]) -> KeyOp<'a> {
    let (expiry, replace) = (Expiry::Never {}, true);
    KeyOp::Restore { db: DB, key, payload, expiry, replace, idle_s: None, freq: None }
}

/// Entries with equal and with other fields, one that is deleted, a group with an entry
/// that is pending and a consumer that has nothing.
fn dumped() -> Story {
    let mut story = Story::new();
    story.now_ms = 0x01a2_05cb_d9f3;
    let mut add = |is, fields: &[(&[u8], &[u8])]| {
        story.stream(adding(NewId::Is { id: is }, fields, Trim::Never {}, BLOCK));
    };
    add(id(5, 1), &[(b"f", b"v")]);
    add(id(5, 2), &[(b"f", b"w")]);
    add(id(7, 0), &[(b"other", b"12"), (b"n", b"-70000")]);
    story.stream(Op::Delete { ids: vec![id(5, 2)] });
    story.make_group(Id::MIN);
    assert_eq!(story.read("c", After::Newest {}, 1), ["5-1"]);
    story.now_ms = 0x01a2_05cb_da00;
    story.stream(Op::CreateConsumer { group: b"g", consumer: b"d" });
    story
}

#[test]
fn payloads_are_those_of_redis() {
    let mut story = dumped();
    let payload = from_hex(PAYLOAD);
    assert_eq!(story.run(&KeyOp::Dump { db: DB, key: b"s" }), Outcome::Bytes(payload.clone()));
    assert_eq!(story.run(&restore(b"t", &payload)), Outcome::Ok);
    let keys = vec![&b"s"[..], b"t"];
    let Outcome::List(digests) = story.run(&KeyOp::DigestValue { db: DB, keys }) else { panic!() };
    assert_eq!(digests[0], digests[1]);
}

#[test]
fn a_payload_of_an_older_redis_is_read() {
    // Type 15 says neither how many entries there ever were nor what was deleted.
    let mut story = Story::new();
    story.add_some(3);
    story.make_group(id(1, 0));
    let mut payload = match story.run(&KeyOp::Dump { db: DB, key: b"s" }) {
        Outcome::Bytes(payload) => payload,
        other => panic!("{other:?}"),
    };
    payload.truncate(payload.len() - 10);
    payload[0] = 15;
    // The first id, the greatest deleted one, the number, and of the group how many it was
    // given are not there.
    let tail = payload.split_off(payload.len() - 21);
    assert_eq!(tail[..10], [1, 0, 0, 0, 3, 1, 1, b'g', 1, 0]);
    payload.extend([1, 1, b'g', 1, 0, 0, 0]);
    let payload = with_footer(&payload);
    assert_eq!(story.run(&restore(b"s", &payload)), Outcome::Ok);
    let Outcome::List(groups) = story.stream(Op::Groups {}) else { panic!() };
    let Outcome::List(group) = &groups[0] else { panic!() };
    assert_eq!(group[4..], [Outcome::Int(1), Outcome::Int(2)]);
}

#[test]
fn damaged_payloads_never_panic() {
    with_seeds(3_000, |chance| {
        let mut payload = from_hex(PAYLOAD);
        payload.truncate(payload.len() - 10);
        for _ in 0..1 + chance.below(3) {
            let at = 1 + chance.below(payload.len() as u64 - 1) as usize;
            payload[at] = chance.next() as u8;
        }
        let payload = with_footer(&payload);
        let mut story = Story::new();
        if story.run(&restore(b"s", &payload)) == Outcome::Ok {
            let all = Op::Range { start: Id::MIN, end: Id::MAX, reverse: true, count: None };
            let entries = ids(story.stream(all));
            assert_eq!(story.stream(Op::Len {}), Outcome::Int(entries.len() as i64));
            story.stream(Op::InfoFull { count: 0 });
            story.stream(Op::Trim { trim: super::max_len(1, false, 0) });
            let copy = crate::keys::tests::restored(&story.space);
            assert_eq!(copy.state_digest(), story.space.state_digest());
        }
    });
}

#[test]
fn streams_with_several_blocks_and_groups_come_back() {
    let mut story = Story::new();
    story.add_some(350);
    story.make_group(id(7, 0));
    story.read("c", After::Newest {}, 200);
    story.read("d", After::Newest {}, 0);
    let Outcome::Bytes(payload) = story.run(&KeyOp::Dump { db: DB, key: b"s" }) else { panic!() };
    assert_eq!(story.run(&restore(b"t", &payload)), Outcome::Ok);
    let keys = vec![&b"s"[..], b"t"];
    let Outcome::List(digests) = story.run(&KeyOp::DigestValue { db: DB, keys }) else { panic!() };
    assert_eq!(digests[0], digests[1]);
    assert_eq!(story.run(&KeyOp::Type { db: DB, key: b"t" }), Outcome::Word("stream"));
    let about = crate::keys::About::Encoding {};
    assert_eq!(story.run(&KeyOp::Object { db: DB, key: b"t", about }), Outcome::Word("stream"));
}
