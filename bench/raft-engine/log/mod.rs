//! One write-ahead log for all shards of the node, kept by raft-engine.
//!
//! As in the own log, callers hand records in, one thread writes all that waits as
//! one batch with one sync, then answers in order, and the first failure is final.

mod engine;
mod entry;
#[allow(dead_code)]
#[path = "../../../src/storage/log/index.rs"]
mod index;
mod ledger;
#[path = "../../../src/storage/log/options.rs"]
mod options;
mod owner;
#[allow(dead_code)]
#[path = "../../../src/storage/log/queue.rs"]
mod queue;
#[allow(dead_code)]
#[path = "../../../src/storage/log/record.rs"]
mod record;
mod segment;
#[path = "../../../src/storage/log/shard.rs"]
mod shard;
mod shared;
#[path = "../../../src/storage/log/stats.rs"]
mod stats;
#[cfg(test)]
mod tests;
mod writer;

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Instant;

use bytes::Bytes;
use lockstep_core::ShardId;

use crate::{Disk, StorageError};
use index::Index;
use ledger::Ledger;
use owner::Owner;
use queue::{Job, Work};
use raft_engine::Engine;
use record::{HEADER_BYTES, Header, Kind, Position};
use shared::Shared;
use writer::Writer;

pub use options::{Driver, Fsync, LogOptions};
pub use stats::{FSYNC_BOUNDS_MICROS, LogStats, Recovered, RecoveredShard};

/// The largest payload of an entry.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// The largest vote.
pub const VOTE_BYTES_MAX: usize = 4096;

/// Which entry: the leader's term and node, and the place in the shard's log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EntryId {
    /// The term of the leader that proposed it.
    pub term: u64,
    /// That leader.
    pub node: u64,
    /// The place in the log.
    pub index: u64,
}

/// An entry of a shard's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which one.
    pub id: EntryId,
    /// What it says.
    pub payload: Bytes,
}

/// Called once, when the work is as safe as the mode promises, or has failed.
pub type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// The log of the node. Clones are handles to the same log; when the last one
/// goes, the log is closed.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    owner: Arc<Owner>,
}

impl Log {
    /// Opens the log in `dir`, which is made when missing, and reads what it holds.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        options: LogOptions,
    ) -> Result<(Log, Recovered), StorageError> {
        let started = Instant::now();
        disk.create_dir_all(dir).map_err(StorageError::io("making the log's directory", dir))?;
        let failed = || StorageError::io("reading the log", dir);
        let engine = engine::open(dir, &options).map_err(engine::failed).map_err(failed())?;
        let mut index = Index::new(options.cache_bytes_max);
        let ledger = Ledger::recover(&engine, &mut index).map_err(failed())?;
        let mut recovered = recovered(&engine, &index);
        let shared = Arc::new(Shared::new(dir.to_path_buf(), &options, engine, index));
        let owner = Owner::start(Arc::clone(&shared), Writer::new(ledger))
            .map_err(StorageError::io("starting the log's threads", dir))?;
        recovered.duration = started.elapsed();
        Ok((Log { shared, owner: Arc::new(owner) }, recovered))
    }

    /// Appends entries. Their indexes rise by one each and follow the last one of
    /// the shard; an index that exists is overwritten and what follows it dropped.
    /// They can be read at once, before `done` is called. Holds the caller up when
    /// too many bytes wait to be written.
    pub fn append(&self, shard: ShardId, records: Vec<Record>, done: Done) {
        if let Some(large) = records.iter().find(|r| r.payload.len() > PAYLOAD_BYTES_MAX) {
            return done(Err(too_large("an entry", large.payload.len(), PAYLOAD_BYTES_MAX)));
        }
        // The engine makes its own checksums.
        let header = |record: &Record| Header {
            kind: Kind::Append,
            shard,
            mark: Position::default(),
            id: record.id,
            payload_bytes: u32::try_from(record.payload.len()).expect("payloads are bounded"),
            payload_crc: 0,
        };
        let entries: Vec<(Header, Bytes)> =
            records.into_iter().map(|record| (header(&record), record.payload)).collect();
        let bytes = entries.iter().map(|(header, _)| header.record_bytes()).sum();
        self.hand_over(bytes, Promise::OfMode, done, |index| {
            let serial = index.append(shard, &entries)?;
            Ok(Work::Append { shard, serial, entries })
        });
    }

    /// Drops the entries from index `from` on.
    pub fn truncate(&self, shard: ShardId, from: u64, done: Done) {
        self.hand_over(HEADER_BYTES, Promise::OfMode, done, |index| {
            index.truncate(shard, from);
            Ok(Work::Truncate { shard, from })
        });
    }

    /// Drops the entries up to and including `upto`, which may lie beyond the last
    /// one. Files that no shard needs are freed later.
    pub fn purge(&self, shard: ShardId, upto: EntryId, done: Done) {
        self.hand_over(HEADER_BYTES, Promise::OfMode, done, |index| {
            index.purge(shard, upto);
            Ok(Work::Purge { shard, upto, needed_from: 0 })
        });
    }

    /// The entries from `from` up to before `to_exclusive`, as far as they exist.
    pub fn read(&self, shard: ShardId, from: u64, to_exclusive: u64) -> io::Result<Vec<Record>> {
        self.read_up_to(shard, from, to_exclusive, usize::MAX)
    }

    /// As [`Log::read`], but stops after `bytes_max` payload bytes (one entry at least).
    pub fn read_up_to(
        &self,
        shard: ShardId,
        from: u64,
        to_exclusive: u64,
        bytes_max: usize,
    ) -> io::Result<Vec<Record>> {
        let found = self.shared.index.lock().find(shard, from, to_exclusive, bytes_max)?;
        engine::fetch(&self.shared.engine, shard, found)
    }

    /// The id of an entry that is held, or of the last purged one.
    pub fn id_at(&self, shard: ShardId, index: u64) -> Option<EntryId> {
        self.shared.index.lock().shard(shard)?.id_at(index)
    }

    /// The last purged entry and the last entry of a shard (which is the last
    /// purged one when none is held).
    pub fn first_last(&self, shard: ShardId) -> (Option<EntryId>, Option<EntryId>) {
        let index = self.shared.index.lock();
        index.shard(shard).map_or((None, None), |log| (log.purged, log.last()))
    }

    /// Saves a vote. It is durable when this returns, whatever the mode. Blocks,
    /// so it must not be called from a [`Done`].
    pub fn save_vote(&self, shard: ShardId, vote: &[u8]) -> io::Result<()> {
        if self.owner.is_writer() {
            let why = "the log's writer would wait for itself";
            return Err(io::Error::new(ErrorKind::Deadlock, why));
        }
        let (tell, told) = mpsc::sync_channel(1);
        let done = Box::new(move |result| {
            // The receiver waits below; if it is gone, nobody wants to know.
            let _ = tell.send(result);
        });
        self.save_vote_then(shard, vote, done);
        told.recv().unwrap_or_else(|_| Err(queue::closed()))
    }

    /// Saves a vote, and calls `done` when it is durable, whatever the mode.
    pub fn save_vote_then(&self, shard: ShardId, vote: &[u8], done: Done) {
        if vote.len() > VOTE_BYTES_MAX {
            return done(Err(too_large("a vote", vote.len(), VOTE_BYTES_MAX)));
        }
        let vote = vote.to_vec();
        self.hand_over(HEADER_BYTES, Promise::Safe, done, |index| {
            index.shard_mut(shard).vote = Some(vote.clone());
            Ok(Work::Vote { shard, vote })
        });
    }

    /// The vote saved last.
    pub fn vote(&self, shard: ShardId) -> Option<Vec<u8>> {
        self.shared.index.lock().shard(shard)?.vote.clone()
    }

    /// Calls `done` when everything handed in before is durable, whatever the mode.
    pub fn sync_then(&self, done: Done) {
        self.hand_over(0, Promise::Safe, done, |_| Ok(Work::Sync));
    }

    /// Changes when callers are answered. What waits already keeps its promise.
    pub fn set_mode(&self, mode: Fsync) {
        self.shared.set_mode(mode);
    }

    /// When callers are answered.
    pub fn mode(&self) -> Fsync {
        self.shared.mode()
    }

    /// Whether a write or sync failed, which is final, and how.
    pub fn failed(&self) -> Option<io::Error> {
        self.shared.check().err()
    }

    /// Numbers about the log.
    pub fn stats(&self) -> LogStats {
        self.shared.stats()
    }

    /// Nothing: this log has threads always.
    pub fn step(&self) -> bool {
        false
    }

    /// Writes and syncs everything handed in, and stops the threads. Later calls fail.
    pub fn close(&self) {
        self.owner.close();
    }

    /// Puts work into the queue. The index is changed and the job queued under one
    /// lock, so that both see the same order.
    fn hand_over(
        &self,
        bytes: usize,
        promise: Promise,
        done: Done,
        work: impl FnOnce(&mut Index) -> io::Result<Work>,
    ) {
        let shared = &self.shared;
        if self.owner.is_writer() {
            shared.queue.reserve_now(bytes);
        } else {
            shared.queue.reserve(bytes);
        }
        let mut index = shared.index.lock();
        let work = match shared.check().and_then(|()| work(&mut index)) {
            Ok(work) => work,
            Err(error) => {
                drop(index);
                shared.queue.release(bytes);
                return done(Err(error));
            }
        };
        let mode = shared.mode();
        let safe = promise == Promise::Safe || mode == Fsync::Always;
        let at_once = promise == Promise::OfMode && mode == Fsync::Never;
        let pushed = shared.queue.push(Job { work, done: Some(done), safe, bytes }, at_once);
        drop(index);
        match pushed {
            Ok(Some(done)) => done(Ok(())),
            Ok(None) => {}
            Err(refused) => {
                shared.queue.release(bytes);
                if let Some(done) = refused.done {
                    done(Err(queue::closed()));
                }
            }
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the log in {}", self.shared.dir.display())
    }
}

/// What a caller is promised.
#[derive(Clone, Copy, PartialEq)]
enum Promise {
    /// What the mode says.
    OfMode,
    /// That it is safe, whatever the mode.
    Safe,
}

fn recovered(engine: &Engine, index: &Index) -> Recovered {
    let shards: Vec<RecoveredShard> = index
        .shards()
        .map(|(shard, log)| RecoveredShard {
            shard,
            purged: log.purged,
            last: log.last(),
            entries: log.entries(),
            voted: log.vote.is_some(),
        })
        .collect();
    let entries = shards.iter().map(|shard| shard.entries).sum();
    let bytes = engine.get_used_size() as u64;
    Recovered { shards, entries, bytes, segments: shared::files(engine), ..Recovered::default() }
}

fn too_large(what: &'static str, bytes: usize, max: usize) -> io::Error {
    StorageError::TooLarge { what, bytes: bytes as u64, max: max as u64 }.into()
}
