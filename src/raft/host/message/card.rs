//! What a node shows of itself before it belongs to a cluster, or to others that
//! may not.

use lockstep_core::cluster::{ClusterId, NodeInfo};
use lockstep_core::wire::{Malformed, Wire};

/// What a node shows of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Card {
    /// The node.
    pub node: NodeInfo,
    /// The cluster it belongs to.
    pub cluster: Option<ClusterId>,
    /// Whether that cluster has begun: its map is being kept.
    pub founded: bool,
    /// How many nodes are to found a cluster.
    pub expect: u16,
    /// How many shards it is to have.
    pub shards: u16,
    /// Its replication factor.
    pub replicas: u8,
    /// Whether its keys spread over the shards.
    pub cluster_mode: bool,
    /// Addresses of other nodes that wait for a cluster.
    pub others: Vec<String>,
}

impl Card {
    /// What this node and another one were told differently about the cluster
    /// that they are to found; none: they agree.
    pub(crate) fn differs(&self, other: &Card) -> Option<String> {
        let mut wrong = Vec::new();
        let mut compare = |name: &str, mine: String, theirs: String| {
            if mine != theirs {
                wrong.push(format!("{name} {mine} here and {theirs} there"));
            }
        };
        compare("expect", self.expect.to_string(), other.expect.to_string());
        compare("shards", self.shards.to_string(), other.shards.to_string());
        compare("replicas", self.replicas.to_string(), other.replicas.to_string());
        let mode = |card: &Card| if card.cluster_mode { "yes" } else { "no" }.to_owned();
        compare("cluster-enabled", mode(self), mode(other));
        (!wrong.is_empty()).then(|| {
            format!(
                "node {:x} here and node {:x} at {} were started with different settings: {}",
                self.node.id.0,
                other.node.id.0,
                other.node.peer_address(),
                wrong.join(", ")
            )
        })
    }
}

impl<'a> Wire<'a> for Card {
    fn put(&self, out: &mut Vec<u8>) {
        self.node.put(out);
        self.cluster.put(out);
        self.founded.put(out);
        self.expect.put(out);
        self.shards.put(out);
        self.replicas.put(out);
        self.cluster_mode.put(out);
        self.others.put(out);
    }

    fn take(input: &mut &'a [u8]) -> Result<Self, Malformed> {
        Ok(Card {
            node: NodeInfo::take(input)?,
            cluster: Wire::take(input)?,
            founded: bool::take(input)?,
            expect: u16::take(input)?,
            shards: u16::take(input)?,
            replicas: u8::take(input)?,
            cluster_mode: bool::take(input)?,
            others: Vec::take(input)?,
        })
    }
}
