//! One write-ahead log for all shards of the node.
//!
//! Callers hand records in; one thread writes all that waits with one write and
//! one fdatasync, then answers in order. The first write or sync that fails is
//! the end: from then on every call fails, because after a failed sync nobody
//! can say what the disk holds.

mod index;
mod keeper;
mod ledger;
mod options;
mod owner;
mod queue;
mod read;
pub(crate) mod record;
mod recover;
mod replay;
mod safe;
mod segment;
mod shard;
mod shared;
mod stats;
mod sync;
mod writer;

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use lockstep_core::ShardId;

use crate::disk::PAGE_BYTES;
use crate::{Disk, StorageError};
use index::Index;
use keeper::Keeper;
use owner::Owner;
use queue::{Job, Work};
use record::{HEADER_BYTES, Header, Kind};
use shared::Shared;
use sync::Syncer;
use writer::Writer;

pub use options::{Driver, Fsync, LogOptions};
pub use stats::{FSYNC_BOUNDS_MICROS, LogStats, Recovered, RecoveredShard};

/// The largest payload of an entry.
pub const PAYLOAD_BYTES_MAX: usize = 1 << 30;

/// The largest segment that can be set; one with a larger entry is larger.
pub const SEGMENT_BYTES_MAX: u64 = 1 << 30;

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
/// It may run on the log's writer thread: keep it short.
pub type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// The log of the node. Clones are handles to the same log; when the last one
/// goes, the log is closed.
#[derive(Clone)]
pub struct Log {
    shared: Arc<Shared>,
    owner: Arc<Owner>,
}

impl Log {
    /// Opens the log in `dir`, which is made when missing, and reads what it
    /// holds. A torn tail is cut; damage before the last synced record is an error.
    pub fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        mut options: LogOptions,
    ) -> Result<(Log, Recovered), StorageError> {
        options.segment_bytes = options.segment_bytes.clamp(PAGE_BYTES, SEGMENT_BYTES_MAX);
        let restored = recover::recover(disk.as_ref(), dir, &options)?;
        let end = restored.end();
        let needed = restored.index.oldest_needed().map_or(u32::MAX, |(_, number)| number);
        let keeper = Keeper::new(
            disk,
            dir.to_path_buf(),
            options.segment_bytes,
            options.spare_segments_max,
            restored.stock,
        );
        let writer = Writer::new(restored.tail, restored.ledger, end);
        let syncer = Syncer::new(end);
        let noted = restored.safe.note(end);
        noted.map_err(StorageError::io("noting how far the log is safe", dir))?;
        let (index, safe) = (restored.index, restored.safe);
        let shared = Shared::new(dir.to_path_buf(), options, index, syncer, keeper, safe);
        let shared = Arc::new(shared);
        shared.free_below(needed.min(end.segment()));
        let owner = Owner::start(Arc::clone(&shared), writer)
            .map_err(StorageError::io("starting the log's threads", dir))?;
        Ok((Log { shared, owner: Arc::new(owner) }, restored.report))
    }

    /// Appends entries. Their indexes rise by one each and follow the last one of
    /// the shard; an index that exists is overwritten and what follows it dropped.
    /// They can be read at once, before `done` is called. Holds the caller up when
    /// too many bytes wait to be written.
    pub fn append(&self, shard: ShardId, records: Vec<Record>, done: Done) {
        if let Some(large) = records.iter().find(|r| r.payload.len() > PAYLOAD_BYTES_MAX) {
            return done(Err(too_large("an entry", large.payload.len(), PAYLOAD_BYTES_MAX)));
        }
        // Checksums are made here and not on the writer's thread, which all share.
        let entries: Vec<(Header, Bytes)> = records
            .into_iter()
            .map(|r| (Header::of(Kind::Append, shard, r.id, &r.payload), r.payload))
            .collect();
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
    /// one. Segment files that no shard needs are freed once that is safe.
    pub fn purge(&self, shard: ShardId, upto: EntryId, done: Done) {
        self.hand_over(HEADER_BYTES, Promise::OfMode, done, |index| {
            index.purge(shard, upto);
            let needed_from = index.oldest_needed().map_or(u32::MAX, |(_, number)| number);
            Ok(Work::Purge { shard, upto, needed_from })
        });
    }

    /// Drops everything about a shard: entries, vote, purge point. It stays in
    /// [`Log::forgotten`] until something comes of it again. Segment files that no
    /// shard needs are freed once that is safe.
    pub fn forget(&self, shard: ShardId, done: Done) {
        self.hand_over(HEADER_BYTES, Promise::Safe, done, |index| {
            index.forget(shard);
            let needed_from = index.oldest_needed().map_or(u32::MAX, |(_, number)| number);
            Ok(Work::Forget { shard, needed_from })
        });
    }

    /// The shards that something is known of, in order.
    pub fn shards(&self) -> Vec<ShardId> {
        let index = self.shared.index.lock();
        index.shards().filter(|(_, log)| !log.is_blank()).map(|(shard, _)| shard).collect()
    }

    /// The shards that were forgotten and of which nothing came since: what is
    /// elsewhere on this node about them is left over.
    pub fn forgotten(&self) -> Vec<ShardId> {
        let index = self.shared.index.lock();
        let forgotten = index.shards().filter(|(_, log)| log.forgotten);
        forgotten.map(|(shard, _)| shard).collect()
    }

    /// Where its files are.
    pub(crate) fn dir(&self) -> PathBuf {
        self.shared.dir.clone()
    }

    /// Whether nobody works on the log but whoever calls [`Log::step`].
    pub fn is_by_hand(&self) -> bool {
        self.shared.options.driver == Driver::ByHand
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
        read::fetch(found).inspect_err(|error| {
            // Who has lost what was promised must not go on as if it had not.
            if crate::is_damage(error) {
                self.shared.fail_damaged(error);
            }
        })
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
        self.wait(|done| self.save_vote_then(shard, vote, done))
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

    /// What was found damaged while the log was in use, if anything was: the log has
    /// failed then.
    pub fn damage(&self) -> Option<String> {
        self.shared.damage()
    }

    /// Numbers about the log.
    pub fn stats(&self) -> LogStats {
        self.shared.stats()
    }

    /// Does the work that waits, for a log that is driven by hand. False when
    /// there was none.
    pub fn step(&self) -> bool {
        self.owner.step()
    }

    /// Writes what waits, for a log that is driven by hand, and leaves syncing and
    /// answering it to [`Log::step`]: what happens between the two finds bytes that
    /// are not safe. False when there was nothing to write.
    pub fn write_only(&self) -> bool {
        self.owner.write()
    }

    /// Does what the log's thread does when nothing comes for a while: notes how far
    /// the log is safe. For a log that is driven by hand.
    pub fn rest(&self) {
        self.owner.rest();
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
        let careless = shared.options.mutants.vote_not_synced && matches!(work, Work::Vote { .. });
        let safe = match (promise, mode) {
            _ if careless => false,
            (Promise::Safe, _) | (_, Fsync::Always) => true,
            // Nobody else would sync it, and before that nothing can be freed.
            (_, Fsync::Never) => frees(&index, &work),
            (_, Fsync::EverySec) => false,
        };
        let at_once = careless || promise == Promise::OfMode && mode == Fsync::Never;
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

    /// Waits for the answer to a hand-over.
    fn wait(&self, hand_over: impl FnOnce(Done)) -> io::Result<()> {
        if self.owner.is_writer() {
            return Err(io::Error::new(
                ErrorKind::Deadlock,
                "the log's writer would wait for itself",
            ));
        }
        let (tell, told) = mpsc::sync_channel(1);
        hand_over(Box::new(move |result| {
            // The receiver waits below; if it is gone, nobody wants to know.
            let _ = tell.send(result);
        }));
        if self.shared.options.driver == Driver::ByHand {
            while self.owner.step() {}
        }
        told.recv().unwrap_or_else(|_| Err(queue::closed()))
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

/// Whether a segment waits for this work to become safe.
fn frees(index: &Index, work: &Work) -> bool {
    let (Work::Purge { needed_from, .. } | Work::Forget { needed_from, .. }) = work else {
        return false;
    };
    let mut numbers = index.segments.keys();
    let oldest = numbers.next();
    oldest.is_some_and(|oldest| oldest < needed_from) && numbers.next().is_some()
}

fn too_large(what: &'static str, bytes: usize, max: usize) -> io::Error {
    StorageError::TooLarge { what, bytes: bytes as u64, max: max as u64 }.into()
}
