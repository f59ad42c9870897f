//! All groups of a node, the map of the cluster, and the way to the leaders.
//!
//! A host runs the replicas that the map puts on its node, founds or joins the
//! cluster, and takes operations for any shard: those that this node leads go
//! straight to their group, all others to the node that does. A node alone is a
//! cluster of one, on the same road.

mod options;

mod alive;
mod app;
mod departed;
mod found;
mod history;
mod join;
mod keeper;
mod life;

mod answers;
mod room;
mod router;
mod serve;
mod tickets;
mod underway;

mod executor;
mod scout;
mod steward;

mod admin;
mod health;
mod stop;

mod dice;
mod error;
mod groups;
mod message;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use lockstep_core::cluster::{ClusterId, Map};
use lockstep_core::{NodeId, ShardId};
use parking_lot::Mutex;
use tokio::time::Instant;

pub use alive::{LIVES, Life};
pub use error::{AdminError, HostError};
pub use health::{Health, ShardHealth};
pub use options::{HostOptions, Keep};
pub use router::{FORWARDED_BYTES_MAX, FORWARDED_MAX};

use crate::{Group, Pulse, Timing, TurnoverCounts, watch};
use dice::Dice;
use found::Seeds;
use groups::Groups;
use router::{InFlight, Knowledge};
use tickets::Tickets;
use underway::Underway;

/// All groups of a node, the map of the cluster, and the way to the leaders.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

/// What the tasks of a host share.
struct Inner {
    options: HostOptions,
    pulse: Pulse,
    groups: Groups,
    map: watch::Sender<Arc<Map>>,
    /// The cluster this node belongs to, perhaps before that has a map.
    cluster: Mutex<Option<ClusterId>>,
    seeds: Mutex<Seeds>,
    knowledge: Knowledge,
    in_flight: Arc<InFlight>,
    tickets: Tickets,
    underway: Arc<Underway>,
    /// Takes what the users of other hosts send.
    app: std::sync::OnceLock<Arc<dyn crate::App>>,
    /// Knows what room there is where this node leads.
    room: std::sync::OnceLock<Arc<dyn crate::RoomKeeper>>,
    /// Has to agree before what was written is shown.
    watching: crate::Watching,
    /// Wants to know which keys change.
    touches: crate::Touches,
    /// Groups are started one at a time, each once.
    starting: tokio::sync::Mutex<()>,
    boot_guard_until: Instant,
    dice: Dice,
    begun: watch::Sender<bool>,
    /// Leaderships are handed over and not taken.
    leaving: watch::Sender<bool>,
    /// What this node's connections can rely on.
    life: watch::Sender<Life>,
    /// The cluster goes on without this node.
    removed: AtomicBool,
    /// When which node was heard of, where this one leads the group of the map.
    roll: alive::Roll,
    stop: watch::Sender<bool>,
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Host({:?})", self.inner.options.me.id)
    }
}

impl Host {
    /// Takes up the work of the groups that are on disk. A node without a
    /// cluster goes on to found or to join one in the background.
    ///
    /// # Errors
    /// A group that cannot be recovered.
    pub async fn start(options: HostOptions) -> Result<Host, HostError> {
        let inner = Inner {
            pulse: Pulse::start(options.me.id, options.peers.clone(), options.timing),
            groups: Groups::default(),
            map: watch::Sender::new(Arc::default()),
            cluster: Mutex::new(options.cluster),
            seeds: Mutex::new(Seeds::new(&options.seeds)),
            knowledge: Knowledge::default(),
            in_flight: Arc::default(),
            tickets: Tickets::new(options.boot),
            underway: Arc::default(),
            app: std::sync::OnceLock::new(),
            room: std::sync::OnceLock::new(),
            watching: options.watching.clone(),
            touches: crate::Touches::default(),
            starting: tokio::sync::Mutex::default(),
            boot_guard_until: Instant::now() + options.timing.boot_guard,
            dice: Dice::new(options.luck),
            begun: watch::Sender::new(false),
            leaving: watch::Sender::new(false),
            life: watch::Sender::new(Life { boot: options.boot, cut_off: false }),
            removed: AtomicBool::new(false),
            roll: alive::Roll::default(),
            stop: watch::Sender::new(false),
            options,
        };
        let host = Host { inner: Arc::new(inner) };
        if let Some(cluster) = host.inner.cluster_known() {
            host.inner.options.peers.belongs_to(cluster.0);
        }
        host.inner.recover().await?;
        host.spawn_tasks();
        Ok(host)
    }

    fn spawn_tasks(&self) {
        let inner = &self.inner;
        watched(inner.clone().watch_map());
        watched(inner.clone().belong());
        watched(inner.clone().keep_groups());
        watched(inner.clone().begin_life());
        watched(inner.clone().tell_of_departed());
        watched(inner.clone().stay_alive());
        watched(inner.clone().look_for_dead());
        watched(inner.clone().tell_address());
        watched(inner.clone().scout());
        watched(inner.clone().look_after_groups());
        watched(inner.clone().look_after_map());
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
        let mut begun = self.inner.begun.subscribe();
        drop(begun.wait_for(|begun| *begun).await);
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

    /// Whether this node has heard of users, applied or not: what is in the log is not applied
    /// before somebody leads. A log that cannot be read may have told of some.
    pub fn had_users(&self) -> bool {
        let applied = self.meta().is_some_and(|meta| meta.state().users().epoch() > 0);
        applied || history::names_users(&self.inner.options.log).unwrap_or(true)
    }

    /// How often this node had to look for leaders.
    pub fn turnover(&self) -> TurnoverCounts {
        self.inner.pulse.turnover().counts()
    }

    /// Shares and bytes on their way to the leaders of their shards.
    pub fn forwarded(&self) -> (usize, usize) {
        self.inner.in_flight.now()
    }
}

impl Inner {
    fn me(&self) -> NodeId {
        self.options.me.id
    }

    /// A time that nodes far apart need more of.
    fn scaled(&self, time: Duration) -> Duration {
        let factor = self.options.timing.heartbeat.as_millis() / Timing::LAN.heartbeat.as_millis();
        time * u32::try_from(factor).unwrap_or(1).max(1)
    }

    /// The leader of a shard, by the word of the latest term.
    fn leader_of(&self, shard: ShardId) -> Option<NodeId> {
        let told = self.knowledge.led(shard);
        let own = self.groups.with(shard, |group| {
            let standing = group.watch();
            let standing = standing.borrow();
            (standing.leader, standing.term)
        });
        match (own, told) {
            // Who has voted and heard nothing since knows less than who was told of
            // a leader of the same term: it may have been left out meanwhile.
            (Some((None, term)), Some(told)) if told.term >= term => told.leader,
            (Some((leader, term)), Some(told)) if told.leader.is_none() || told.term <= term => {
                leader
            }
            (Some((leader, _)), None) => leader,
            (_, told) => told.and_then(|told| told.leader),
        }
    }

    /// The leader of a shard if that is another node; asks around if none is known.
    async fn leader_elsewhere(self: &Arc<Self>, shard: ShardId) -> Option<NodeId> {
        let other = || self.leader_of(shard).filter(|leader| *leader != self.me());
        if other().is_none() {
            self.look_around(shard, None).await;
        }
        other()
    }

    /// The voters of a shard, as far as this node knows.
    fn voters(&self, shard: ShardId) -> Vec<NodeId> {
        let own = self.groups.with(shard, |group| group.watch().borrow().voters.clone());
        let own = own.filter(|voters| !voters.is_empty());
        own.unwrap_or_else(|| {
            let map = self.map.borrow();
            map.placement(shard).map(|placement| placement.replicas.clone()).unwrap_or_default()
        })
    }

    /// Whether enough voters of a shard can be reached for it to have a leader.
    fn reaches_quorum(&self, shard: ShardId) -> bool {
        let (me, voters) = (self.me(), self.voters(shard));
        let reaches = |node: &&NodeId| **node == me || self.options.peers.reaches(**node);
        voters.iter().filter(reaches).count() > voters.len() / 2
    }
}

/// Runs a task of the host. One that breaks takes the node down: what it looked
/// after would be left alone.
fn watched(task: impl Future<Output = ()> + Send + 'static) {
    let task = tokio::spawn(task);
    tokio::spawn(async move {
        if let Err(why) = task.await
            && why.is_panic()
        {
            tracing::error!(id = "LS-2003", "a task of the node broke; the node stops");
            crate::runtime::give_up();
        }
    });
}
