//! What a host needs to start.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use lockstep_core::cluster::{ClusterId, NodeInfo};
use lockstep_core::{Effect, NodeId, ShardId};
use lockstep_storage::{Log, Snapshots};

use crate::{BodyStore, Clock, Guards, Limits, Peers, Timing};

/// Keeps what a node must know when it starts again: its cluster, how many
/// shards that has, and the addresses at which the other nodes' peer ports are.
/// Returns when that is on disk.
pub type Keep = Arc<dyn Fn(ClusterId, u16, &[String]) -> io::Result<()> + Send + Sync>;

/// What a host needs to start.
pub struct HostOptions {
    /// This node, as others shall know it. The state is the map's affair.
    pub me: NodeInfo,
    /// Which life of this node.
    pub boot: u64,
    /// The cluster it belongs to, if it is known.
    pub cluster: Option<ClusterId>,
    /// The node that it was until its data was damaged.
    pub replaces: Option<NodeId>,
    /// Where the peer ports of the first nodes are, `host:peer-port`, its own
    /// among them. Empty: this node is alone and founds a cluster of one.
    pub seeds: Vec<String>,
    /// How many nodes found a cluster together.
    pub expect: u16,
    /// How many shards a new cluster has for data.
    pub shards: u16,
    /// The replication factor of a new cluster.
    pub replicas: u8,
    /// Whether keys spread over the shards of a new cluster.
    pub cluster_mode: bool,
    /// The seed of the hashes of a new cluster's shards, and of shards that were
    /// founded before there was a map.
    pub seed: u64,
    /// The node's log.
    pub log: Log,
    /// The node's snapshots.
    pub snapshots: Snapshots,
    /// Where the node keeps bodies of messages.
    pub bodies: Arc<BodyStore>,
    /// The node's clock.
    pub clock: Arc<dyn Clock>,
    /// The network.
    pub peers: Arc<dyn Peers>,
    /// Bounds of inboxes and of entries.
    pub limits: Arc<Limits>,
    /// Bytes of applied entries after which a snapshot is taken.
    pub snapshot_log_bytes: Arc<AtomicU64>,
    /// How long things take.
    pub timing: Timing,
    /// For tests: what is to be broken.
    #[doc(hidden)]
    pub guards: Guards,
    /// A random number, another one in every life: random delays and the id of a
    /// new cluster come from it.
    pub luck: u64,
    /// Who has to agree before what was written is shown: nobody, or somebody who is still
    /// to come ([`crate::Host::watch_entries`]).
    pub watching: crate::Watching,
    /// Runs scripts; the same on every node. Without one they are refused.
    pub scripts: Option<Arc<dyn lockstep_core::scripts::Engine>>,
    /// Answers requests of this node's clients that wait in a machine. Called on
    /// machines' tasks and must not wait. An answer may come twice.
    pub answers: Arc<dyn Fn(Vec<Effect>) + Send + Sync>,
    /// The answers to requests that wait with this shard may have been lost: it
    /// has no replica here, and its leader changed or cannot be reached.
    pub adrift: Arc<dyn Fn(ShardId) + Send + Sync>,
    /// Called when the node has founded or joined a cluster and when addresses
    /// change.
    pub keep: Keep,
}
