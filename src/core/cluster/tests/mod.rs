//! The map of the cluster.

#![allow(clippy::unwrap_used)]

mod bytes;
mod founding;
mod histories;
mod moves;
mod rules;

use super::{Map, Move, NodeInfo, NodeState, Op};
use crate::{NodeId, Outcome, ShardId, Stamp};

const NOW: Stamp = Stamp { now_ms: 1_000_000, seq: 1, version: 1 };

fn info(id: u64, zone: &str) -> NodeInfo {
    NodeInfo {
        id: NodeId(id),
        host: format!("node{id}"),
        port: 6379,
        peer_port: 16379,
        zone: zone.into(),
        state: NodeState::Joining,
        version: 1,
    }
}

/// Nodes 1 to `count` without zones.
fn nodes(count: u64) -> Vec<NodeInfo> {
    (1..=count).map(|id| info(id, "")).collect()
}

fn found(nodes: Vec<NodeInfo>, shards: u16, replicas: u8) -> Op {
    Op::Found { cluster: 7, shards, replicas, cluster_mode: false, seed: 9, nodes }
}

/// A map whose groups have all elected a leader.
fn founded(nodes: Vec<NodeInfo>, shards: u16, replicas: u8) -> Map {
    let mut map = Map::new();
    run(&mut map, &found(nodes, shards, replicas));
    for shard in 0..shards {
        run(&mut map, &Op::Founded { shard: ShardId(shard) });
    }
    map
}

/// Carries out what must not be refused, and gives the epoch.
fn run(map: &mut Map, op: &Op) -> i64 {
    match map.apply(&NOW, op) {
        Outcome::Int(epoch) => epoch,
        other => panic!("{op:?} gave {other:?}"),
    }
}

fn ids(numbers: impl IntoIterator<Item = u64>) -> Vec<NodeId> {
    numbers.into_iter().map(NodeId).collect()
}

fn replicas(map: &Map, shard: u16) -> &[NodeId] {
    &map.placement(ShardId(shard)).unwrap().replicas
}

/// Makes all moves there are while these nodes are away.
fn settle(map: &mut Map, away: &[u64]) -> Vec<Move> {
    let mut moves = Vec::new();
    while let Some(next) = map.next_move(&|node| !away.contains(&node.0)) {
        run(map, &next.op());
        moves.push(next);
        assert!(moves.len() < 20_000, "the map does not come to rest: {:?}", &moves[19_980..]);
    }
    moves
}
