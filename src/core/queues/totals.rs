//! Numbers about all queues of a shard.

use super::Table;

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
}

impl Table {
    /// Adds up all queues. Takes a look at each.
    pub fn totals(&self) -> Totals {
        let mut sum = Totals::default();
        for (_, queue) in self.queues.iter() {
            let counts = &queue.counts;
            sum.queues += u64::from(queue.exists());
            sum.ready += queue.ready.len() as u64;
            sum.delayed += queue.delayed as u64;
            sum.inflight += queue.inflight as u64;
            sum.dead += queue.dead.len() as u64;
            sum.bytes += queue.bytes as u64;
            sum.waiting += queue.line.len() as u64;
            sum.pushed += counts.pushed;
            sum.delivered += counts.delivered;
            sum.redelivered += counts.redelivered;
            sum.acked += counts.acked + counts.unacked;
            sum.died += counts.died;
            sum.expired += counts.expired;
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
    }
}
