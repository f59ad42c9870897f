//! Sessions and what is held in their names.

use super::{NOW, run};
use crate::locks::{self, Owner, Terms};
use crate::sessions;
use crate::wire::Wire;
use crate::{Effect, Effects, Fault, NodeId, Op, Origin, Outcome, Shard, ShardId, Wait};

const ID: &[u8] = b"s-0123456789abcdef";
const OTHER: &[u8] = b"s-fedcba9876543210";
const TTL: u64 = 5_000;

fn origin(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

fn session(op: sessions::Op<'_>) -> Op<'_> {
    Op::Session { op }
}

fn create(id: &[u8]) -> Op<'_> {
    session(sessions::Op::Create { id, ttl_ms: TTL, name: b"", delay_ms: 0 })
}

fn attach(id: &[u8], conn: u64) -> Op<'_> {
    session(sessions::Op::Attach { id, origin: origin(conn) })
}

fn open(id: &[u8]) -> Op<'_> {
    session(sessions::Op::Open { id, birth_ms: NOW, delay_ms: 0, floor: 0 })
}

fn end(id: &[u8]) -> Op<'_> {
    session(sessions::Op::End { id, delay_ms: 0 })
}

/// LOCK of the session.
fn lock<'a>(name: &'a [u8], id: &'a [u8]) -> Op<'a> {
    let terms = Terms::plain(Owner::Session { id }, origin(1));
    Op::Lock { op: locks::Op::Acquire { name, terms } }
}

/// LOCK ... BLOCK 0 of a connection.
fn wait(name: &[u8], conn: u64) -> Op<'_> {
    let wait = Wait::For { origin: origin(conn), request: 9, block_ms: 0 };
    let terms = Terms::plain(Owner::Connection { origin: origin(conn) }, origin(conn));
    Op::Lock { op: locks::Op::Acquire { name, terms: terms.waiting(Some(wait)) } }
}

fn no_session() -> Outcome {
    Fault::NoSession.into()
}

/// The connections that are answered, and whether others have to be told.
fn answered(shard: &mut Shard, now_ms: u64, op: &Op<'_>) -> (Vec<u64>, bool) {
    let mut fx = Effects::default();
    shard.apply(now_ms, op, &mut fx);
    let effects = fx.take();
    let to = |effect: &Effect| match effect {
        Effect::Answer { origin, .. } => Some(origin.conn),
        _ => None,
    };
    (effects.iter().filter_map(to).collect(), effects.contains(&Effect::Endings {}))
}

#[test]
fn what_a_session_holds_is_free_in_the_step_that_ends_it() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &create(ID));
    run(&mut shard, NOW, &attach(ID, 1));
    assert_eq!(run(&mut shard, NOW, &lock(b"door", ID)), Outcome::Int(1));
    assert_eq!(run(&mut shard, NOW, &wait(b"door", 7)), Outcome::Waits);
    run(&mut shard, NOW, &Op::Gone { origin: origin(1) });
    assert_eq!(answered(&mut shard, NOW + TTL - 1, &Op::Tick {}), (vec![], false));
    assert_eq!(shard.next_deadline(), Some(NOW + TTL));
    assert_eq!(answered(&mut shard, NOW + TTL, &Op::Tick {}), (vec![7], false));
}

#[test]
fn a_session_keeps_its_locks_while_its_owner_goes_from_node_to_node() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &create(ID));
    run(&mut shard, NOW, &attach(ID, 1));
    let token = run(&mut shard, NOW, &lock(b"door", ID));
    run(&mut shard, NOW + 1, &Op::Gone { origin: origin(1) });
    let elsewhere = Origin { node: NodeId(2), boot: 4, conn: 1 };
    let op = session(sessions::Op::Attach { id: ID, origin: elsewhere });
    assert_eq!(run(&mut shard, NOW + TTL, &op), Outcome::Int(TTL as i64));
    assert_eq!(run(&mut shard, NOW + 10 * TTL, &lock(b"door", ID)), token);
}

#[test]
fn s22_behind_the_end_no_request_in_the_sessions_name_is_let_in_however_late() {
    // At home, and in a shard that was told.
    let (mut home, mut other) = (Shard::new(1), Shard::new(2));
    run(&mut home, NOW, &create(ID));
    run(&mut home, NOW, &session(sessions::Op::Touch { id: ID, shard: ShardId(5) }));
    assert_eq!(run(&mut other, NOW, &lock(b"door", ID)), no_session(), "it was not opened");
    assert_eq!(run(&mut other, NOW, &open(ID)), Outcome::Ok);
    assert_eq!(run(&mut other, NOW, &lock(b"door", ID)), Outcome::Int(1));
    assert_eq!(answered(&mut home, NOW + TTL, &Op::Tick {}), (vec![], true));
    assert_eq!(run(&mut other, NOW, &end(ID)), Outcome::Ok);
    for late in [lock(b"door", ID), open(ID), lock(b"gate", ID), create(ID), lock(b"door", ID)] {
        for shard in [&mut home, &mut other] {
            assert_eq!(run(shard, NOW + TTL, &late), no_session(), "{late:?}");
        }
    }
    assert_eq!((home.locks().held(), other.locks().held()), (0, 0));
}

#[test]
fn a_session_that_is_due_is_over_though_nobody_has_ended_it_yet() {
    let mut shard = Shard::new(1);
    // More are due than one operation ends.
    for number in 0..200 {
        run(&mut shard, NOW, &create(format!("s-{number:020}").as_bytes()));
    }
    run(&mut shard, NOW, &create(ID));
    run(&mut shard, NOW, &lock(b"door", ID));
    assert_eq!(run(&mut shard, NOW + TTL, &lock(b"gate", ID)), no_session());
    assert_eq!(shard.locks().held(), 0);
    assert!(shard.sessions().len() > 100);
}

#[test]
fn within_a_transaction_a_session_that_has_ended_is_refused_as_well() {
    let mut shard = Shard::new(1);
    let mut ops = Vec::new();
    lock(b"door", ID).put(&mut ops);
    let transaction = Op::Transaction { watched: Vec::new(), count: 1, ops: &ops };
    assert_eq!(run(&mut shard, NOW, &transaction), Outcome::List(vec![no_session()]));
}

#[test]
fn one_session_ends_and_another_keeps_what_it_has() {
    let mut shard = Shard::new(1);
    for (id, name) in [(ID, &b"a"[..]), (OTHER, b"b")] {
        run(&mut shard, NOW, &create(id));
        run(&mut shard, NOW, &lock(name, id));
    }
    run(&mut shard, NOW, &session(sessions::Op::Destroy { id: ID }));
    assert_eq!(shard.locks().held(), 1);
    assert_eq!(run(&mut shard, NOW, &lock(b"a", OTHER)), Outcome::Int(3));
}

#[test]
fn sessions_come_back_with_the_image_of_the_shard() {
    let mut shard = Shard::new(1);
    run(&mut shard, NOW, &create(ID));
    run(&mut shard, NOW, &attach(ID, 1));
    run(&mut shard, NOW, &open(OTHER));
    run(&mut shard, NOW, &lock(b"door", OTHER));
    let mut copy = Shard::restore(shard.freeze().chunks()).unwrap();
    assert_eq!(copy.state_digest(), shard.state_digest());
    run(&mut copy, NOW, &Op::Gone { origin: origin(1) });
    assert_eq!(copy.next_deadline(), Some(NOW + TTL));
    run(&mut copy, NOW, &end(OTHER));
    assert_eq!(copy.locks().held(), 0);
}
