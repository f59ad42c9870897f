//! All groups of a node, the map of the cluster, and the way to the leaders.
//!
//! A host runs the replicas that the map puts on its node, founds or joins the
//! cluster, and takes operations for any shard: those that this node leads go
//! straight to their group, all others to the node that does. A node alone is a
//! cluster of one, on the same road.

mod admin;
mod alone;
mod error;
mod groups;
mod health;
mod options;
mod router;
mod serve;
mod stop;

use std::sync::Arc;

use lockstep_core::cluster::{ClusterId, Map};
use lockstep_core::{NodeId, ShardId};
use tokio::sync::watch;

pub use error::{AdminError, HostError};
pub use health::{Health, ShardHealth};
pub use options::{HostOptions, Keep};

use crate::{Group, Pulse};
use groups::Groups;

/// All groups of a node, the map of the cluster, and the way to the leaders.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

/// What the tasks of a host share.
pub(crate) struct Inner {
    options: HostOptions,
    pulse: Pulse,
    groups: Groups,
    map: watch::Sender<Arc<Map>>,
    stop: watch::Sender<bool>,
    begun: watch::Sender<bool>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({:?})", self.inner.options.me.id)
    }
}

impl Inner {
    fn me(&self) -> NodeId {
        self.options.me.id
    }

    fn voters(&self, shard: ShardId) -> Vec<NodeId> {
        let map = self.map.borrow();
        map.placement(shard).map(|placement| placement.replicas.clone()).unwrap_or_default()
    }
}

impl Host {
    /// Takes up the work of the groups that are on disk. A node without a
    /// cluster goes on to found or to join one in the background.
    ///
    /// # Errors
    /// A group that cannot be recovered.
    pub async fn start(options: HostOptions) -> Result<Host, HostError> {
        let pulse = Pulse::start(options.me.id, options.peers.clone(), options.timing);
        let inner = Inner {
            options,
            pulse,
            groups: Groups::default(),
            map: watch::Sender::new(Arc::default()),
            stop: watch::Sender::new(false),
            begun: watch::Sender::new(false),
        };
        let host = Host { inner: Arc::new(inner) };
        host.start_alone().await?;
        Ok(host)
    }

    /// The map of the cluster; without an id until this node belongs to one.
    pub fn map(&self) -> Arc<Map> {
        self.inner.map.borrow().clone()
    }

    /// The map, whenever it changes.
    pub fn watch_map(&self) -> watch::Receiver<Arc<Map>> {
        self.inner.map.subscribe()
    }

    /// The cluster this node belongs to.
    pub fn cluster(&self) -> Option<ClusterId> {
        self.inner.map.borrow().id()
    }

    /// This node.
    pub fn node(&self) -> NodeId {
        self.inner.me()
    }

    /// Waits until every shard knows that this node has begun a new life: what
    /// its former lives held is free, and every shard was led a moment ago.
    pub async fn begun(&self) {
        // Fails only when the host is gone.
        let _ = self.inner.begun.subscribe().wait_for(|begun| *begun).await;
    }

    /// The replica of a shard on this node.
    pub fn group(&self, shard: ShardId) -> Option<Group> {
        self.inner.groups.get(shard)
    }

    /// The replicas of data shards on this node, in the order of the shards.
    pub fn groups(&self) -> Vec<Group> {
        self.inner.groups.data()
    }

    /// The replica of the group that keeps the map.
    pub fn meta(&self) -> Option<Group> {
        self.inner.groups.get(ShardId::META)
    }
}
