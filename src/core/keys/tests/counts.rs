//! Counts of different elements that are kept in the values.

use super::{DB, Story, set};
use crate::chance::{Chance, with_seeds};
use crate::keys::{ExpireWhen, Expiry, Op};
use crate::{Fault, Outcome};

fn add<'a>(key: &'a [u8], elements: &[&'a [u8]]) -> Op<'a> {
    Op::CountDistinct { db: DB, key, elements: elements.to_vec(), sparse_max: 300 }
}

fn count<'a>(keys: &[&'a [u8]]) -> Op<'a> {
    Op::DistinctCount { db: DB, keys: keys.to_vec() }
}

fn ahead_of<'a>(story: &Story, op: &Op<'a>) -> Option<Op<'a>> {
    story.space.ahead_of(story.now_ms, story.now_ms, op)
}

/// PFCOUNT of one key, as a leader answers it.
fn counted(story: &mut Story, key: &[u8]) -> Outcome {
    let op = count(&[key]);
    if let Some(ahead) = ahead_of(story, &op) {
        assert_eq!(story.run(&ahead), Outcome::Ok);
        assert_eq!(ahead_of(story, &op), None, "it is kept now");
    }
    story.run(&op)
}

fn version(story: &Story, key: &[u8]) -> u64 {
    story.space.version_of(DB, key, story.now_ms)
}

#[test]
fn an_old_count_is_written_ahead_and_a_good_one_only_read() {
    let mut story = Story::new();
    story.run(&add(b"h", &[b"a", b"b"]));
    let keep = Op::KeepCount { db: DB, key: b"h" };
    assert_eq!(ahead_of(&story, &count(&[b"h"])), Some(keep.clone()));
    assert_eq!(story.run(&keep), Outcome::Ok);
    let (kept, changes) = (version(&story, b"h"), story.space.changes());
    assert_eq!(ahead_of(&story, &count(&[b"h"])), None);
    assert_eq!(story.run(&count(&[b"h"])), Outcome::Int(2));
    // Of many who saw the old one only the first changes anything.
    assert_eq!(story.run(&keep), Outcome::Ok);
    assert_eq!((version(&story, b"h"), story.space.changes()), (kept, changes));
    // What changes no counter leaves the count as good as it was.
    story.run(&add(b"h", &[b"a"]));
    assert_eq!(ahead_of(&story, &count(&[b"h"])), None);
    story.run(&add(b"h", &[b"c"]));
    assert_eq!(ahead_of(&story, &count(&[b"h"])), Some(keep));
    assert_eq!(counted(&mut story, b"h"), Outcome::Int(3));
}

#[test]
fn a_key_keeps_its_deadline_when_its_count_is_kept() {
    let mut story = Story::new();
    story.run(&add(b"h", &[b"a"]));
    let (expiry, when) = (Expiry::In { ms: 100 }, ExpireWhen::Always {});
    story.run(&Op::Expire { db: DB, key: b"h", expiry, when });
    assert_eq!(counted(&mut story, b"h"), Outcome::Int(1));
    assert_eq!(story.space.next_deadline(), Some(story.now_ms + 100));
    story.run(&add(b"h", &[b"b"]));
    story.now_ms += 100;
    assert_eq!(ahead_of(&story, &count(&[b"h"])), None, "it is over");
    let clock = story.now_ms - 1;
    assert_eq!(story.space.ahead_of(story.now_ms, clock, &count(&[b"h"])), None);
    assert_eq!(story.run(&Op::KeepCount { db: DB, key: b"h" }), Outcome::Ok);
    assert_eq!(story.size(), 0, "nothing comes back");
}

#[test]
fn nothing_is_kept_where_no_count_can_be() {
    let mut story = Story::new();
    story.set("text", "v");
    story.run(&add(b"h", &[b"a"]));
    story.run(&add(b"damaged", &[b"a"]));
    story.run(&Op::Append { db: DB, key: b"damaged", value: b"hello", max: 1_000 });
    // All counters are greater than any hash makes them: what that counts is without end.
    let mut full = b"HYLL\0\0\0\0\0\0\0\0\0\0\0\x80".to_vec();
    full.resize(16 + 12_288, 0xff);
    story.run(&set(b"full", &full));
    assert_eq!(story.run(&count(&[b"damaged"])), Outcome::Fault(Fault::BadSketch));
    for keys in [&[&b"text"[..]][..], &[b"none"], &[b"damaged"], &[b"full"], &[b"h", b"h"]] {
        assert_eq!(ahead_of(&story, &count(keys)), None, "{keys:?}");
    }
    let changes = story.space.changes();
    for key in [&b"text"[..], b"none", b"damaged", b"full"] {
        assert_eq!(story.run(&Op::KeepCount { db: DB, key }), Outcome::Ok);
    }
    assert_eq!(story.space.changes(), changes);
}

#[test]
fn a_kept_count_is_what_would_be_counted() {
    with_seeds(50, |chance| {
        let mut story = Story::new();
        let elements: Vec<Vec<u8>> = (0..400_u32).map(|n| n.to_le_bytes().to_vec()).collect();
        // The counts of the first two are kept, those of the others never.
        let pairs: [[&[u8]; 2]; 2] = [[b"a", b"plain:a"], [b"b", b"plain:b"]];
        for _ in 0..200 {
            let pair = chance.below(2) as usize;
            let [kept, plain] = pairs[pair];
            let [other, plain_other] = pairs[1 - pair];
            let same = |story: &mut Story, [of_kept, of_plain]: [Op<'_>; 2]| {
                assert_eq!(story.run(&of_kept), story.run(&of_plain));
            };
            match chance.below(8) {
                0..4 => {
                    let some = some_of(chance, &elements);
                    same(&mut story, [kept, plain].map(|key| add(key, &some)));
                }
                4 => {
                    let merge = |to, from| Op::DistinctMerge {
                        db: DB,
                        to,
                        keys: vec![from],
                        sparse_max: 300,
                    };
                    same(&mut story, [merge(kept, other), merge(plain, plain_other)]);
                }
                5 if chance.once_in(8) => {
                    same(&mut story, [kept, plain].map(|key| Op::Del { db: DB, keys: vec![key] }));
                }
                _ => {
                    let due = story.run(&count(&[plain]));
                    assert_eq!(counted(&mut story, kept), due);
                }
            }
        }
    });
}

fn some_of<'a>(chance: &mut Chance, elements: &'a [Vec<u8>]) -> Vec<&'a [u8]> {
    let one = |chance: &mut Chance| &elements[chance.below(elements.len() as u64) as usize][..];
    (0..chance.below(6)).map(|_| one(chance)).collect()
}
