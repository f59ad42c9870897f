//! Helpers: logs on simulated disks, and what they hold in short.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::ShardId;
use parking_lot::Mutex;

use crate::log::Driver;
use crate::{
    Disk, Done, EntryId, Fsync, Log, LogOptions, Record, Recovered, SimDisk, StorageError,
};

pub(super) const DIR: &str = "/data/log";

/// A log with small segments that works when told.
pub(super) fn by_hand() -> LogOptions {
    LogOptions { segment_bytes: 4096, driver: Driver::ByHand, ..LogOptions::default() }
}

pub(super) fn with_threads(fsync: Fsync) -> LogOptions {
    LogOptions { segment_bytes: 64 << 10, fsync, ..LogOptions::default() }
}

pub(super) fn try_open(
    disk: &SimDisk,
    options: LogOptions,
) -> Result<(Log, Recovered), StorageError> {
    Log::open(Arc::new(disk.boot()), Path::new(DIR), options)
}

pub(super) fn open(disk: &SimDisk) -> Log {
    try_open(disk, by_hand()).unwrap().0
}

pub(super) fn id(term: u64, index: u64) -> EntryId {
    EntryId { term, node: term % 3, index }
}

pub(super) fn record(term: u64, index: u64, payload: impl Into<Bytes>) -> Record {
    Record { id: id(term, index), payload: payload.into() }
}

/// Entries `from..to` of 100 bytes each, which say where they stand.
pub(super) fn records(term: u64, from: u64, to: u64) -> Vec<Record> {
    (from..to).map(|index| record(term, index, format!("{term}/{index:<98}"))).collect()
}

/// Keeps an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer(Arc<Mutex<Option<std::io::Result<()>>>>);

impl Answer {
    pub(super) fn done(&self) -> Done {
        let slot = Arc::clone(&self.0);
        Box::new(move |result| *slot.lock() = Some(result))
    }

    pub(super) fn came(&self) -> bool {
        self.0.lock().is_some()
    }

    pub(super) fn is_ok(&self) -> bool {
        matches!(*self.0.lock(), Some(Ok(())))
    }

    pub(super) fn error(&self) -> String {
        match &*self.0.lock() {
            Some(Err(error)) => error.to_string(),
            other => panic!("not an error: {other:?}"),
        }
    }
}

/// Hands in, does the work, and expects the answer to be good.
pub(super) fn append(log: &Log, shard: u16, records: Vec<Record>) {
    let answer = Answer::default();
    log.append(ShardId(shard), records, answer.done());
    log.step();
    assert!(answer.is_ok(), "{answer:?}");
}

/// Hands in and writes, but does not sync.
pub(super) fn write_only(log: &Log, shard: u16, records: Vec<Record>) {
    log.append(ShardId(shard), records, Answer::default().done());
    assert!(log.write_only());
}

/// Says how far the log is safe.
pub(super) const SAFE: &str = "/data/log/SAFE";

pub(super) fn truncate(log: &Log, shard: u16, from: u64) {
    let answer = Answer::default();
    log.truncate(ShardId(shard), from, answer.done());
    log.step();
    assert!(answer.is_ok(), "{answer:?}");
}

pub(super) fn purge(log: &Log, shard: u16, upto: EntryId) {
    let answer = Answer::default();
    log.purge(ShardId(shard), upto, answer.done());
    log.step();
    assert!(answer.is_ok(), "{answer:?}");
}

/// What a log holds of a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) purged: Option<EntryId>,
    pub(super) entries: Vec<Record>,
    pub(super) vote: Option<Vec<u8>>,
}

pub(super) fn held(log: &Log, shard: u16) -> Held {
    let shard = ShardId(shard);
    let (purged, last) = log.first_last(shard);
    let entries = log.read(shard, 0, u64::MAX).unwrap();
    let expected = entries.last().map(|record| record.id).or(purged);
    assert_eq!(last, expected, "the last entry of shard {}", shard.0);
    for record in &entries {
        assert_eq!(log.id_at(shard, record.id.index), Some(record.id));
    }
    Held { purged, entries, vote: log.vote(shard) }
}

/// The segment files that hold records or wait to, in order.
pub(super) fn segments(disk: &SimDisk) -> Vec<PathBuf> {
    let is_log = |path: &PathBuf| path.extension().is_some_and(|ext| ext == "log");
    disk.paths().into_iter().filter(is_log).collect()
}

/// The names of the segment files.
pub(super) fn names(disk: &SimDisk) -> Vec<String> {
    let mut names = Disk::list(disk, Path::new(DIR)).unwrap();
    names.retain(|name| name != "SAFE");
    names
}
