//! A node alone: all groups at once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::{Op, Origin, ShardId, cluster};

use super::error::{HostError, error};
use super::{Host, Inner};
use crate::{Delivery, Group, Options};

impl Host {
    pub(super) async fn start_alone(&self) -> Result<(), HostError> {
        let inner = &self.inner;
        let shards = (0..inner.options.shards).map(ShardId);
        for shard in std::iter::once(ShardId::META).chain(shards) {
            inner.groups.add(inner.start_group(shard).await?);
        }
        let meta = self.meta().ok_or_else(|| error("starting", "no map"))?;
        let options = &inner.options;
        let found = cluster::Op::Found {
            cluster: options.luck | 1,
            shards: options.shards,
            replicas: options.replicas,
            cluster_mode: options.cluster_mode,
            seed: options.seed,
            nodes: vec![options.me.clone()],
        };
        self.expect_done(ShardId::META, &Op::Cluster { op: found }).await?;
        let map = Arc::new(meta.state().cluster().clone());
        inner.map.send_replace(map);
        let origin = Origin { node: inner.me(), boot: options.boot, conn: 0 };
        for group in self.groups() {
            self.expect_done(group.id(), &Op::Boot { origin }).await?;
        }
        inner.begun.send_replace(true);
        Ok(())
    }

    async fn expect_done(&self, shard: ShardId, op: &Op<'_>) -> Result<(), HostError> {
        match self.insist(shard, op).await {
            Delivery::Done(_) => Ok(()),
            other => Err(error("beginning a new life", format!("{other:?}"))),
        }
    }
}

impl Inner {
    async fn start_group(&self, shard: ShardId) -> Result<Group, HostError> {
        let options = &self.options;
        let answers = options.answers.clone();
        let group = Group::start(Options {
            shard,
            node: self.me(),
            seed: options.seed,
            log: options.log.clone(),
            snapshots: options.snapshots.clone(),
            clock: options.clock.clone(),
            limits: options.limits.clone(),
            snapshot_log_bytes: options.snapshot_log_bytes.clone(),
            effects: Arc::new(move |effects, _| answers(effects)),
            peers: options.peers.clone(),
            pulse: self.pulse.clone(),
            timing: options.timing,
            boot_guard_until: tokio::time::Instant::now(),
            luck: options.luck,
            guards: options.guards,
        })
        .await
        .map_err(|why| error("starting a shard", why))?;
        let members = BTreeMap::from([(self.me(), options.me.peer_address())]);
        group.found(&members).await.map_err(|why| error("founding a shard", why))?;
        let office = group.await_office(Duration::from_secs(30)).await;
        office.map_err(|why| error("starting a shard", why))?;
        Ok(group)
    }
}
