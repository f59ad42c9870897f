//! Segment files ahead of the writer and behind it.
//!
//! One segment is always ready: filled with zeros, synced, under its final name.
//! Overwriting such blocks changes no metadata, so that fdatasync has the bytes to
//! write and nothing else. What no shard needs any more becomes a spare and is
//! used again under another name.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::segment::{Name, Role, Segment};
use crate::disk::PAGE_BYTES;
use crate::{Disk, DiskFile, Through};

/// The first segment of a log; each further one has twice the size, up to the bound.
const FIRST_BYTES: u64 = 4 << 20;

/// Zeros are written in pieces of this size.
static ZEROS: [u8; 1 << 18] = [0; 1 << 18];

/// A file is filled in steps of this size, each one synced: the writer's syncs
/// queue behind one step and not behind a whole segment.
const FILL_SYNC_BYTES: u64 = 2 << 20;

/// How long the writer waits before it asks again for space on a full disk.
const FULL_RETRY: Duration = Duration::from_millis(250);

/// The keeper of the segment files.
pub(super) struct Keeper {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    segment_bytes: u64,
    spares_max: usize,
    secret: u32,
    state: Mutex<State>,
    /// The keeper's thread waits here.
    work: Condvar,
    /// The writer waits here.
    ready: Condvar,
}

#[derive(Default)]
struct State {
    ready: Option<Arc<Segment>>,
    /// What the next segment has to hold, when more than usual.
    wanted_bytes: u64,
    spares: VecDeque<Spare>,
    retired: VecDeque<Arc<Segment>>,
    next_number: u32,
    /// Why no segment could be made.
    trouble: Option<(ErrorKind, String)>,
    stopped: bool,
    /// The log closes: nobody waits for space any more.
    hurry: bool,
    /// Something changed since the keeper last looked.
    poked: bool,
}

/// A file to be used again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spare {
    pub(super) name: Name,
    pub(super) bytes: u64,
}

/// What the keeper starts with.
pub(super) struct Stock {
    pub(super) secret: u32,
    pub(super) next_number: u32,
    pub(super) spares: Vec<Spare>,
}

impl Keeper {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        segment_bytes: u64,
        spares_max: usize,
        stock: Stock,
    ) -> Keeper {
        let state = State {
            spares: stock.spares.into(),
            next_number: stock.next_number,
            poked: true,
            ..State::default()
        };
        Keeper {
            disk,
            dir,
            segment_bytes,
            spares_max,
            secret: stock.secret,
            state: Mutex::new(state),
            work: Condvar::new(),
            ready: Condvar::new(),
        }
    }

    /// The next segment, for at least `bytes`. Waits for the keeper's thread, also
    /// for space on a full disk; `by_hand` makes it on the spot instead.
    pub(super) fn take(&self, bytes: u64, by_hand: bool) -> io::Result<Arc<Segment>> {
        let mut state = self.state.lock();
        state.wanted_bytes = bytes;
        loop {
            if state.ready.as_ref().is_some_and(|ready| ready.bytes() >= bytes) {
                state.wanted_bytes = 0;
                state.poked = true;
                self.work.notify_one();
                return Ok(state.ready.take().expect("looked at just now"));
            }
            if by_hand {
                drop(state);
                self.prepare()?;
                state = self.state.lock();
                continue;
            }
            state.poked = true;
            self.work.notify_one();
            self.ready.wait_for(&mut state, FULL_RETRY);
            if let Some((kind, what)) = &state.trouble
                && (*kind != ErrorKind::StorageFull || state.hurry)
            {
                return Err(io::Error::new(*kind, what.clone()));
            }
        }
    }

    /// A segment, for writes that are safe when they return.
    pub(super) fn open_through(&self, segment: &Segment) -> Option<Box<dyn Through>> {
        self.disk.open_through(&segment.path)
    }

    /// Segments that nobody needs any more.
    pub(super) fn retire(&self, segments: impl IntoIterator<Item = Arc<Segment>>) {
        let mut state = self.state.lock();
        state.retired.extend(segments);
        state.poked = true;
        self.work.notify_one();
    }

    /// Waits until there is something to do, or `idle` has passed.
    pub(super) fn wait(&self, idle: Duration) {
        let mut state = self.state.lock();
        if !state.poked && !state.stopped {
            self.work.wait_for(&mut state, idle);
        }
    }

    /// Lets the keeper's thread look again.
    pub(super) fn poke(&self) {
        self.state.lock().poked = true;
        self.work.notify_one();
    }

    /// The log closes: whoever waits for space gives up.
    pub(super) fn hurry(&self) {
        self.state.lock().hurry = true;
        self.ready.notify_all();
    }

    pub(super) fn stop(&self) {
        self.state.lock().stopped = true;
        self.work.notify_one();
        self.ready.notify_all();
    }

    pub(super) fn stopped(&self) -> bool {
        self.state.lock().stopped
    }

    /// Does all there is to do. A segment that cannot be made is tried again the
    /// next time; the first name that cannot be changed is an error.
    pub(super) fn round(&self) -> io::Result<()> {
        self.state.lock().poked = false;
        while let Some(segment) = self.next_retired() {
            if let Err(error) = self.free(&segment) {
                // None after it is freed: the files that stay must have no gap.
                self.state.lock().retired.push_front(segment);
                return Err(error);
            }
        }
        if let Err(error) = self.prepare() {
            self.state.lock().trouble = Some((error.kind(), error.to_string()));
        }
        self.ready.notify_all();
        Ok(())
    }

    pub(super) fn disk_full(&self) -> bool {
        let state = self.state.lock();
        state.trouble.as_ref().is_some_and(|(kind, _)| *kind == ErrorKind::StorageFull)
    }

    /// How many files wait to be used, and their bytes.
    pub(super) fn spares(&self) -> (usize, u64) {
        let state = self.state.lock();
        let spares: u64 = state.spares.iter().map(|spare| spare.bytes).sum();
        let ready = state.ready.as_ref();
        let count = state.spares.len() + usize::from(ready.is_some());
        (count, spares + ready.map_or(0, |ready| ready.bytes()))
    }

    fn next_retired(&self) -> Option<Arc<Segment>> {
        self.state.lock().retired.pop_front()
    }

    /// Makes a spare of a segment, or removes it. Each name is synced before the
    /// next one changes: a loss of power must not bring back files with a gap.
    fn free(&self, segment: &Arc<Segment>) -> io::Result<()> {
        let keep = self.state.lock().spares.len() < self.spares_max
            && segment.bytes() <= self.segment_bytes
            // A reader may still be on it.
            && Arc::strong_count(segment) == 1;
        if keep {
            let name = Name { role: Role::Free, number: segment.number, salt: segment.salt };
            self.disk.rename(&segment.path, &self.dir.join(name.to_text()))?;
            let spare = Spare { name, bytes: segment.bytes() };
            self.disk.sync_dir(&self.dir)?;
            self.state.lock().spares.push_back(spare);
            return Ok(());
        }
        self.disk.remove(&segment.path)?;
        self.disk.sync_dir(&self.dir)
    }

    /// Makes the next segment ready, or larger where it is too small.
    fn prepare(&self) -> io::Result<()> {
        let (ready, wanted, number) = {
            let state = self.state.lock();
            let wanted = state.wanted_bytes.next_multiple_of(PAGE_BYTES);
            (state.ready.clone(), wanted, state.next_number)
        };
        match ready {
            Some(ready) if ready.bytes() >= wanted => {}
            Some(ready) => {
                fill(ready.file.as_ref(), ready.bytes(), wanted)?;
                ready.set_bytes(wanted);
            }
            None => {
                let segment = self.make(number, wanted.max(self.usual_bytes(number)))?;
                let mut state = self.state.lock();
                state.ready = Some(segment);
                state.next_number = number + 1;
            }
        }
        self.state.lock().trouble = None;
        Ok(())
    }

    fn usual_bytes(&self, number: u32) -> u64 {
        let doubled = FIRST_BYTES << number.saturating_sub(1).min(20);
        doubled.min(self.segment_bytes)
    }

    fn make(&self, number: u32, bytes: u64) -> io::Result<Arc<Segment>> {
        let spare = self.state.lock().spares.pop_front();
        let source = match spare {
            Some(spare) => spare,
            None => self.blank(number, bytes)?,
        };
        let from = self.dir.join(source.name.to_text());
        let file = self.disk.open(&from)?;
        if source.bytes < bytes
            && let Err(error) = fill(file.as_ref(), source.bytes, bytes)
        {
            self.state.lock().spares.extend(spare);
            return Err(error);
        }
        let name = Name::new(number, self.secret, Role::Log);
        self.disk.rename(&from, &self.dir.join(name.to_text()))?;
        self.disk.sync_dir(&self.dir)?;
        Ok(Arc::new(Segment::new(name, &self.dir, file, bytes.max(source.bytes))))
    }

    /// A new file full of zeros. Gives its space back when the disk is too small.
    fn blank(&self, number: u32, bytes: u64) -> io::Result<Spare> {
        let name = Name::new(number, self.secret, Role::Temporary);
        let path = self.dir.join(name.to_text());
        let file = self.disk.create(&path)?;
        if let Err(error) = fill(file.as_ref(), 0, bytes) {
            self.disk.remove(&path)?;
            return Err(error);
        }
        Ok(Spare { name, bytes })
    }
}

/// Writes zeros from `start` to `end` and makes them safe.
fn fill(file: &dyn DiskFile, start: u64, end: u64) -> io::Result<()> {
    let mut at = start;
    while at < end {
        let count = (end - at).min(ZEROS.len() as u64);
        file.write_at(&ZEROS[..count as usize], at)?;
        at += count;
        if at.is_multiple_of(FILL_SYNC_BYTES) {
            file.sync_data()?;
        }
    }
    file.sync_data()
}
