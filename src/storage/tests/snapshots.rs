//! Snapshots: whole or not at all, and never silently another one.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::ShardId;

use crate::disk::SimOp;
use crate::{SimDisk, Snapshots, StorageError};

const DIR: &str = "/data/snapshots";
const SHARD: ShardId = ShardId(3);

/// The meta bytes and the chunks.
type Content = (Vec<u8>, Vec<Vec<u8>>);

fn open(disk: &SimDisk) -> Snapshots {
    Snapshots::open(Arc::new(disk.boot()), Path::new(DIR)).unwrap()
}

fn chunks(tag: u8) -> Vec<Vec<u8>> {
    (1..6usize).map(|size| vec![tag; size * 300]).collect()
}

fn write(snapshots: &Snapshots, tag: u8) -> Result<u64, StorageError> {
    let mut writer = snapshots.begin(SHARD, &[tag])?;
    for chunk in chunks(tag) {
        writer.append(&chunk)?;
    }
    writer.commit()
}

/// The newest snapshot.
fn read(snapshots: &Snapshots) -> Result<Option<Content>, StorageError> {
    let Some((meta, mut reader)) = snapshots.latest(SHARD)? else { return Ok(None) };
    let mut chunks = Vec::new();
    while let Some(chunk) = reader.next_chunk()? {
        chunks.push(chunk);
    }
    Ok(Some((meta, chunks)))
}

fn file(disk: &SimDisk) -> PathBuf {
    disk.paths().pop().unwrap()
}

#[test]
fn a_snapshot_reads_back_as_it_was_written() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    assert!(read(&snapshots).unwrap().is_none());
    let bytes = write(&snapshots, 7).unwrap();
    assert_eq!(bytes, disk.bytes(&file(&disk)).unwrap().len() as u64);
    assert_eq!(read(&snapshots).unwrap(), Some((vec![7], chunks(7))));
    assert!(snapshots.latest(ShardId(4)).unwrap().is_none());
}

#[test]
fn chunks_larger_than_the_buffer_and_none_at_all_are_fine() {
    let snapshots = open(&SimDisk::new());
    let mut writer = snapshots.begin(SHARD, b"").unwrap();
    writer.append(b"").unwrap();
    writer.append(&vec![1; 3 << 20]).unwrap();
    writer.append(b"small").unwrap();
    writer.commit().unwrap();
    let (_, chunks) = read(&snapshots).unwrap().unwrap();
    assert_eq!(chunks.iter().map(Vec::len).collect::<Vec<_>>(), [3 << 20, 5]);
    snapshots.begin(SHARD, b"empty").unwrap().commit().unwrap();
    assert_eq!(read(&snapshots).unwrap(), Some((b"empty".to_vec(), vec![])));
}

#[test]
fn a_newer_snapshot_removes_the_older_one_and_readers_go_on() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    write(&snapshots, 1).unwrap();
    let (_, mut reader) = snapshots.latest(SHARD).unwrap().unwrap();
    write(&snapshots, 2).unwrap();
    assert_eq!(disk.paths().len(), 1);
    assert_eq!(reader.next_chunk().unwrap().unwrap(), chunks(1)[0]);
    assert_eq!(read(&snapshots).unwrap().unwrap().0, [2]);
}

#[test]
fn a_writer_without_commit_leaves_nothing() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    drop(snapshots.begin(SHARD, b"meta").unwrap());
    assert!(disk.paths().is_empty());
}

#[test]
fn the_loss_of_power_at_any_step_leaves_the_old_one_or_the_new_one() {
    let steps = {
        let disk = SimDisk::new();
        let snapshots = open(&disk);
        write(&snapshots, 1).unwrap();
        let before = disk.changes();
        write(&snapshots, 2).unwrap();
        disk.changes() - before
    };
    for step in 0..=steps {
        for seed in 0..30 {
            let disk = SimDisk::new();
            let snapshots = open(&disk);
            write(&snapshots, 1).unwrap();
            disk.power_off_after(step);
            let committed = write(&snapshots, 2).is_ok();
            disk.power_loss(seed);
            let (meta, found) = read(&open(&disk)).unwrap().unwrap();
            assert!(meta == [2] || meta == [1] && !committed, "step {step} seed {seed}");
            assert_eq!(found, chunks(meta[0]), "step {step} seed {seed}");
            let half = disk.paths().iter().any(|path| path.extension().unwrap() == "tmp");
            assert!(!half, "step {step} seed {seed}");
        }
    }
}

#[test]
fn what_was_found_after_the_end_of_the_process_stays_the_newest() {
    for seed in 0..20 {
        let disk = SimDisk::new();
        let snapshots = open(&disk);
        write(&snapshots, 1).unwrap();
        // Create, write, sync and rename pass, the sync of the name does not.
        disk.power_off_after(4);
        write(&snapshots, 2).unwrap_err();
        disk.kill();
        assert_eq!(read(&open(&disk)).unwrap().unwrap().0, [2]);
        disk.power_loss(seed);
        assert_eq!(read(&open(&disk)).unwrap().unwrap().0, [2], "seed {seed}");
    }
}

#[test]
fn a_disk_that_fails_leaves_the_old_one() {
    for op in [SimOp::Write, SimOp::Sync] {
        let disk = SimDisk::new();
        let snapshots = open(&disk);
        write(&snapshots, 1).unwrap();
        disk.fail_nth(op, 1, ErrorKind::StorageFull);
        let error = write(&snapshots, 2).unwrap_err();
        assert!(matches!(error, StorageError::Io { .. }), "{error}");
        assert_eq!(read(&snapshots).unwrap().unwrap().0, [1]);
        assert_eq!(disk.paths().len(), 1);
    }
}

#[test]
fn every_flipped_byte_is_found_and_named() {
    let disk = SimDisk::new();
    write(&open(&disk), 1).unwrap();
    let path = file(&disk);
    for offset in 0..disk.bytes(&path).unwrap().len() as u64 {
        let copy = disk.copy();
        copy.flip(&path, offset, 1 << (offset % 8));
        match read(&open(&copy)) {
            Err(StorageError::Damaged { path: named, offset: at, .. }) => {
                assert_eq!(named, path);
                // A wrong length may only show where the file ends instead.
                assert!(at <= offset + 8, "byte {offset} named as {at}");
            }
            other => panic!("byte {offset}: {other:?}"),
        }
    }
}

#[test]
fn every_cut_and_every_addition_is_found() {
    let disk = SimDisk::new();
    write(&open(&disk), 1).unwrap();
    let path = file(&disk);
    let mut bytes = disk.bytes(&path).unwrap();
    for len in 0..bytes.len() {
        disk.put(&path, &bytes[..len]);
        assert!(read(&open(&disk)).is_err(), "cut at {len}");
    }
    bytes.push(0);
    disk.put(&path, &bytes);
    assert!(read(&open(&disk)).is_err());
}

#[test]
fn an_older_snapshot_is_not_used_in_place_of_a_damaged_one() {
    let disk = SimDisk::new();
    let snapshots = open(&disk);
    write(&snapshots, 1).unwrap();
    let old = (file(&disk), disk.bytes(&file(&disk)).unwrap());
    write(&snapshots, 2).unwrap();
    disk.flip(&file(&disk), 500, 1);
    disk.put(&old.0, &old.1);
    let error = read(&open(&disk)).unwrap_err();
    assert!(error.to_string().contains("rejoin from its peers"), "{error}");
    assert_eq!(disk.paths().len(), 2, "nothing is removed because something is damaged");
}

#[test]
fn a_snapshot_of_another_shard_under_this_name_is_refused() {
    let disk = SimDisk::new();
    write(&open(&disk), 1).unwrap();
    let path = file(&disk);
    let moved = path.with_file_name("00004-0000000000000009.snapshot");
    disk.put(&moved, &disk.bytes(&path).unwrap());
    let error = open(&disk).latest(ShardId(4)).unwrap_err();
    assert!(error.to_string().contains("another shard"), "{error}");
}
