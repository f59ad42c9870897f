//! Operations and maps as bytes that nobody wrote.

use super::{Map, NOW, Op, found, founded, ids, info, nodes, run};
use crate::chance::{Chance, with_seeds};
use crate::cluster::NodeState;
use crate::wire::Wire;
use crate::{NodeId, ShardId};

fn bytes<'a>(value: &impl Wire<'a>) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

fn one_of_each() -> Vec<Op> {
    let (node, shard) = (NodeId(2), ShardId(1));
    vec![
        found(nodes(3), 4, 3),
        Op::Join { node: info(4, "z"), replaces: Some(node) },
        Op::SetState { node, state: NodeState::Draining },
        Op::Remove { node, forced: true },
        Op::Place { shard, replicas: ids([1, 3]), expected_epoch: 1 },
        Op::PlaceMeta { replicas: ids([1, 3]), expected_epoch: 1 },
        Op::Founded { shard },
        Op::Live { node, boot: 7 },
        Op::End { node, boot: 7 },
    ]
}

fn damage(chance: &mut Chance, bytes: &mut Vec<u8>) {
    for _ in 0..1 + chance.below(3) {
        let at = chance.below(bytes.len() as u64) as usize;
        bytes[at] = chance.next() as u8;
    }
    if chance.once_in(3) {
        bytes.truncate(chance.below(bytes.len() as u64) as usize);
    }
}

#[test]
fn operations_come_back_from_their_bytes() {
    for op in one_of_each() {
        let bytes = bytes(&op);
        let mut rest = &bytes[..];
        assert_eq!((Op::take(&mut rest), rest), (Ok(op), &[][..]));
    }
}

#[test]
fn what_decodes_can_be_applied() {
    let ops: Vec<Vec<u8>> = one_of_each().iter().map(bytes).collect();
    with_seeds(500, |chance| {
        let mut map = if chance.once_in(4) { Map::new() } else { founded(nodes(4), 4, 3) };
        for _ in 0..40 {
            let mut bytes = ops[chance.below(ops.len() as u64) as usize].clone();
            if chance.once_in(2) {
                damage(chance, &mut bytes);
            }
            let Ok(op) = Op::take(&mut &bytes[..]) else { continue };
            map.apply(&NOW, &op);
            if let Some(next) = map.next_move(&|_| true) {
                map.apply(&NOW, &next.op());
            }
        }
        assert_eq!(Map::take(&mut &bytes(&map)[..]), Ok(map));
    });
}

#[test]
fn maps_that_nobody_wrote_are_refused_or_read_but_never_panic() {
    let mut map = founded(nodes(4), 4, 3);
    run(&mut map, &Op::Remove { node: NodeId(4), forced: true });
    let whole = bytes(&map);
    with_seeds(2_000, |chance| {
        let mut bytes = whole.clone();
        damage(chance, &mut bytes);
        let Ok(mut map) = Map::take(&mut &bytes[..]) else { return };
        for _ in 0..20 {
            let Some(next) = map.next_move(&|node| node.0 % 3 != 0) else { return };
            map.apply(&NOW, &next.op());
        }
    });
}
