//! What nodes tell each other and keep of the cluster, likewise.

use lockstep_core::cluster::{Map, NodeInfo, NodeState, Op as Change};
use lockstep_core::keys;
use lockstep_core::slot::Slot;
use lockstep_core::wire::Wire;
use lockstep_core::{Db, Effects, Fault, NodeId, Op, Outcome, RequestId, Shard, ShardId};

use super::{check, origin, taken};

const OPS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/cluster-1.txt");
const OUTCOMES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/outcomes-1.txt");
const MAP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/map-1.txt");

fn node(id: u64, zone: &str) -> NodeInfo {
    NodeInfo {
        id: NodeId(id),
        host: format!("host-{id}"),
        port: 6379,
        peer_port: 16379,
        zone: zone.into(),
        state: NodeState::Joining,
        version: 1,
    }
}

/// One of every operation on the map, in an order that makes sense.
fn changes() -> Vec<Change> {
    let (first, second) = (ShardId(0), ShardId(1));
    let ids = |numbers: [u64; 3]| numbers.map(NodeId).to_vec();
    vec![
        Change::Found {
            cluster: 0x1234_5678_9ABC_DEF0,
            shards: 2,
            replicas: 3,
            cluster_mode: true,
            seed: 99,
            nodes: vec![node(300, "a"), node(200, "b"), node(100, "c")],
        },
        Change::Founded { shard: first },
        Change::Founded { shard: second },
        Change::Join { node: node(400, "a"), replaces: None },
        Change::SetState { node: NodeId(400), state: NodeState::Up },
        Change::SetState { node: NodeId(300), state: NodeState::Draining },
        Change::Place { shard: second, replicas: ids([200, 100, 400]), expected_epoch: 1 },
        Change::PlaceMeta { replicas: ids([100, 200, 400]), expected_epoch: 1 },
        Change::Remove { node: NodeId(300), forced: true },
        Change::Join { node: node(500, "b"), replaces: Some(NodeId(200)) },
        Change::Live { node: NodeId(100), boot: 1024 },
        Change::End { node: NodeId(100), boot: 1024 },
        Change::Live { node: NodeId(100), boot: 1025 },
    ]
}

fn history() -> Vec<Op<'static>> {
    let id = RequestId { origin: origin(5), number: 12 };
    let db = Db(0);
    let mut ops: Vec<Op<'static>> = changes().into_iter().map(|op| Op::Cluster { op }).collect();
    ops.extend([
        Op::Request { id, count: 2, floor: 1_000, retry: false },
        Op::Request { id, count: 2, floor: 1_000, retry: true },
        Op::Key { op: keys::Op::CountInSlot { db, slot: Slot(16_383) } },
        Op::Key { op: keys::Op::KeysInSlot { db, slot: Slot(12_182), count: 10 } },
    ]);
    ops
}

fn outcomes() -> Vec<Outcome> {
    let words = ["none", "string", "int", "embstr", "raw", "connection", "named", "exclusive"];
    let faults = [Fault::WrongType, Fault::Unblocked, Fault::NoCluster, Fault::BadPlacement];
    let mut all = vec![
        Outcome::Ok,
        Outcome::Nil,
        Outcome::Int(-5),
        Outcome::Float(0.5),
        Outcome::Bytes(b"bytes".to_vec()),
        Outcome::List(vec![Outcome::Nil, Outcome::List(Vec::new())]),
        Outcome::Waits,
    ];
    all.extend(words.map(Outcome::Word));
    all.extend(faults.map(Outcome::Fault));
    all
}

#[test]
fn operations_on_the_cluster_keep_their_byte_form() {
    check(OPS, history().iter());
}

#[test]
fn outcomes_keep_their_byte_form() {
    check(OUTCOMES, outcomes().iter());
}

#[test]
fn a_map_that_was_written_once_comes_about_as_ever() {
    let text = std::fs::read_to_string(OPS).unwrap();
    let mut shard = Shard::new(1);
    for (number, line) in text.lines().enumerate() {
        let bytes = super::bytes(line);
        let outcome = shard.apply(1_000, &taken(&bytes), &mut Effects::default());
        let fault = matches!(outcome, Outcome::Fault(_));
        assert!(!fault, "line {} was refused: {outcome:?}", number + 1);
    }
    // Its form in snapshots, and where the replicas of a new cluster are.
    check(MAP, std::iter::once(shard.cluster()));
    let text = std::fs::read_to_string(MAP).unwrap();
    let bytes = super::bytes(text.trim_end());
    assert_eq!(Map::take(&mut &bytes[..]).as_ref(), Ok(shard.cluster()));
}

#[test]
fn an_operation_that_was_refused_stands_in_the_log_with_the_reason() {
    for (fault, line) in [(Fault::OutOfMemory, "0922"), (Fault::DiskFull, "0923")] {
        let op = Op::Refused { fault };
        let mut bytes = Vec::new();
        op.put(&mut bytes);
        assert_eq!((bytes, taken(&super::bytes(line))), (super::bytes(line), op.clone()));
        let outcome = Shard::new(1).apply(1_000, &op, &mut Effects::default());
        assert_eq!(outcome, Outcome::Fault(fault));
    }
}
