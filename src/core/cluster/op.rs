//! Operations on the map of the cluster.

use super::{NodeInfo, NodeState};
use crate::{NodeId, ShardId, wire_enum};

wire_enum! {
    /// One operation on the map. Each gives the map's epoch after it as a number,
    /// or a fault; one that finds everything as it wants it changes nothing.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub enum Op {
        /// The first entry of a cluster: its nodes, all of them up, and the
        /// replicas of its shards spread evenly over them. Changes nothing when
        /// there is a cluster already.
        1 => Found {
            /// The id of the cluster, not 0.
            cluster: u64,
            /// How many shards there are for data, 1 to
            /// [`SHARDS_MAX`](super::SHARDS_MAX).
            shards: u16,
            /// The replication factor, odd, at most
            /// [`REPLICAS_MAX`](super::REPLICAS_MAX).
            replicas: u8,
            /// Whether keys spread over the shards by slot.
            cluster_mode: bool,
            /// The seed of the hashes of every data shard
            /// ([`Shard::new`](crate::Shard::new)).
            seed: u64,
            /// The first nodes.
            nodes: Vec<NodeInfo>,
        },
        /// A node wants to belong to the cluster, or to be known under another
        /// address, zone or version. Its `state` is the map's affair: a new node
        /// is joining, a known one stays what it is.
        2 => Join {
            /// The node.
            node: NodeInfo,
            /// The node that it was until its data was damaged or lost.
            replaces: Option<NodeId>,
        },
        /// Changes where a node stands in its life.
        3 => SetState {
            /// The node.
            node: NodeId,
            /// Where it stands from now on.
            state: NodeState,
        },
        /// Takes a node out of the cluster for good.
        4 => Remove {
            /// The node.
            node: NodeId,
            /// Also while replicas are placed on it.
            forced: bool,
        },
        /// Places the replicas of a shard, if nobody else did in between.
        5 => Place {
            /// The shard.
            shard: ShardId,
            /// Where its voters shall be, the preferred leader first.
            replicas: Vec<NodeId>,
            /// The epoch of the placement as it was seen.
            expected_epoch: u64,
        },
        /// Places the voters of the meta group, likewise.
        6 => PlaceMeta {
            /// Where they shall be, the preferred leader first.
            replicas: Vec<NodeId>,
            /// The epoch of the placement as it was seen.
            expected_epoch: u64,
        },
        /// The group of a shard has elected its first leader.
        7 => Founded {
            /// The shard.
            shard: ShardId,
        },
        /// A node has begun a life. Refused once that life was ended.
        8 => Live {
            /// The node.
            node: NodeId,
            /// Which one ([`Origin::boot`](crate::Origin)).
            boot: u64,
        },
        /// A node was not heard of for so long that what its connections hold and
        /// wait for ends. Changes nothing when the node has begun a new life
        /// meanwhile.
        9 => End {
            /// The node.
            node: NodeId,
            /// The life that is over.
            boot: u64,
        },
    }
}
