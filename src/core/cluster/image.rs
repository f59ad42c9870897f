//! The map as bytes: snapshots, digests, and what a node tells another.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::map::Inner;
use super::{ClusterId, Map, NODES_MAX, NodeInfo, Placement, SHARDS_MAX, TOMBSTONES_MAX};
use crate::NodeId;
use crate::wire::{Malformed, Wire};

const FORMAT: u8 = 2;

impl Map {
    /// A digest of the map: equal maps have equal ones.
    pub fn state_digest(&self) -> u64 {
        let mut bytes = Vec::new();
        self.put(&mut bytes);
        crate::image::digest(std::iter::once(bytes))
    }
}

impl<'a> Wire<'a> for Map {
    fn put(&self, out: &mut Vec<u8>) {
        let inner = &self.inner;
        FORMAT.put(out);
        inner.id.put(out);
        inner.epoch.put(out);
        inner.factor.put(out);
        inner.cluster_mode.put(out);
        inner.seed.put(out);
        inner.founded_ms.put(out);
        inner.nodes.len().put(out);
        inner.nodes.values().for_each(|node| node.put(out));
        inner.placements.put(out);
        inner.meta.put(out);
        inner.removed.len().put(out);
        inner.removed.iter().for_each(|node| node.put(out));
        for lives in [&inner.lives, &inner.ended] {
            let lives: Vec<(NodeId, u64)> =
                lives.iter().map(|(node, boot)| (*node, *boot)).collect();
            lives.put(out);
        }
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        if u8::take(input)? != FORMAT {
            return Err(Malformed);
        }
        let mut inner = Inner {
            id: <Option<ClusterId> as Wire>::take(input)?,
            epoch: u64::take(input)?,
            factor: u8::take(input)?,
            cluster_mode: bool::take(input)?,
            seed: u64::take(input)?,
            founded_ms: u64::take(input)?,
            ..Inner::default()
        };
        let nodes = Vec::<NodeInfo>::take(input)?;
        let count = nodes.len();
        inner.nodes = nodes.into_iter().map(|node| (node.id, node)).collect();
        inner.placements = Vec::take(input)?;
        inner.meta = Placement::take(input)?;
        inner.removed = Vec::<NodeId>::take(input)?.into();
        inner.lives = lives(input)?;
        inner.ended = lives(input)?;
        let map = Map { inner: Arc::new(inner) };
        if map.node_count() == count && map.is_well_formed() { Ok(map) } else { Err(Malformed) }
    }
}

fn lives(input: &mut &[u8]) -> Result<BTreeMap<NodeId, u64>, Malformed> {
    Ok(Vec::<(NodeId, u64)>::take(input)?.into_iter().collect())
}

impl Map {
    /// What every map holds that came about by operations, as far as reading it
    /// relies on it.
    fn is_well_formed(&self) -> bool {
        let inner = &self.inner;
        let bounded = inner.nodes.len() <= NODES_MAX
            && inner.placements.len() <= usize::from(SHARDS_MAX)
            && inner.removed.len() <= TOMBSTONES_MAX
            && inner.lives.len() <= NODES_MAX
            && inner.ended.len() <= NODES_MAX;
        let founded = inner.id.is_some() || **inner == Inner::default();
        let nodes = inner.nodes.values().all(NodeInfo::is_well_formed);
        bounded && founded && nodes && self.groups().all(has_none_twice)
    }
}

fn has_none_twice(placement: &Placement) -> bool {
    placement.replicas.iter().collect::<BTreeSet<_>>().len() == placement.replicas.len()
}
