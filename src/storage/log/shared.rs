//! What the handles of a log and its threads share.

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use lockstep_core::ShardId;
use parking_lot::Mutex;

use super::index::Index;
use super::keeper::Keeper;
use super::options::{Driver, Fsync, LogOptions};
use super::queue::Queue;
use super::record::Position;
use super::safe::Safe;
use super::segment::Segment;
use super::stats::LogStats;
use super::sync::Syncer;
use super::writer::Answers;

/// What the handles of a log and its threads share. Locks are taken in the order
/// index, queue; the others stand alone.
pub(super) struct Shared {
    pub(super) dir: PathBuf,
    pub(super) options: LogOptions,
    pub(super) index: Mutex<Index>,
    pub(super) queue: Queue,
    pub(super) syncer: Syncer,
    pub(super) keeper: Keeper,
    safe: Safe,
    mode: AtomicU8,
    writes: AtomicU64,
    failure: OnceLock<(ErrorKind, String)>,
    damage: OnceLock<String>,
}

impl Shared {
    pub(super) fn new(
        dir: PathBuf,
        options: LogOptions,
        index: Index,
        syncer: Syncer,
        keeper: Keeper,
        safe: Safe,
    ) -> Shared {
        let queue = Queue::new(options.in_flight_bytes_max);
        if options.driver == Driver::ByHand {
            // Whoever would wait is the one who has to do the work.
            queue.open_gate();
        }
        Shared {
            dir,
            mode: AtomicU8::new(options.fsync as u8),
            options,
            index: Mutex::new(index),
            queue,
            syncer,
            keeper,
            safe,
            writes: AtomicU64::new(0),
            failure: OnceLock::new(),
            damage: OnceLock::new(),
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
        self.keeper.poke();
    }

    /// Ends the log: whatever comes now fails with the first error.
    pub(super) fn fail(&self, error: &io::Error) {
        let what = format!("the log in {} failed: {error}", self.dir.display());
        // Only the first one counts.
        let _ = self.failure.set((error.kind(), what));
        self.queue.open_gate();
    }

    /// Ends the log because something that was written is not what it was.
    pub(super) fn fail_damaged(&self, error: &io::Error) {
        // Only the first one counts.
        let _ = self.damage.set(error.to_string());
        self.fail(error);
    }

    /// What was found damaged, if anything was.
    pub(super) fn damage(&self) -> Option<String> {
        self.damage.get().cloned()
    }

    /// The log is at rest: what was noted about it gets safe itself.
    pub(super) fn sync_note(&self) -> io::Result<()> {
        self.safe.sync()
    }

    /// The error that ended the log, if one did.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.failure.get() {
            Some((kind, what)) => Err(io::Error::new(*kind, what.clone())),
            None => Ok(()),
        }
    }

    /// Makes safe what is written, and frees what that allows.
    pub(super) fn sync(&self) -> io::Result<()> {
        self.check()?;
        let free = self.syncer.sync(|error| self.fail(error))?;
        self.safe.note(self.syncer.synced()).inspect_err(|error| self.fail(error))?;
        if let Some(number) = free {
            self.free_below(number);
        }
        Ok(())
    }

    /// Hands the segments below `number` to the keeper.
    pub(super) fn free_below(&self, number: u32) {
        let mut index = self.index.lock();
        let needed = index.segments.split_off(&number);
        let freed = std::mem::replace(&mut index.segments, needed);
        drop(index);
        if !freed.is_empty() {
            self.keeper.retire(freed.into_values());
        }
    }

    /// The next segment to write to.
    pub(super) fn take_segment(&self, bytes: u64) -> io::Result<Arc<Segment>> {
        let by_hand = self.options.driver == Driver::ByHand;
        let segment = self.keeper.take(bytes, by_hand)?;
        self.index.lock().segments.insert(segment.number, Arc::clone(&segment));
        Ok(segment)
    }

    /// Everything taken from the queue is written and has its place.
    pub(super) fn settle(
        &self,
        segment: u32,
        settled: impl Iterator<Item = (ShardId, u64, Vec<(u64, Position)>)>,
    ) {
        let mut index = self.index.lock();
        for (shard, serial, places) in settled {
            index.settle(shard, serial, &places);
        }
        index.settled(segment);
    }

    /// Tells everybody, in order.
    pub(super) fn answer(&self, answers: Answers) {
        let count = answers.len();
        for (done, result) in answers {
            done(result);
        }
        self.queue.answered(count);
    }

    pub(super) fn count_write(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn stats(&self) -> LogStats {
        let (in_flight_bytes, callers_held_up) = self.queue.load();
        let mut stats = LogStats {
            writes: self.writes.load(Ordering::Relaxed),
            in_flight_bytes,
            callers_held_up,
            disk_full: self.keeper.disk_full(),
            ..LogStats::default()
        };
        self.syncer.count(&mut stats);
        let (spares, spare_bytes) = self.keeper.spares();
        let index = self.index.lock();
        stats.entries = index.shards().map(|(_, log)| log.entries()).sum();
        stats.segments = index.segments.len();
        stats.spare_segments = spares;
        stats.held_bytes = index.segments.values().map(|segment| segment.bytes()).sum();
        stats.disk_bytes = stats.held_bytes + spare_bytes;
        stats.cache_bytes = index.cache_bytes();
        stats.oldest_needed_by = index.oldest_needed().map(|(shard, _)| shard);
        stats
    }
}
