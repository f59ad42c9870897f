//! The node's clock.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockstep_raft::Clock;

/// Milliseconds since the Unix epoch, taken from the wall once and carried on by
/// the monotonic clock: a wall clock that is set back or forth while the node
/// runs moves no lease and no deadline.
#[derive(Debug)]
pub struct NodeClock {
    start: Instant,
    start_ms: AtomicU64,
}

impl NodeClock {
    /// Goes on from `at_least_ms` if it is behind: the clock of a shard that it
    /// has to move never goes back.
    pub fn raise(&self, at_least_ms: u64) {
        let start_ms = at_least_ms.saturating_sub(self.gone_ms());
        self.start_ms.fetch_max(start_ms, Ordering::Relaxed);
    }

    fn gone_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Default for NodeClock {
    /// A clock that reads now what the wall clock reads.
    fn default() -> Self {
        NodeClock { start: Instant::now(), start_ms: wall_ms().into() }
    }
}

impl Clock for NodeClock {
    fn now_ms(&self) -> u64 {
        self.start_ms.load(Ordering::Relaxed).saturating_add(self.gone_ms())
    }
}

/// What the wall clock reads, in milliseconds since the Unix epoch.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_from_the_clock_of_a_shard_that_is_ahead_and_never_back() {
        let clock = NodeClock::default();
        let ahead_ms = clock.now_ms() + 3_600_000;
        clock.raise(ahead_ms);
        let now_ms = clock.now_ms();
        assert!((ahead_ms..ahead_ms + 60_000).contains(&now_ms), "{now_ms}");
        clock.raise(0);
        assert!(clock.now_ms() >= now_ms);
    }
}
