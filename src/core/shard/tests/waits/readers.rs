//! Who reads streams and waits.

use super::*;
use crate::Fault;
use crate::keys::streams::{self, After, Id, NewId, Trim};
use crate::keys::waits::{WOKEN_BYTES_MAX, WOKEN_COUNT_MAX};

pub(super) fn add<'a>(db: Db, key: &'a [u8], ms: u64, value: &'a [u8]) -> keys::Op<'a> {
    let op = streams::Op::Add {
        id: NewId::Is { id: Id { ms, seq: 0 } },
        fields: vec![(b"f", value)],
        create: true,
        trim: Trim::Never {},
        block_entries_max: 100,
        block_bytes_max: 4096,
    };
    keys::Op::Stream { db, key, op }
}

pub(super) fn group<'a>(db: Db, key: &'a [u8], group: &'a [u8]) -> keys::Op<'a> {
    let op = streams::Op::CreateGroup { group, id: None, read: None, create: true };
    keys::Op::Stream { db, key, op }
}

pub(super) fn no_group<'a>(db: Db, key: &'a [u8], group: &'a [u8]) -> keys::Op<'a> {
    keys::Op::Stream { db, key, op: streams::Op::DestroyGroup { group } }
}

pub(super) fn newest(keys: usize) -> Want<'static> {
    Want::Entries { after: vec![After::Newest {}; keys], count: 0 }
}

pub(super) fn in_group<'a>(group: &'a [u8], consumer: &'a [u8], keys: usize) -> Want<'a> {
    let after = vec![After::Newest {}; keys];
    Want::GroupEntries { group, consumer, after, count: 0, no_ack: false }
}

/// The key and the times of the entries somebody got.
pub(super) type Got = (Vec<u8>, Vec<u64>);

pub(super) fn got(outcome: &Outcome) -> Got {
    let Outcome::List(parts) = outcome else { panic!("{outcome:?}") };
    let [Outcome::Bytes(key), Outcome::List(entries)] = &parts[..] else { panic!("{outcome:?}") };
    let ms = |entry: &Outcome| match entry {
        Outcome::List(parts) => match &parts[0] {
            Outcome::Bytes(id) => {
                let text = String::from_utf8(id.clone()).unwrap();
                text.split('-').next().unwrap().parse().unwrap()
            }
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    (key.clone(), entries.iter().map(ms).collect())
}

impl Story {
    fn does(&mut self, op: keys::Op<'_>) -> Outcome {
        self.run(&key(op))
    }

    fn reads(&mut self, conn: u64, keys: &[&[u8]], want: Want<'_>) {
        assert_eq!(self.run(&wait(conn, keys, want, 0, false)), Outcome::Waits);
    }

    /// Who got entries of which key.
    fn readers(&mut self) -> Vec<(u64, Got)> {
        self.answers().iter().map(|(conn, outcome)| (*conn, got(outcome))).collect()
    }
}

#[test]
fn everyone_who_reads_gets_what_is_new_since_the_call() {
    let mut story = Story::new();
    story.does(add(DB, b"s", 1, b"v"));
    story.reads(1, &[b"s"], newest(1));
    story.reads(2, &[b"t", b"s"], newest(2));
    let later = Want::Entries { after: vec![After::Id { id: Id { ms: 3, seq: 0 } }], count: 0 };
    story.reads(3, &[b"s"], later);
    story.does(add(DB, b"s", 2, b"v"));
    let entries = || (b"s".to_vec(), vec![2]);
    assert_eq!(story.readers(), [(1, entries()), (2, entries())]);
    story.does(add(DB, b"s", 3, b"v"));
    assert_eq!(story.readers(), []);
    story.does(add(DB, b"s", 4, b"v"));
    assert_eq!(story.readers(), [(3, (b"s".to_vec(), vec![4]))]);
    assert!(story.shard.keys().waits().is_empty());
}

#[test]
fn of_a_group_who_came_first_gets_what_is_new() {
    let mut story = Story::new();
    for name in [&b"g"[..], b"h"] {
        story.does(group(DB, b"s", name));
    }
    story.reads(1, &[b"s"], in_group(b"g", b"c", 1));
    story.reads(2, &[b"s"], in_group(b"g", b"d", 1));
    story.reads(3, &[b"s"], in_group(b"h", b"c", 1));
    story.does(add(DB, b"s", 1, b"v"));
    assert_eq!(story.readers(), [(1, (b"s".to_vec(), vec![1])), (3, (b"s".to_vec(), vec![1]))]);
    story.does(add(DB, b"s", 2, b"v"));
    assert_eq!(story.readers(), [(2, (b"s".to_vec(), vec![2]))]);
    let pending = streams::Op::Pending { group: b"g" };
    let Outcome::List(parts) = story.does(keys::Op::Stream { db: DB, key: b"s", op: pending })
    else {
        panic!()
    };
    assert_eq!(parts[0], Outcome::Int(2), "what is given is pending");
}

#[test]
fn what_is_there_comes_at_once_and_a_transaction_never_waits() {
    let mut story = Story::new();
    story.does(add(DB, b"s", 1, b"v"));
    let all = Want::Entries { after: vec![After::Id { id: Id::MIN }], count: 0 };
    let outcome = story.run(&wait(1, &[b"s"], all, 0, true));
    assert_eq!(got(&outcome), (b"s".to_vec(), vec![1]));
    let only = encoded(&[wait(2, &[b"s"], newest(1), 0, false)]);
    let nothing = Outcome::List(vec![Outcome::Nil]);
    assert_eq!(story.run(&transaction(&only, 1, Vec::new())), nothing);
    assert!(story.shard.keys().waits().is_empty());
}

#[test]
fn who_reads_in_a_group_is_told_when_that_is_gone_and_others_wait_on() {
    let del = || keys::Op::Del { db: DB, keys: vec![b"s"] };
    let rename = keys::Op::Rename { db: DB, from: b"s", to: b"t", only_new: false };
    let expire = keys::Op::Expire {
        db: DB,
        key: b"s",
        expiry: keys::Expiry::In { ms: -1 },
        when: keys::ExpireWhen::Always {},
    };
    let Op::Key { op: text } = set(b"s", b"v", keys::Expiry::Never {}) else { unreachable!() };
    let swap = keys::Op::SwapDb { a: DB, b: Db(3) };
    let gone = [del(), rename, expire, text, keys::Op::FlushAll {}, swap];
    for op in gone {
        let mut story = Story::new();
        story.does(group(DB, b"s", b"g"));
        story.reads(1, &[b"s"], newest(1));
        story.reads(2, &[b"s"], in_group(b"g", b"c", 1));
        story.reads(3, &[b"s"], in_group(b"g", b"c", 1));
        story.does(op.clone());
        let told = Outcome::from(Fault::StreamGone);
        assert_eq!(story.answers(), [(2, told.clone()), (3, told)], "{op:?}");
        assert_eq!(story.shard.keys().waits().len(), 1);
    }
    let mut story = Story::new();
    story.does(group(DB, b"s", b"g"));
    story.does(group(DB, b"s", b"h"));
    story.reads(1, &[b"s"], in_group(b"g", b"c", 1));
    story.reads(2, &[b"s"], in_group(b"h", b"c", 1));
    story.does(no_group(DB, b"s", b"g"));
    assert_eq!(story.answers(), [(1, Fault::GroupGone.into())]);
    // Gone and there again, in one transaction.
    let ops = encoded(&[key(del()), key(group(DB, b"s", b"h"))]);
    story.run(&transaction(&ops, 2, Vec::new()));
    assert_eq!(story.answers(), []);
}

#[test]
fn a_stream_that_ends_in_time_is_gone() {
    let mut story = Story::new();
    story.does(group(DB, b"s", b"g"));
    let at = keys::Expiry::At { ms: (NOW + 10) as i64 };
    let when = keys::ExpireWhen::Always {};
    story.does(keys::Op::Expire { db: DB, key: b"s", expiry: at, when });
    story.reads(1, &[b"s"], in_group(b"g", b"c", 1));
    story.now_ms += 10;
    story.run(&Op::Tick {});
    assert_eq!(story.answers(), [(1, Fault::StreamGone.into())]);
}

#[test]
fn entries_that_are_gone_again_wake_nobody() {
    let mut story = Story::new();
    story.reads(1, &[b"s"], newest(1));
    let gone = streams::Op::Delete { ids: vec![Id { ms: 1, seq: 0 }] };
    let delete = keys::Op::Stream { db: DB, key: b"s", op: gone };
    let ops = encoded(&[key(add(DB, b"s", 1, b"v")), key(delete)]);
    story.run(&transaction(&ops, 2, Vec::new()));
    assert_eq!(story.answers(), []);
}

#[test]
fn who_has_waited_gets_no_more_than_an_answer_may_have() {
    let mut story = Story::new();
    let large = vec![b'x'; WOKEN_BYTES_MAX / 2];
    story.does(group(DB, b"s", b"g"));
    story.reads(1, &[b"s"], newest(1));
    story.reads(2, &[b"s"], in_group(b"g", b"c", 1));
    story.reads(3, &[b"s"], in_group(b"g", b"c", 1));
    let ops: Vec<Op<'_>> = (1..=4).map(|ms| key(add(DB, b"s", ms, &large))).collect();
    story.run(&transaction(&encoded(&ops), 4, Vec::new()));
    let first = (b"s".to_vec(), vec![1, 2]);
    let rest = (b"s".to_vec(), vec![3, 4]);
    assert_eq!(story.readers(), [(1, first.clone()), (2, first), (3, rest)]);
    story.reads(4, &[b"t"], newest(1));
    let more = WOKEN_COUNT_MAX + 1;
    let ops: Vec<Op<'_>> = (1..=more).map(|ms| key(add(DB, b"t", ms, b"v"))).collect();
    story.run(&transaction(&encoded(&ops), more as u32, Vec::new()));
    assert_eq!(story.readers()[0].1.1.len() as u64, WOKEN_COUNT_MAX);
}

#[test]
fn lines_of_readers_go_through_a_snapshot() {
    let mut story = Story::new();
    story.does(group(DB, b"b", b"g"));
    story.does(add(DB, b"a", 5, b"v"));
    story.reads(1, &[b"b", b"a", b"b"], newest(3));
    story.reads(2, &[b"b"], in_group(b"g", b"c", 1));
    let digest = story.shard.state_digest();
    story.shard = Shard::restore(story.shard.freeze().chunks()).unwrap();
    assert_eq!(story.shard.state_digest(), digest);
    story.does(add(DB, b"a", 6, b"v"));
    assert_eq!(story.readers(), [(1, (b"a".to_vec(), vec![6]))]);
    story.does(add(DB, b"b", 1, b"v"));
    assert_eq!(story.readers(), [(2, (b"b".to_vec(), vec![1]))]);
}
