//! Segment files that are freed and used again.

use std::io::ErrorKind;

use super::rig::{
    Answer, append, by_hand, held, id, names, open, purge, record, records, segments, try_open,
};
use crate::disk::SimOp;
use crate::{LogOptions, SimDisk};

#[test]
fn a_segment_is_freed_when_no_shard_needs_it() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 2, records(1, 1, 2));
    append(&log, 1, records(1, 1, 100));
    let before = log.stats();
    purge(&log, 1, id(1, 99));
    assert_eq!(log.stats().segments, before.segments, "shard 2 still needs the first one");
    assert_eq!(log.stats().oldest_needed_by, Some(lockstep_core::ShardId(2)));
    purge(&log, 2, id(1, 1));
    assert_eq!(log.stats().segments, 1);
    assert_eq!(log.stats().oldest_needed_by, None);
}

#[test]
fn votes_and_purges_outlive_the_segments_they_stood_in() {
    let disk = SimDisk::new();
    let log = open(&disk);
    log.save_vote(lockstep_core::ShardId(3), b"early").unwrap();
    purge(&log, 2, id(4, 77));
    append(&log, 1, records(1, 1, 200));
    purge(&log, 1, id(1, 199));
    log.step();
    assert_eq!(log.stats().segments, 1);
    disk.power_loss(9);
    let log = open(&disk);
    assert_eq!(log.vote(lockstep_core::ShardId(3)).as_deref(), Some(&b"early"[..]));
    assert_eq!(held(&log, 2).purged, Some(id(4, 77)));
    append(&log, 2, records(5, 78, 79));
}

#[test]
fn what_a_file_held_before_never_comes_back() {
    let disk = SimDisk::new();
    let log = open(&disk);
    let mut next = 1;
    let mut lives = 0;
    while lives < 40 {
        // Records of one size, so that old and new ones lie at the same places.
        append(&log, 1, records(lives, next, next + 25));
        next += 25;
        purge(&log, 1, id(lives, next - 2));
        lives += 1;
    }
    let numbers: Vec<String> = names(&disk);
    assert!(numbers.len() <= 7, "files are used again: {numbers:?}");
    for seed in 0..50 {
        let copy = disk.copy();
        copy.power_loss(seed);
        let found = held(&open(&copy), 1);
        assert_eq!(found.entries, records(39, next - 1, next));
        assert_eq!(found.purged, Some(id(39, next - 2)));
    }
}

#[test]
fn a_name_that_cannot_be_changed_leaves_no_gap() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 200));
    // The first segment becomes a spare (rename, sync), the second one cannot.
    disk.fail_nth(SimOp::Name, 3, ErrorKind::Other);
    log.purge(lockstep_core::ShardId(1), id(1, 199), Answer::default().done());
    log.step();
    assert!(log.failed().is_some());
    log.step();
    log.close();
    disk.power_loss(3);
    assert_eq!(held(&open(&disk), 1).purged, Some(id(1, 199)));
}

#[test]
fn a_large_file_is_removed_and_not_kept() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, vec![record(1, 1, vec![1; 50_000])]);
    append(&log, 1, records(1, 2, 60));
    purge(&log, 1, id(1, 59));
    assert!(log.stats().disk_bytes < 50_000, "{:?}", log.stats());
}

#[test]
fn spares_beyond_the_bound_are_removed() {
    let disk = SimDisk::new();
    let options = LogOptions { spare_segments_max: 2, ..by_hand() };
    let (log, _) = try_open(&disk, options).unwrap();
    append(&log, 1, records(1, 1, 500));
    assert!(segments(&disk).len() > 10);
    purge(&log, 1, id(1, 499));
    assert!(names(&disk).len() <= 4, "{:?}", names(&disk));
}

#[test]
fn a_reader_of_a_freed_segment_is_not_disturbed() {
    let disk = SimDisk::new();
    let options = LogOptions { cache_bytes_max: 0, ..by_hand() };
    let (log, _) = try_open(&disk, options).unwrap();
    append(&log, 1, records(1, 1, 60));
    let found = log.read_up_to(lockstep_core::ShardId(1), 1, 60, 500).unwrap();
    assert_eq!(found, records(1, 1, 6));
    purge(&log, 1, id(1, 59));
    assert_eq!(log.read(lockstep_core::ShardId(1), 1, 60).unwrap(), []);
}

#[test]
fn a_mark_that_is_not_safe_does_not_cut_off_the_segment_behind_it() {
    for seed in 0..40 {
        let disk = SimDisk::new();
        let log = open(&disk);
        append(&log, 1, records(1, 1, 20));
        log.rest();
        // Too large for what is left of the segment.
        append(&log, 1, vec![record(1, 20, vec![7; 3000])]);
        let contents = held(&log, 1);
        disk.power_loss(seed);
        assert_eq!(held(&open(&disk), 1), contents, "seed {seed}");
    }
}
