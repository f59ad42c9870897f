//! Whose data directory it is.

use std::path::Path;
use std::sync::Arc;

use lockstep_core::NodeId;

use crate::{Identity, RealDisk, SimDisk, StorageError};

const DIR: &str = "/data";

fn start(disk: &SimDisk) -> Result<Identity, StorageError> {
    Identity::start(Arc::new(disk.boot()), Path::new(DIR), NodeId(7), None, 1000)
}

#[test]
fn a_new_directory_becomes_that_of_the_node_and_stays_it() {
    let disk = SimDisk::new();
    let first = start(&disk).unwrap();
    assert_eq!((first.node, first.boot, first.created_ms), (NodeId(7), 1, 1000));
    drop(first);
    let again = Identity::start(Arc::new(disk), Path::new(DIR), NodeId(8), None, 2000).unwrap();
    assert_eq!((again.node, again.boot, again.created_ms), (NodeId(7), 2, 1000));
}

#[test]
fn a_start_that_returned_is_counted_whatever_happens() {
    for seed in 0..50 {
        let disk = SimDisk::new();
        let mut last = 0;
        for start_number in 0..5 {
            disk.power_off_after((seed + start_number) % 12);
            let started = start(&disk);
            let boot = started.as_ref().map_or(last, |identity| identity.boot);
            assert!(boot > last || started.is_err(), "seed {seed}");
            last = boot;
            drop(started);
            disk.power_loss(seed);
        }
        assert!(start(&disk).unwrap().boot > last, "seed {seed}");
    }
}

#[test]
fn every_flipped_byte_is_found() {
    let disk = SimDisk::new();
    drop(start(&disk).unwrap());
    let path = Path::new("/data/IDENTITY");
    for offset in 0..disk.bytes(path).unwrap().len() as u64 {
        let copy = disk.copy();
        copy.flip(path, offset, 4);
        assert!(matches!(start(&copy), Err(StorageError::Damaged { .. })), "byte {offset}");
    }
    disk.put(path, b"");
    assert!(matches!(start(&disk), Err(StorageError::Damaged { .. })));
}

#[test]
fn the_directory_of_another_node_is_refused() {
    let disk = SimDisk::new();
    drop(start(&disk).unwrap());
    let disk = Arc::new(disk);
    let other = Identity::start(disk, Path::new(DIR), NodeId(1), Some(NodeId(8)), 0);
    let text = other.unwrap_err().to_string();
    assert!(text.contains("belongs to node 7, not to node 8"), "{text}");
}

#[test]
fn a_log_without_an_identity_is_no_new_directory() {
    let disk = SimDisk::new();
    disk.put(Path::new("/data/log/00000001-00000000.log"), b"");
    let error = start(&disk).unwrap_err();
    assert!(error.to_string().contains("missing"), "{error}");
}

#[test]
fn a_directory_in_use_says_by_whom() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data");
    let start = || Identity::start(Arc::new(RealDisk), &path, NodeId(1), None, 0);
    let first = start().unwrap();
    let text = start().unwrap_err().to_string();
    assert!(text.contains(&format!("pid {}", std::process::id())), "{text}");
    drop(first);
    assert_eq!(start().unwrap().boot, 2);
}
