//! What all clients hold in memory together, and which of them go when that is too much
//! (`maxmemory-clients`).

use std::cmp::Reverse;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use crate::{Connections, Link};

/// What a connection costs beside what it holds.
const FIXED_BYTES: usize = 1024;

/// What one connection holds, as far as others have to know.
#[derive(Debug, Default)]
pub struct Weight {
    /// What its handler keeps: queued commands, watched keys, subscriptions.
    held: AtomicUsize,
    /// Its part of the sum of all.
    counted: AtomicUsize,
    /// It is never closed for what it holds (CLIENT NO-EVICT).
    spared: AtomicBool,
    /// It is closed, or will be: it counts no more.
    gone: AtomicBool,
}

impl Link {
    /// What the connection takes in memory. What its handler keeps is known only while
    /// there is a limit.
    pub fn bytes(&self) -> usize {
        let buffers = self.query_bytes.load(Relaxed) + self.output_bytes.load(Relaxed);
        FIXED_BYTES + buffers + self.weight.held.load(Relaxed)
    }

    /// Spares the connection, or no longer, when others are closed for what they hold.
    pub fn spare(&self, spared: bool) {
        self.weight.spared.store(spared, Relaxed);
    }

    pub(crate) fn hold(&self, bytes: usize) {
        self.weight.held.store(bytes, Relaxed);
    }
}

impl Connections {
    /// Whether what all hold has a limit.
    pub(crate) fn has_limit(&self) -> bool {
        self.limits.clients_bytes_max.load(Relaxed) > 0
    }

    /// Counts what one connection holds now, if there is a limit for all.
    pub(crate) fn weigh(&self, link: &Link) {
        let bytes_max = self.limits.clients_bytes_max.load(Relaxed);
        if bytes_max > 0 {
            self.count(link);
            self.evict(bytes_max);
        }
    }

    /// Counts what all hold now: the limit has changed.
    pub fn weigh_all(&self) {
        let bytes_max = self.limits.clients_bytes_max.load(Relaxed);
        if bytes_max > 0 {
            self.links().values().for_each(|link| self.count(link));
            self.evict(bytes_max);
        }
    }

    /// Counts a connection no more.
    pub(crate) fn part_with(&self, link: &Link) {
        link.weight.gone.store(true, Relaxed);
        self.count(link);
    }

    fn count(&self, link: &Link) {
        let now = if link.weight.gone.load(Relaxed) { 0 } else { link.bytes() };
        let before = link.weight.counted.swap(now, Relaxed);
        let more = now.cast_signed().wrapping_sub(before.cast_signed());
        self.clients_bytes.fetch_add(more, Relaxed);
    }

    /// The sum of all. Two who count the same connection may add in another order than they
    /// counted, so that it is less than nothing for a moment.
    fn clients_bytes(&self) -> usize {
        usize::try_from(self.clients_bytes.load(Relaxed)).unwrap_or(0)
    }

    /// Closes those who hold the most until what is left is allowed.
    fn evict(&self, bytes_max: usize) {
        if self.clients_bytes() <= bytes_max {
            return;
        }
        let links = self.links();
        let may_go = |weight: &Weight| !weight.spared.load(Relaxed) && !weight.gone.load(Relaxed);
        let mut heaviest: Vec<_> = links.values().filter(|link| may_go(&link.weight)).collect();
        heaviest.sort_unstable_by_key(|link| Reverse(link.weight.counted.load(Relaxed)));
        for link in heaviest {
            if self.clients_bytes() <= bytes_max {
                return;
            }
            self.part_with(link);
            self.counters.evicted.fetch_add(1, Relaxed);
            link.close();
        }
    }
}
