//! Snapshot files that go from one node to another.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::ShardId;

use crate::log::Driver;
use crate::snapshots::{Export, Receiver};
use crate::{SimDisk, SnapshotOptions, Snapshots, StorageError};

const SHARD: ShardId = ShardId(3);

fn open(disk: &SimDisk) -> Snapshots {
    let options = SnapshotOptions { driver: Driver::ByHand, ..SnapshotOptions::default() };
    Snapshots::open_with(Arc::new(disk.boot()), Path::new("/data/snapshots"), options).unwrap()
}

fn write(snapshots: &Snapshots, tag: u8) {
    let mut writer = snapshots.begin(SHARD, &[tag]).unwrap();
    for size in [100, 50_000, 3_000_000, 1] {
        writer.append(&vec![tag; size]).unwrap();
    }
    writer.commit().unwrap();
}

fn carry(export: &mut Export, receiver: &mut Receiver, piece_bytes: usize) {
    while !receiver.is_complete() {
        let piece = export.piece(receiver.offset(), piece_bytes).unwrap();
        assert!(piece.len() <= piece_bytes && !piece.is_empty());
        receiver.append(&piece).unwrap();
    }
}

fn tag(snapshots: &Snapshots) -> Option<Vec<u8>> {
    let (meta, mut reader) = snapshots.latest(SHARD).unwrap()?;
    let mut bytes = 0;
    while let Some(chunk) = reader.next_chunk().unwrap() {
        assert!(chunk.iter().all(|byte| *byte == meta[0]));
        bytes += chunk.len();
    }
    assert_eq!(bytes, 3_050_101);
    Some(meta)
}

#[test]
fn a_file_arrives_byte_for_byte() {
    let (from, to) = (SimDisk::new(), SimDisk::new());
    let (source, target) = (open(&from), open(&to));
    write(&source, 1);
    let mut export = source.export(SHARD).unwrap().unwrap();
    assert_eq!(export.meta(), [1]);
    let mut receiver = target.receive(SHARD, export.digest()).unwrap();
    carry(&mut export, &mut receiver, 1 << 20);
    assert_eq!(receiver.open().unwrap().0, [1]);
    assert!(tag(&target).is_none(), "not before it is committed");
    assert!(receiver.commit(|_| true).unwrap());
    assert_eq!(tag(&target), Some(vec![1]));
    assert_eq!(from.bytes(&from.paths()[0]), to.bytes(&to.paths()[0]));
    assert_eq!(target.export(SHARD).unwrap().unwrap().digest(), export.digest());
}

#[test]
fn a_file_that_is_replaced_can_be_read_to_its_end() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    write(&snapshots, 1);
    let mut export = snapshots.export(SHARD).unwrap().unwrap();
    let target = open(&SimDisk::new());
    let mut receiver = target.receive(SHARD, export.digest()).unwrap();
    receiver.append(&export.piece(0, 1000).unwrap()).unwrap();
    write(&snapshots, 2);
    carry(&mut export, &mut receiver, 100_000);
    receiver.commit(|_| true).unwrap();
    assert_eq!(tag(&target), Some(vec![1]));
    assert_eq!(tag(&snapshots), Some(vec![2]));
}

#[test]
fn one_that_is_older_than_what_is_there_is_not_made_the_newest() {
    let (source, target) = (open(&SimDisk::new()), open(&SimDisk::new()));
    write(&source, 1);
    let mut export = source.export(SHARD).unwrap().unwrap();
    let mut receiver = target.receive(SHARD, export.digest()).unwrap();
    carry(&mut export, &mut receiver, 1 << 20);
    // It comes while the other one is on its way.
    write(&target, 2);
    assert!(!receiver.commit(|there| there < &[1][..]).unwrap());
    assert_eq!(tag(&target), Some(vec![2]));
}

#[test]
fn a_slow_writer_does_not_take_the_place_of_a_newer_one() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    let mut slow = snapshots.begin(SHARD, &[1]).unwrap();
    slow.append(b"slow").unwrap();
    write(&snapshots, 2);
    assert_eq!(slow.commit_if(|there| there < &[1][..]).unwrap(), None);
    assert_eq!(tag(&snapshots), Some(vec![2]));
    assert_eq!(disk.paths().len(), 1, "the slow one is gone");
}

#[test]
fn other_bytes_than_those_announced_are_found() {
    let (source, other) = (open(&SimDisk::new()), open(&SimDisk::new()));
    write(&source, 1);
    write(&other, 2);
    let digest = source.export(SHARD).unwrap().unwrap().digest();
    let mut wrong = other.export(SHARD).unwrap().unwrap();
    let target = open(&SimDisk::new());
    let mut receiver = target.receive(SHARD, digest).unwrap();
    carry(&mut wrong, &mut receiver, 1 << 20);
    assert!(receiver.open().unwrap_err().is_damage());
    let mut long = target.receive(SHARD, digest).unwrap();
    carry(&mut wrong, &mut long, 1 << 20);
    assert!(matches!(long.append(b"x"), Err(StorageError::TooLarge { max: 0, .. })));
}

#[test]
fn damaged_bytes_are_never_given_out() {
    let disk = SimDisk::new();
    write(&open(&disk), 1);
    let path = disk.paths().pop().unwrap();
    let whole = disk.bytes(&path).unwrap();
    for offset in (0..whole.len() as u64).step_by(9_973) {
        let copy = disk.copy();
        copy.flip(&path, offset, 1 << (offset % 8));
        let Ok(Some(mut export)) = open(&copy).export(SHARD) else { continue };
        let mut at = 0;
        let refused = loop {
            match export.piece(at as u64, 100_000) {
                Ok(piece) => {
                    assert_eq!(piece, whole[at..at + piece.len()], "byte {offset}");
                    assert!(!piece.is_empty(), "byte {offset} passed unseen");
                    at += piece.len();
                }
                Err(error) => break error,
            }
        };
        assert!(refused.is_damage(), "byte {offset}: {refused}");
    }
}

#[test]
fn what_was_found_damaged_is_remembered_until_a_newer_one_is_there() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    write(&snapshots, 1);
    assert!(!snapshots.is_suspect(SHARD).unwrap());
    disk.flip(&disk.paths()[0], 20, 1);
    let damaged = snapshots.latest(SHARD).unwrap_err();
    snapshots.report(&damaged);
    assert!(snapshots.is_suspect(SHARD).unwrap());
    assert_eq!(snapshots.damage(), Some(damaged.to_string()));
    write(&snapshots, 2);
    assert!(!snapshots.is_suspect(SHARD).unwrap());
    assert!(snapshots.damage().is_some());
}

#[test]
fn half_a_file_is_gone_after_a_start() {
    let disk = SimDisk::new();
    let source = open(&SimDisk::new());
    write(&source, 1);
    let mut export = source.export(SHARD).unwrap().unwrap();
    let mut receiver = open(&disk).receive(SHARD, export.digest()).unwrap();
    receiver.append(&export.piece(0, 1 << 20).unwrap()).unwrap();
    disk.kill();
    drop(receiver);
    assert_eq!(disk.paths().len(), 1);
    open(&disk);
    assert!(disk.paths().is_empty());
}
