//! What Redis is known to answer: groups.

use super::{After, DB, Given, Id, Op, Story, bytes, id, ids, list};
use crate::keys::Op as KeyOp;
use crate::{Fault, Outcome};

const NEW: After = After::Newest {};
const AGAIN: After = After::Id { id: Id::MIN };

fn read_and_lag(story: &mut Story) -> [Outcome; 2] {
    let Outcome::List(groups) = story.stream(Op::Groups {}) else { panic!() };
    let Outcome::List(group) = &groups[0] else { panic!() };
    [group[4].clone(), group[5].clone()]
}

fn known(read: i64, lag: i64) -> [Outcome; 2] {
    [Outcome::Int(read), Outcome::Int(lag)]
}

fn auto_claim(
    story: &mut Story,
    idle_ms: i64,
    start: Id,
    count: u64,
) -> (Outcome, Vec<String>, Vec<String>) {
    let (group, consumer, just_id): (&[u8], &[u8], _) = (b"g", b"d", true);
    let op = Op::AutoClaim { group, consumer, idle_ms, start, count, just_id };
    let Outcome::List(parts) = story.stream(op) else { panic!() };
    let [cursor, claimed, gone] = parts.try_into().unwrap();
    (cursor, ids(claimed), ids(gone))
}

#[test]
fn a_group_needs_a_stream_and_a_name_of_its_own() {
    let mut story = Story::new();
    let create = |create| Op::CreateGroup { group: b"g", id: None, read: None, create };
    assert_eq!(story.stream(create(false)), Fault::NeedsStream.into());
    assert_eq!(story.stream(create(true)), Outcome::Ok);
    assert_eq!(story.stream(create(true)), Fault::GroupExists.into());
    assert_eq!(story.stream(Op::Len {}), Outcome::Int(0));
    let destroy = || Op::DestroyGroup { group: b"g" };
    assert_eq!(story.stream(destroy()), Outcome::Int(1));
    assert_eq!(story.stream(destroy()), Outcome::Int(0));
}

#[test]
fn what_names_no_group_is_told_both_names() {
    let mut story = Story::new();
    story.add_some(1);
    let names = Outcome::Refused { fault: Fault::NoGroup, text: b"\x01s\x01x".to_vec() };
    let (group, consumer): (&[u8], &[u8]) = (b"x", b"c");
    for op in [
        Op::Pending { group },
        Op::Consumers { group },
        Op::SetGroup { group, id: None, read: None },
        Op::CreateConsumer { group, consumer },
        Op::AutoClaim { group, consumer, idle_ms: 0, start: Id::MIN, count: 1, just_id: true },
    ] {
        assert_eq!(story.stream(op.clone()), names, "{op:?}");
    }
    assert_eq!(story.stream(Op::Ack { group, ids: vec![id(1, 0)] }), Outcome::Int(0));
    // Of several streams none is read.
    story.make_group(Id::MIN);
    let (db, group, after) = (DB, &b"g"[..], vec![NEW; 2]);
    let (keys, count, no_ack) = (vec![&b"s"[..], b"t"], 0, false);
    let op = KeyOp::StreamReadGroup { db, group, consumer, keys, after, count, no_ack };
    let names = Outcome::Refused { fault: Fault::NoGroup, text: b"\x01t\x01g".to_vec() };
    assert_eq!(story.run(&op), names);
    assert_eq!(story.stream(Op::Consumers { group: b"g" }), list([]));
    // The first key that is wrong says what is wrong.
    story.set("text", "text");
    for (keys, told) in [([&b"t"[..], b"text"], names), ([b"text", b"t"], Fault::WrongType.into())]
    {
        let (keys, after) = (keys.to_vec(), vec![NEW; 2]);
        let op = KeyOp::StreamReadGroup { db, group, consumer, keys, after, count, no_ack };
        assert_eq!(story.run(&op), told);
    }
}

#[test]
fn each_entry_is_given_once_and_again_only_to_who_has_it() {
    let mut story = Story::new();
    story.add_some(4);
    story.make_group(id(1, 0));
    assert_eq!(story.read("c", NEW, 1), ["2-0"]);
    assert_eq!(story.read("d", NEW, 0), ["3-0", "4-0"]);
    assert!(story.read("c", NEW, 0).is_empty());
    assert_eq!(story.read("c", AGAIN, 0), ["2-0"]);
    assert_eq!(story.read("d", After::Id { id: id(3, 0) }, 0), ["4-0"]);
    // Who asks for nothing that is new is no consumer yet; who asks for what it has is.
    assert!(story.read("e", NEW, 0).is_empty() && story.read("f", AGAIN, 0).is_empty());
    let Outcome::List(consumers) = story.stream(Op::Consumers { group: b"g" }) else { panic!() };
    assert_eq!(consumers.len(), 3);
    assert_eq!(
        story.stream(Op::Ack { group: b"g", ids: vec![id(3, 0), id(9, 0)] }),
        Outcome::Int(1)
    );
    let pending = list([
        Outcome::Int(2),
        bytes("2-0"),
        bytes("4-0"),
        list([list([bytes("c"), bytes("1")]), list([bytes("d"), bytes("1")])]),
    ]);
    assert_eq!(story.stream(Op::Pending { group: b"g" }), pending);
}

#[test]
fn what_counts_as_acknowledged_is_not_pending() {
    let mut story = Story::new();
    story.add_some(2);
    story.make_group(Id::MIN);
    let (db, group, consumer) = (DB, &b"g"[..], &b"c"[..]);
    let (keys, after, count, no_ack) = (vec![&b"s"[..]], vec![NEW], 0, true);
    story.run(&KeyOp::StreamReadGroup { db, group, consumer, keys, after, count, no_ack });
    let nothing = list([Outcome::Int(0), Outcome::Nil, Outcome::Nil, Outcome::Nil]);
    assert_eq!(story.stream(Op::Pending { group }), nothing);
    assert_eq!(read_and_lag(&mut story), known(2, 0));
}

#[test]
fn entries_that_are_gone_are_told_to_who_has_them_and_cannot_be_claimed() {
    let mut story = Story::new();
    story.add_some(4);
    story.make_group(Id::MIN);
    story.read("c", NEW, 0);
    story.stream(Op::Delete { ids: vec![id(2, 0), id(4, 0)] });
    assert_eq!(story.read("c", AGAIN, 0), ["1-0", "2-0", "3-0", "4-0"]);
    let (cursor, claimed, gone) = auto_claim(&mut story, 0, Id::MIN, 2);
    assert_eq!((cursor, claimed, gone), (bytes("3-0"), vec!["1-0".into()], vec!["2-0".into()]));
    let (cursor, claimed, gone) = auto_claim(&mut story, 0, id(3, 0), 9);
    assert_eq!((cursor, claimed, gone), (bytes("0-0"), vec!["3-0".into()], vec!["4-0".into()]));
    assert_eq!(story.read("d", AGAIN, 0), ["1-0", "3-0"]);
}

#[test]
fn only_what_is_idle_long_enough_is_claimed() {
    let mut story = Story::new();
    story.add_some(3);
    story.make_group(Id::MIN);
    story.read("c", NEW, 2);
    story.now_ms += 100;
    story.read("c", NEW, 0);
    let (cursor, claimed, _) = auto_claim(&mut story, 50, Id::MIN, 1);
    assert_eq!((cursor, claimed), (bytes("2-0"), vec!["1-0".into()]));
    // It looks at ten entries for each that it may give.
    story.add_some(30);
    for ms in 4..30 {
        story.add(ms, 0);
    }
    story.read("c", NEW, 0);
    let (cursor, claimed, _) = auto_claim(&mut story, 1_000, Id::MIN, 1);
    assert_eq!((cursor, claimed), (bytes("11-0"), Vec::new()));
}

#[test]
fn a_claim_may_say_when_and_how_often_an_entry_was_given() {
    let mut story = Story::new();
    story.add_some(2);
    story.make_group(Id::MIN);
    let mut claim = |given, retries, force, just_id| {
        let (group, consumer): (&[u8], &[u8]) = (b"g", b"c");
        let (idle_ms, ids, last_id) = (5_000, vec![id(1, 0), id(7, 0)], Id::MIN);
        let op =
            Op::Claim { group, consumer, idle_ms, ids, given, retries, force, just_id, last_id };
        let claimed = story.stream(op);
        let (start, end, count, idle_ms, consumer) = (Id::MIN, Id::MAX, 9, 0, None);
        let op = Op::PendingRange { group, start, end, count, idle_ms, consumer };
        (claimed, story.stream(op))
    };
    let pending = |idle, count| {
        list([list([bytes("1-0"), bytes("c"), Outcome::Int(idle), Outcome::Int(count)])])
    };
    assert_eq!(claim(Given::Now {}, None, false, true), (list([]), list([])));
    let entry = list([bytes("1-0"), list([bytes("f"), bytes("v")])]);
    let given = Given::Ago { ms: 6_000 };
    assert_eq!(claim(given, None, true, false), (list([entry]), pending(6_000, 2)));
    let claimed = list([bytes("1-0")]);
    assert_eq!(claim(given, None, true, true), (claimed.clone(), pending(6_000, 2)));
    assert_eq!(claim(Given::At { ms: i64::MAX }, Some(9), false, true), (claimed, pending(0, 9)));
}

#[test]
fn a_consumer_that_goes_takes_along_what_it_has() {
    let mut story = Story::new();
    story.add_some(5);
    story.make_group(Id::MIN);
    story.read("c", NEW, 2);
    story.read("d", NEW, 0);
    let delete = |consumer| Op::DeleteConsumer { group: b"g", consumer };
    assert_eq!(story.stream(delete(b"c")), Outcome::Int(2));
    assert_eq!(story.stream(delete(b"c")), Outcome::Int(0));
    assert!(story.read("c", AGAIN, 0).is_empty());
    assert_eq!(story.read("d", AGAIN, 0), ["3-0", "4-0", "5-0"]);
}

#[test]
fn the_lag_is_known_as_long_as_nothing_was_deleted_ahead() {
    let mut story = Story::new();
    story.make_group(Id::MIN);
    assert_eq!(read_and_lag(&mut story), [Outcome::Nil, Outcome::Int(0)]);
    story.add_some(5);
    assert_eq!(read_and_lag(&mut story), [Outcome::Nil, Outcome::Int(5)]);
    story.read("c", NEW, 1);
    assert_eq!(read_and_lag(&mut story), known(1, 4));
    story.stream(Op::Delete { ids: vec![id(3, 0)] });
    assert_eq!(read_and_lag(&mut story), [Outcome::Int(1), Outcome::Nil]);
    story.read("c", NEW, 1);
    assert_eq!(read_and_lag(&mut story), [Outcome::Nil, Outcome::Nil]);
    story.read("c", NEW, 0);
    assert_eq!(read_and_lag(&mut story), known(5, 0));
    story.stream(Op::SetGroup { group: b"g", id: Some(id(1, 0)), read: Some(7) });
    assert_eq!(read_and_lag(&mut story), [Outcome::Int(7), Outcome::Nil]);
}
