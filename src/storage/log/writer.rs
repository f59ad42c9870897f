//! Writes what was handed in: everything that waits with one write and one sync.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::ShardId;

use super::ledger::Ledger;
use super::queue::{Job, Taken, Work};
use super::record::{self, FORMAT, Header, Kind, Position};
use super::segment::Segment;
use super::shared::Shared;
use super::{Done, EntryId};
use crate::Through;
use crate::disk::PAGE_BYTES;

/// More than this is not gathered before it is written.
const BUFFER_BYTES_MAX: usize = 4 << 20;

/// A buffer that was larger for once gives its memory back.
const BUFFER_BYTES_KEPT: usize = 8 << 20;

/// After that long without work the newest mark is written, so that damage can be
/// told from a torn tail up to the end.
const IDLE: Duration = Duration::from_millis(200);

/// The one who writes.
pub(super) struct Writer {
    active: Option<Active>,
    ledger: Ledger,
    /// What the active segment holds from `base` up to `end`.
    buf: Vec<u8>,
    /// Everything before it is safe.
    mark: Position,
    /// Records were written that no mark covers.
    mark_due: bool,
    settled: Vec<Settled>,
}

/// The segment that is written to.
struct Active {
    segment: Arc<Segment>,
    /// Where the buffer begins: where a page does, unless what stands before it was
    /// not written by this writer.
    base: u64,
    /// What is in the file.
    written: u64,
    /// With what is in the buffer.
    end: u64,
    through: Way,
}

/// Whether writes can be safe when they return.
enum Way {
    Untried,
    Through(Box<dyn Through>),
    /// They cannot.
    Sync,
}

/// A hand-over whose entries have their places.
struct Settled {
    shard: ShardId,
    serial: u64,
    places: Vec<(u64, Position)>,
}

/// Jobs that were written, if `result` is good, and not yet synced.
pub(super) struct Written {
    jobs: Vec<Job>,
    result: io::Result<()>,
}

/// Who is to be told, and what.
pub(super) type Answers = Vec<(Done, io::Result<()>)>;

impl Writer {
    /// Goes on behind what was found: the last segment and where its records end.
    pub(super) fn new(tail: Option<(Arc<Segment>, u64)>, ledger: Ledger, mark: Position) -> Writer {
        let active = tail.map(|(segment, end)| Active::new(segment, end));
        Writer { active, ledger, buf: Vec::new(), mark, mark_due: false, settled: Vec::new() }
    }

    /// Works until the queue is closed.
    pub(super) fn run(&mut self, shared: &Shared) {
        loop {
            match shared.queue.take(self.mark_due.then_some(IDLE)) {
                Taken::Jobs(jobs) => {
                    let answers = self.round(shared, jobs);
                    shared.answer(answers);
                }
                Taken::Idle => self.write_mark(shared),
                Taken::Closed => return,
            }
        }
    }

    /// Writes these jobs, syncs where one asks for it, and says whom to tell.
    pub(super) fn round(&mut self, shared: &Shared, mut jobs: Vec<Job>) -> Answers {
        let safe = jobs.iter().any(|job| job.safe) && !shared.options.mutants.ack_before_sync;
        let result = self.write(shared, &mut jobs, safe);
        self.settle(shared, Written { jobs, result })
    }

    /// The first half of a round: writes.
    pub(super) fn write_jobs(&mut self, shared: &Shared, mut jobs: Vec<Job>) -> Written {
        let result = self.write(shared, &mut jobs, false);
        Written { jobs, result }
    }

    /// `safe`: if it costs no sync, what is written is safe at once.
    fn write(&mut self, shared: &Shared, jobs: &mut [Job], safe: bool) -> io::Result<()> {
        if shared.options.mutants.ack_before_sync && self.mark_due {
            shared.sync()?;
        }
        self.write_all(shared, jobs, safe)
    }

    /// The second half: syncs where one asks for it, and says whom to tell.
    pub(super) fn settle(&mut self, shared: &Shared, written: Written) -> Answers {
        let Written { jobs, mut result } = written;
        let careless = shared.options.mutants.ack_before_sync;
        if result.is_ok() && !careless && jobs.iter().any(|job| job.safe) {
            result = shared.sync();
        }
        if let Err(error) = &result {
            shared.fail(error);
        }
        let told = jobs.into_iter().filter_map(|job| job.done);
        told.map(|done| (done, shared.check())).collect()
    }

    /// Makes safe all that was written and says so on disk.
    pub(super) fn finish(&mut self, shared: &Shared) {
        if shared.sync().is_err() || !self.mark_due {
            return;
        }
        self.write_mark(shared);
        let synced = match &self.active {
            Some(active) => active.segment.file.sync_data(),
            None => Ok(()),
        };
        if let Err(error) = synced.and_then(|()| shared.sync_note()) {
            shared.fail(&error);
        }
    }

    /// Writes a mark for everything that is safe by now.
    pub(super) fn write_mark(&mut self, shared: &Shared) {
        self.mark_due = false;
        if shared.check().is_err() {
            return;
        }
        self.mark = shared.syncer.synced();
        let header = Header::of(Kind::Mark, ShardId(0), EntryId::default(), &[]);
        let fits = self.active.as_ref().is_some_and(|active| active.takes(header.record_bytes()));
        if !fits {
            return;
        }
        let written = self.put(shared, header, &[]).and_then(|_| self.write_buffer());
        if let Err(error) = written {
            return shared.fail(&error);
        }
        // The next segment will say that this one ends behind the mark: what follows
        // is not safe before the mark is.
        if let Some(active) = &self.active {
            shared.syncer.written(&active.segment, active.position(), 0);
        }
    }

    fn write_all(&mut self, shared: &Shared, jobs: &mut [Job], safe: bool) -> io::Result<()> {
        shared.check()?;
        self.mark = shared.syncer.synced();
        for job in jobs.iter_mut() {
            self.write_job(shared, &mut job.work)?;
        }
        if !(safe && self.flush_through(shared)?) {
            self.flush(shared)?;
        }
        let number = self.active.as_ref().map_or(0, |active| active.segment.number);
        shared.settle(number, self.settled.drain(..).map(|s| (s.shard, s.serial, s.places)));
        shared.queue.release(jobs.iter().map(|job| job.bytes).sum());
        Ok(())
    }

    fn write_job(&mut self, shared: &Shared, work: &mut Work) -> io::Result<()> {
        match work {
            Work::Append { shard, serial, entries } => {
                // The bytes are let go as soon as they are written.
                self.append(shared, *shard, *serial, std::mem::take(entries))
            }
            Work::Truncate { shard, from } => {
                let id = EntryId { index: *from, ..EntryId::default() };
                self.put(shared, Header::of(Kind::Truncate, *shard, id, &[]), &[])?;
                self.ledger.line(*shard).truncate(*from);
                Ok(())
            }
            Work::Purge { shard, upto, needed_from } => {
                let at = self.put(shared, Header::of(Kind::Purge, *shard, *upto, &[]), &[])?;
                self.ledger.line(*shard).purge(*upto);
                free_after(shared, at, *needed_from);
                Ok(())
            }
            Work::Forget { shard, needed_from } => {
                let header = Header::of(Kind::Forget, *shard, EntryId::default(), &[]);
                let at = self.put(shared, header, &[])?;
                self.ledger.forget(*shard);
                free_after(shared, at, *needed_from);
                Ok(())
            }
            Work::Vote { shard, vote } => {
                let header = Header::of(Kind::Vote, *shard, EntryId::default(), vote);
                self.put(shared, header, vote)?;
                self.ledger.line(*shard).vote = Some(std::mem::take(vote));
                Ok(())
            }
            Work::Sync => Ok(()),
        }
    }

    fn append(
        &mut self,
        shared: &Shared,
        shard: ShardId,
        serial: u64,
        entries: Vec<(Header, Bytes)>,
    ) -> io::Result<()> {
        let mut places = Vec::with_capacity(entries.len());
        for (header, payload) in entries {
            let position = self.put(shared, header, &payload)?;
            places.push((header.id.index, position));
            self.ledger.line(shard).append(header.id.index);
        }
        self.settled.push(Settled { shard, serial, places });
        Ok(())
    }

    /// Puts a record into the buffer; gives its position.
    fn put(&mut self, shared: &Shared, mut header: Header, payload: &[u8]) -> io::Result<Position> {
        let bytes = header.record_bytes();
        if self.buf.len() >= BUFFER_BYTES_MAX {
            self.flush(shared)?;
        }
        if !self.active.as_ref().is_some_and(|active| active.takes(bytes)) {
            self.next_segment(shared, bytes)?;
        }
        header.mark = self.mark;
        self.mark_due |= header.kind != Kind::Mark;
        let active = self.active.as_mut().expect("there is one now");
        let position = active.position();
        record::write(&mut self.buf, header, payload, active.segment.salt);
        active.end += bytes as u64;
        Ok(position)
    }

    /// Goes on in a new segment that takes a record of `bytes`.
    fn next_segment(&mut self, shared: &Shared, bytes: usize) -> io::Result<()> {
        self.flush(shared)?;
        let ledger = self.ledger.to_bytes();
        let before = self.active.as_ref().map_or(Position::default(), Active::position);
        let id = EntryId { term: u64::from(FORMAT), node: 0, index: before.0 };
        let mut start = Header::of(Kind::Start, ShardId(0), id, &ledger);
        start.mark = self.mark;
        let segment = shared.take_segment((start.record_bytes() + bytes) as u64)?;
        self.buf.clear();
        record::write(&mut self.buf, start, &ledger, segment.salt);
        let mut active = Active::new(segment, 0);
        active.end = start.record_bytes() as u64;
        self.active = Some(active);
        Ok(())
    }

    /// Writes the buffer and counts it as written.
    fn flush(&mut self, shared: &Shared) -> io::Result<()> {
        let bytes = self.active.as_ref().map_or(0, Active::unwritten);
        if bytes == 0 {
            return Ok(());
        }
        self.write_buffer()?;
        if let Some(active) = &self.active {
            shared.syncer.written(&active.segment, active.position(), bytes);
        }
        shared.count_write();
        Ok(())
    }

    /// Writes the buffer so that it is safe at once. False: that does not work, or
    /// something before it is not safe.
    fn flush_through(&mut self, shared: &Shared) -> io::Result<bool> {
        let Some(active) = &mut self.active else { return Ok(false) };
        let bytes = active.unwritten();
        if bytes == 0 || shared.syncer.is_dirty() {
            return Ok(false);
        }
        let (base, padded) = (active.base, active.padded());
        let Some(through) = active.through(shared) else { return Ok(false) };
        let begun = Instant::now();
        self.buf.resize(padded, 0);
        if !through.write(&self.buf, base)? {
            active.through = Way::Sync;
            return Ok(false);
        }
        active.keep_page(&mut self.buf);
        shared.syncer.written_through(active.position(), bytes, begun.elapsed());
        shared.count_write();
        Ok(true)
    }

    /// Writes the buffer, filled up to whole pages: a page that is written whole
    /// need not be read before.
    fn write_buffer(&mut self) -> io::Result<()> {
        let Some(active) = &mut self.active else { return Ok(()) };
        self.buf.resize(active.padded(), 0);
        let news = (active.written - active.base) as usize;
        let written = active.segment.file.write_at(&self.buf[news..], active.written);
        active.keep_page(&mut self.buf);
        written
    }
}

/// Once the record at `at` is safe, no shard needs a segment before `needed_from`.
fn free_after(shared: &Shared, at: Position, needed_from: u32) {
    // What waited at the hand-over stands before this record at the latest.
    let free_below = at.segment().min(needed_from);
    shared.syncer.free_after(Position(at.0 + 1), free_below);
}

impl Active {
    /// Goes on where something of that length stands.
    fn new(segment: Arc<Segment>, end: u64) -> Active {
        Active { segment, base: end, written: end, end, through: Way::Untried }
    }

    /// The way past the page cache, where the buffer begins with a page.
    fn through(&mut self, shared: &Shared) -> Option<&mut dyn Through> {
        if !self.base.is_multiple_of(PAGE_BYTES) {
            return None;
        }
        if let Way::Untried = self.through {
            let way = shared.keeper.open_through(&self.segment);
            self.through = way.map_or(Way::Sync, Way::Through);
        }
        match &mut self.through {
            Way::Through(through) => Some(through.as_mut()),
            Way::Untried | Way::Sync => None,
        }
    }

    fn unwritten(&self) -> u64 {
        self.end - self.written
    }

    /// How many bytes the buffer has when it is filled up to whole pages.
    fn padded(&self) -> usize {
        let whole = self.end.next_multiple_of(PAGE_BYTES).min(self.segment.bytes());
        (whole - self.base) as usize
    }

    /// The buffer is written: only the last page, if it is not full, stays.
    fn keep_page(&mut self, buf: &mut Vec<u8>) {
        let base = self.base.max(self.end - self.end % PAGE_BYTES);
        buf.truncate((self.end - self.base) as usize);
        buf.drain(..(base - self.base) as usize);
        buf.shrink_to(BUFFER_BYTES_KEPT);
        self.base = base;
        self.written = self.end;
    }

    fn takes(&self, bytes: usize) -> bool {
        self.end + bytes as u64 <= self.segment.bytes()
    }

    fn position(&self) -> Position {
        let offset = u32::try_from(self.end).expect("segments are smaller than 4 GiB");
        Position::new(self.segment.number, offset)
    }
}
