//! Every limit is reached.

use super::*;
use crate::sessions::{
    DELAY_MS_MAX, ENDED_MAX, ID_BYTES_MAX, ID_BYTES_MIN, NAME_BYTES_MAX, TTL_MS_MAX, TTL_MS_MIN,
};

fn limited(sessions: usize, guests: usize, connections: usize) -> Rig {
    let mut rig = Rig::new();
    rig.table.limits = Limits { sessions, guests, connections };
    rig
}

fn limit() -> Outcome {
    Fault::Limit.into()
}

#[test]
fn a_shard_is_home_to_so_many_sessions_those_counted_that_others_must_be_told_of() {
    let mut rig = limited(2, 9, 9);
    rig.run(create(&id(1)));
    rig.run(create(&id(2)));
    assert_eq!(rig.run(create(&id(3))), limit());
    assert_eq!(rig.run(create(&id(2))), Outcome::Ok, "it is there");
    rig.run(Op::Touch { id: &id(1), shard: ShardId(1) });
    rig.run(Op::Destroy { id: &id(1) });
    assert_eq!(rig.run(create(&id(3))), limit());
    rig.run(Op::Settled { id: &id(1), shard: ShardId(1) });
    assert_eq!(rig.run(create(&id(3))), Outcome::Ok);
}

#[test]
fn a_shard_lets_so_many_sessions_with_other_homes_in() {
    let mut rig = limited(9, 1, 9);
    rig.run(open(&id(1), 0));
    assert_eq!(rig.run(open(&id(2), 0)), limit());
    rig.run(Op::End { id: &id(1), delay_ms: 0 });
    assert_eq!(rig.run(open(&id(2), 0)), Outcome::Ok);
}

#[test]
fn so_many_connections_are_attached_to_a_session() {
    let mut rig = limited(9, 9, 2);
    rig.run(create(&id(1)));
    let attach = |number| Op::Attach { id: b"session-000000000001", origin: conn(number) };
    rig.run(attach(1));
    rig.run(attach(2));
    assert_eq!(rig.run(attach(3)), limit());
    assert_eq!(rig.run(attach(2)), Outcome::Int(TTL as i64), "it is attached");
    rig.gone(conn(1));
    assert_eq!(rig.run(attach(3)), Outcome::Int(TTL as i64));
}

#[test]
fn what_is_out_of_bounds_is_no_session() {
    let long = vec![b'x'; ID_BYTES_MAX.max(NAME_BYTES_MAX) + 1];
    let id = id(1);
    let with = |id, ttl_ms, name, delay_ms| Op::Create { id, ttl_ms, name, delay_ms };
    for op in [
        with(&long[..ID_BYTES_MIN - 1], TTL, b"", 0),
        with(&long[..ID_BYTES_MAX + 1], TTL, b"", 0),
        with(&id, TTL_MS_MIN - 1, b"", 0),
        with(&id, TTL_MS_MAX + 1, b"", 0),
        with(&id, TTL, &long[..NAME_BYTES_MAX + 1], 0),
        with(&id, TTL, b"", DELAY_MS_MAX + 1),
        Op::End { id: &long, delay_ms: 0 },
        open(&long, 0),
    ] {
        let mut rig = Rig::new();
        assert_eq!(rig.run(op), Fault::OutOfRange.into());
        assert_eq!(restored(&rig.table).state_digest(), rig.table.state_digest());
    }
    let mut rig = Rig::new();
    let most = with(&long[..ID_BYTES_MAX], TTL_MS_MAX, &long[..NAME_BYTES_MAX], DELAY_MS_MAX);
    assert_eq!(rig.run(most), Outcome::Ok);
    assert_eq!(rig.run(with(&long[..ID_BYTES_MIN], TTL_MS_MIN, b"", 0)), Outcome::Ok);
}

#[test]
fn so_many_ends_are_remembered() {
    let mut rig = Rig::new();
    for number in 0..=ENDED_MAX as u64 {
        rig.run(Op::End { id: &id(number), delay_ms: 0 });
    }
    assert_eq!(rig.run(open(&id(1), 0)), Fault::NoSession.into());
    assert!(matches!(rig.run(open(&id(0), 0)), Outcome::Int(_)), "that was forgotten");
    assert!(!rig.lives(&id(0)));
}

#[test]
fn many_sessions_that_are_due_end_in_batches() {
    let mut rig = Rig::new();
    (0..100).for_each(|number| drop(rig.run(create(&id(number)))));
    rig.at.now_ms += TTL;
    let (at, mut over) = (rig.at, Vec::new());
    assert_eq!(rig.table.expire(&at, 30, &mut over), 30);
    assert_eq!((over.len(), rig.table.len()), (30, 70));
    let late = Op::KeepAlive { id: &id(99) };
    assert_eq!(rig.table.apply(&at, &late, &mut over), Fault::NoSession.into());
    assert_eq!(rig.table.len(), 69, "what is asked for ends at once");
}
