//! Tells homes which partitions have something, where this node leads them.
//!
//! A shard says when a partition that had nothing ready has something, and that is told
//! at once. As long as it has something it is told again once a second, since messages
//! may be lost and homes may be new. A node that comes to lead a shard looks which of
//! its partitions have something.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use lockstep_core::ShardId;
use lockstep_core::queues::{Op, Which};
use lockstep_core::{Op as AnyOp, Outcome};
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use super::home;
use crate::Node;
use crate::queues::shard_of;

/// What comes within this is told together.
const GATHER: Duration = Duration::from_millis(1);

/// How often it is looked whether something is to be told again.
const LOOK: Duration = Duration::from_millis(250);

/// How often what has not changed is told again.
const REPEAT: Duration = Duration::from_secs(1);

/// So many partitions are told of. Others are found by who asks anew.
const PARTS_MAX: usize = 65_536;

/// A partition.
type Place = (Box<[u8]>, u32);

/// The partitions that have something.
#[derive(Debug, Default)]
pub(super) struct Announced {
    new: Mutex<BTreeMap<Place, ()>>,
    bell: Notify,
}

impl Announced {
    /// A partition that this node leads has something, and had nothing.
    pub fn note(&self, queue: &[u8], part: u32) {
        let mut new = self.new.lock();
        if new.len() < PARTS_MAX {
            new.insert((queue.into(), part), ());
            drop(new);
            self.bell.notify_one();
        }
    }
}

/// Tells as long as the node runs, and looks after all that is said again.
pub(super) async fn run(node: Arc<Node>) {
    let mut told: BTreeMap<Place, Instant> = BTreeMap::new();
    let mut terms: BTreeMap<ShardId, u64> = BTreeMap::new();
    let mut clock = interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = node.queues.partitions.announced.bell.notified() => {
                sleep(GATHER).await;
            }
            _ = clock.tick() => {
                look_for_new(&node, &mut terms);
                node.queues.partitions.look_after(&node);
                repeat(&node, &mut told);
            }
        }
        let new = std::mem::take(&mut *node.queues.partitions.announced.new.lock());
        for ((queue, part), ()) in new {
            tell(&node, (queue, part), &mut told);
        }
    }
}

/// Tells of a partition that has something; else it is forgotten.
fn tell(node: &Arc<Node>, place: Place, told: &mut BTreeMap<Place, Instant>) {
    match ready(node, &place) {
        Some(ready) if ready > 0 => {
            home::have(node, &place.0, place.1, ready);
            if told.len() < PARTS_MAX {
                told.insert(place, Instant::now());
            }
        }
        _ => drop(told.remove(&place)),
    }
}

fn repeat(node: &Arc<Node>, told: &mut BTreeMap<Place, Instant>) {
    let due: Vec<Place> = told
        .iter()
        .filter(|(_, at)| at.elapsed() >= REPEAT)
        .map(|(place, _)| place.clone())
        .collect();
    for place in due {
        tell(node, place, told);
    }
}

/// How many messages a partition has ready, if this node leads it.
fn ready(node: &Node, (queue, part): &Place) -> Option<u64> {
    let group = node.shards.replica(shard_of(node, queue, *part))?;
    let (part, which) = (*part, Some(Which::Ready {}));
    let op = AnyOp::Queue { op: Op::Len { queue, part, which } };
    let found = group.state().look(&op);
    match found {
        Outcome::Int(ready) if group.leads() => u64::try_from(ready).ok(),
        _ => None,
    }
}

/// Notes what partitions have in shards that this node has come to lead.
fn look_for_new(node: &Arc<Node>, terms: &mut BTreeMap<ShardId, u64>) {
    let led = node.shards.led();
    terms.retain(|shard, _| led.iter().any(|group| group.id() == *shard));
    for group in led {
        let term = group.watch().borrow().term;
        if terms.insert(group.id(), term) == Some(term) {
            continue;
        }
        let stocked = group.state().queues().stocked_parts();
        for (queue, part) in stocked {
            node.queues.partitions.announced.note(&queue, part);
        }
    }
}
