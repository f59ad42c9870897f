//! What operations do to the map.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::map::Inner;
use super::placement::META_VOTERS_MAX;
use super::{
    ClusterId, Map, NODES_MAX, NodeInfo, NodeState, Op, Placement, REPLICAS_MAX, SHARDS_MAX,
    TOMBSTONES_MAX,
};
use crate::{Fault, NodeId, Outcome, ShardId, Stamp};

/// What a cluster is founded with.
struct Founding<'a> {
    cluster: u64,
    shards: u16,
    factor: u8,
    cluster_mode: bool,
    seed: u64,
    nodes: &'a [NodeInfo],
}

impl Map {
    /// Carries out an operation. Gives the epoch of the map after it.
    pub fn apply(&mut self, at: &Stamp, op: &Op) -> Outcome {
        match self.change(at, op) {
            Ok(()) => Outcome::Int(self.inner.epoch as i64),
            Err(fault) => fault.into(),
        }
    }

    fn change(&mut self, at: &Stamp, op: &Op) -> Result<(), Fault> {
        if let Op::Found { cluster, shards, replicas, cluster_mode, seed, nodes } = op {
            let (cluster, shards, factor) = (*cluster, *shards, *replicas);
            let (cluster_mode, seed) = (*cluster_mode, *seed);
            let founding = Founding { cluster, shards, factor, cluster_mode, seed, nodes };
            return self.found(at, &founding);
        }
        if self.inner.id.is_none() {
            return Err(Fault::NoCluster);
        }
        match op {
            Op::Found { .. } => Ok(()),
            Op::Join { node, replaces } => self.join(node, *replaces),
            Op::SetState { node, state } => self.set_state(*node, *state),
            Op::Remove { node, forced } => self.remove(*node, *forced),
            Op::Place { shard, replicas, expected_epoch } => {
                self.place(*shard, replicas, *expected_epoch)
            }
            Op::PlaceMeta { replicas, expected_epoch } => {
                self.place(ShardId::META, replicas, *expected_epoch)
            }
            Op::Founded { shard } => self.founded(*shard),
            Op::Live { node, boot } => self.live(*node, *boot),
            Op::End { node, boot } => self.end(*node, *boot),
        }
    }

    fn found(&mut self, at: &Stamp, new: &Founding<'_>) -> Result<(), Fault> {
        if self.inner.id.is_some() {
            return Ok(());
        }
        new.check()?;
        let ids: Vec<NodeId> = new.nodes.iter().map(|node| node.id).collect();
        let up = |node: &NodeInfo| NodeInfo { state: NodeState::Up, ..node.clone() };
        let placed = |replicas| Placement { replicas, founded: false, epoch: 1 };
        let placements = Map::plan_founding(new.nodes, new.shards, new.factor);
        let meta = Map::plan_founding(new.nodes, 1, META_VOTERS_MAX).swap_remove(0);
        self.inner = Arc::new(Inner {
            id: Some(ClusterId(new.cluster)),
            epoch: 1,
            factor: new.factor,
            cluster_mode: new.cluster_mode,
            seed: new.seed,
            founded_ms: at.now_ms,
            nodes: ids.into_iter().zip(new.nodes.iter().map(up)).collect(),
            placements: placements.into_iter().map(placed).collect(),
            meta: Placement { founded: true, ..placed(meta) },
            ..Inner::default()
        });
        Ok(())
    }

    fn join(&mut self, new: &NodeInfo, replaces: Option<NodeId>) -> Result<(), Fault> {
        if self.removed(new.id) {
            return Err(Fault::RemovedNode);
        }
        if !new.is_well_formed() {
            return Err(Fault::OutOfRange);
        }
        let known = self.node(new.id);
        let is_new = known.is_none();
        let state = known.map_or(NodeState::Joining, |known| known.state);
        let new = NodeInfo { state, ..new.clone() };
        if known == Some(&new) {
            return Ok(());
        }
        if is_new && self.node_count() >= NODES_MAX {
            return Err(Fault::TooManyNodes);
        }
        let old = replaces.filter(|old| is_new && *old != new.id && self.node(*old).is_some());
        self.edit().nodes.insert(new.id, new);
        if let Some(old) = old {
            self.give_up(old);
        }
        Ok(())
    }

    /// A node that will never come back: its data is damaged or lost.
    fn give_up(&mut self, node: NodeId) {
        if self.is_last_replica(node) {
            // What only it has is lost; who it was must be known to whoever
            // decides what to do about that.
            self.edit_node(node, |info| info.state = NodeState::Draining);
        } else {
            self.bury(node);
        }
    }

    fn set_state(&mut self, node: NodeId, state: NodeState) -> Result<(), Fault> {
        let known = self.known(node)?;
        if known.state != state {
            self.edit_node(node, |info| info.state = state);
        }
        Ok(())
    }

    fn remove(&mut self, node: NodeId, forced: bool) -> Result<(), Fault> {
        if self.removed(node) {
            return Ok(());
        }
        self.known(node)?;
        if self.in_use(node) && !forced {
            return Err(Fault::NodeInUse);
        }
        if self.is_last_replica(node) {
            return Err(Fault::LastReplica);
        }
        self.bury(node);
        Ok(())
    }

    fn place(&mut self, shard: ShardId, replicas: &[NodeId], expected: u64) -> Result<(), Fault> {
        let now = self.placement(shard).ok_or(Fault::NoSuchShard)?;
        if now.replicas == replicas {
            return Ok(());
        }
        if now.epoch != expected {
            return Err(Fault::StaleEpoch);
        }
        if !now.founded {
            return Err(Fault::NotFounded);
        }
        let fits = |node: &NodeId| now.has(*node) || self.takes(*node);
        if !is_a_set(replicas) || !replicas.iter().all(fits) {
            return Err(Fault::BadPlacement);
        }
        let inner = self.edit();
        let epoch = inner.epoch;
        let placement = inner.placement_mut(shard).expect("it was there a moment ago");
        *placement = Placement { replicas: replicas.to_vec(), founded: true, epoch };
        Ok(())
    }

    fn founded(&mut self, shard: ShardId) -> Result<(), Fault> {
        let placement = self.placement(shard).ok_or(Fault::NoSuchShard)?;
        if !placement.founded {
            let placement = self.edit().placement_mut(shard);
            placement.expect("it was there a moment ago").founded = true;
        }
        Ok(())
    }

    fn live(&mut self, node: NodeId, boot: u64) -> Result<(), Fault> {
        self.known(node)?;
        if self.ended(node).is_some_and(|ended| boot <= ended) {
            return Err(Fault::StaleEpoch);
        }
        if self.life(node).is_none_or(|life| life < boot) {
            self.edit().lives.insert(node, boot);
        }
        Ok(())
    }

    fn end(&mut self, node: NodeId, boot: u64) -> Result<(), Fault> {
        self.known(node)?;
        let ended = self.ended(node).is_some_and(|ended| boot <= ended);
        if self.life(node) == Some(boot) && !ended {
            self.edit().ended.insert(node, boot);
        }
        Ok(())
    }

    fn known(&self, node: NodeId) -> Result<&NodeInfo, Fault> {
        self.node(node).ok_or(Fault::UnknownNode)
    }

    /// Whether the map knows no other node that has what this one has.
    fn is_last_replica(&self, node: NodeId) -> bool {
        let known = |other: &NodeId| *other != node && self.node(*other).is_some();
        self.groups().any(|placement| placement.has(node) && !placement.replicas.iter().any(known))
    }

    fn bury(&mut self, node: NodeId) {
        let inner = self.edit();
        inner.nodes.remove(&node);
        inner.lives.remove(&node);
        inner.ended.remove(&node);
        inner.removed.push_back(node);
        if inner.removed.len() > TOMBSTONES_MAX {
            inner.removed.pop_front();
        }
    }

    fn edit_node(&mut self, node: NodeId, change: impl FnOnce(&mut NodeInfo)) {
        if let Some(info) = self.edit().nodes.get_mut(&node) {
            change(info);
        }
    }

    /// The map, to be changed: the next epoch begins.
    fn edit(&mut self) -> &mut Inner {
        let inner = Arc::make_mut(&mut self.inner);
        inner.epoch = inner.epoch.saturating_add(1);
        inner
    }
}

impl Inner {
    fn placement_mut(&mut self, shard: ShardId) -> Option<&mut Placement> {
        if shard.is_meta() {
            return Some(&mut self.meta);
        }
        self.placements.get_mut(usize::from(shard.0))
    }
}

impl Founding<'_> {
    fn check(&self) -> Result<(), Fault> {
        let ids: BTreeSet<NodeId> = self.nodes.iter().map(|node| node.id).collect();
        let well_formed = self.cluster != 0
            && (1..=SHARDS_MAX).contains(&self.shards)
            && (1..=REPLICAS_MAX).contains(&self.factor)
            && self.factor % 2 == 1
            && (1..=NODES_MAX).contains(&self.nodes.len())
            && ids.len() == self.nodes.len()
            && self.nodes.iter().all(NodeInfo::is_well_formed);
        if well_formed { Ok(()) } else { Err(Fault::OutOfRange) }
    }
}

/// Whether it names some nodes, not too many, and none twice.
fn is_a_set(replicas: &[NodeId]) -> bool {
    let ids: BTreeSet<&NodeId> = replicas.iter().collect();
    (1..=usize::from(REPLICAS_MAX)).contains(&replicas.len()) && ids.len() == replicas.len()
}
