//! Where leaders should be.

use std::collections::{BTreeMap, VecDeque};

use super::{Census, Move};
use crate::cluster::{Map, Placement};
use crate::{NodeId, ShardId};

/// The next leader that has to leave its node, handed to the replica whose node
/// leads least.
pub(super) fn evacuate(map: &Map, census: &Census<'_>) -> Option<Move> {
    let meta = map.placement(ShardId::META).map(|meta| (ShardId::META, meta));
    meta.into_iter().chain(map.placements()).filter(|(_, placement)| placement.founded).find_map(
        |(shard, placement)| {
            let leader = placement.preferred_leader()?;
            if map.stays(leader) {
                return None;
            }
            let fit = |node: &NodeId| map.stays(*node) && census.is_alive(*node);
            let others = placement.replicas.iter().copied().filter(fit);
            let next = others.min_by_key(|node| (census.leads(*node), *node))?;
            Some(led_by(next, shard, placement))
        },
    )
}

/// A shard that one node leads and another one could.
#[derive(Clone, Copy)]
struct Edge<'a> {
    shard: ShardId,
    placement: &'a Placement,
    to: NodeId,
}

/// The next step towards even numbers of leaders.
///
/// If a node leads two more than another one, there may be no shard between the
/// two; then a chain of nodes between them is shifted, beginning at the far end,
/// which makes the chain shorter by one.
pub(super) fn even_out(map: &Map, census: &Census<'_>) -> Option<Move> {
    let edges = edges(map, census);
    let chains = edges.keys().filter_map(|from| shortest_chain(*from, &edges, census));
    let (_, _, last) = chains.min_by_key(|(length, from, _)| (*length, *from))?;
    Some(led_by(last.to, last.shard, last.placement))
}

/// By the node that leads now.
fn edges<'a>(map: &'a Map, census: &Census<'_>) -> BTreeMap<NodeId, Vec<Edge<'a>>> {
    let mut edges: BTreeMap<NodeId, Vec<Edge<'_>>> = BTreeMap::new();
    for (shard, placement) in map.placements() {
        let Some(leader) = placement.preferred_leader() else { continue };
        if !placement.founded || !census.is_alive(leader) {
            continue;
        }
        let others = placement.replicas.iter().copied().skip(1);
        let fit = others.filter(|node| map.stays(*node) && census.is_alive(*node));
        let new = fit.map(|to| Edge { shard, placement, to });
        edges.entry(leader).or_default().extend(new);
    }
    edges
}

/// The shortest chain from a node to one that leads at least two fewer: its
/// length, where it begins, and its last link.
fn shortest_chain<'a>(
    from: NodeId,
    edges: &BTreeMap<NodeId, Vec<Edge<'a>>>,
    census: &Census<'_>,
) -> Option<(usize, NodeId, Edge<'a>)> {
    let mut lengths = BTreeMap::from([(from, 0usize)]);
    let mut queue = VecDeque::from([from]);
    while let Some(node) = queue.pop_front() {
        let length = lengths[&node] + 1;
        for edge in edges.get(&node).into_iter().flatten() {
            if census.leads(edge.to) + 2 <= census.leads(from) {
                return Some((length, from, *edge));
            }
            lengths.entry(edge.to).or_insert_with(|| {
                queue.push_back(edge.to);
                length
            });
        }
    }
    None
}

fn led_by(leader: NodeId, shard: ShardId, placement: &Placement) -> Move {
    let others = placement.replicas.iter().copied().filter(|node| *node != leader);
    Move::place(shard, placement, std::iter::once(leader).chain(others).collect())
}
