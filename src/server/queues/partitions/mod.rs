//! Queues with several partitions, spread over the shards.
//!
//! Each partition is a queue of its own in the shard of its slot, and what is granted
//! there its shard has granted. Everything here is soft: which queues have partitions
//! (`counts`), where a push goes (`place`), the clients of this node that wait, as one
//! (`line`, `hall`, `ask`), and what the home of a queue knows (`directory`, `home`):
//! which nodes have clients that wait, and which partitions have something
//! (`announce`). So a consumer that waits costs nothing, and a message finds one
//! wherever it is pushed. What is about all partitions is asked of all (`all`, `merge`,
//! `manage`).

mod all;
mod announce;
mod ask;
mod counts;
mod directory;
mod hall;
mod home;
mod lanes;
mod line;
mod made;
mod manage;
mod merge;
mod more;
mod place;
mod pop;
mod stats;
#[cfg(test)]
mod tests;
mod wire;

use std::future::Future;
use std::sync::{Arc, OnceLock, Weak};

use dashmap::DashMap;
use lockstep_core::Outcome;
use lockstep_core::queues::{Op, PARTITIONS_MAX, WHOLE, Which};
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::Node;
use crate::exchange::Topic;
use announce::Announced;
use counts::Counts;
use directory::Directory;
use hall::Hall;
use lanes::Lanes;
use stats::Stats;

pub(super) use all::all;
use place::group_part;
pub(super) use place::push;
pub(super) use pop::pop;
pub(super) use pop::waits_here;

/// What a node knows of the queues that have several partitions.
#[derive(Debug, Default)]
pub struct Partitions {
    /// What was done.
    pub stats: Stats,
    counts: Counts,
    halls: DashMap<Box<[u8]>, Arc<Hall>>,
    directory: Mutex<Directory>,
    announced: Announced,
    lanes: Lanes,
    place: OnceLock<Place>,
}

/// Where the work is done.
#[derive(Debug)]
struct Place {
    node: Weak<Node>,
    /// Not that of the links, whose threads have something else to do.
    runtime: Handle,
}

/// Begins to tell other nodes of partitions, and to listen to them.
pub fn start(node: &Arc<Node>) {
    let place = Place { node: Arc::downgrade(node), runtime: Handle::current() };
    if node.queues.partitions.place.set(place).is_err() {
        return;
    }
    node.exchange.listen(Topic::Queues, home::Others(Arc::downgrade(node)));
    tokio::spawn(announce::run(node.clone()));
}

impl Partitions {
    /// How many a queue has, if it is known to have several.
    pub(crate) fn count(&self, queue: &[u8]) -> Option<u32> {
        let count = self.counts.get(queue)?;
        if self.counts.is_due(queue) {
            self.check(queue);
        }
        Some(count)
    }

    /// A queue has told how many it has.
    pub(crate) fn learn(&self, queue: &[u8], count: u32) {
        self.counts.learn(queue, count);
    }

    /// Another node says how many a queue has: only who uses it has to know.
    fn heard(&self, queue: &[u8], count: u32) {
        if self.counts.get(queue).is_some() {
            self.learn(queue, count);
        }
    }

    /// Gives an operation on a whole queue its partition, if it is known to have several
    /// and one of them is enough. What still is about the [whole](WHOLE) queue is left to
    /// the functions below.
    pub(crate) fn place<'a>(&self, mut op: Op<'a>) -> Op<'a> {
        debug_assert_eq!(op.part(), WHOLE);
        let Some((count, node)) = self.count(op.name()).zip(self.node()) else { return op };
        match &mut op {
            Op::Push { create: true, length_max: None, .. } => {
                let part = place::part_of(&node, op.name(), &op, count);
                place::placed(&op, part, count)
            }
            Op::Pop { queues, part, want, .. } if queues.len() == 1 => {
                let lockstep_core::queues::Want::Of { group, .. } = want;
                if let Some(group) = group {
                    *part = group_part(group, count);
                }
                op
            }
            _ => op,
        }
    }

    /// How many partitions an operation is about that has to be carried out by the
    /// functions below: it is about a whole queue that is known to have several, or
    /// changes how many there are.
    pub(crate) fn concerns(&self, op: &Op<'_>) -> Option<u32> {
        match op {
            Op::Create { .. } | Op::Configure { .. } | Op::Reset { .. } | Op::Destroy { .. }
                if op.part() == WHOLE =>
            {
                Some(self.count(op.name()).unwrap_or(1))
            }
            Op::Ack { pop: Some(_), .. } => self.count(op.name()),
            _ if op.part() == WHOLE => self.count(op.name()),
            _ => None,
        }
    }

    /// What has to be carried out by the functions below, after an operation gave this:
    /// its queue has so many partitions.
    pub(crate) fn again<'a>(&self, op: &Op<'a>, outcome: &Outcome) -> Option<(Op<'a>, u32)> {
        let asked_home = super::is_whole(op) || matches!(op, Op::Ack { .. });
        if let Some(count) = super::partitions_in(outcome).filter(|_| asked_home) {
            // Of several queues it is not known which.
            if op.names().count() == 1 {
                self.learn(op.name(), count);
            }
            return Some((op.clone(), count));
        }
        // The partition is not there (any more).
        let placed = matches!(op, Op::Push { part, create: false, .. } if *part != WHOLE);
        if placed && place::is_missing(outcome) {
            return Some((place::whole(op), self.count(op.name()).unwrap_or(1)));
        }
        None
    }

    /// How many clients of this node wait for messages of such queues.
    pub fn waiting(&self) -> u64 {
        self.halls.iter().map(|hall| hall.waiting()).sum()
    }

    /// How many of them wait for messages of this queue.
    fn clients(&self, queue: &[u8]) -> u64 {
        self.hall_of(queue).map_or(0, |hall| hall.clients())
    }

    /// A partition that this node leads has something, and had nothing.
    pub(crate) fn available(&self, queue: &[u8], part: u32) {
        self.announced.note(queue, part);
    }

    fn node(&self) -> Option<Arc<Node>> {
        self.place.get()?.node.upgrade()
    }

    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        match self.place.get() {
            Some(place) => drop(place.runtime.spawn(work)),
            None => drop(tokio::spawn(work)),
        }
    }

    /// Asks home beside the work how many partitions a queue has.
    fn check(&self, queue: &[u8]) {
        let Some(node) = self.node() else { return };
        let queue = queue.to_vec();
        self.spawn(async move {
            let op = Op::Len { queue: &queue, part: WHOLE, which: Some(Which::Ready {}) };
            let shard = super::shard_of(&node, &queue, 0);
            // Who cannot be asked now is asked again later.
            if let Ok(outcome) = super::ask(&node, shard, &op).await {
                let count = super::partitions_in(&outcome).unwrap_or(1);
                node.queues.partitions.learn(&queue, count);
            }
        });
    }

    /// The hall of a queue.
    fn hall(&self, queue: &[u8]) -> Arc<Hall> {
        if let Some(hall) = self.hall_of(queue) {
            return hall;
        }
        self.halls.entry(queue.into()).or_insert_with(|| Arc::new(Hall::new(queue))).clone()
    }

    fn hall_of(&self, queue: &[u8]) -> Option<Arc<Hall>> {
        self.halls.get(queue).map(|hall| hall.clone())
    }

    /// Home sends this node to a partition.
    fn sent(&self, node: &Arc<Node>, queue: &[u8], (part, count, version): (u32, u64, u64)) {
        if part >= PARTITIONS_MAX {
            return;
        }
        match self.hall_of(queue) {
            Some(hall) => hall.sent(node, part, count, version),
            // Nobody waits here any more.
            None => home::left(node, queue, part, version, count),
        }
    }

    /// Says again what has to be said again, and forgets what nobody uses.
    fn look_after(&self, node: &Arc<Node>) {
        let halls: Vec<Arc<Hall>> = self.halls.iter().map(|hall| hall.clone()).collect();
        for hall in halls {
            if !hall.look_after(node) {
                self.halls.remove_if(&hall.queue, |_, kept| Arc::strong_count(kept) <= 2);
            }
        }
        self.counts.forget_unused();
        self.directory.lock().forget(node.shards.now_ms());
    }
}
