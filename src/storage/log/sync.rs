//! How far the log is written, how far it is safe, and the syncs between.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::record::Position;
use super::segment::Segment;
use super::stats::{FSYNC_BOUNDS_MICROS, LogStats};

/// Syncs segments, oldest first, so that what is safe is always a front part.
#[derive(Default)]
pub(super) struct Syncer {
    /// One sync at a time: the system tells about an error only once, and whoever
    /// is told has to end the log before anyone else asks again.
    one: Mutex<()>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    written: Position,
    synced: Position,
    written_bytes: u64,
    synced_bytes: u64,
    /// Segments with bytes that are not safe, oldest first.
    dirty: Vec<Arc<Segment>>,
    /// Once the position is safe, the segments below that number are free.
    freeable: VecDeque<(Position, u32)>,
    times: Times,
}

#[derive(Default)]
struct Times {
    count: u64,
    micros: u64,
    last_micros: u64,
    buckets: [u64; FSYNC_BOUNDS_MICROS.len() + 1],
}

impl Syncer {
    /// Starts behind what was found on disk.
    pub(super) fn new(end: Position) -> Syncer {
        let state = State { written: end, synced: end, ..State::default() };
        Syncer { one: Mutex::default(), state: Mutex::new(state) }
    }

    pub(super) fn synced(&self) -> Position {
        self.state.lock().synced
    }

    pub(super) fn is_dirty(&self) -> bool {
        let state = self.state.lock();
        state.written != state.synced
    }

    /// `segment` was written up to `end`.
    pub(super) fn written(&self, segment: &Arc<Segment>, end: Position, bytes: u64) {
        let mut state = self.state.lock();
        state.written = end;
        state.written_bytes += bytes;
        if state.dirty.last().is_none_or(|last| last.number != segment.number) {
            state.dirty.push(Arc::clone(segment));
        }
    }

    /// What was written up to `end` is safe already, as is all before it.
    pub(super) fn written_through(&self, end: Position, bytes: u64, took: Duration) {
        let mut state = self.state.lock();
        state.written = end;
        state.written_bytes += bytes;
        state.times.add(took);
    }

    /// When what is before `position` is safe, segments below `number` are free.
    pub(super) fn free_after(&self, position: Position, number: u32) {
        self.state.lock().freeable.push_back((position, number));
    }

    /// Makes safe what was written before. `fail` is called with an error before
    /// anybody else can sync. Gives the number below which segments are free now.
    pub(super) fn sync(&self, fail: impl FnOnce(&io::Error)) -> io::Result<Option<u32>> {
        let _one = self.one.lock();
        let (written, written_bytes, dirty) = {
            let state = self.state.lock();
            (state.written, state.written_bytes, state.dirty.clone())
        };
        for segment in &dirty {
            let started = Instant::now();
            if let Err(error) = segment.file.sync_data() {
                fail(&error);
                return Err(error);
            }
            self.state.lock().times.add(started.elapsed());
        }
        let mut state = self.state.lock();
        state.synced = written;
        state.synced_bytes = written_bytes;
        // The last one is written to further, maybe meanwhile.
        state.dirty.retain(|segment| segment.number > written.segment());
        if state.written != written
            && let Some(last) = dirty.last()
            && state.dirty.first().is_none_or(|next| next.number != last.number)
        {
            state.dirty.insert(0, Arc::clone(last));
        }
        Ok(state.take_free())
    }

    pub(super) fn count(&self, stats: &mut LogStats) {
        let state = self.state.lock();
        stats.written_bytes = state.written_bytes;
        stats.unsynced_bytes = state.written_bytes - state.synced_bytes;
        stats.fsyncs = state.times.count;
        stats.fsync_micros = state.times.micros;
        stats.last_fsync_micros = state.times.last_micros;
        stats.fsync_buckets = state.times.buckets;
    }
}

impl State {
    fn take_free(&mut self) -> Option<u32> {
        let mut free = None;
        while let Some((position, number)) = self.freeable.front()
            && *position <= self.synced
        {
            free = free.max(Some(*number));
            self.freeable.pop_front();
        }
        free
    }
}

impl Times {
    fn add(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.count += 1;
        self.micros = self.micros.saturating_add(micros);
        self.last_micros = micros;
        let from = FSYNC_BOUNDS_MICROS.partition_point(|bound| *bound < micros);
        for bucket in &mut self.buckets[from..] {
            *bucket += 1;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::path::Path;
    use std::thread;

    use super::super::segment::{Name, Role};
    use super::*;
    use crate::{Disk, SimDisk};

    fn segment(disk: &SimDisk, number: u32) -> Arc<Segment> {
        let name = Name::new(number, 0, Role::Log);
        let file = disk.create(&Path::new("/log").join(name.to_text())).unwrap();
        Arc::new(Segment::new(name, Path::new("/log"), file, 4096))
    }

    #[test]
    fn what_is_written_during_a_sync_is_not_safe_after_it() {
        let disk = SimDisk::new();
        let (first, second) = (segment(&disk, 1), segment(&disk, 2));
        let syncer = Syncer::new(Position::default());
        syncer.written(&first, Position::new(1, 100), 100);
        let held = disk.hold_syncs();
        thread::scope(|scope| {
            let running = scope.spawn(|| syncer.sync(|_| ()).unwrap());
            while disk.held_up() == 0 && !running.is_finished() {
                thread::yield_now();
            }
            syncer.written(&first, Position::new(1, 200), 100);
            syncer.written(&second, Position::new(2, 48), 48);
            drop(held);
            running.join().unwrap();
        });
        assert_eq!(syncer.synced(), Position::new(1, 100));
        assert!(syncer.is_dirty());
        syncer.sync(|_| ()).unwrap();
        assert_eq!(syncer.synced(), Position::new(2, 48));
        assert_eq!(disk.syncs(), 3, "the first segment is synced again");
    }

    #[test]
    fn segments_are_free_when_what_freed_them_is_safe() {
        let disk = SimDisk::new();
        let third = segment(&disk, 3);
        let syncer = Syncer::new(Position::new(3, 0));
        syncer.free_after(Position::new(3, 10), 2);
        syncer.free_after(Position::new(3, 150), 3);
        syncer.written(&third, Position::new(3, 100), 100);
        assert_eq!(syncer.sync(|_| ()).unwrap(), Some(2));
        syncer.written(&third, Position::new(3, 200), 100);
        assert_eq!(syncer.sync(|_| ()).unwrap(), Some(3));
        assert_eq!(syncer.sync(|_| ()).unwrap(), None);
    }

    #[test]
    fn a_failed_sync_leaves_nothing_safe() {
        let disk = SimDisk::new();
        let first = segment(&disk, 1);
        let syncer = Syncer::new(Position::default());
        syncer.written(&first, Position::new(1, 100), 100);
        disk.fail_nth(crate::disk::SimOp::Sync, 1, io::ErrorKind::Other);
        let mut told = false;
        assert!(syncer.sync(|_| told = true).is_err());
        assert!(told);
        assert_eq!(syncer.synced(), Position::default());
    }
}
