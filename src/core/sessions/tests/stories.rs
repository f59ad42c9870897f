//! What becomes of a session.

use super::*;

fn no_session() -> Outcome {
    Fault::NoSession.into()
}

#[test]
fn a_session_without_a_connection_ends_after_its_time_to_live() {
    let mut rig = Rig::new();
    assert_eq!(rig.run(create(&id(1))), Outcome::Ok);
    assert_eq!(rig.table.next_deadline(), Some(NOW + TTL));
    assert!(rig.over_at(TTL - 1).is_empty());
    assert_eq!(rig.over_at(TTL), [id(1)]);
    assert_eq!(rig.over[0].delay_ms, 70);
    assert!(!rig.lives(&id(1)));
    assert!(rig.table.is_empty());
}

#[test]
fn a_session_lives_as_long_as_a_connection_is_attached_and_its_time_longer() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    let attach = |conn| Op::Attach { id: b"session-000000000001", origin: conn };
    assert_eq!(rig.run(attach(conn(1))), Outcome::Int(TTL as i64));
    assert_eq!(rig.table.next_deadline(), None, "what is attached is never due");
    rig.at(100 * TTL).run(attach(conn(2)));
    rig.gone(conn(1));
    assert!(rig.over_at(200 * TTL).is_empty(), "another one is still attached");
    rig.gone(conn(2));
    assert!(rig.over_at(201 * TTL - 1).is_empty());
    assert_eq!(rig.over_at(201 * TTL), [id(1)]);
}

#[test]
fn who_comes_back_in_time_keeps_the_session() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    rig.run(Op::Attach { id: &id(1), origin: conn(1) });
    rig.gone(conn(1));
    assert_eq!(
        rig.at(TTL - 1).run(Op::Attach { id: &id(1), origin: origin(2, 5, 9) }),
        Outcome::Int(TTL as i64)
    );
    assert!(rig.over_at(10 * TTL).is_empty());
    rig.boot(2, 6);
    assert_eq!(rig.over_at(11 * TTL), [id(1)]);
}

#[test]
fn who_comes_too_late_finds_no_session() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    for op in [
        Op::Attach { id: &id(1), origin: conn(1) },
        Op::KeepAlive { id: &id(1) },
        Op::Touch { id: &id(1), shard: ShardId(3) },
        create(&id(1)),
    ] {
        assert_eq!(rig.at(TTL).run(op), no_session());
    }
    assert_eq!(rig.run(Op::Destroy { id: &id(1) }), Outcome::Nil);
    assert_eq!(rig.run(Op::Detach { id: &id(1), origin: conn(1) }), Outcome::Int(0));
}

#[test]
fn renewals_begin_the_time_anew_and_never_shorten_it() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    assert_eq!(rig.at(4_000).run(Op::KeepAlive { id: &id(1) }), Outcome::Int(1));
    assert!(rig.over_at(4_000 + TTL - 1).is_empty());
    rig.run(Op::Attach { id: &id(1), origin: conn(1) });
    assert_eq!(rig.run(Op::KeepAlive { id: &id(1) }), Outcome::Int(1));
    assert!(rig.over_at(50 * TTL).is_empty(), "a renewal detaches nobody");
}

#[test]
fn a_connection_that_detaches_leaves_the_session_its_time() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    rig.run(Op::Attach { id: &id(1), origin: conn(1) });
    assert_eq!(rig.run(Op::Detach { id: &id(1), origin: conn(2) }), Outcome::Int(0));
    assert_eq!(rig.at(10_000).run(Op::Detach { id: &id(1), origin: conn(1) }), Outcome::Int(1));
    assert!(rig.over_at(10_000 + TTL - 1).is_empty());
    assert_eq!(rig.over_at(10_000 + TTL), [id(1)]);
}

#[test]
fn a_connection_of_a_life_that_is_over_attaches_to_nothing() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    rig.boot(1, 2);
    assert_eq!(rig.run(Op::Attach { id: &id(1), origin: origin(1, 1, 7) }), Outcome::Nil);
    assert_eq!(rig.over_at(TTL), [id(1)]);
}

#[test]
fn every_shard_that_knows_a_session_is_told_of_its_end_before_it_is_forgotten() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    for shard in [4, 2, 4] {
        let facts = Outcome::List(vec![Outcome::Int(NOW as i64), Outcome::Int(70)]);
        assert_eq!(rig.run(Op::Touch { id: &id(1), shard: ShardId(shard) }), facts);
    }
    let numbers = [2, 4].map(Outcome::Int).to_vec();
    assert_eq!(rig.run(Op::Destroy { id: &id(1) }), Outcome::List(numbers));
    assert_eq!((rig.over[0].elsewhere, rig.over[0].delay_ms), (true, 0));
    assert_eq!(rig.endings(), [(id(1), 2), (id(1), 4)]);
    let settled = |shard| Op::Settled { id: b"session-000000000001", shard: ShardId(shard) };
    assert_eq!(rig.run(settled(4)), Outcome::Int(1));
    assert_eq!(rig.run(settled(4)), Outcome::Int(0));
    assert!(rig.table.has_endings());
    assert_eq!(rig.run(settled(2)), Outcome::Int(1));
    assert!(!rig.table.has_endings() && rig.table.is_empty());
}

#[test]
fn the_word_that_a_shard_was_told_does_nothing_to_a_session_that_lives() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    rig.run(Op::Touch { id: &id(1), shard: ShardId(4) });
    assert_eq!(rig.run(Op::Settled { id: &id(1), shard: ShardId(4) }), Outcome::Int(0));
    rig.run(Op::Destroy { id: &id(1) });
    assert_eq!(rig.endings(), [(id(1), 4)]);
}

#[test]
fn a_shard_lets_in_what_was_opened_and_nothing_behind_the_end() {
    let mut rig = Rig::new();
    assert!(!rig.lives(&id(1)));
    assert_eq!(rig.run(open(&id(1), 0)), Outcome::Ok);
    assert_eq!(rig.run(open(&id(1), 0)), Outcome::Ok, "however often");
    assert_eq!(rig.table.birth_of(&id(1)), Some(NOW));
    for _ in 0..2 {
        assert_eq!(rig.run(Op::End { id: &id(1), delay_ms: 9 }), Outcome::Ok);
        assert_eq!(rig.over.len(), 1);
        assert_eq!((&*rig.over[0].id, rig.over[0].delay_ms), (&id(1)[..], 9));
    }
    assert_eq!(rig.run(open(&id(1), 1_000)), no_session());
    assert!(!rig.lives(&id(1)));
}

#[test]
fn an_opening_that_comes_behind_an_end_it_never_saw_is_refused() {
    let mut rig = Rig::new();
    rig.run(Op::End { id: &id(1), delay_ms: 0 });
    assert_eq!(rig.run(open(&id(1), 0)), no_session());
}

#[test]
fn an_opening_from_before_what_was_forgotten_has_to_ask_home_again() {
    let mut rig = Rig::new();
    rig.run(Op::End { id: &id(1), delay_ms: 0 });
    rig.at(super::super::ENDED_MS);
    let Outcome::Int(floor) = rig.run(open(&id(1), 0)) else { panic!("it may be from before") };
    assert_eq!(floor as u64, rig.at.seq);
    assert!(!rig.lives(&id(1)));
    assert_eq!(rig.run(open(&id(2), floor as u64)), Outcome::Ok);
}

#[test]
fn home_lets_in_what_lives_there_without_being_asked() {
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    assert!(rig.lives(&id(1)));
    assert_eq!(rig.run(open(&id(1), 0)), Outcome::Ok);
    assert_eq!(rig.table.guests(), 0);
    rig.run(Op::Touch { id: &id(1), shard: ShardId(1) });
    rig.run(Op::Destroy { id: &id(1) });
    assert!(!rig.lives(&id(1)), "also while others are still to be told");
    assert_eq!(rig.run(open(&id(1), 99)), no_session());
}

#[test]
fn what_is_told_of_a_session_is_how_it_stands() {
    let mut rig = Rig::new();
    let info = |rig: &mut Rig| rig.run(Op::Info { id: b"session-000000000001" });
    assert_eq!(info(&mut rig), Outcome::Nil);
    rig.run(create(&id(1)));
    rig.run(Op::Attach { id: &id(1), origin: origin(3, 2, 8) });
    rig.run(Op::Touch { id: &id(1), shard: ShardId(5) });
    let facts = |state: &str, left_ms, connections| {
        Outcome::List(vec![
            Outcome::Bytes(b"worker".to_vec()),
            Outcome::Bytes(state.into()),
            Outcome::Int(TTL as i64),
            Outcome::Int(left_ms),
            Outcome::Int(if state == "ending" { 0 } else { 70 }),
            Outcome::Int(NOW as i64),
            Outcome::List(connections),
            Outcome::List(vec![Outcome::Int(5)]),
        ])
    };
    assert_eq!(info(&mut rig), facts("attached", -1, vec![Outcome::Bytes(b"3-2-8".to_vec())]));
    rig.gone(origin(3, 2, 8));
    rig.at(1_000);
    assert_eq!(info(&mut rig), facts("detached", 4_000, Vec::new()));
    rig.run(Op::Destroy { id: &id(1) });
    assert_eq!(info(&mut rig), facts("ending", 0, Vec::new()));
}

#[test]
fn a_read_that_meets_a_session_that_is_due_asks_for_a_tick() {
    use crate::Read;
    let mut rig = Rig::new();
    rig.run(create(&id(1)));
    let info = Op::Info { id: &id(1) };
    assert!(matches!(rig.table.read(NOW + TTL - 1, NOW, &info), Read::Done(Outcome::List(_))));
    assert_eq!(rig.table.read(NOW + TTL, NOW, &info), Read::TickFirst);
    rig.over_at(TTL);
    assert_eq!(rig.table.read(NOW + TTL, NOW, &info), Read::Done(Outcome::Nil));
}

#[test]
fn a_walk_over_all_sessions_finds_those_that_are_there_all_the_time() {
    let mut rig = Rig::new();
    (0..25).for_each(|number| drop(rig.run(create(&id(number)))));
    rig.run(Op::Destroy { id: &id(3) });
    let (mut cursor, mut found) = (0, Vec::new());
    loop {
        let Outcome::List(parts) = rig.run(Op::List { cursor, count: 4 }) else { panic!() };
        let [Outcome::Int(next), Outcome::List(ids)] = &parts[..] else { panic!() };
        found.extend(ids.iter().cloned());
        rig.run(create(&id(100 + *next as u64)));
        if *next == 0 || found.len() > 24 {
            break;
        }
        cursor = *next as u64;
    }
    let there = (0..25).filter(|number| *number != 3);
    assert!(there.map(|number| Outcome::Bytes(id(number))).all(|id| found.contains(&id)));
}

#[test]
fn what_happened_is_counted() {
    let mut rig = Rig::new();
    (0..3).for_each(|number| drop(rig.run(create(&id(number)))));
    rig.run(Op::Touch { id: &id(0), shard: ShardId(1) });
    rig.run(Op::Destroy { id: &id(0) });
    rig.run(open(&id(50), 0));
    rig.at(TTL);
    let numbers = [0, 1, 1, 3, 1, 2].map(Outcome::Int).to_vec();
    assert_eq!(rig.run(Op::Stats {}), Outcome::List(numbers));
}
