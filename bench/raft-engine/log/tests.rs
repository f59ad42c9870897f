//! What the server asks of a log holds here too.

#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use lockstep_core::ShardId;

use super::{Done, EntryId, Fsync, Log, LogOptions, Record};
use crate::RealDisk;

const SHARD: ShardId = ShardId(3);

fn open(dir: &Path) -> Log {
    let options = LogOptions { segment_bytes: 1 << 20, ..LogOptions::default() };
    Log::open(Arc::new(RealDisk), dir, options).unwrap().0
}

fn id(term: u64, index: u64) -> EntryId {
    EntryId { term, node: 9, index }
}

fn record(term: u64, index: u64) -> Record {
    Record { id: id(term, index), payload: format!("{term}/{index}").into_bytes().into() }
}

fn wait(work: impl FnOnce(Done)) {
    let (tell, told) = mpsc::channel();
    work(Box::new(move |result| tell.send(result).unwrap()));
    told.recv().unwrap().unwrap();
}

fn append(log: &Log, records: Vec<Record>) {
    wait(|done| log.append(SHARD, records, done));
}

fn all(log: &Log) -> Vec<EntryId> {
    let records = log.read(SHARD, 0, u64::MAX).unwrap();
    for read in &records {
        assert_eq!(*read, record(read.id.term, read.id.index));
    }
    records.into_iter().map(|record| record.id).collect()
}

#[test]
fn entries_and_votes_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, vec![record(1, 1), record(1, 2), record(2, 3)]);
    log.save_vote(SHARD, b"me").unwrap();
    drop(log);
    let log = open(dir.path());
    assert_eq!(all(&log), [id(1, 1), id(1, 2), id(2, 3)]);
    assert_eq!(log.vote(SHARD).unwrap(), b"me");
    assert_eq!(log.first_last(SHARD), (None, Some(id(2, 3))));
}

#[test]
fn entries_can_be_read_before_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, vec![record(1, 1)]);
    log.append(SHARD, vec![record(1, 2)], Box::new(|_| ()));
    assert_eq!(all(&log), [id(1, 1), id(1, 2)]);
}

#[test]
fn what_was_cut_stays_away_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, (1..=9).map(|index| record(1, index)).collect());
    wait(|done| log.truncate(SHARD, 4, done));
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.first_last(SHARD).1, Some(id(1, 3)));
    append(&log, vec![record(5, 4)]);
    drop(log);
    let log = open(dir.path());
    assert_eq!(all(&log), [id(1, 1), id(1, 2), id(1, 3), id(5, 4)]);
}

#[test]
fn overwritten_entries_have_the_later_term() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, (1..=9).map(|index| record(1, index)).collect());
    append(&log, vec![record(2, 3), record(3, 4)]);
    assert_eq!(all(&log), [id(1, 1), id(1, 2), id(2, 3), id(3, 4)]);
    drop(log);
    assert_eq!(all(&open(dir.path())), [id(1, 1), id(1, 2), id(2, 3), id(3, 4)]);
}

#[test]
fn a_purge_beyond_the_end_says_where_the_log_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    append(&log, (1..=9).map(|index| record(1, index)).collect());
    wait(|done| log.purge(SHARD, id(4, 100), done));
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.first_last(SHARD), (Some(id(4, 100)), Some(id(4, 100))));
    append(&log, vec![record(4, 101)]);
    drop(log);
    let log = open(dir.path());
    assert_eq!(all(&log), [id(4, 101)]);
    assert_eq!(log.id_at(SHARD, 100), Some(id(4, 100)));
}

#[test]
fn a_long_life_with_purges_keeps_few_files() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    let large = |index| Record { id: id(1, index), payload: vec![index as u8; 256 << 10].into() };
    for index in 1..=200 {
        append(&log, vec![large(index)]);
        if index > 4 {
            wait(|done| log.purge(SHARD, id(1, index - 4), done));
        }
    }
    drop(log);
    let log = open(dir.path());
    assert_eq!(log.read(SHARD, 0, u64::MAX).unwrap(), (197..=200).map(large).collect::<Vec<_>>());
    assert!(log.stats().segments < 12, "{} files", log.stats().segments);
}

#[test]
fn each_mode_answers() {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path());
    for (index, mode) in (1..).zip([Fsync::Never, Fsync::EverySec, Fsync::Always]) {
        log.set_mode(mode);
        append(&log, vec![record(1, index)]);
    }
    wait(|done| log.sync_then(done));
    log.close();
    assert!(log.save_vote(SHARD, b"late").is_err());
    assert_eq!(log.failed().map(|error| error.to_string()), None);
}
