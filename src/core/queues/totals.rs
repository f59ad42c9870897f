//! Numbers about all queues of a shard.

use super::Table;
use super::counts::Count;

/// What is counted besides, by the names of QINFO, in the order of [`Totals::events`].
pub const EVENTS: [&str; 14] = [
    "nacked",
    "late-acks",
    "stale-acks",
    "dedup-hits",
    "dedup-evicted",
    "dead-maxdeliver",
    "dead-ttl",
    "dead-fatal",
    "dead-overflow",
    "dropped-ttl",
    "dropped-overflow",
    "purged",
    "deleted",
    "moved",
];

const COUNTED: [Count; EVENTS.len()] = [
    Count::Nacked,
    Count::LateAcks,
    Count::StaleAcks,
    Count::DedupHits,
    Count::DedupEvicted,
    Count::DeadByFails,
    Count::DeadByTtl,
    Count::DeadByConsumer,
    Count::DeadByOverflow,
    Count::DroppedByTtl,
    Count::DroppedByOverflow,
    Count::Purged,
    Count::Deleted,
    Count::Moved,
];

/// What is in the queues of a shard, and what happened in those that are there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Queues.
    pub queues: u64,
    /// Messages that can be taken.
    pub ready: u64,
    /// Messages that can be taken later.
    pub delayed: u64,
    /// Messages that somebody has.
    pub inflight: u64,
    /// Messages that failed too often.
    pub dead: u64,
    /// Bytes of all bodies.
    pub bytes: u64,
    /// Requests that wait for a message.
    pub waiting: u64,
    /// Messages that came.
    pub pushed: u64,
    /// Deliveries.
    pub delivered: u64,
    /// Deliveries of messages that were delivered before.
    pub redelivered: u64,
    /// Messages that were settled, also with their delivery.
    pub acked: u64,
    /// Messages that failed too often, ever.
    pub died: u64,
    /// Deliveries whose time ran out.
    pub expired: u64,
    /// How often each of [`EVENTS`] happened.
    pub events: [u64; EVENTS.len()],
}

impl Table {
    /// Adds up all queues. Takes a look at each.
    pub fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for (number, queue) in self.queues.iter() {
            let Some(side) = self.sides.get(&number) else { continue };
            let (shape, counts) = (&side.shape, &queue.counts);
            sum.queues += u64::from(queue.made && queue.part == 0);
            sum.ready += shape.ready() as u64;
            sum.delayed += shape.delayed.len() as u64;
            sum.inflight += shape.inflight.len() as u64;
            sum.dead += shape.dead.len() as u64;
            sum.bytes += shape.bytes;
            sum.waiting += shape.waiting as u64;
            sum.pushed += counts.of(Count::Pushed);
            sum.delivered += counts.of(Count::Delivered);
            sum.redelivered += counts.of(Count::Redelivered);
            sum.acked += counts.of(Count::Acked) + counts.of(Count::Unacked);
            sum.died += counts.died();
            sum.expired += counts.of(Count::Expired);
            for (event, what) in sum.events.iter_mut().zip(COUNTED) {
                *event += counts.of(what);
            }
        }
        sum
    }
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Totals) {
        self.queues += other.queues;
        self.ready += other.ready;
        self.delayed += other.delayed;
        self.inflight += other.inflight;
        self.dead += other.dead;
        self.bytes += other.bytes;
        self.waiting += other.waiting;
        self.pushed += other.pushed;
        self.delivered += other.delivered;
        self.redelivered += other.redelivered;
        self.acked += other.acked;
        self.died += other.died;
        self.expired += other.expired;
        for (event, more) in self.events.iter_mut().zip(other.events) {
            *event += more;
        }
    }
}
