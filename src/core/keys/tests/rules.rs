//! Single rules, each with its story.

use super::{DB, Story, bytes, restored, set};
use crate::keys::{About, Expiry, Keyspace, Op, Policy, Stats, When, bitmaps};
use crate::{Db, Fault, Outcome, Read};

fn with_deadline<'a>(key: &'a [u8], ms: i64) -> Op<'a> {
    let (when, expiry) = (When::Always {}, Expiry::In { ms });
    Op::Set { db: DB, key, value: b"v", when, expiry, get: false }
}

#[test]
fn a_key_is_gone_at_its_deadline_before_it_is_removed() {
    let mut story = Story::new();
    story.run(&with_deadline(b"a", 100));
    assert_eq!(story.get("a"), bytes("v"));
    story.now_ms += 100;
    assert_eq!(story.get("a"), Outcome::Nil);
    assert_eq!(story.size(), 0);
    assert_eq!(story.space.version_of(DB, b"a", story.now_ms), 0);
    assert_eq!(story.space.expire(&story.stamp(), 10), 1);
    assert_eq!(story.space.next_deadline(), None);
}

#[test]
fn a_read_ahead_of_the_replicated_clock_asks_for_a_tick_first() {
    let mut story = Story::new();
    story.run(&with_deadline(b"a", 100));
    story.set("b", "v");
    let (clock, now) = (story.now_ms, story.now_ms + 100);
    let read = |op: Op<'_>| story.space.read(now, clock, &op);
    assert_eq!(read(Op::Get { db: DB, key: b"a" }), Read::TickFirst);
    assert_eq!(read(Op::DbSize { db: DB }), Read::TickFirst);
    assert_eq!(read(Op::Keys { db: DB, pattern: b"*" }), Read::TickFirst);
    assert_eq!(read(Op::Versions { db: DB, keys: vec![b"a"] }), Read::TickFirst);
    assert_eq!(read(Op::Get { db: DB, key: b"b" }), Read::Done(bytes("v")));
    let ticked = story.space.read(now, now, &Op::Get { db: DB, key: b"a" });
    assert_eq!(ticked, Read::Done(Outcome::Nil));
}

#[test]
fn expiring_keeps_to_its_budget_and_takes_the_longest_due_first() {
    let mut story = Story::new();
    for (key, ms) in [("a", 30), ("b", 10), ("c", 20)] {
        story.run(&with_deadline(key.as_bytes(), ms));
    }
    story.now_ms += 50;
    assert_eq!(story.space.expire(&story.stamp(), 2), 2);
    assert_eq!(story.space.next_deadline(), Some(1_000_030));
    assert_eq!(story.space.expire(&story.stamp(), 2), 1);
    assert_eq!(story.space.stats().expired, 3);
}

#[test]
fn versions_change_with_every_change_and_are_zero_for_what_is_not_there() {
    let mut story = Story::new();
    let version = |story: &Story| story.space.version_of(DB, b"a", story.now_ms);
    assert_eq!(version(&story), 0);
    story.set("a", "1");
    let first = version(&story);
    story.run(&Op::Persist { db: DB, key: b"a" });
    assert_eq!(version(&story), first);
    story.run(&Op::IncrBy { db: DB, key: b"a", by: 1 });
    assert!(version(&story) > first);
    story.run(&Op::SwapDb { a: DB, b: Db(1) });
    assert_eq!(version(&story), 0);
    story.run(&Op::SwapDb { a: DB, b: Db(1) });
    story.run(&Op::FlushAll {});
    assert_eq!(version(&story), 0);
}

#[test]
fn strings_grow_up_to_the_limit_and_not_beyond() {
    let mut story = Story::new();
    story.set("a", "12345");
    let append = |value: &'static [u8]| Op::Append { db: DB, key: b"a", value, max: 8 };
    assert_eq!(story.run(&append(b"678")), Outcome::Int(8));
    assert_eq!(story.run(&append(b"9")), Outcome::Fault(Fault::StringTooLong));
    let set_range = |offset| Op::SetRange { db: DB, key: b"b", offset, value: b"x", max: u64::MAX };
    for offset in [512 * 1024 * 1024, u64::MAX] {
        assert_eq!(story.run(&set_range(offset)), Outcome::Fault(Fault::StringTooLong));
    }
    assert_eq!(story.get("b"), Outcome::Nil);
}

#[test]
fn subsequences_of_strings_that_are_too_long_are_refused() {
    let mut story = Story::new();
    let long = vec![b'x'; 1 << 16];
    story.run(&set(b"a", &long));
    let lcs = |form| Op::Lcs { db: DB, a: b"a", b: b"a", form, min_len: 0 };
    assert_eq!(story.run(&lcs(1)), Outcome::Fault(Fault::LcsTooLong));
}

#[test]
fn subsequences_are_those_of_redis() {
    let mut story = Story::new();
    story.set("a", "ohmytext");
    story.set("b", "mynewtext");
    let lcs = |form, min_len| Op::Lcs { db: DB, a: b"a", b: b"b", form, min_len };
    let list = |of: &[i64]| Outcome::List(of.iter().map(|number| Outcome::Int(*number)).collect());
    let run = |a: &[i64], b: &[i64]| Outcome::List(vec![list(a), list(b)]);
    let matches = |runs: Vec<Outcome>| Outcome::List(vec![Outcome::List(runs), Outcome::Int(6)]);
    assert_eq!(story.run(&lcs(0, 0)), bytes("mytext"));
    assert_eq!(story.run(&lcs(1, 0)), Outcome::Int(6));
    let both = vec![run(&[4, 7], &[5, 8]), run(&[2, 3], &[0, 1])];
    assert_eq!(story.run(&lcs(2, 0)), matches(both));
    assert_eq!(story.run(&lcs(2, 4)), matches(vec![run(&[4, 7], &[5, 8])]));
}

#[test]
fn what_dump_gives_restore_takes_back() {
    let mut story = Story::new();
    story.set("a", "some value");
    let Outcome::Bytes(payload) = story.run(&Op::Dump { db: DB, key: b"a" }) else {
        panic!("not bytes")
    };
    let restore = |replace| Op::Restore {
        db: DB,
        key: b"a",
        payload: &payload,
        expiry: Expiry::In { ms: 5_000 },
        replace,
        idle_s: Some(77),
        freq: None,
    };
    assert_eq!(story.run(&restore(false)), Outcome::Fault(Fault::BusyKey));
    story.set("a", "another");
    assert_eq!(story.run(&restore(true)), Outcome::Ok);
    let idle = Op::Object { db: DB, key: b"a", about: About::Idle {} };
    assert_eq!(story.run(&idle), Outcome::Int(77));
    assert_eq!(story.get("a"), bytes("some value"));
    story.now_ms += 5_000;
    assert_eq!(story.get("a"), Outcome::Nil);
}

#[test]
fn what_is_used_elsewhere_is_not_idle_and_counts_no_hit() {
    let mut story = Story::new();
    story.set("a", "v");
    story.now_ms += 50_000;
    let idle = Op::Object { db: DB, key: b"a", about: About::Idle {} };
    assert_eq!(story.run(&idle), Outcome::Int(50));
    let before = story.space.stats();
    story.space.note_use(DB, b"a", story.now_ms);
    story.space.note_use(DB, b"nothing", story.now_ms);
    assert_eq!(story.space.stats(), before);
    assert_eq!(story.run(&idle), Outcome::Int(0));
}

#[test]
fn reads_count_hits_and_misses() {
    let mut story = Story::new();
    story.set("a", "v");
    story.get("a");
    story.get("b");
    story.run(&Op::Exists { db: DB, keys: vec![b"a", b"b", b"b"] });
    assert_eq!(story.space.stats(), Stats { hits: 2, misses: 3, ..Stats::default() });
    story.space.reset_stats();
    assert_eq!(story.space.stats(), Stats::default());
}

#[test]
fn counts_tell_keys_deadlines_and_the_mean_time_to_live() {
    let mut story = Story::new();
    story.set("a", "v");
    story.run(&with_deadline(b"b", 100));
    story.run(&with_deadline(b"c", 300));
    let counts = story.space.counts(DB, story.now_ms);
    assert_eq!((counts.keys, counts.with_deadline, counts.average_ttl_ms), (3, 2, 200));
}

#[test]
fn a_flushed_database_is_empty_at_once() {
    let mut story = Story::new();
    for at in 0..1_000 {
        story.set(&at.to_string(), "v");
    }
    story.run(&Op::FlushDb { db: DB });
    assert_eq!((story.size(), story.space.memory()), (0, 0));
}

fn of_policy(space: &Keyspace, policy: Policy, now_ms: u64, n: usize) -> Vec<String> {
    let found = space.evict_candidates(policy, now_ms, 3, n);
    found.into_iter().map(|(_, key)| String::from_utf8(key).unwrap()).collect()
}

#[test]
fn eviction_prefers_what_was_not_used_for_long() {
    let mut story = Story::new();
    story.set("old", "v");
    story.now_ms += 100_000;
    story.set("new", "v");
    let now_ms = story.now_ms;
    assert_eq!(of_policy(&story.space, Policy::AllKeysLru, now_ms, 2)[0], "old");
    assert_eq!(of_policy(&story.space, Policy::AllKeysRandom, now_ms, 9).len(), 2);
    assert!(of_policy(&story.space, Policy::VolatileLru, now_ms, 9).is_empty());
}

#[test]
fn eviction_prefers_what_was_used_seldom() {
    let mut story = Story::new();
    story.set("often", "v");
    story.set("seldom", "v");
    for _ in 0..100 {
        story.now_ms += 1;
        story.get("often");
    }
    assert_eq!(of_policy(&story.space, Policy::AllKeysLfu, story.now_ms, 2)[0], "seldom");
}

#[test]
fn volatile_policies_find_the_few_keys_with_deadlines() {
    let mut story = Story::new();
    for at in 0..2_000 {
        story.set(&format!("forever{at}"), "v");
    }
    story.run(&with_deadline(b"late", 9_000));
    story.run(&with_deadline(b"soon", 1_000));
    for policy in [Policy::VolatileTtl, Policy::VolatileLru, Policy::VolatileRandom] {
        let mut found = of_policy(&story.space, policy, story.now_ms, 5);
        if policy == Policy::VolatileTtl {
            assert_eq!(found, ["soon", "late"]);
        }
        found.sort();
        assert_eq!(found, ["late", "soon"]);
    }
}

#[test]
fn evicting_removes_and_counts() {
    let mut story = Story::new();
    story.set("a", "v");
    let evict = Op::Evict { keys: vec![(DB, b"a"), (DB, b"b")] };
    assert_eq!(story.run(&evict), Outcome::Int(1));
    assert_eq!(story.space.stats().evicted, 1);
    assert_eq!(story.get("a"), Outcome::Nil);
}

#[test]
fn changes_since_the_last_snapshot_are_counted() {
    let mut story = Story::new();
    story.set("a", "v");
    let range = Op::SetRange { db: DB, key: b"b", offset: 2, value: b"v", max: 100 };
    story.run(&range);
    let bit = |bit| bitmaps::Op::Set { offset: 3, bit, max: 100 };
    let set_bit = |to| Op::Bits { db: DB, key: b"c", op: bit(to) };
    story.run(&set_bit(false));
    assert_eq!(story.space.changes(), 3);
    story.run(&set_bit(false));
    story.run(&Op::Persist { db: DB, key: b"a" });
    story.get("a");
    assert_eq!(story.space.changes(), 3, "nothing changed");
    story.run(&set_bit(true));
    assert_eq!(story.space.changes(), 4);
    assert_eq!(restored(&story.space).changes(), 0);
    assert_eq!(story.space.changes(), 0, "a snapshot was begun");
    story.run(&Op::FlushAll {});
    assert_eq!(story.space.changes(), 3);
}
