//! The mistakes on purpose do what they say, and only when they are switched on.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::ShardId;

use super::rig::{Answer, append, by_hand, held, open, records, segments, try_open};
use crate::{LogOptions, Mutants, SimDisk, SnapshotOptions, Snapshots};

const SHARD: ShardId = ShardId(1);

fn wrong(mutants: Mutants) -> LogOptions {
    LogOptions { mutants, ..by_hand() }
}

/// How often something that was answered is gone when the power goes at once.
fn lost(
    mutants: Mutants,
    ask: impl Fn(&crate::Log, Answer),
    there: impl Fn(&crate::Log) -> bool,
) -> u32 {
    let mut lost = 0;
    for seed in 0..40 {
        let disk = SimDisk::new();
        let log = try_open(&disk, wrong(mutants)).unwrap().0;
        append(&log, 1, records(1, 1, 3));
        append(&log, 1, records(1, 3, 4));
        let answer = Answer::default();
        ask(&log, answer.clone());
        assert!(answer.is_ok());
        disk.power_loss(seed);
        lost += u32::from(!there(&open(&disk)));
    }
    lost
}

#[test]
fn an_answer_before_the_sync_loses_entries() {
    let entry = |log: &crate::Log, answer: Answer| {
        log.append(SHARD, records(1, 4, 5), answer.done());
        log.step();
    };
    let there = |log: &crate::Log| held(log, 1).entries.len() == 4;
    assert_eq!(lost(Mutants::default(), entry, there), 0);
    let mutants = Mutants { ack_before_sync: true, ..Mutants::default() };
    assert!(lost(mutants, entry, there) > 5);
}

#[test]
fn a_vote_that_is_not_synced_is_lost() {
    let vote = |log: &crate::Log, answer: Answer| {
        log.save_vote_then(SHARD, b"vote", answer.done());
        log.step();
    };
    let there = |log: &crate::Log| log.vote(SHARD).is_some();
    assert_eq!(lost(Mutants::default(), vote, there), 0);
    let mutants = Mutants { vote_not_synced: true, ..Mutants::default() };
    assert!(lost(mutants, vote, there) > 5);
}

#[test]
fn damage_taken_for_a_torn_tail_loses_entries() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 90));
    log.close();
    disk.flip(&segments(&disk)[0], 1000, 1);
    assert!(try_open(&disk, by_hand()).unwrap_err().is_damage());
    let mutants = Mutants { damage_is_torn_tail: true, ..Mutants::default() };
    let (log, _) = try_open(&disk, wrong(mutants)).unwrap();
    let kept = held(&log, 1).entries.len() as u64;
    assert!(kept < 10, "{kept}");
    append(&log, 1, records(2, kept + 1, kept + 9));
    assert_eq!(held(&log, 1).entries.len() as u64, kept + 8);
}

#[test]
fn a_snapshot_that_gets_its_name_before_it_is_safe_can_be_half_a_one() {
    let mut damaged = [0, 0];
    for (wrong, damaged) in [false, true].into_iter().zip(&mut damaged) {
        for seed in 0..60 {
            let disk = SimDisk::new();
            let mutants = Mutants { snapshot_named_before_sync: wrong, ..Mutants::default() };
            let options = SnapshotOptions { mutants, ..SnapshotOptions::default() };
            let dir = Path::new("/data/snapshots");
            let open = || Snapshots::open_with(Arc::new(disk.boot()), dir, options).unwrap();
            let mut writer = open().begin(SHARD, b"meta").unwrap();
            writer.append(&[7; 9000]).unwrap();
            disk.power_off_after(seed % 6);
            let _ = writer.commit();
            disk.power_loss(seed);
            let Ok(found) = open().latest(SHARD) else {
                *damaged += 1;
                continue;
            };
            let Some((_, mut reader)) = found else { continue };
            *damaged += u32::from(reader.next_chunk().is_err() || reader.next_chunk().is_err());
        }
    }
    assert_eq!(damaged[0], 0);
    assert!(damaged[1] > 3, "{}", damaged[1]);
}
