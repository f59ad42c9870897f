//! Slots with very many keys.

use super::{DB, Story, restored, set};
use crate::Outcome;
use crate::keys::Op;

const KEYS: u64 = 100_000;

fn key(at: u64) -> Vec<u8> {
    format!("{{tag}}{at}").into_bytes()
}

#[test]
fn a_hundred_thousand_keys_may_share_a_slot() {
    let mut story = Story::new();
    for at in 0..KEYS {
        story.run(&set(&key(at), b"v"));
    }
    assert_eq!(story.size(), KEYS as i64);
    for at in (0..KEYS).step_by(7) {
        assert_eq!(story.run(&Op::Get { db: DB, key: &key(at) }), super::bytes("v"));
    }
    let Outcome::List(all) = story.run(&Op::Keys { db: DB, pattern: b"*" }) else {
        panic!("not a list")
    };
    assert_eq!(all.len() as u64, KEYS);
    assert_eq!(restored(&story.space).state_digest(), story.space.state_digest());
    for at in 0..KEYS {
        assert_eq!(story.run(&Op::Del { db: DB, keys: vec![&key(at)] }), Outcome::Int(1));
    }
    assert_eq!(story.size(), 0);
    assert_eq!(story.space.memory(), 0);
}

#[test]
fn all_slots_may_be_in_use() {
    let mut story = Story::new();
    for at in 0..50_000 {
        story.run(&set(format!("key:{at}").as_bytes(), b"v"));
    }
    assert_eq!(story.size(), 50_000);
    let distinct: std::collections::BTreeSet<_> =
        (0..200).map(|seed| format!("{:?}", story.run(&Op::RandomKey { db: DB, seed }))).collect();
    assert!(distinct.len() > 190);
}
