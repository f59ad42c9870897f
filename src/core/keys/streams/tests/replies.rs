//! What Redis is known to answer: entries.

use super::{
    After, BLOCK, DB, Given, Id, NewId, Op, Story, Trim, adding, bytes, id, ids, list, max_len,
};
use crate::keys::Op as KeyOp;
use crate::{Fault, Outcome};

fn add(story: &mut Story, new: NewId) -> Outcome {
    let fields: [(&[u8], &[u8]); 1] = [(b"f", b"v")];
    story.stream(adding(new, &fields, Trim::Never {}, BLOCK))
}

fn trim(story: &mut Story, trim: Trim) -> Outcome {
    story.stream(Op::Trim { trim })
}

#[test]
fn ids_come_from_the_clock_and_never_go_back() {
    let mut story = Story::new();
    story.now_ms = 50;
    assert_eq!(add(&mut story, NewId::Auto {}), bytes("50-0"));
    assert_eq!(add(&mut story, NewId::Auto {}), bytes("50-1"));
    story.now_ms = 40;
    assert_eq!(add(&mut story, NewId::Auto {}), bytes("50-2"));
    assert_eq!(add(&mut story, NewId::Of { ms: 50 }), bytes("50-3"));
    assert_eq!(add(&mut story, NewId::Of { ms: 60 }), bytes("60-0"));
    assert_eq!(add(&mut story, NewId::Of { ms: 59 }), Fault::IdTooSmall.into());
    assert_eq!(story.add(60, 0), Fault::IdTooSmall.into());
    assert_eq!(story.add(61, u64::MAX), bytes("61-18446744073709551615"));
    assert_eq!(add(&mut story, NewId::Of { ms: 61 }), Fault::IdTooSmall.into());
    assert_eq!(add(&mut story, NewId::Auto {}), bytes("62-0"));
    story.stream(Op::SetId { id: Id::MAX, added: None, max_deleted: Id::MIN });
    assert_eq!(add(&mut story, NewId::Auto {}), Fault::NoIdLeft.into());
}

#[test]
fn a_stream_is_made_only_where_that_is_wanted_and_stays_when_it_is_empty() {
    let mut story = Story::new();
    let fields = vec![(&b"f"[..], &b"v"[..])];
    let (block_entries_max, block_bytes_max) = BLOCK;
    let (id_new, trim_to) = (NewId::Auto {}, max_len(0, false, 0));
    let op = |create| Op::Add {
        id: id_new,
        fields: fields.clone(),
        create,
        trim: trim_to,
        block_entries_max,
        block_bytes_max,
    };
    assert_eq!(story.stream(op(false)), Outcome::Nil);
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"s"] }), Outcome::Int(0));
    assert!(matches!(story.stream(op(true)), Outcome::Bytes(_)));
    assert_eq!(story.stream(Op::Len {}), Outcome::Int(0));
    assert_eq!(story.run(&KeyOp::Exists { db: DB, keys: vec![b"s"] }), Outcome::Int(1));
    // An id of an entry that is gone is not given again.
    assert_eq!(story.add(1, 0), Fault::IdTooSmall.into());
}

#[test]
fn other_types_are_refused() {
    let mut story = Story::new();
    story.set("s", "text");
    for op in [
        Op::Len {},
        Op::Info {},
        Op::Delete { ids: vec![id(1, 0)] },
        Op::CreateGroup { group: b"g", id: None, read: None, create: true },
    ] {
        assert_eq!(story.stream(op), Fault::WrongType.into());
    }
    assert_eq!(story.add(1, 0), Fault::WrongType.into());
    let (db, keys, after) = (DB, vec![&b"s"[..]], vec![After::Newest {}]);
    let read = KeyOp::StreamRead { db, keys, after, count: 0 };
    assert_eq!(story.run(&read), Fault::WrongType.into());
}

#[test]
fn only_whole_blocks_go_where_that_is_said() {
    let mut story = Story::new();
    story.add_some(250);
    assert_eq!(trim(&mut story, max_len(240, true, 0)), Outcome::Int(0));
    assert_eq!(trim(&mut story, max_len(150, true, 99)), Outcome::Int(0));
    assert_eq!(trim(&mut story, max_len(150, true, 100)), Outcome::Int(100));
    let below = |ms| Trim::MinId { id: id(ms, 0), blocks: true, limit: 0 };
    assert_eq!(trim(&mut story, below(200)), Outcome::Int(0));
    assert_eq!(trim(&mut story, below(201)), Outcome::Int(100));
    assert_eq!(trim(&mut story, max_len(0, true, 0)), Outcome::Int(50));
    assert_eq!(story.stream(Op::Len {}), Outcome::Int(0));
}

#[test]
fn deleted_entries_count_for_the_room_of_a_block() {
    let mut story = Story::new();
    story.add_some(100);
    story.stream(Op::Delete { ids: (2..=100).map(|ms| id(ms, 0)).collect() });
    story.add(101, 0);
    let Outcome::List(info) = story.stream(Op::Info {}) else { panic!() };
    assert_eq!(info[..2], [Outcome::Int(2), Outcome::Int(2)]);
    story.stream(Op::Delete { ids: vec![id(1, 0)] });
    let Outcome::List(info) = story.stream(Op::Info {}) else { panic!() };
    assert_eq!(info[..2], [Outcome::Int(1), Outcome::Int(1)]);
}

#[test]
fn the_last_id_may_go_back_behind_entries_that_are_gone() {
    let mut story = Story::new();
    story.add_some(10);
    story.stream(Op::Delete { ids: vec![id(9, 0), id(10, 0)] });
    let set = |ms| Op::SetId { id: id(ms, 0), added: None, max_deleted: Id::MIN };
    assert_eq!(story.stream(set(7)), Fault::IdTooSmall.into());
    assert_eq!(story.stream(set(8)), Outcome::Ok);
    assert_eq!(story.add(9, 0), bytes("9-0"));
    let all = |reverse| Op::Range { start: id(8, 0), end: id(9, 0), reverse, count: None };
    assert_eq!(ids(story.stream(all(false))), ["8-0", "9-0"]);
    assert_eq!(ids(story.stream(all(true))), ["9-0", "8-0"]);
    assert_eq!(story.stream(Op::Delete { ids: vec![id(9, 0)] }), Outcome::Int(1));
    let copy = crate::keys::tests::restored(&story.space);
    assert_eq!(copy.state_digest(), story.space.state_digest());
    let too_few = Op::SetId { id: id(20, 0), added: Some(7), max_deleted: Id::MIN };
    assert_eq!(story.stream(too_few), Fault::AddedTooFew.into());
}

#[test]
fn reading_goes_on_behind_an_entry() {
    let mut story = Story::new();
    story.add_some(5);
    let mut read = |after, count| {
        let (db, keys) = (DB, vec![&b"none"[..], b"s"]);
        story.run(&KeyOp::StreamRead { db, keys, after: vec![after; 2], count })
    };
    let Outcome::List(parts) = read(After::Id { id: id(3, 0) }, 0) else { panic!() };
    assert_eq!(
        (parts[0].clone(), ids(parts[1].clone())),
        (bytes("s"), vec!["4-0".into(), "5-0".into()])
    );
    let Outcome::List(parts) = read(After::Id { id: Id::MIN }, 2) else { panic!() };
    assert_eq!(ids(parts[1].clone()), ["1-0", "2-0"]);
    for after in [After::Newest {}, After::Id { id: id(5, 0) }, After::Id { id: Id::MAX }] {
        assert_eq!(read(after, 0), Outcome::Nil);
    }
}

#[test]
fn entries_and_blocks_have_an_end() {
    let mut story = Story::new();
    let any = (0, 0);
    let large = vec![b'v'; 40 << 20];
    let parts: Vec<(&[u8], &[u8])> = vec![(b"f", &large); 4];
    for (count, told) in [(1, true), (1, true), (3, true), (4, false)] {
        let op = adding(NewId::Auto {}, &parts[..count], Trim::Never {}, any);
        let added = story.stream(op);
        assert_eq!(matches!(added, Outcome::Bytes(_)), told, "{count}");
        assert!(told || added == Fault::EntryTooBig.into());
    }
    // None of them shares its block with another one that is as large.
    let Outcome::List(info) = story.stream(Op::Info {}) else { panic!() };
    assert_eq!(info[1], Outcome::Int(3));
    let longest = story.space.freeze().chunks().map(|chunk| chunk.len()).max();
    assert!(longest < Some(200 << 20), "{longest:?}");
}

#[test]
fn a_range_of_nothing_is_told_from_none() {
    let mut story = Story::new();
    let range = |count| Op::Range { start: Id::MIN, end: Id::MAX, reverse: false, count };
    assert_eq!(story.stream(range(Some(0))), list([]));
    story.add_some(1);
    assert_eq!(story.stream(range(Some(0))), Outcome::Nil);
    let entry = list([bytes("1-0"), list([bytes("f"), bytes("v")])]);
    assert_eq!(story.stream(range(None)), list([entry]));
}

#[test]
fn what_is_not_there_is_told() {
    let mut story = Story::new();
    for op in [Op::Info {}, Op::Groups {}, Op::Consumers { group: b"g" }] {
        assert_eq!(story.stream(op), Fault::NoSuchKey.into());
    }
    assert_eq!(story.stream(Op::Delete { ids: vec![id(1, 0)] }), Outcome::Int(0));
    assert_eq!(trim(&mut story, max_len(0, false, 0)), Outcome::Int(0));
    let set = Op::SetId { id: id(1, 0), added: None, max_deleted: Id::MIN };
    assert_eq!(story.stream(set), Fault::NoSuchKey.into());
}

#[test]
fn watch_sees_entries_that_come_and_go_and_nothing_else() {
    let mut story = Story::new();
    story.add_some(3);
    let mut version = 0;
    let mut changed = |story: &mut Story| {
        let now = story.space.version_of(DB, b"s", story.now_ms);
        std::mem::replace(&mut version, now) != now
    };
    changed(&mut story);
    story.space.note_touched(true);
    let given = Given::Now {};
    let (group, consumer): (&[u8], &[u8]) = (b"g", b"c");
    for op in [
        Op::CreateGroup { group, id: Some(Id::MIN), read: None, create: false },
        Op::CreateConsumer { group, consumer },
        Op::Claim {
            group,
            consumer,
            idle_ms: 0,
            ids: vec![id(1, 0)],
            given,
            retries: None,
            force: true,
            just_id: false,
            last_id: Id::MIN,
        },
        Op::Ack { group, ids: vec![id(1, 0)] },
        Op::SetId { id: id(5, 0), added: None, max_deleted: Id::MIN },
    ] {
        story.stream(op.clone());
        assert!(!changed(&mut story), "{op:?}");
        // Those who keep copies are told all the same.
        assert!(story.space.take_touched().is_some(), "{op:?}");
    }
    story.stream(Op::Delete { ids: vec![id(9, 0)] });
    assert!(!changed(&mut story) && story.space.take_touched().is_none());
    for op in [Op::Delete { ids: vec![id(1, 0)] }, Op::Trim { trim: max_len(0, false, 0) }] {
        story.stream(op.clone());
        assert!(changed(&mut story) && story.space.take_touched().is_some(), "{op:?}");
    }
}
