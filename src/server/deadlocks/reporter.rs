//! Tells the detector of the locks that are waited for where this node leads.
//!
//! Nothing happens while nobody waits for a lock of any shard on this node. Where
//! somebody does, all shards that it leads are looked at every few milliseconds;
//! what has changed is told at once, everything else now and then, since messages
//! may be lost.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select_all;
use lockstep_core::{NodeId, ShardId};
use lockstep_raft::Group;
use tokio::time::{Instant, sleep, timeout};

use super::picture::{Lock, Report};
use super::wire::{self, MESSAGE_BYTES};
use crate::Node;
use crate::exchange::Topic;

/// How often waits are looked at.
const LOOK: Duration = Duration::from_millis(4);
/// The same while this node leads no shard where somebody waits; it may soon.
const LOOK_ELSEWHERE: Duration = Duration::from_millis(50);
/// A look may take one part of so many of the time.
const SHARE: u32 = 20;
/// How often what has not changed is told again: sooner than it is forgotten.
const REPEAT: Duration = Duration::from_millis(250);
/// Shards may come to this node; they are looked for now and then.
const SHARDS_LOOK: Duration = Duration::from_secs(1);

/// Reports as long as the node runs.
pub(super) async fn run(node: Arc<Node>) {
    let mut reporter = Reporter { node, number: 0, detector: None, told: BTreeMap::new() };
    loop {
        contended(&reporter.node).await;
        let began = Instant::now();
        let leads = reporter.look();
        let pause = if leads { LOOK } else { LOOK_ELSEWHERE };
        sleep(pause.max(began.elapsed() * SHARE)).await;
    }
}

/// Waits until somebody waits for a lock of a shard that has a replica here.
async fn contended(node: &Node) {
    loop {
        let groups = node.shards.here();
        if groups.is_empty() {
            sleep(SHARDS_LOOK).await;
            continue;
        }
        let any = select_all(groups.iter().map(|group| Box::pin(group.contended())));
        if timeout(SHARDS_LOOK, any).await.is_ok() {
            return;
        }
    }
}

struct Reporter {
    node: Arc<Node>,
    number: u64,
    /// Who was told so far, and in which term of the meta group.
    detector: Option<(NodeId, u64)>,
    told: BTreeMap<ShardId, Told>,
}

/// What was told last of a shard.
struct Told {
    term: u64,
    locks: Vec<Lock>,
    at: Instant,
}

impl Reporter {
    /// Tells what is to be told; whether there is a shard where somebody waits
    /// that this node leads.
    fn look(&mut self) -> bool {
        let Some(detector) = detector(&self.node) else { return false };
        if self.detector != Some(detector) {
            // It knows nothing yet.
            self.detector = Some(detector);
            self.told.clear();
        }
        let groups = self.node.shards.led();
        let mut message = Vec::new();
        for group in &groups {
            self.report(group, &mut message);
            if message.len() >= MESSAGE_BYTES {
                self.send(&std::mem::take(&mut message));
            }
        }
        if !message.is_empty() {
            self.send(&message);
        }
        self.told.retain(|shard, _| groups.iter().any(|group| group.id() == *shard));
        groups.iter().any(|group| group.waiting_for_locks() > 0)
    }

    fn report(&mut self, group: &Group, message: &mut Vec<u8>) {
        let (shard, now_ms) = (group.id(), self.node.shards.now_ms());
        let known = self.told.get(&shard);
        if group.waiting_for_locks() == 0 && known.is_none_or(|told| told.locks.is_empty()) {
            return;
        }
        let term = group.watch().borrow().term;
        let locks = super::seen::locks(&self.node, group);
        let same = known.is_some_and(|told| told.term == term && told.locks == locks);
        let nothing = locks.is_empty() && known.is_none();
        if nothing || (same && known.is_some_and(|told| told.at.elapsed() < REPEAT)) {
            return;
        }
        self.number += 1;
        let report = Report { term, number: self.number, locks };
        wire::put(shard, &report, now_ms, message);
        self.told.insert(shard, Told { term, locks: report.locks, at: Instant::now() });
    }

    fn send(&self, message: &[u8]) {
        match self.detector {
            Some((node, _)) if node == self.node.identity.node_id => {
                self.node.deadlocks.told(message);
            }
            Some((node, _)) => self.node.exchange.tell(node, Topic::Deadlocks, message),
            None => {}
        }
    }
}

/// The node that looks for deadlocks, and since which term: the leader of the meta
/// group.
fn detector(node: &Node) -> Option<(NodeId, u64)> {
    let meta = node.shards.host().meta()?;
    let standing = meta.watch();
    let standing = standing.borrow();
    Some((standing.leader?, standing.term))
}
