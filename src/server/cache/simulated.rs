//! A node's part of the cache without a server around it, for a world with clocks of its
//! own.

use std::sync::Arc;

use bytes::Bytes;
use lockstep_cache::{Answer, At, Rules};
use lockstep_commands::here::CacheMode;
use lockstep_core::{Db, Outcome, ShardId, keys};
use lockstep_raft::Host;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::{Cache, Luck, Reading, Who, clock, run};
use crate::config::{ConfigError, Layers};
use crate::exchange::Exchange;

/// A node's part of the cache.
#[derive(Clone, Debug)]
pub struct Copies(Arc<Cache>);

/// What comes of a read.
#[derive(Debug)]
pub enum Got {
    /// What the key holds.
    Value(Option<Bytes>),
    /// That comes here.
    Later(Wanted),
    /// The leader has to be asked.
    Elsewhere,
}

/// A read that waits for a copy.
#[derive(Debug)]
pub struct Wanted {
    copies: Copies,
    key: Vec<u8>,
    answer: oneshot::Receiver<Answer>,
}

/// What this thread does now is done by a node whose first moment was that.
pub fn is_turn_of(first: Instant) {
    clock::simulate(first);
}

impl Copies {
    /// Takes part from now on, in the `boot`th life of the node. Its hashes follow from `seed`.
    ///
    /// # Errors
    /// The settings are not such.
    pub fn begin(
        host: Host,
        boot: u64,
        seed: (u64, u64),
        rules: Rules,
        settings: &[(&str, &str)],
    ) -> Result<Self, Vec<ConfigError>> {
        let mut chosen = Layers::default();
        settings.iter().for_each(|(name, value)| chosen.flag(name, value));
        let chosen = chosen.settle()?;
        let who = Who { node: host.node(), boot, alone: false };
        let exchange = Exchange::new(host.clone());
        let cache = Cache::with(Luck { seed, rules }, who, exchange, host, Arc::new(chosen));
        run::begin(&cache);
        Ok(Copies(cache))
    }

    /// What a key holds, if there is a good copy of it here.
    pub fn hit(&self, shard: ShardId, key: &[u8]) -> Option<Option<Bytes>> {
        let op = keys::Op::Get { db: Db(0), key };
        let here = self.0.host.group(shard).filter(|_| self.0.reads_here(shard));
        match here.and_then(|group| self.0.look_here(&group, &op)) {
            Some(Outcome::Bytes(value)) => Some(Some(value.into())),
            Some(Outcome::Nil) => Some(None),
            _ => Some(self.0.hit(shard, at(key))?.value),
        }
    }

    /// The same where there is none yet and another node leads.
    pub fn fetch(&self, shard: ShardId, key: &[u8]) -> Got {
        let Some(care) = self.0.care(CacheMode::Strict) else { return Got::Elsewhere };
        match self.0.read(shard, at(key), care) {
            Reading::Content(content) => Got::Value(content.value),
            Reading::Elsewhere => Got::Elsewhere,
            Reading::Later(answer) => {
                Got::Later(Wanted { copies: self.clone(), key: key.to_vec(), answer })
            }
        }
    }

    /// A client read a key here, where this node leads.
    pub fn read_here(&self, shard: ShardId, key: &[u8]) {
        self.0.read_here(shard, at(key));
    }

    /// What was counted: names and numbers.
    pub fn counts(&self) -> Vec<(&'static str, u64)> {
        self.0.counts.list()
    }
}

impl Wanted {
    /// What the key holds; none: the leader has to be asked.
    pub async fn value(self) -> Option<Option<Bytes>> {
        match self.answer.await {
            Ok(Answer::Content(content)) => Some(content.value),
            Ok(Answer::Elsewhere) => {
                self.copies.0.forwarded(at(&self.key));
                None
            }
            Err(_) => None,
        }
    }
}

fn at(key: &[u8]) -> At<'_> {
    At { db: Db(0), key }
}
