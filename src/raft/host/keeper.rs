//! Which groups run on this node: those on its disk, those the map puts here,
//! and none that was moved away.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lockstep_core::cluster::{Map, NodeInfo};
use lockstep_core::{NodeId, ShardId};
use tokio::time::Instant;

use super::error::{HostError, error};
use super::message::{Request, Verdict};
use super::{Inner, answers, history};
use crate::{Group, Lane, Options};

/// How often the groups are compared with the map, even if nothing changed.
const LOOK: Duration = Duration::from_millis(500);
/// How often somebody looks whether the map changed.
const MAP_LOOK: Duration = Duration::from_millis(20);
/// The same once nothing has changed for so long.
const MAP_LOOK_SETTLED: Duration = Duration::from_millis(100);
const MAP_SETTLED: Duration = Duration::from_secs(2);
/// How long after its removal the links to a node are kept.
const FORGET_AFTER: Duration = Duration::from_secs(5);
/// How long a leader may take to say whether a replica may be erased.
const MAY_ERASE_WAIT: Duration = Duration::from_millis(500);

impl Inner {
    /// Starts every group that something is on disk of.
    pub(super) async fn recover(self: &Arc<Self>) -> Result<(), HostError> {
        let (log, snapshots) = (&self.options.log, &self.options.snapshots);
        lockstep_storage::reconcile(log, snapshots)
            .map_err(|why| error("looking for snapshots", why))?;
        let mut shards = log.shards();
        shards.extend(snapshots.shards().map_err(|why| error("looking for snapshots", why))?);
        // The map first: the seed of all others stands in it.
        shards.sort_by_key(|shard| (!shard.is_meta(), *shard));
        shards.dedup();
        for shard in shards {
            let group = self.start_group(shard).await?;
            // Before anybody leads the map it cannot be read.
            for (node, address) in group.members().await {
                if node != self.me() {
                    self.options.peers.know(node, &address);
                }
            }
        }
        Ok(())
    }

    /// Starts the group of a shard, if it does not run yet.
    pub(super) async fn start_group(self: &Arc<Self>, shard: ShardId) -> Result<Group, HostError> {
        let _one_at_a_time = self.starting.lock().await;
        if let Some(group) = self.groups.get(shard) {
            return Ok(group);
        }
        let options = &self.options;
        let group = Group::start(Options {
            shard,
            node: self.me(),
            seed: if shard.is_meta() { 0 } else { self.seed()? },
            log: options.log.clone(),
            snapshots: options.snapshots.clone(),
            bodies: options.bodies.clone(),
            clock: options.clock.clone(),
            limits: options.limits.clone(),
            snapshot_log_bytes: options.snapshot_log_bytes.clone(),
            effects: answers::sink(self),
            peers: options.peers.clone(),
            pulse: self.pulse.clone(),
            timing: options.timing,
            boot_guard_until: self.boot_guard_until,
            luck: self.dice.next(),
            watching: self.watching.clone(),
            touches: self.touches.clone(),
            scripts: options.scripts.clone(),
            guards: options.guards,
        })
        .await
        .map_err(|why| error(&format!("starting shard {}", shard.0), why))?;
        self.groups.add(group.clone());
        Ok(group)
    }

    /// The seed of data shards: that of the map, as far as it is on this node.
    fn seed(&self) -> Result<u64, HostError> {
        let meta = self.groups.get(ShardId::META);
        let applied = meta.as_ref().and_then(|meta| {
            let state = meta.state();
            state.cluster().id().map(|_| state.cluster().seed())
        });
        match applied {
            Some(seed) => Ok(seed),
            None => {
                let logged = history::seed(&self.options.log);
                let logged = logged.map_err(|why| error("reading the log of the map", why))?;
                Ok(logged.unwrap_or(self.options.seed))
            }
        }
    }

    /// Whether a leader's entries may begin a group here.
    pub(super) fn may_open(&self, shard: ShardId) -> bool {
        let map = self.map.borrow();
        // Without the map nobody knows the seed. What was moved away must not come
        // back, and vote, because a message to it was late.
        let wanted = map.placement(shard).is_some_and(|placement| placement.has(self.me()));
        !*self.stop.borrow() && (wanted || shard.is_meta()) && !map.removed(self.me())
    }

    /// Begins the group of a shard that its leader sends entries for.
    pub(super) async fn open_group(self: &Arc<Self>, shard: ShardId) -> Option<Group> {
        match self.start_group(shard).await {
            Ok(group) => Some(group),
            Err(why) => {
                tracing::error!(shard = shard.0, "{why}");
                None
            }
        }
    }

    /// Keeps the map that others see equal to that of the group here.
    pub(super) async fn watch_map(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut seen = (0, 0);
        let mut changed = Instant::now();
        let mut gone = BTreeMap::new();
        loop {
            let before = seen;
            self.look_at_map(&mut seen, &mut gone);
            self.forget_gone(&mut gone);
            if seen != before || self.map.borrow().id().is_none() {
                changed = Instant::now();
            }
            // Changes come in rows; a map that is settled costs next to nothing.
            let settled = changed.elapsed() >= MAP_SETTLED;
            let pause = if settled { MAP_LOOK_SETTLED } else { MAP_LOOK };
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Closes the links to nodes that were removed, a little later: they are still
    /// to hear of it.
    fn forget_gone(&self, gone: &mut BTreeMap<NodeId, Instant>) {
        gone.retain(|node, since| {
            let over = since.elapsed() >= FORGET_AFTER;
            if over {
                self.options.peers.forget(*node);
                self.tickets.forget(*node);
            }
            !over
        });
    }

    fn look_at_map(&self, seen: &mut (u64, u64), gone: &mut BTreeMap<NodeId, Instant>) {
        let Some(meta) = self.groups.get(ShardId::META) else { return };
        let map = {
            let state = meta.state();
            let now = (state.seq(), state.cluster().epoch());
            if *seen == now {
                return;
            }
            *seen = now;
            state.cluster().clone()
        };
        if **self.map.borrow() != map && map.id().is_some() {
            let before = self.map.borrow().clone();
            let removed = before.nodes().filter(|node| map.node(node.id).is_none());
            gone.extend(removed.map(|node| (node.id, Instant::now())));
            self.take_map(map);
        }
    }

    /// The cluster says that it goes on without this node.
    pub(super) fn was_removed(&self) {
        if !self.removed.swap(true, Ordering::AcqRel) {
            tracing::error!(
                id = "LS-2013",
                node = self.me().0,
                "this node was removed from the cluster; to use it again, start it with an empty \
                 data directory"
            );
        }
    }

    /// A newer map.
    fn take_map(&self, map: Map) {
        let before = self.map.borrow().clone();
        let me = self.me();
        for node in map.nodes().filter(|node| node.id != me) {
            if before.node(node.id).map(NodeInfo::peer_address) != Some(node.peer_address()) {
                self.options.peers.know(node.id, &node.peer_address());
            }
        }
        if map.removed(me) && !before.removed(me) {
            self.was_removed();
        }
        if let Some(cluster) = map.id() {
            let addresses = |map: &Map| -> Vec<String> {
                map.nodes().filter(|node| node.id != me).map(NodeInfo::peer_address).collect()
            };
            let now = addresses(&map);
            if before.id() != map.id() || addresses(&before) != now {
                self.keep(cluster, map.shards(), &now);
            }
        }
        self.map.send_replace(Arc::new(map));
    }

    /// Compares the groups with the map, whenever that changes.
    pub(super) async fn keep_groups(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        let mut map = self.map.subscribe();
        let mut installed = BTreeMap::new();
        loop {
            let now = map.borrow_and_update().clone();
            self.sort_groups(&now).await;
            self.note_progress(&mut installed);
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                _ = map.changed() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
    }

    async fn sort_groups(self: &Arc<Self>, map: &Map) {
        if map.id().is_none() || map.removed(self.me()) {
            return;
        }
        for (shard, placement) in map.placements() {
            if !placement.has(self.me()) {
                if placement.founded && self.groups.get(shard).is_some() {
                    self.part_with(shard).await;
                }
            } else if !placement.founded {
                let members = members(map, &placement.replicas);
                if let Err(why) = self.found_group(shard, &members).await {
                    tracing::error!(shard = shard.0, "{why}");
                }
            }
        }
    }

    async fn found_group(
        self: &Arc<Self>,
        shard: ShardId,
        members: &BTreeMap<NodeId, String>,
    ) -> Result<(), HostError> {
        let group = self.start_group(shard).await?;
        if group.is_founded() {
            return Ok(());
        }
        group.found(members).await.map_err(|why| error("founding a shard", why))
    }

    /// A shard that was moved away: forgets it, once its leader says that nobody
    /// can count on this replica any more.
    async fn part_with(self: &Arc<Self>, shard: ShardId) {
        let Some(leader) = self.leader_elsewhere(shard).await else { return };
        let last = self.groups.with(shard, Group::last_index).flatten();
        let request = Request::MayErase { shard }.bytes();
        let wait = self.scaled(MAY_ERASE_WAIT);
        let reply = self.options.peers.call(leader, Lane::Data, request, wait).await;
        let verdict = reply.map(|reply| Verdict::open(&reply));
        if !matches!(verdict, Ok(Ok(Verdict::Yes {}))) {
            return;
        }
        // Nobody begins the group again before nothing is left of this one.
        let alone = self.starting.lock().await;
        let Some(group) = self.groups.remove(shard) else { return };
        group.stop().await;
        if group.last_index() != last {
            // Something came since it was asked: the shard is on its way back, and
            // what was acknowledged must not be forgotten.
            drop(alone);
            self.open_group(shard).await;
            return;
        }
        match group.erase().await {
            Ok(()) => tracing::info!(shard = shard.0, "the shard was moved away"),
            Err(why) => tracing::error!(shard = shard.0, "{why}"),
        }
    }

    /// Notes how far the shards here have come, and how many snapshots took the
    /// place of entries: answers that these held may be lost.
    fn note_progress(&self, installed: &mut BTreeMap<ShardId, u64>) {
        for group in self.groups.all() {
            let seq = group.state().seq();
            self.knowledge.saw(group.id(), seq);
            let now = group.snapshots_installed();
            let before = installed.insert(group.id(), now);
            if now > 0 && before.is_some_and(|before| before != now) {
                (self.options.adrift)(group.id());
            }
        }
    }

    /// Whether `node` may forget what it kept of a shard that this node leads:
    /// every voter knows that it has no part in it any more, so that none will
    /// ever ask it for a vote.
    pub(super) fn may_erase(&self, shard: ShardId, node: NodeId) -> Verdict {
        let Some(group) = self.groups.get(shard).filter(Group::leads) else {
            return Verdict::NotNow {};
        };
        // Behind the look: whoever does not lead any more may not know of changes.
        let parted = group.has_parted_with(node) && group.leads();
        if parted { Verdict::Yes {} } else { Verdict::NotNow {} }
    }

    /// Keeps what is needed for the next start.
    pub(super) fn keep(
        &self,
        cluster: lockstep_core::cluster::ClusterId,
        shards: u16,
        addresses: &[String],
    ) -> bool {
        match (self.options.keep)(cluster, shards, addresses) {
            Ok(()) => true,
            Err(why) => {
                tracing::error!("keeping the id of the cluster and the nodes' addresses: {why}");
                false
            }
        }
    }
}

/// Where peers reach these nodes.
pub(super) fn members(map: &Map, nodes: &[NodeId]) -> BTreeMap<NodeId, String> {
    let address = |node: NodeId| map.node(node).map(NodeInfo::peer_address).unwrap_or_default();
    nodes.iter().map(|node| (*node, address(*node))).collect()
}
