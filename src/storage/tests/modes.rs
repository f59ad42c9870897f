//! When callers are answered, and what happens when the disk fails.

use std::io::ErrorKind;

use lockstep_core::ShardId;

use super::rig::{Answer, append, by_hand, held, id, open, purge, record, records, try_open};
use crate::disk::SimOp;
use crate::{Fsync, Log, LogOptions, SimDisk};

const SHARD: ShardId = ShardId(1);

fn open_in(disk: &SimDisk, fsync: Fsync) -> Log {
    try_open(disk, LogOptions { fsync, ..by_hand() }).unwrap().0
}

#[test]
fn always_answers_after_the_sync() {
    let disk = SimDisk::new();
    let log = open_in(&disk, Fsync::Always);
    log.step();
    let before = disk.syncs();
    let answer = Answer::default();
    log.append(SHARD, records(1, 1, 3), answer.done());
    assert!(!answer.came());
    log.step();
    assert!(answer.is_ok());
    // One for the record, one for the segment made ready meanwhile.
    assert_eq!(disk.syncs() - before, 2);
    assert_eq!(log.stats().unsynced_bytes, 0);
}

#[test]
fn one_sync_serves_all_that_waits() {
    let disk = SimDisk::new();
    let log = open_in(&disk, Fsync::Always);
    append(&log, 1, records(1, 1, 2));
    let before = log.stats();
    let answers: Vec<Answer> = (1..20).map(|_| Answer::default()).collect();
    for (index, answer) in (2..).zip(&answers) {
        log.append(SHARD, records(1, index, index + 1), answer.done());
    }
    log.step();
    assert!(answers.iter().all(Answer::is_ok));
    assert_eq!(log.stats().fsyncs - before.fsyncs, 1);
    assert_eq!(log.stats().writes - before.writes, 1);
}

#[test]
fn every_second_answers_after_the_write() {
    let disk = SimDisk::new();
    let log = open_in(&disk, Fsync::EverySec);
    let answer = Answer::default();
    log.append(SHARD, records(1, 1, 3), answer.done());
    assert!(!answer.came());
    log.step();
    assert!(answer.is_ok());
    assert_eq!(log.stats().fsyncs, 0);
    assert!(log.stats().unsynced_bytes > 0);
    disk.kill();
    assert_eq!(held(&open(&disk), 1).entries, records(1, 1, 3));
}

#[test]
fn never_answers_at_once_and_keeps_the_bytes_readable() {
    let disk = SimDisk::new();
    let log = open_in(&disk, Fsync::Never);
    let answer = Answer::default();
    log.append(SHARD, records(1, 1, 3), answer.done());
    assert!(answer.is_ok());
    assert_eq!(held(&log, 1).entries, records(1, 1, 3));
    log.step();
    assert_eq!(log.stats().fsyncs, 0);
}

#[test]
fn a_vote_is_safe_in_every_mode_with_all_before_it() {
    for fsync in [Fsync::Always, Fsync::EverySec, Fsync::Never] {
        let disk = SimDisk::new();
        let log = open_in(&disk, fsync);
        log.append(SHARD, records(1, 1, 60), Answer::default().done());
        log.save_vote(SHARD, b"term 7").unwrap();
        disk.power_loss(0);
        let log = open(&disk);
        assert_eq!(log.vote(SHARD).as_deref(), Some(&b"term 7"[..]), "{fsync:?}");
        assert_eq!(held(&log, 1).entries.len(), 59, "{fsync:?}");
    }
}

#[test]
fn a_change_to_never_does_not_overtake_those_who_wait() {
    let disk = SimDisk::new();
    let log = open_in(&disk, Fsync::Always);
    let (first, second, third) = (Answer::default(), Answer::default(), Answer::default());
    log.append(SHARD, records(1, 1, 2), first.done());
    log.set_mode(Fsync::Never);
    log.append(SHARD, records(1, 2, 3), second.done());
    assert!(!first.came() && !second.came());
    log.step();
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(log.stats().fsyncs, 1);
    log.append(SHARD, records(1, 3, 4), third.done());
    assert!(third.is_ok());
}

#[test]
fn a_change_to_always_makes_safe_what_was_not() {
    let disk = SimDisk::new();
    let log = open_in(&disk, Fsync::Never);
    append(&log, 1, records(1, 1, 50));
    log.set_mode(Fsync::Always);
    append(&log, 1, records(1, 50, 51));
    disk.power_loss(4);
    assert_eq!(held(&open(&disk), 1).entries.len(), 50);
}

#[test]
fn a_failed_sync_is_the_end() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 2));
    disk.fail_nth(SimOp::Sync, 1, ErrorKind::Other);
    let (first, second) = (Answer::default(), Answer::default());
    log.append(SHARD, records(1, 2, 3), first.done());
    log.step();
    assert!(first.error().contains(super::rig::DIR), "{}", first.error());
    let syncs = log.stats().fsyncs;
    log.append(SHARD, records(1, 3, 4), second.done());
    assert!(!second.error().is_empty());
    assert!(log.save_vote(SHARD, b"vote").is_err());
    assert!(log.failed().is_some());
    log.step();
    log.close();
    assert_eq!(log.stats().fsyncs, syncs, "a failed sync is never tried again");
}

#[test]
fn a_failed_write_is_the_end() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 2));
    disk.fail_nth(SimOp::Write, 1, ErrorKind::StorageFull);
    let answer = Answer::default();
    log.append(SHARD, records(1, 2, 3), answer.done());
    log.step();
    assert!(!answer.error().is_empty());
    assert_eq!(log.failed().unwrap().kind(), ErrorKind::StorageFull);
    disk.power_loss(1);
    assert_eq!(held(&open(&disk), 1).entries, records(1, 1, 2));
}

#[test]
fn bytes_that_a_failed_sync_left_in_memory_are_written_again() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 2));
    disk.fail_nth(SimOp::Sync, 1, ErrorKind::Other);
    log.append(SHARD, records(1, 2, 3), Answer::default().done());
    log.step();
    // The process ends; the system still shows the bytes that it never wrote.
    disk.kill();
    let found = held(&open(&disk), 1);
    assert_eq!(found.entries.len(), 2);
    disk.power_loss(0);
    assert_eq!(held(&open(&disk), 1), found);
}

#[test]
fn a_full_disk_is_announced_while_a_segment_is_left() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 2));
    let used: usize = disk.paths().iter().map(|path| disk.bytes(path).unwrap().len()).sum();
    disk.set_capacity(Some(used as u64));
    assert!(!log.stats().disk_full);
    append(&log, 1, records(1, 2, 28));
    assert!(log.stats().disk_full);
    append(&log, 1, records(1, 28, 30));
    disk.set_capacity(None);
    log.step();
    assert!(!log.stats().disk_full);
    append(&log, 1, records(1, 30, 100));
    log.close();
    assert_eq!(held(&open(&disk), 1).entries.len(), 99);
}

#[test]
fn entries_that_do_not_follow_on_are_refused_and_harm_nothing() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 4));
    purge(&log, 1, id(1, 2));
    for wrong in [records(1, 6, 7), records(1, 2, 3), vec![record(1, 4, "a"), record(1, 6, "b")]] {
        let answer = Answer::default();
        log.append(SHARD, wrong, answer.done());
        assert!(!answer.error().is_empty());
    }
    assert_eq!(log.stats().in_flight_bytes, 0);
    append(&log, 1, records(1, 4, 5));
}

#[test]
fn a_closed_log_takes_nothing() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 4));
    log.close();
    log.close();
    let answer = Answer::default();
    log.append(SHARD, records(1, 4, 5), answer.done());
    assert!(answer.error().contains("closed"));
}

#[test]
fn an_entry_larger_than_a_segment_gets_one_of_its_own() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 4));
    append(&log, 1, vec![record(1, 4, vec![7; 100_000])]);
    append(&log, 1, records(1, 5, 8));
    let contents = held(&log, 1);
    log.close();
    assert_eq!(held(&open(&disk), 1), contents);
}

#[test]
fn a_vote_beyond_the_bound_is_refused() {
    let log = open(&SimDisk::new());
    assert!(log.save_vote(SHARD, &[0; 4096]).is_ok());
    assert_eq!(log.save_vote(SHARD, &[0; 4097]).unwrap_err().kind(), ErrorKind::InvalidInput);
}
