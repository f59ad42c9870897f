//! What the simulated disk takes away and what it leaves.

use std::io::ErrorKind;
use std::path::Path;

use crate::disk::SimOp;
use crate::{Disk, SimDisk};

const DIR: &str = "/d";
const FILE: &str = "/d/file";

fn written(disk: &SimDisk) -> std::sync::Arc<dyn crate::DiskFile> {
    let file = disk.create(Path::new(FILE)).unwrap();
    file.write_at(&[1; 2048], 0).unwrap();
    file.sync_data().unwrap();
    disk.sync_dir(Path::new(DIR)).unwrap();
    file
}

#[test]
fn synced_bytes_and_names_stay() {
    for seed in 0..100 {
        let disk = SimDisk::new();
        written(&disk);
        disk.power_loss(seed);
        assert_eq!(disk.bytes(Path::new(FILE)).unwrap(), [1; 2048], "seed {seed}");
    }
}

#[test]
fn unsynced_bytes_are_torn_by_sectors_in_any_way() {
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let disk = SimDisk::new();
        let file = written(&disk);
        file.write_at(&[2; 1536], 256).unwrap();
        disk.power_loss(seed);
        let bytes = disk.bytes(Path::new(FILE)).unwrap();
        assert!(bytes[..256].iter().all(|byte| *byte == 1));
        let sectors: Vec<bool> = bytes.chunks(512).map(|sector| sector.contains(&2)).collect();
        outcomes.insert(sectors);
    }
    assert_eq!(outcomes.len(), 16);
}

#[test]
fn unsynced_names_may_go() {
    let mut outcomes = std::collections::BTreeSet::new();
    for seed in 0..50 {
        let disk = SimDisk::new();
        written(&disk);
        disk.rename(Path::new(FILE), Path::new("/d/other")).unwrap();
        disk.power_loss(seed);
        outcomes.insert(disk.paths());
    }
    assert_eq!(outcomes.len(), 2, "{outcomes:?}");
}

#[test]
fn bytes_of_a_failed_sync_are_seen_and_never_safe() {
    let disk = SimDisk::new();
    let file = written(&disk);
    file.write_at(&[2; 10], 0).unwrap();
    disk.fail_nth(SimOp::Sync, 1, ErrorKind::Other);
    assert!(file.sync_data().is_err());
    assert!(file.sync_data().is_ok());
    assert_eq!(disk.bytes(Path::new(FILE)).unwrap()[0], 2);
    disk.power_loss(1);
    assert_eq!(disk.bytes(Path::new(FILE)).unwrap()[0], 1);
}

#[test]
fn handles_from_before_are_dead() {
    let disk = SimDisk::new();
    let file = written(&disk);
    disk.power_loss(1);
    assert!(file.write_at(b"x", 0).is_err());
    assert!(file.sync_data().is_err());
}

#[test]
fn a_full_disk_takes_no_more_bytes_but_other_ones() {
    let disk = SimDisk::new();
    let file = written(&disk);
    disk.set_capacity(Some(2048));
    assert_eq!(file.write_at(b"x", 2048).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(file.write_at(b"x", 2047).is_ok());
}

#[test]
fn a_lock_is_free_again_after_its_holder() {
    let disk = SimDisk::new();
    let path = Path::new("/d/LOCK");
    let held = disk.try_lock(path).unwrap();
    assert!(held.is_some());
    assert!(disk.try_lock(path).unwrap().is_none());
    drop(held);
    assert!(disk.try_lock(path).unwrap().is_some());
}
