//! Whether what was measured was also right.

use serde::Serialize;

/// Counts of what the workloads check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counters {
    /// GETs that found a value.
    pub hits: u64,
    /// GETs that found none.
    pub misses: u64,
    /// Locks granted.
    pub granted: u64,
    /// Locks not granted because they were held.
    pub busy: u64,
    /// LOCKs that were refused because of a deadlock.
    pub deadlocks: u64,
    /// Grants of a lock that another operation still held.
    pub double_held: u64,
    /// Grants with a token not above all earlier ones of the lock.
    pub token_not_above: u64,
    /// UNLOCKs that said the lock was not held any more.
    pub lost_holds: u64,
    /// Messages whose QPUSH was acknowledged.
    pub pushed: u64,
    /// Deliveries of messages of this run.
    pub delivered: u64,
    /// Deliveries that were acknowledged.
    pub acked: u64,
    /// QACKs that said the delivery was not in flight any more.
    pub stale_acks: u64,
    /// Deliveries of a message that was delivered before.
    pub duplicates: u64,
    /// Messages of other runs that were found in the queues.
    pub foreign: u64,
    /// Messages acknowledged to the producer and never delivered.
    pub lost: u64,
    /// Replies that do not fit their request.
    pub odd_replies: u64,
}

impl Counters {
    /// Adds another thread's counts.
    pub fn add(&mut self, other: &Counters) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.granted += other.granted;
        self.busy += other.busy;
        self.deadlocks += other.deadlocks;
        self.double_held += other.double_held;
        self.token_not_above += other.token_not_above;
        self.lost_holds += other.lost_holds;
        self.pushed += other.pushed;
        self.delivered += other.delivered;
        self.acked += other.acked;
        self.stale_acks += other.stale_acks;
        self.duplicates += other.duplicates;
        self.foreign += other.foreign;
        self.lost += other.lost;
        self.odd_replies += other.odd_replies;
    }

    /// How often a promise was broken. Duplicates are allowed (at least once).
    pub fn broken_promises(&self) -> u64 {
        self.double_held + self.token_not_above + self.lost_holds + self.lost + self.odd_replies
    }

    /// All that are not zero, with words for people.
    pub fn lines(&self) -> Vec<(&'static str, u64)> {
        let all = [
            ("hits", self.hits),
            ("misses", self.misses),
            ("locks granted", self.granted),
            ("locks busy", self.busy),
            ("locks double-held", self.double_held),
            ("tokens not above earlier ones", self.token_not_above),
            ("holds lost before UNLOCK", self.lost_holds),
            ("messages pushed", self.pushed),
            ("messages delivered", self.delivered),
            ("messages acked", self.acked),
            ("stale acks", self.stale_acks),
            ("duplicates", self.duplicates),
            ("messages of other runs", self.foreign),
            ("messages lost", self.lost),
            ("odd replies", self.odd_replies),
        ];
        all.into_iter().filter(|(_, count)| *count > 0).collect()
    }
}
