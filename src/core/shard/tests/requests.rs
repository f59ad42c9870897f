//! Requests that are proposed more than once, and the map of the cluster.

use super::{DB, NOW, get, run};
use crate::chance::{Chance, with_seeds};
use crate::keys;
use crate::locks::{self, Owner, Terms};
use crate::{
    Effects, NodeId, Op, Origin, Outcome, Recall, RequestId, Shard, ShardId, Wait, cluster,
};

fn origin(conn: u64) -> Origin {
    Origin { node: NodeId(1), boot: 1, conn }
}

/// One share of an entry: the name of a request and what it names.
struct Share<'a> {
    id: RequestId,
    floor: u64,
    retry: bool,
    ops: Vec<Op<'a>>,
}

impl<'a> Share<'a> {
    fn new(conn: u64, number: u64, op: Op<'a>) -> Self {
        let id = RequestId { origin: origin(conn), number };
        Share { id, floor: 0, retry: false, ops: vec![op] }
    }

    /// Carries it out as whoever reads it from an entry does. Gives the outcomes
    /// of all but the name; none when they are forgotten.
    fn run(&self, shard: &mut Shard) -> Option<Vec<Outcome>> {
        let Share { id, floor, retry, ops } = self;
        let (id, floor, retry, count) = (*id, *floor, *retry, ops.len() as u32);
        assert_eq!(run(shard, NOW, &Op::Request { id, count, floor, retry }), Outcome::Ok);
        match shard.recall(&id, floor, retry) {
            Recall::Fresh => {
                let outcomes: Vec<Outcome> = ops.iter().map(|op| run(shard, NOW, op)).collect();
                shard.remember(&id, &outcomes);
                Some(outcomes)
            }
            Recall::Done(outcomes) => Some(outcomes),
            Recall::Forgotten => None,
        }
    }
}

fn restored(shard: &Shard) -> Shard {
    let copy = Shard::restore(shard.freeze().chunks()).unwrap();
    assert_eq!(copy.state_digest(), shard.state_digest());
    copy
}

fn incr(key: &[u8]) -> Op<'_> {
    Op::Key { op: keys::Op::IncrBy { db: DB, key, by: 1 } }
}

fn lock(conn: u64) -> Op<'static> {
    let wait = Some(Wait::For { origin: origin(conn), request: 70 + conn, block_ms: 0 });
    let owner = Owner::Connection { origin: origin(conn) };
    let terms = Terms::plain(owner, origin(conn)).waiting(wait);
    Op::Lock { op: locks::Op::Acquire { name: b"door", terms } }
}

#[test]
fn a_request_is_applied_once_also_through_a_snapshot() {
    let mut shard = Shard::new(1);
    let first = Share::new(1, 1, incr(b"n"));
    assert_eq!(first.run(&mut shard), Some(vec![Outcome::Int(1)]));
    let again = Share { retry: true, ..first };
    assert_eq!(again.run(&mut shard), Some(vec![Outcome::Int(1)]));
    let mut shard = restored(&shard);
    assert_eq!(again.run(&mut shard), Some(vec![Outcome::Int(1)]));
    assert_eq!(run(&mut shard, NOW, &get(b"n")), Outcome::Bytes(b"1".to_vec()));
    assert_eq!(Share::new(1, 2, incr(b"n")).run(&mut shard), Some(vec![Outcome::Int(2)]));
    assert_eq!(again.run(&mut shard), None, "an older one is forgotten");
}

#[test]
fn the_name_of_a_request_changes_nothing_but_clock_and_number() {
    let (mut named, mut plain) = (Shard::new(1), Shard::new(1));
    let id = RequestId { origin: origin(1), number: 1 };
    run(&mut named, NOW, &Op::Request { id, count: 1, floor: 0, retry: false });
    run(&mut plain, NOW, &Op::Tick {});
    assert_eq!(named.state_digest(), plain.state_digest());
}

#[test]
fn a_request_that_waited_and_is_asked_again_gives_what_it_was_answered() {
    let mut shard = Shard::new(1);
    let holder = Share::new(1, 1, lock(1)).run(&mut shard).unwrap();
    let waiter = Share::new(2, 1, lock(2));
    assert_eq!(waiter.run(&mut shard), Some(vec![Outcome::Waits]));
    assert_eq!(waiter.run(&mut shard), Some(vec![Outcome::Waits]), "it waits in one place");
    run(&mut shard, NOW, &Op::Gone { origin: origin(1) });
    let mut shard = restored(&shard);
    let granted = waiter.run(&mut shard).unwrap();
    assert!(matches!(granted[..], [Outcome::Int(_)]), "{granted:?}");
    assert_ne!(granted, holder, "with a token of its own");
}

#[test]
fn the_end_of_a_connection_or_a_life_ends_what_is_remembered_of_it() {
    let mut shard = Shard::new(1);
    let (one, two) = (Share::new(1, 1, incr(b"n")), Share::new(2, 1, incr(b"n")));
    one.run(&mut shard);
    two.run(&mut shard);
    run(&mut shard, NOW, &Op::Gone { origin: origin(1) });
    assert_eq!(one.run(&mut shard), None);
    assert_eq!(two.run(&mut shard), Some(vec![Outcome::Int(2)]));
    let origin = Origin { node: NodeId(1), boot: 2, conn: 0 };
    run(&mut shard, NOW, &Op::Boot { origin });
    assert!(shard.requests().is_empty());
    assert_eq!(two.run(&mut shard), None);
    assert_eq!(run(&mut shard, NOW, &get(b"n")), Outcome::Bytes(b"2".to_vec()));
}

fn some_share(chance: &mut Chance, numbers: &mut [u64; 4]) -> Share<'static> {
    let conn = chance.below(4);
    let number = &mut numbers[conn as usize];
    *number += 1;
    let ops = match chance.below(4) {
        0 => vec![lock(conn)],
        1 => vec![Op::Gone { origin: origin(conn) }],
        _ => vec![incr(b"n"), get(b"n")],
    };
    Share { ops, ..Share::new(conn, *number, Op::Tick {}) }
}

#[test]
fn replicas_agree_on_requests_also_through_a_snapshot() {
    with_seeds(60, |chance| {
        let (mut one, mut two) = (Shard::new(3), Shard::new(3));
        let (mut numbers, mut sent) = ([0; 4], Vec::new());
        let mut applied = 0;
        for _ in 0..60 {
            if sent.is_empty() || chance.once_in(2) {
                sent.push(some_share(chance, &mut numbers));
            }
            let at = chance.below(sent.len() as u64) as usize;
            let share = &mut sent[at];
            let fresh = one.recall(&share.id, share.floor, share.retry) == Recall::Fresh;
            let counts = matches!(share.ops[..], [_, _]);
            applied += u64::from(fresh && counts);
            assert_eq!(share.run(&mut one), share.run(&mut two));
            share.retry = true;
            if chance.once_in(30) {
                two = restored(&two);
            }
        }
        assert_eq!(one.state_digest(), two.state_digest());
        let shown = if applied == 0 { Outcome::Nil } else { number(applied) };
        assert_eq!(run(&mut one, NOW, &get(b"n")), shown);
    });
}

fn number(number: u64) -> Outcome {
    Outcome::Bytes(number.to_string().into_bytes())
}

#[test]
fn the_map_of_the_cluster_is_part_of_the_state() {
    let mut shard = Shard::new(0);
    let before = shard.state_digest();
    let nodes = (1..=3).map(|id| cluster::NodeInfo { id: NodeId(id), ..Default::default() });
    let op = cluster::Op::Found {
        cluster: 5,
        shards: 2,
        replicas: 3,
        cluster_mode: true,
        seed: 1,
        nodes: nodes.collect(),
    };
    let op = Op::Cluster { op };
    assert_eq!(run(&mut shard, NOW, &op), Outcome::Int(1));
    assert_ne!(shard.state_digest(), before);
    let mut copy = restored(&shard);
    assert_eq!(copy.cluster(), shard.cluster());
    assert_eq!(copy.cluster().founded_ms(), NOW);
    let founded = Op::Cluster { op: cluster::Op::Founded { shard: ShardId(1) } };
    assert_eq!(run(&mut copy, NOW, &founded), Outcome::Int(2));
    assert_ne!(copy.state_digest(), shard.state_digest());
    let mut fx = Effects::default();
    copy.apply(NOW, &Op::Tick {}, &mut fx);
    assert!(fx.is_empty());
}
