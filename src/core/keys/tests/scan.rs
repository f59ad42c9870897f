//! SCAN while keys come and go.

use std::collections::BTreeSet;

use super::{DB, Story, set};
use crate::Outcome;
use crate::chance::{Chance, with_seeds};
use crate::keys::Op;
use crate::slot::Slot;

fn step(story: &mut Story, cursor: u64, count: u64) -> (u64, Vec<Vec<u8>>) {
    let op = Op::Scan { db: DB, cursor, pattern: None, count, kind: None };
    let Outcome::List(parts) = story.run(&op) else { panic!("not a list") };
    let [Outcome::Bytes(next), Outcome::List(keys)] = &parts[..] else { panic!("{parts:?}") };
    let keys = keys.iter().map(|key| match key {
        Outcome::Bytes(key) => key.clone(),
        other => panic!("{other:?}"),
    });
    (std::str::from_utf8(next).unwrap().parse().unwrap(), keys.collect())
}

fn all(story: &mut Story, count: u64, mut between: impl FnMut(&mut Story)) -> BTreeSet<Vec<u8>> {
    let (mut seen, mut cursor) = (BTreeSet::new(), 0);
    loop {
        let (next, keys) = step(story, cursor, count);
        seen.extend(keys);
        if next == 0 {
            return seen;
        }
        assert!(next > cursor && next < 1 << 53);
        cursor = next;
        between(story);
    }
}

fn name(chance: &mut Chance, one_slot: bool) -> Vec<u8> {
    let number = chance.below(2_000);
    if one_slot { format!("{{s}}other{number}") } else { format!("other{number}") }.into_bytes()
}

#[test]
fn a_key_that_is_there_during_the_whole_scan_is_given() {
    with_seeds(20, |chance| {
        let mut story = Story::new();
        let one_slot = chance.once_in(2);
        let tag = if one_slot { "{s}" } else { "" };
        let stay: BTreeSet<Vec<u8>> =
            (0..chance.below(400)).map(|at| format!("{tag}stay{at}").into_bytes()).collect();
        for key in &stay {
            story.run(&set(key, b"x"));
        }
        let count = 1 + chance.below(60);
        let seen = all(&mut story, count, |story| {
            for _ in 0..chance.below(40) {
                let key = name(chance, one_slot);
                if chance.once_in(2) {
                    story.run(&set(&key, b"y"));
                } else {
                    story.run(&Op::Del { db: DB, keys: vec![&key] });
                }
            }
        });
        assert!(stay.is_subset(&seen));
    });
}

#[test]
fn a_scan_step_gives_about_as_many_keys_as_asked_for() {
    let mut story = Story::new();
    for at in 0..1_000 {
        story.set(&format!("key{at}"), "x");
    }
    let (next, keys) = step(&mut story, 0, 10);
    assert_ne!(next, 0);
    assert_eq!(keys.len(), 10);
    assert_eq!(all(&mut story, 7, |_| ()).len(), 1_000);
    assert_eq!(step(&mut story, 0, u64::MAX).1.len(), 1_000);
}

#[test]
fn a_cursor_that_was_never_given_ends_the_scan() {
    let mut story = Story::new();
    story.set("a", "x");
    assert_eq!(step(&mut story, u64::MAX, 10), (0, Vec::new()));
    assert_eq!(step(&mut story, 0, 0).1.len(), 1);
}

#[test]
fn patterns_and_types_filter_what_is_given() {
    let mut story = Story::new();
    for key in ["one", "two", "three"] {
        story.set(key, "x");
    }
    let mut scan = |pattern: Option<&'static [u8]>, kind: Option<&'static [u8]>| {
        let op = Op::Scan { db: DB, cursor: 0, pattern, count: 100, kind };
        let Outcome::List(parts) = story.run(&op) else { panic!("not a list") };
        let Outcome::List(keys) = &parts[1] else { panic!("not a list") };
        keys.len()
    };
    assert_eq!(scan(Some(b"t*"), None), 2);
    assert_eq!(scan(Some(b"*"), Some(b"STRING")), 3);
    assert_eq!(scan(None, Some(b"hash")), 0);
}

#[test]
fn the_keys_of_a_slot_are_counted_and_given() {
    let mut story = Story::new();
    for number in 0..200 {
        let tag = if number % 2 == 0 { "a" } else { "b" };
        story.set(&format!("{{{tag}}}{number}"), "v");
    }
    let slot = Slot::of(b"a");
    assert_eq!(story.run(&Op::CountInSlot { db: DB, slot }), Outcome::Int(100));
    let keys = |story: &mut Story, count| {
        let outcome = story.run(&Op::KeysInSlot { db: DB, slot, count });
        let Outcome::List(keys) = outcome else { panic!("not a list") };
        keys
    };
    assert_eq!(keys(&mut story, 0), []);
    assert_eq!(keys(&mut story, 7).len(), 7);
    let all = keys(&mut story, u64::MAX);
    assert_eq!(all.len(), 100);
    assert!(all.iter().all(|key| matches!(key, Outcome::Bytes(key) if key.starts_with(b"{a}"))));
    let elsewhere = Slot::of(b"c");
    assert_eq!(story.run(&Op::CountInSlot { db: DB, slot: elsewhere }), Outcome::Int(0));
}
