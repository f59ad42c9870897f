//! What is gone is given back bit by bit, and never grows without bound.

use super::*;
use crate::keys::sets::{self, Merge};
use crate::keys::{hashes, lists, streams};

/// How many entries a large value has here.
const LARGE: usize = 2_500;

fn fill(story: &mut Story, key: &[u8]) {
    let names: Vec<String> =
        (0..LARGE).map(|number| format!("element number {number:0100}")).collect();
    let values = names.iter().map(|name| name.as_bytes()).collect();
    let op = lists::Op::Push { values, front: false, only_there: false };
    story.run(&Op::List { db: DB, key, op });
}

fn members(story: &mut Story, key: &[u8]) {
    let names: Vec<String> = (0..LARGE).map(|number| format!("member number {number}")).collect();
    let members = names.iter().map(|name| name.as_bytes()).collect();
    story.run(&Op::Members { db: DB, key, op: sets::Op::Add { members } });
}

#[test]
fn what_is_made_and_removed_again_and_again_leaves_little_behind() {
    let mut story = Story::new();
    let mut most = 0;
    for _ in 0..100 {
        fill(&mut story, b"l");
        story.run(&Op::Del { db: DB, keys: vec![b"l"] });
        most = most.max(story.space.garbage.owed());
    }
    assert!((LARGE..=3 * LARGE).contains(&most), "{most}");
}

#[test]
fn a_thousand_sets_put_over_each_other_leave_little_behind() {
    let mut story = Story::new();
    members(&mut story, b"s");
    let mut most = 0;
    for _ in 0..1_000 {
        let (how, to, keys) = (Merge::Union {}, b"to", vec![&b"s"[..]]);
        story.run(&Op::SetMergeStore { db: DB, how, to, keys });
        most = most.max(story.space.garbage.owed());
    }
    assert!((LARGE..=3 * LARGE).contains(&most), "{most}");
}

#[test]
fn a_flush_frees_large_values_bit_by_bit() {
    let mut story = Story::new();
    for key in [b"a", b"b", b"c"] {
        fill(&mut story, key);
    }
    story.run(&Op::FlushAll {});
    assert_eq!(story.space.memory(), 0);
    story.get("none");
    let owed = story.space.garbage.owed();
    assert!(owed > LARGE / 4, "{owed}");
    let mut rounds = 0;
    while story.space.garbage.owed() > 0 {
        story.get("none");
        rounds += 1;
    }
    assert!((3..100).contains(&rounds), "{rounds}");
}

#[test]
fn a_set_that_is_popped_as_a_whole_is_freed_bit_by_bit() {
    let mut story = Story::new();
    members(&mut story, b"s");
    let op = sets::Op::PopSome { count: LARGE as u64, seed: 1 };
    let Outcome::List(popped) = story.run(&Op::Members { db: DB, key: b"s", op }) else { panic!() };
    assert_eq!(popped.len(), LARGE);
    assert_eq!(story.space.garbage.owed(), LARGE);
    assert_eq!(story.space.memory(), 0);
}

#[test]
fn time_that_passes_gives_back_what_is_gone() {
    let mut story = Story::new();
    for number in 0..LARGE {
        let (field, value) = (number.to_string(), "v");
        let pairs = vec![(field.as_bytes(), value.as_bytes())];
        story.run(&Op::Hash { db: DB, key: b"h", op: hashes::Op::Set { pairs } });
    }
    story.run(&Op::Del { db: DB, keys: vec![b"h"] });
    assert!(story.space.garbage.owed() > 0);
    for _ in 0..100 {
        story.space.expire(&story.stamp(), 0);
    }
    assert_eq!(story.space.garbage.owed(), 0);
}

#[test]
fn large_values_that_are_gone_are_counted() {
    let mut story = Story::new();
    fill(&mut story, b"large");
    story.set("small", "v");
    let add = streams::Op::Add {
        id: streams::NewId::Auto {},
        fields: vec![(b"field", b"value")],
        create: true,
        trim: streams::Trim::Never {},
        block_entries_max: 1,
        block_bytes_max: 0,
    };
    for _ in 0..70 {
        story.run(&Op::Stream { db: DB, key: b"stream", op: add.clone() });
    }
    story.run(&Op::Stream { db: DB, key: b"short", op: add });
    assert_eq!(story.space.stats().freed, 0);
    story.run(&Op::Del { db: DB, keys: vec![b"large", b"small", b"short"] });
    assert_eq!(story.space.stats().freed, 1);
    story.run(&Op::Del { db: DB, keys: vec![b"stream"] });
    assert_eq!(story.space.stats().freed, 2);
    fill(&mut story, b"large");
    story.run(&Op::FlushAll {});
    story.space.reset_stats();
    while story.space.garbage.owed() > 0 {
        story.get("none");
    }
    assert_eq!(story.space.stats().freed, 0, "it was counted when it was flushed");
}
