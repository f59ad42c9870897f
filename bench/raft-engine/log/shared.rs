//! What the handles of a log and its threads share.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use raft_engine::Engine;
use raft_engine::internals::LogQueue;

use super::index::Index;
use super::options::{Fsync, LogOptions};
use super::owner::Keeper;
use super::queue::Queue;
use super::stats::{FSYNC_BOUNDS_MICROS, LogStats};
use super::writer::Answers;

/// What the handles of a log and its threads share. Locks are taken in the order
/// index, queue; the others stand alone.
pub(super) struct Shared {
    pub(super) dir: PathBuf,
    pub(super) engine: Engine,
    pub(super) index: Mutex<Index>,
    pub(super) queue: Queue,
    pub(super) keeper: Keeper,
    mode: AtomicU8,
    counts: Mutex<LogStats>,
    failure: OnceLock<(ErrorKind, String)>,
}

impl Shared {
    pub(super) fn new(dir: PathBuf, options: &LogOptions, engine: Engine, index: Index) -> Shared {
        Shared {
            dir,
            engine,
            index: Mutex::new(index),
            queue: Queue::new(options.in_flight_bytes_max),
            keeper: Keeper::default(),
            mode: AtomicU8::new(options.fsync as u8),
            counts: Mutex::default(),
            failure: OnceLock::new(),
        }
    }

    pub(super) fn mode(&self) -> Fsync {
        match self.mode.load(Ordering::Relaxed) {
            0 => Fsync::Always,
            1 => Fsync::EverySec,
            _ => Fsync::Never,
        }
    }

    pub(super) fn set_mode(&self, mode: Fsync) {
        self.mode.store(mode as u8, Ordering::Relaxed);
    }

    /// Ends the log: whatever comes now fails with the first error.
    pub(super) fn fail(&self, error: &io::Error) {
        let what = format!("the log in {} failed: {error}", self.dir.display());
        // Only the first one counts.
        let _ = self.failure.set((error.kind(), what));
        self.queue.open_gate();
    }

    /// The error that ended the log, if one did.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.failure.get() {
            Some((kind, what)) => Err(io::Error::new(*kind, what.clone())),
            None => Ok(()),
        }
    }

    /// Tells everybody, in order.
    pub(super) fn answer(&self, answers: Answers) {
        let count = answers.len();
        for (done, result) in answers {
            done(result);
        }
        self.queue.answered(count);
    }

    /// A batch was written; with a sync, how long both took: the engine does them
    /// in one call.
    pub(super) fn count_write(&self, bytes: usize, synced: Option<Duration>) {
        let mut counts = self.counts.lock();
        counts.writes += 1;
        counts.written_bytes += bytes as u64;
        counts.unsynced_bytes += bytes as u64;
        let Some(time) = synced else { return };
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        counts.unsynced_bytes = 0;
        counts.fsyncs += 1;
        counts.fsync_micros = counts.fsync_micros.saturating_add(micros);
        counts.last_fsync_micros = micros;
        let from = FSYNC_BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        for bucket in &mut counts.fsync_buckets[from..] {
            *bucket += 1;
        }
    }

    /// Whether something is written and not synced.
    pub(super) fn is_dirty(&self) -> bool {
        self.counts.lock().unsynced_bytes > 0
    }

    pub(super) fn stats(&self) -> LogStats {
        let mut stats = self.counts.lock().clone();
        (stats.in_flight_bytes, stats.callers_held_up) = self.queue.load();
        stats.segments = files(&self.engine);
        stats.disk_bytes = self.engine.get_used_size() as u64;
        let index = self.index.lock();
        stats.entries = index.shards().map(|(_, log)| log.entries()).sum();
        stats.cache_bytes = index.cache_bytes();
        stats
    }
}

/// How many files hold entries.
pub(super) fn files(engine: &Engine) -> usize {
    let (first, last) = engine.file_span(LogQueue::Append);
    usize::try_from(last - first + 1).unwrap_or(usize::MAX)
}
