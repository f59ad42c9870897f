//! The circuit of a link: when it opens and closes, and what is noted of it.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

use super::{FAILURES_MAX, Link};

impl Link {
    /// The connection stands.
    pub(super) fn connected(&self) {
        self.heard();
        let mut standing = self.standing.lock();
        standing.connected = true;
        standing.since = Instant::now();
        self.outbox.open();
    }

    /// The peer has answered a ping: all is well.
    pub(super) fn answered(&self) {
        let mut standing = self.standing.lock();
        standing.failures = 0;
        if self.outbox.is_shut() {
            standing.since = Instant::now();
            self.outbox.open();
        }
    }

    /// The connection is gone, or could not be made; says how often in a row.
    pub(super) fn failed(&self, trouble: String, at_once: bool) -> u32 {
        self.meter.failures.fetch_add(1, Relaxed);
        let mut standing = self.standing.lock();
        standing.failures = standing.failures.saturating_add(1);
        standing.trouble = Some(trouble);
        let opens = (at_once || standing.failures >= FAILURES_MAX) && !self.outbox.is_shut();
        if standing.connected || opens {
            standing.since = Instant::now();
        }
        standing.connected = false;
        self.outbox.broke();
        if opens || self.outbox.is_shut() {
            self.outbox.shut();
        }
        standing.failures
    }

    /// A call ran out of time without a sign of the peer: opens the circuit and probes.
    pub(super) fn suspect(&self) {
        self.meter.failures.fetch_add(1, Relaxed);
        let mut standing = self.standing.lock();
        if !self.outbox.is_shut() {
            standing.since = Instant::now();
            standing.trouble = Some("a call ran out of time without a sign of the peer".into());
            self.outbox.shut();
        }
        drop(standing);
        self.outbox.ping(self.now_us());
    }

    /// Whether this node belongs to a cluster, in which there are others.
    pub(super) fn in_cluster(&self, cluster: bool) {
        let mut standing = self.standing.lock();
        if standing.cluster != cluster {
            standing.cluster = cluster;
            standing.since = Instant::now();
        }
    }
}
