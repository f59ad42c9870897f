//! What the leader of the map does: one step after the other towards the
//! placement that the map should have.
//!
//! Every step is an entry of the map and is carried out by the leaders of the
//! shards. The next one is only made when every group is as the map wants it, so
//! that at most one of them changes its members at a time, and whoever leads
//! after a crash goes on from what the map and the groups say.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::cluster::{Map, Placement};
use lockstep_core::{NodeId, Op, ShardId};

use super::Inner;
use super::message::Led;

/// How often the map is compared with what is.
const LOOK: Duration = Duration::from_millis(500);

impl Inner {
    /// Looks after the map while this node leads the group that keeps it.
    pub(super) async fn look_after_map(self: Arc<Self>) {
        let mut stop = self.stop.subscribe();
        // The epoch at which there was nothing more to do, and who answered then.
        let mut rest = None;
        loop {
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(self.scaled(LOOK)) => {}
            }
            let Some(map) = self.map_led() else {
                rest = None;
                continue;
            };
            let alive = self.alive(&map);
            if rest.as_ref() == Some(&(map.epoch(), alive.clone())) {
                continue;
            }
            rest = match self.next_step(&map, &alive).await {
                Step::Wait => None,
                Step::Rest => Some((map.epoch(), alive)),
            };
        }
    }

    /// The map, if this node leads the group that keeps it.
    fn map_led(&self) -> Option<Map> {
        let meta = self.groups.get(ShardId::META).filter(crate::Group::leads)?;
        let map = meta.state().cluster().clone();
        map.id().map(|_| map)
    }

    fn alive(&self, map: &Map) -> BTreeSet<NodeId> {
        let alive = |node: &NodeId| *node == self.me() || self.options.peers.reaches(*node);
        map.nodes().map(|node| node.id).filter(alive).collect()
    }

    async fn next_step(self: &Arc<Self>, map: &Map, alive: &BTreeSet<NodeId>) -> Step {
        if !self.is_settled(map).await {
            return Step::Wait;
        }
        // During a change nobody can say who votes in the end.
        let whole = |led: &Led| !led.joint;
        let voters = |shard| self.stands(shard).filter(whole).map(|led| led.voters);
        match map.next_move_from(&|node| alive.contains(&node), &voters) {
            None => Step::Rest,
            Some(step) => {
                tracing::info!(?step, "placing replicas");
                // Refused where the map has changed meanwhile: then anew.
                let _ = self.ask(ShardId::META, &Op::Cluster { op: step.op() }).await;
                Step::Wait
            }
        }
    }

    /// Whether every group is as the map wants it.
    async fn is_settled(&self, map: &Map) -> bool {
        let elsewhere = |shard: &ShardId| !self.leads(*shard);
        let shards = || map.placements().map(|(shard, _)| shard);
        if shards().any(|shard| elsewhere(&shard)) {
            self.ask_all().await;
        }
        let meta = (ShardId::META, map.placement(ShardId::META));
        let data = map.placements().map(|(shard, placement)| (shard, Some(placement)));
        std::iter::once(meta).chain(data).all(|(shard, placement)| {
            placement.is_some_and(|placement| {
                // Who was removed will never come: somebody else has to be chosen.
                let hopeless = placement.replicas.iter().any(|node| map.node(*node).is_none());
                let stands = || self.stands(shard).is_some_and(|led| is_as(&led, placement));
                placement.founded && (hopeless || stands())
            })
        })
    }

    fn leads(&self, shard: ShardId) -> bool {
        self.groups.with(shard, crate::Group::leads).unwrap_or(false)
    }

    /// How a shard stands, by its leader's word.
    fn stands(&self, shard: ShardId) -> Option<Led> {
        if self.leads(shard) {
            return self.groups.with(shard, |group| Led::of(shard, &group.watch().borrow()));
        }
        self.knowledge.led(shard).filter(|led| led.leader.is_some())
    }
}

enum Step {
    /// Something is going on: look again.
    Wait,
    /// Nothing is to be done as long as nothing changes.
    Rest,
}

/// Whether the members of a group are those that are wanted.
fn is_as(led: &Led, placement: &Placement) -> bool {
    let now: BTreeSet<_> = led.voters.iter().collect();
    let wanted: BTreeSet<_> = placement.replicas.iter().collect();
    now == wanted && !led.joint && (led.shard.is_meta() || led.learners.is_empty())
}
