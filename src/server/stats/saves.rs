//! The snapshots that clients asked for.

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// The snapshots that clients asked for (SAVE, BGSAVE).
#[derive(Debug)]
pub struct Saves {
    in_progress: AtomicBool,
    last_failed: AtomicBool,
    /// Seconds since the Unix epoch; 0: none yet.
    last_seconds: AtomicU64,
    /// How long the last one took; -1: none yet.
    last_took_seconds: AtomicI64,
    count: AtomicU64,
}

impl Default for Saves {
    fn default() -> Self {
        Saves {
            in_progress: AtomicBool::new(false),
            last_failed: AtomicBool::new(false),
            last_seconds: AtomicU64::new(0),
            last_took_seconds: AtomicI64::new(-1),
            count: AtomicU64::new(0),
        }
    }
}

/// A snapshot that is being written. However it ends, the next one may begin.
#[derive(Debug)]
pub struct Running<'a> {
    saves: &'a Saves,
    since: Instant,
    fine: bool,
}

impl Saves {
    /// Begins one, unless one is running.
    pub fn begin(&self) -> bool {
        !self.in_progress.swap(true, Ordering::AcqRel)
    }

    /// The one that was begun.
    pub fn running(&self) -> Running<'_> {
        Running { saves: self, since: Instant::now(), fine: false }
    }

    /// Whether one is running.
    pub fn in_progress(&self) -> bool {
        self.in_progress.load(Ordering::Acquire)
    }

    /// Whether the last one failed.
    pub fn last_failed(&self) -> bool {
        self.last_failed.load(Ordering::Relaxed)
    }

    /// When the last one ended, in seconds since the Unix epoch; before the first
    /// one, when the process started.
    pub fn last_seconds(&self, started_at: SystemTime) -> u64 {
        match self.last_seconds.load(Ordering::Relaxed) {
            0 => started_at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs(),
            seconds => seconds,
        }
    }

    /// How long the last one took, in seconds; -1 before the first one.
    pub fn last_took_seconds(&self) -> i64 {
        self.last_took_seconds.load(Ordering::Relaxed)
    }

    /// How many were written.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }
}

impl Running<'_> {
    /// It ended.
    pub fn end(mut self, fine: bool) {
        self.fine = fine;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let saves = self.saves;
        let took = i64::try_from(self.since.elapsed().as_secs()).unwrap_or(i64::MAX);
        saves.last_took_seconds.store(took, Ordering::Relaxed);
        saves.last_failed.store(!self.fine, Ordering::Relaxed);
        if self.fine {
            saves.last_seconds.store(crate::slowlog::now_seconds(), Ordering::Relaxed);
            saves.count.fetch_add(1, Ordering::Relaxed);
        }
        saves.in_progress.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_runs_at_a_time_and_a_dropped_one_has_failed() {
        let saves = Saves::default();
        assert_eq!((saves.last_seconds(UNIX_EPOCH), saves.last_took_seconds()), (0, -1));
        assert!(saves.begin());
        assert!(!saves.begin());
        drop(saves.running());
        assert!(saves.last_failed() && !saves.in_progress());
        assert!(saves.begin());
        saves.running().end(true);
        assert!(!saves.last_failed());
        assert_eq!(saves.count(), 1);
        assert!(saves.last_seconds(UNIX_EPOCH) > 0);
    }
}
