//! Writes what was handed in: everything that waits as one batch with one sync.

use std::io;
use std::time::Instant;

use lockstep_core::ShardId;
use raft_engine::{LogBatch, Result};

use super::Done;
use super::engine::{failed, region};
use super::entry::{Entries, Entry};
use super::ledger::{Ledger, Line};
use super::queue::{Job, Taken, Work};
use super::record::Position;
use super::shared::Shared;

/// More than this is not gathered before it is written.
const BATCH_BYTES_MAX: usize = 4 << 20;

/// What is put where no shard is, to have something to sync: the engine does
/// nothing when it is asked to sync without a batch.
const SYNC: &[u8] = b"sync";
const NO_SHARD: u64 = 0;

/// Who is to be told, and what.
pub(super) type Answers = Vec<(Done, io::Result<()>)>;

/// The one who writes.
pub(super) struct Writer {
    batch: LogBatch,
    ledger: Ledger,
    settled: Vec<Settled>,
    purged: bool,
}

/// A hand-over whose entries are written.
struct Settled {
    shard: ShardId,
    serial: u64,
    places: Vec<(u64, Position)>,
}

impl Writer {
    pub(super) fn new(ledger: Ledger) -> Writer {
        Writer { batch: LogBatch::default(), ledger, settled: Vec::new(), purged: false }
    }

    /// Works until the queue is closed, then makes everything safe.
    pub(super) fn run(&mut self, shared: &Shared) {
        loop {
            match shared.queue.take(None) {
                Taken::Jobs(jobs) => {
                    let answers = self.round(shared, jobs);
                    shared.answer(answers);
                }
                Taken::Idle => {}
                Taken::Closed => break,
            }
        }
        let result = shared.check().and_then(|()| self.write(shared, true));
        if let Err(error) = result {
            shared.fail(&error);
        }
    }

    /// Writes these jobs, with a sync where one asks for it, and says whom to tell.
    fn round(&mut self, shared: &Shared, mut jobs: Vec<Job>) -> Answers {
        if let Err(error) = self.write_all(shared, &mut jobs) {
            shared.fail(&error);
        }
        let told = jobs.into_iter().filter_map(|job| job.done);
        told.map(|done| (done, shared.check())).collect()
    }

    fn write_all(&mut self, shared: &Shared, jobs: &mut [Job]) -> io::Result<()> {
        shared.check()?;
        for job in jobs.iter_mut() {
            self.add(&mut job.work).map_err(failed)?;
            if self.batch.approximate_size() >= BATCH_BYTES_MAX {
                self.write(shared, false)?;
            }
        }
        self.write(shared, jobs.iter().any(|job| job.safe))?;
        let mut index = shared.index.lock();
        for Settled { shard, serial, places } in self.settled.drain(..) {
            index.settle(shard, serial, &places);
        }
        index.settled(0);
        drop(index);
        shared.queue.release(jobs.iter().map(|job| job.bytes).sum());
        if std::mem::take(&mut self.purged) {
            shared.keeper.free();
        }
        Ok(())
    }

    fn add(&mut self, work: &mut Work) -> Result<()> {
        let batch = &mut self.batch;
        match work {
            Work::Append { shard, serial, entries } => {
                let ids = entries.iter().map(|(header, _)| header.id);
                self.ledger.line(*shard).append(*shard, ids, batch)?;
                let entries: Vec<Entry> = std::mem::take(entries)
                    .into_iter()
                    .map(|(header, payload)| Entry::new(header.id, payload))
                    .collect();
                batch.add_entries::<Entries>(region(*shard), &entries)?;
                let places = entries.iter().map(|entry| (entry.id.index, Position::default()));
                let places = places.collect();
                self.settled.push(Settled { shard: *shard, serial: *serial, places });
                Ok(())
            }
            Work::Truncate { shard, from } => {
                self.ledger.line(*shard).truncate(*shard, *from, batch)
            }
            Work::Purge { shard, upto, .. } => {
                self.purged = true;
                self.ledger.line(*shard).purge(*shard, *upto, batch)
            }
            Work::Vote { shard, vote } => Line::vote(*shard, std::mem::take(vote), batch),
            Work::Sync => Ok(()),
        }
    }

    fn write(&mut self, shared: &Shared, sync: bool) -> io::Result<()> {
        if self.batch.is_empty() {
            if !sync || !shared.is_dirty() {
                return Ok(());
            }
            self.batch.put(NO_SHARD, SYNC.to_vec(), Vec::new()).map_err(failed)?;
        }
        let started = Instant::now();
        let bytes = shared.engine.write(&mut self.batch, sync).map_err(failed)?;
        shared.count_write(bytes, sync.then(|| started.elapsed()));
        Ok(())
    }
}
