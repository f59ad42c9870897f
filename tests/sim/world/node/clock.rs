//! The clocks of a node.

use std::sync::atomic::{AtomicU64, Ordering};

use lockstep_raft::Clock;

/// What the node's processes are told the time is.
#[derive(Debug, Default)]
pub struct SimClock {
    now_ms: AtomicU64,
}

impl SimClock {
    /// Moves the clock.
    pub fn set(&self, now_ms: u64) {
        self.now_ms.fetch_max(now_ms, Ordering::Relaxed);
    }
}

impl Clock for SimClock {
    fn now_ms(&self) -> u64 {
        self.now_ms.load(Ordering::Relaxed)
    }
}

/// How the monotonic clock of a node goes: so many millionths too fast.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rate {
    /// Negative: too slow.
    pub ppm: i64,
}

impl Rate {
    /// What a clock shows that was started so many milliseconds ago.
    pub fn shown_ms(self, passed_ms: u64) -> u64 {
        let factor = (1_000_000 + self.ppm).max(1) as u64;
        passed_ms * factor / 1_000_000
    }
}
