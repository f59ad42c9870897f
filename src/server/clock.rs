//! The node's clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use lockstep_raft::Clock;

/// Milliseconds since the Unix epoch, taken from the wall once and carried on by
/// the monotonic clock: a wall clock that is set back or forth while the node
/// runs moves no lease and no deadline.
#[derive(Debug)]
pub struct NodeClock {
    start: Instant,
    start_ms: u64,
}

impl NodeClock {
    /// A clock that reads now what the wall clock reads, but not less than
    /// `at_least_ms`.
    pub fn new(at_least_ms: u64) -> Self {
        NodeClock { start: Instant::now(), start_ms: wall_ms().max(at_least_ms) }
    }
}

impl Clock for NodeClock {
    fn now_ms(&self) -> u64 {
        let gone = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.start_ms.saturating_add(gone)
    }
}

/// What the wall clock reads, in milliseconds since the Unix epoch.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
