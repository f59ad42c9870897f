//! Brings the bodies that outcomes name.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use lockstep_core::queues::BodyKey;
use lockstep_core::{Effect, Outcome, Shard};
use lockstep_storage::BodyId;
use parking_lot::RwLock;

use super::Shelf;
use crate::mailbox::{Delivery, Mailbox};

type Found = BTreeMap<BodyKey, Arc<[u8]>>;

/// Brings the bodies that outcomes of a shard name.
pub(crate) struct Fetch {
    shelf: Arc<Shelf>,
    shard: Arc<RwLock<Shard>>,
}

/// Puts bytes in place of the bodies that are in memory; whether that were all.
pub(crate) fn all_here<'a>(outcomes: impl IntoIterator<Item = &'a mut Outcome>) -> bool {
    let mut all = true;
    for outcome in outcomes {
        all &= outcome.resolve(&mut |_| None);
    }
    all
}

impl Fetch {
    pub(crate) fn new(shelf: Arc<Shelf>, shard: Arc<RwLock<Shard>>) -> Arc<Fetch> {
        Arc::new(Fetch { shelf, shard })
    }

    /// Delivers outcomes, when all of their bodies are there.
    pub(crate) fn deliver(self: &Arc<Self>, mut outcomes: Vec<Outcome>, mailbox: &Mailbox) {
        if all_here(&mut outcomes) {
            return mailbox.put(Delivery::Done(outcomes));
        }
        let fetch = self.clone();
        mailbox.send(Box::pin(async move {
            // Somebody else may have the body. What was delivered with it is delivered
            // again when its lease is over.
            let done = fetch.bring(&mut outcomes.iter_mut().collect::<Vec<_>>()).await;
            if done { Delivery::Done(outcomes) } else { Delivery::Unknown }
        }));
    }

    /// Carries out effects when all of their bodies are there; answers without their
    /// bodies are not given. What happened to keys waits for none: it is told in the order
    /// of the entries.
    pub(crate) fn carry_out(
        self: &Arc<Self>,
        mut effects: Vec<Effect>,
        sink: impl Fn(Vec<Effect>) + Send + 'static,
    ) {
        if all_here(effects.iter_mut().filter_map(answer)) {
            return sink(effects);
        }
        let of_keys = |effect: &mut Effect| matches!(effect, Effect::Keyspace { .. });
        sink(effects.extract_if(.., of_keys).collect());
        let fetch = self.clone();
        tokio::spawn(async move {
            if !fetch.bring(&mut effects.iter_mut().filter_map(answer).collect::<Vec<_>>()).await {
                effects
                    .retain_mut(|effect| answer(effect).is_none_or(|outcome| !outcome.has_body()));
            }
            sink(effects);
        });
    }

    /// Puts bytes in place of all bodies; false: one of them is nowhere.
    async fn bring(&self, outcomes: &mut [&mut Outcome]) -> bool {
        let mut keys = Vec::new();
        for outcome in outcomes.iter_mut() {
            outcome.resolve(&mut |key| {
                keys.push(*key);
                None
            });
        }
        // Whoever takes one soon takes the next as well.
        self.shelf.bell.notify_one();
        let Ok(found) = self.find(keys).await else { return false };
        let mut all = true;
        for outcome in outcomes.iter_mut() {
            all &= outcome.resolve(&mut |key| found.get(key).cloned());
        }
        all
    }

    async fn find(&self, mut keys: Vec<BodyKey>) -> io::Result<Found> {
        let mut found = Found::new();
        {
            let shard = crate::runtime::read(&self.shard);
            keys.retain(|key| {
                let here = shard.queues().body(key).and_then(|body| body.here);
                let missing = here.is_none();
                found.extend(here.map(|body| (*key, body)));
                missing
            });
        }
        found.extend(read(&self.shelf, keys).await?);
        Ok(found)
    }
}

fn answer(effect: &mut Effect) -> Option<&mut Outcome> {
    match effect {
        Effect::Answer { outcome, .. } => Some(outcome),
        _ => None,
    }
}

/// Reads bodies from disk, those that are there.
///
/// # Errors
/// One of them is another one than it should be, or the disk fails.
pub(super) async fn read(shelf: &Arc<Shelf>, keys: Vec<BodyKey>) -> io::Result<Found> {
    if keys.is_empty() {
        return Ok(Found::new());
    }
    let (shard, count) = (shelf.shard, keys.len() as u64);
    let read = shelf.store.from_disk(move |disk| {
        let ids: Vec<_> = keys.iter().map(id).collect();
        let bodies = disk.get(shard, &ids)?;
        let there = keys.into_iter().zip(bodies);
        // One of another body under this name was replaced.
        Ok(there
            .filter_map(|(key, body)| Some((key, body.filter(|body| key.fits(body))?)))
            .collect())
    });
    let found: Found = read.await?;
    shelf.store.reads.fetch_add(count, Ordering::Relaxed);
    Ok(found)
}

/// The name of a body on disk.
pub(super) fn id(key: &BodyKey) -> BodyId {
    BodyId { queue: key.queue, seq: key.seq }
}
