//! What a group needs to start.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use lockstep_core::scripts::Engine;
use lockstep_core::{Effect, NodeId, ShardId};
use lockstep_storage::{Log, Snapshots};
use tokio::time::Instant;

use crate::bodies::BodyStore;
use crate::guards::Guards;
use crate::inbox::Limits;
use crate::peers::Peers;
use crate::pulse::Pulse;
use crate::timing::Timing;
use crate::touches::Touches;
use crate::watcher::Watching;

/// Tells the time: milliseconds since the Unix epoch, never backwards.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now_ms(&self) -> u64;
}

/// Carries out effects; the second argument says whether this node leads the
/// shard, and has to pass on what is for other nodes. Called on the machine's
/// task and must not wait.
pub type EffectSink = Arc<dyn Fn(Vec<Effect>, bool) + Send + Sync>;

/// What a group needs to start.
#[derive(Clone)]
pub struct Options {
    /// Which shard.
    pub shard: ShardId,
    /// This node.
    pub node: NodeId,
    /// The hash seed of a new shard; the same on every replica.
    pub seed: u64,
    /// The node's log.
    pub log: Log,
    /// The node's snapshots.
    pub snapshots: Snapshots,
    /// Where the node keeps bodies of messages.
    pub bodies: Arc<BodyStore>,
    /// The node's clock.
    pub clock: Arc<dyn Clock>,
    /// Bounds of the inbox and of entries.
    pub limits: Arc<Limits>,
    /// Bytes of applied entries after which a snapshot is taken
    /// (`snapshot-log-bytes`).
    pub snapshot_log_bytes: Arc<AtomicU64>,
    /// Carries out effects: each replica for the connections of its own node,
    /// the leader for those of all nodes.
    pub effects: EffectSink,
    /// The way to other nodes.
    pub peers: Arc<dyn Peers>,
    /// What beats for all groups of this node.
    pub pulse: Pulse,
    /// How long things take.
    pub timing: Timing,
    /// Until then this node neither votes nor asks for votes, unless the group
    /// has no other voter.
    pub boot_guard_until: Instant,
    /// The seed of random delays.
    pub luck: u64,
    /// Who has to agree before what was written is shown.
    pub watching: Watching,
    /// Who wants to know which keys change.
    pub touches: Touches,
    /// Runs scripts; the same on every node. Without one they are refused.
    pub scripts: Option<Arc<dyn Engine>>,
    /// For tests: what is to be broken.
    #[doc(hidden)]
    pub guards: Guards,
}
