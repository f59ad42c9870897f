//! What happens to one key.

use super::*;

#[test]
fn one_of_many_who_miss_a_key_makes_the_value_and_all_get_it() {
    let mut story = Story::new();
    let token = story.token(b"k");
    assert_eq!(story.ask(b"k"), Outcome::Int(TTL as i64), "somebody makes it");
    (1..=3).for_each(|conn| story.wait(b"k", conn, 0));
    assert_eq!(story.hand_in(b"k", token, b"v"), Outcome::Ok);
    let told: Vec<_> = (1..=3).map(|conn| (conn, bytes(b"v"))).collect();
    assert_eq!(story.answers(), told);
    assert_eq!((story.get(b"k"), story.ask(b"k")), (bytes(b"v"), bytes(b"v")));
    assert_eq!(story.hand_in(b"k", token, b"again"), Outcome::Nil, "a token is good once");
    assert!(story.shard.keys().fills().is_empty());
}

/// What a value was made from may be out of date as soon as anybody writes or deletes.
#[test]
fn whoever_writes_or_deletes_in_between_ends_the_token() {
    let never = Expiry::Never {};
    let del = |name| keys::Op::Del { db: DB, keys: vec![name] };
    let past = |name| {
        let Op::Key { op } = set(name, b"w", Expiry::At { ms: 1 }) else { unreachable!() };
        op
    };
    let written = |name| {
        let Op::Key { op } = set(name, b"w", never) else { unreachable!() };
        op
    };
    let ways: [(&str, keys::Op<'_>, Outcome); 9] = [
        ("SET", written(b"k"), bytes(b"w")),
        ("SET of the past", past(b"k"), Outcome::Nil),
        ("DEL of nothing", del(b"k"), Outcome::Nil),
        ("GETDEL of nothing", keys::Op::GetDel { db: DB, key: b"k" }, Outcome::Nil),
        ("FLUSHDB", keys::Op::FlushDb { db: DB }, Outcome::Nil),
        ("FLUSHALL", keys::Op::FlushAll {}, Outcome::Nil),
        ("SWAPDB", keys::Op::SwapDb { a: Db(5), b: DB }, Outcome::Nil),
        ("EVICT", keys::Op::Evict { keys: vec![(DB, b"k")] }, Outcome::Nil),
        (
            "MSET",
            keys::Op::MSet { db: DB, pairs: vec![(b"x", b"1"), (b"k", b"w")], only_new: false },
            bytes(b"w"),
        ),
    ];
    for (name, op, then) in ways {
        let mut story = Story::new();
        let token = story.token(b"k");
        story.key(op);
        assert_eq!(story.hand_in(b"k", token, b"late"), Outcome::Nil, "{name}");
        assert_eq!(story.get(b"k"), then, "{name}");
    }
}

#[test]
fn what_changes_only_what_is_there_ends_no_token() {
    let mut story = Story::new();
    let token = story.token(b"k");
    story.key(keys::Op::GetEx { db: DB, key: b"k", expiry: Expiry::In { ms: 5 } });
    story.key(keys::Op::Persist { db: DB, key: b"k" });
    story.key(keys::Op::Del { db: Db(9), keys: vec![b"k"] });
    story.key(keys::Op::Copy { db: DB, from: b"k", to_db: DB, to: b"other", replace: true });
    assert_eq!(story.hand_in(b"k", token, b"v"), Outcome::Ok);
}

#[test]
fn who_waits_gets_what_is_written_and_makes_the_value_when_it_is_deleted() {
    let mut story = Story::new();
    story.token(b"k");
    story.wait(b"k", 1, 0);
    story.wait(b"k", 2, 0);
    story.key(keys::Op::Del { db: DB, keys: vec![b"k"] });
    let answers = story.answers();
    let [(1, told)] = &answers[..] else { panic!("{answers:?}") };
    let second = token(told).unwrap();
    story.run(&set(b"k", b"w", Expiry::Never {}));
    assert_eq!(story.answers(), [(2, bytes(b"w"))]);
    assert_eq!(story.hand_in(b"k", second, b"late"), Outcome::Nil);
}

#[test]
fn a_filler_that_dies_is_followed_by_the_next_one() {
    let mut story = Story::new();
    let first = story.token(b"k");
    story.wait(b"k", 1, 0);
    assert_eq!(story.shard.next_deadline(), Some(NOW + TTL));
    story.now_ms = NOW + TTL;
    story.run(&Op::Tick {});
    let answers = story.answers();
    let [(1, told)] = &answers[..] else { panic!("{answers:?}") };
    let second = token(told).unwrap();
    assert!(second > first);
    assert_eq!(story.hand_in(b"k", first, b"late"), Outcome::Nil);
    assert_eq!(story.hand_in(b"k", second, b"v"), Outcome::Ok);
}

#[test]
fn who_gives_a_token_back_lets_the_next_one_begin() {
    let mut story = Story::new();
    let first = story.token(b"k");
    story.wait(b"k", 1, 0);
    let abort = |token| keys::Op::FillAbort { db: DB, key: b"k", token };
    assert_eq!(story.key(abort(first + 1)), Outcome::Int(0));
    assert_eq!(story.key(abort(first)), Outcome::Int(1));
    assert!(token(&story.answers()[0].1).is_some());
    assert_eq!(story.key(abort(first)), Outcome::Int(0));
}

#[test]
fn a_wait_ends_in_time_and_a_connection_that_ends_waits_no_more() {
    let mut story = Story::new();
    story.token(b"k");
    story.wait(b"k", 1, 10);
    story.wait(b"k", 2, 0);
    story.run(&Op::Gone { origin: origin(2) });
    story.now_ms = NOW + 10;
    story.run(&Op::Tick {});
    assert_eq!(story.answers(), [(1, Outcome::Nil)]);
    assert!(story.shard.keys().waits().is_empty());
}

/// A node that has an answer says so; until then the token may never have come.
#[test]
fn a_token_that_was_never_told_goes_to_the_next_one() {
    let mut story = Story::new();
    let token_of = story.token(b"k");
    for conn in [1, 2] {
        let Op::Key { op: keys::Op::PopOrWait { db, keys, want, wait, .. } } =
            fill(DB, b"k", TTL, Some((conn, 0)))
        else {
            unreachable!()
        };
        story.key(keys::Op::PopOrWait { db, keys, want, wait, keep: true });
    }
    story.key(keys::Op::FillAbort { db: DB, key: b"k", token: token_of });
    assert_eq!(story.answers().len(), 1);
    story.run(&Op::Gone { origin: origin(1) });
    let answers = story.answers();
    let [(2, told)] = &answers[..] else { panic!("{answers:?}") };
    let token = token(told).unwrap();
    assert_eq!(story.key(keys::Op::ConfirmWait { origin: origin(2), request: 1 }), Outcome::Int(1));
    story.run(&Op::Gone { origin: origin(2) });
    assert_eq!(story.hand_in(b"k", token, b"v"), Outcome::Ok);
}

#[test]
fn another_type_is_refused_also_to_those_who_wait() {
    let mut story = Story::new();
    story.token(b"k");
    story.wait(b"k", 1, 0);
    let push = keys::lists::Op::Push { values: vec![b"x"], front: true, only_there: false };
    story.key(keys::Op::List { db: DB, key: b"k", op: push });
    let wrong: Outcome = Fault::WrongType.into();
    assert_eq!(story.answers(), [(1, wrong.clone())]);
    assert_eq!(story.ask(b"k"), wrong);
}

#[test]
fn a_transaction_asks_without_waiting_and_hands_in() {
    let mut story = Story::new();
    let ops = encoded(&[fill(DB, b"k", TTL, Some((1, 0))), fill(DB, b"k", TTL, Some((1, 0)))]);
    let Outcome::List(outcomes) = story.run(&transaction(&ops, 2, Vec::new())) else { panic!() };
    let token = token(&outcomes[0]).unwrap();
    assert_eq!(outcomes[1], Outcome::Int(TTL as i64));
    let expiry = Expiry::In { ms: 5 };
    let ops = encoded(&[key(keys::Op::FillSet { db: DB, key: b"k", token, value: b"v", expiry })]);
    assert_eq!(story.run(&transaction(&ops, 1, Vec::new())), Outcome::List(vec![Outcome::Ok]));
    story.now_ms += 5;
    assert_eq!(story.get(b"k"), Outcome::Nil, "its time is over");
}

#[test]
fn there_are_limits() {
    let mut story = Story::new();
    for number in 0..FILLS_MAX {
        story.token(&number.to_be_bytes());
    }
    let refused = story.ask(b"one more");
    assert!(matches!(refused, Outcome::Refused { fault: Fault::Limit, .. }), "{refused:?}");
    story.now_ms += TTL;
    assert!(token(&story.ask(b"one more")).is_some(), "tokens end");
    let mut story = Story::new();
    let name = vec![b'n'; keys::fills::FILLED_BYTES_MAX];
    story.token(&name);
    assert!(matches!(story.ask(b"x"), Outcome::Refused { fault: Fault::Limit, .. }));
}
