//! One running node: what all its connections share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use lockstep_core::{NodeId, Origin};

use crate::clients::Clients;
use crate::config::{Setting, Settings};
use crate::exchange::Exchange;
use crate::front::Waits;
use crate::latency::Latency;
use crate::monitor::Monitors;
use crate::pubsub::PubSub;
use crate::shards::Shards;
use crate::slowlog::Slowlog;
use crate::stats::Stats;

/// What all connections of a node share.
#[derive(Debug)]
pub struct Node {
    /// Who this node is.
    pub identity: Identity,
    /// The settings in force.
    pub settings: Arc<Settings>,
    /// The connected clients.
    pub clients: Clients,
    /// Counters.
    pub stats: Stats,
    /// The slow commands.
    pub slowlog: Slowlog,
    /// The latency events.
    pub latency: Latency,
    /// The connections that watch all commands.
    pub monitors: Monitors,
    /// The shards this node serves.
    pub shards: Shards,
    /// The links to other nodes; none where there are none to link up with.
    pub links: Option<crate::links::Links>,
    /// What this node tells other nodes besides what the shards need.
    pub exchange: Exchange,
    /// What this node knows of sessions.
    pub sessions: Arc<crate::sessions::Sessions>,
    /// What this node knows of queues.
    pub queues: crate::queues::Queues,
    /// This node's part of the coherent cache.
    pub cache: Arc<crate::cache::Cache>,
    /// This node's part in looking for deadlocks.
    pub deadlocks: crate::deadlocks::Deadlocks,
    /// The users of the cluster.
    pub users: crate::users::Users,
    /// The channels and who listens to them.
    pub pubsub: PubSub,
    /// Which clients are told which keys change.
    pub tracking: crate::tracking::Tracking,
    /// The requests of clients that wait in a state machine.
    pub waits: std::sync::Arc<Waits>,
    /// What is counted and bounded of all connections.
    pub connections: std::sync::Arc<lockstep_net::Connections>,
    /// Begins the graceful stop of the process.
    pub stop: tokio::sync::watch::Sender<bool>,
}

impl Node {
    /// Whether a connection is, or was, one of this process.
    pub fn is_mine(&self, origin: Origin) -> bool {
        origin.node == self.identity.node_id && origin.boot >= self.identity.first_life
    }

    /// Whether only this machine may connect: where nobody is asked for a password
    /// (`protected-mode`).
    pub fn protect(&self) {
        let protected = self.users.is_open() && self.settings.flag(Setting::ProtectedMode);
        let limits = &self.connections.limits;
        limits.protected.store(protected, std::sync::atomic::Ordering::Relaxed);
    }

    /// The life that new connections belong to ([`Origin::boot`]).
    pub fn life(&self) -> u64 {
        self.shards.host().life().boot
    }
}

/// Who a node is, for as long as the process lives.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The node's number, kept in the data directory.
    pub node_id: NodeId,
    /// Which incarnation of the node this is, from 1: how often it was started.
    pub boot: u64,
    /// The first life of this process ([`Origin::boot`]); it begins another one
    /// when the cluster has given it up.
    pub first_life: u64,
    /// 40 hexadecimal digits, new with every start (INFO `run_id`).
    pub run_id: String,
    /// When the process started, on the monotonic clock.
    pub started: Instant,
    /// When the process started, on the wall clock.
    pub started_at: SystemTime,
    /// Where the data is.
    pub dir: PathBuf,
    /// The node as others know it.
    pub me: lockstep_core::cluster::NodeInfo,
}
