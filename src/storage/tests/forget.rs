//! Shards that leave the node.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::ShardId;

use super::rig::{Answer, Held, append, held, id, open, purge, record, records};
use crate::log::Driver;
use crate::{Log, SimDisk, SnapshotOptions, Snapshots, reconcile};

fn forget(log: &Log, shard: u16) {
    let answer = Answer::default();
    log.forget(ShardId(shard), answer.done());
    log.step();
    assert!(answer.is_ok(), "{answer:?}");
}

fn snapshots(disk: &SimDisk) -> Snapshots {
    let options = SnapshotOptions { driver: Driver::ByHand, ..SnapshotOptions::default() };
    Snapshots::open_with(Arc::new(disk.boot()), Path::new("/data/snapshots"), options).unwrap()
}

fn snapshot(snapshots: &Snapshots, shard: u16, tag: u8) {
    let mut writer = snapshots.begin(ShardId(shard), &[tag]).unwrap();
    writer.append(&[tag; 1000]).unwrap();
    writer.commit().unwrap();
}

#[test]
fn nothing_of_a_forgotten_shard_is_left_after_a_restart_either() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 10));
    append(&log, 2, records(1, 1, 10));
    purge(&log, 1, id(1, 4));
    log.save_vote(ShardId(1), b"vote").unwrap();
    let other = held(&log, 2);
    forget(&log, 1);
    for log in [log, open(&disk)] {
        assert_eq!(held(&log, 1), Held::default());
        assert_eq!(held(&log, 2), other);
        assert_eq!(log.shards(), [ShardId(2)]);
        assert_eq!(log.forgotten(), [ShardId(1)]);
    }
    disk.power_loss(4);
    let log = open(&disk);
    assert_eq!(held(&log, 1), Held::default());
    assert_eq!(log.forgotten(), [ShardId(1)]);
}

#[test]
fn a_forgotten_shard_can_come_back_with_any_index() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 10));
    forget(&log, 1);
    append(&log, 1, records(7, 100, 110));
    let now = held(&log, 1);
    assert_eq!(now.entries, records(7, 100, 110));
    assert!(log.forgotten().is_empty());
    disk.power_loss(5);
    let log = open(&disk);
    assert_eq!(held(&log, 1), now);
    assert!(log.forgotten().is_empty());
}

#[test]
fn segments_that_only_a_forgotten_shard_needed_are_freed() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 2, vec![record(1, 1, "kept")]);
    purge(&log, 2, id(1, 1));
    append(&log, 1, records(1, 1, 300));
    assert!(log.stats().segments > 5);
    forget(&log, 1);
    assert_eq!(log.stats().segments, 1);
    assert_eq!(log.stats().cache_bytes, 0);
    // What is known of the shards outlives the segments it stood in.
    append(&log, 2, records(2, 2, 200));
    purge(&log, 2, id(2, 199));
    log.step();
    disk.power_loss(6);
    let log = open(&disk);
    assert_eq!(log.forgotten(), [ShardId(1)]);
    assert_eq!(held(&log, 2).purged, Some(id(2, 199)));
}

#[test]
fn what_waits_to_be_written_is_forgotten_too() {
    let disk = SimDisk::new();
    let log = open(&disk);
    log.append(ShardId(1), records(1, 1, 50), Answer::default().done());
    log.forget(ShardId(1), Answer::default().done());
    log.append(ShardId(1), records(2, 5, 8), Answer::default().done());
    while log.step() {}
    assert_eq!(held(&log, 1).entries, records(2, 5, 8));
    disk.kill();
    assert_eq!(held(&open(&disk), 1).entries, records(2, 5, 8));
}

#[test]
fn the_snapshots_of_a_shard_go_for_good() {
    let disk = SimDisk::new();
    let all = snapshots(&disk);
    for shard in [1, 2, 3] {
        snapshot(&all, shard, 1);
        snapshot(&all, shard, 2);
    }
    all.remove(ShardId(2)).unwrap();
    all.remove(ShardId(9)).unwrap();
    assert_eq!(all.shards().unwrap(), [ShardId(1), ShardId(3)]);
    disk.power_loss(1);
    assert_eq!(snapshots(&disk).shards().unwrap(), [ShardId(1), ShardId(3)]);
}

#[test]
fn an_older_snapshot_does_not_come_to_light_when_the_power_goes_during_removal() {
    for step in 0..12 {
        for seed in 0..40 {
            let disk = SimDisk::new();
            let all = snapshots(&disk);
            snapshot(&all, 1, 1);
            // The older one is unlinked, and that is not yet safe.
            snapshot(&all, 1, 2);
            disk.power_off_after(step);
            let removed = all.remove(ShardId(1)).is_ok();
            disk.power_loss(seed);
            let found = snapshots(&disk).latest(ShardId(1)).unwrap();
            match found {
                None => {}
                Some((meta, _)) => assert!(meta == [2] && !removed, "step {step} seed {seed}"),
            }
        }
    }
}

#[test]
fn erasing_a_shard_that_is_interrupted_is_finished_at_the_next_start() {
    for step in 0..20 {
        for seed in 0..10 {
            let disk = SimDisk::new();
            let (log, all) = (open(&disk), snapshots(&disk));
            append(&log, 1, records(1, 1, 10));
            log.save_vote(ShardId(1), b"vote").unwrap();
            append(&log, 2, records(1, 1, 10));
            snapshot(&all, 1, 1);
            snapshot(&all, 2, 1);
            disk.power_off_after(step);
            log.forget(ShardId(1), Answer::default().done());
            log.step();
            if log.failed().is_none() {
                let _ = all.remove(ShardId(1));
            }
            disk.power_loss(seed);
            let (log, all) = (open(&disk), snapshots(&disk));
            reconcile(&log, &all).unwrap();
            let kept = log.shards().contains(&ShardId(1));
            assert_eq!(kept, log.vote(ShardId(1)).is_some());
            assert_eq!(kept, all.shards().unwrap().contains(&ShardId(1)), "step {step}");
            assert_eq!(held(&log, 2).entries, records(1, 1, 10));
            assert!(all.shards().unwrap().contains(&ShardId(2)));
        }
    }
}

#[test]
fn a_snapshot_without_its_log_and_a_cut_log_without_its_snapshot_are_damage() {
    let disk = SimDisk::new();
    let (log, all) = (open(&disk), snapshots(&disk));
    reconcile(&log, &all).unwrap();
    snapshot(&all, 1, 1);
    let unknown = reconcile(&log, &all).unwrap_err();
    assert!(unknown.is_damage() && unknown.to_string().contains("shard 1"), "{unknown}");
    log.save_vote(ShardId(1), b"vote").unwrap();
    reconcile(&log, &all).unwrap();
    purge(&log, 2, id(1, 5));
    let missing = reconcile(&log, &all).unwrap_err();
    assert!(missing.is_damage() && missing.to_string().contains("shard 2"), "{missing}");
    snapshot(&all, 2, 1);
    reconcile(&log, &all).unwrap();
}

#[test]
fn all_snapshots_can_be_checked_at_once() {
    let disk = SimDisk::new();
    let all = snapshots(&disk);
    all.check().unwrap();
    for shard in 0..3 {
        snapshot(&all, shard, 1);
    }
    all.check().unwrap();
    disk.flip(&disk.paths()[1], 500, 1);
    assert!(all.check().unwrap_err().is_damage());
}
