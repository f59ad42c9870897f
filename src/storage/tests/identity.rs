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

/// As the first version wrote it, but for the checksum: node 7, start 3, made at
/// 1000.
const FIRST_FORMAT: [u8; 40] = [
    0x6c, 0x6f, 0x63, 0x6b, 0x73, 0x74, 0x49, 0x44, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0,
    0, 0, 0, 0, 0xe8, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

#[test]
fn the_first_format_is_read_and_upgraded() {
    let disk = SimDisk::new();
    let path = Path::new("/data/IDENTITY");
    let mut bytes = FIRST_FORMAT;
    let crc = crc32c::crc32c(&bytes[..36]);
    bytes[36..].copy_from_slice(&crc.to_le_bytes());
    disk.put(path, &bytes);
    let node = start(&disk).unwrap();
    assert_eq!((node.node, node.boot, node.created_ms, node.cluster()), (NodeId(7), 4, 1000, 0));
    assert_eq!(disk.bytes(path).unwrap().len(), 48);
    node.set_cluster(99).unwrap();
    drop(node);
    let node = start(&disk).unwrap();
    assert_eq!((node.node, node.boot, node.cluster()), (NodeId(7), 5, 99));
}

#[test]
fn a_newer_format_is_refused_and_no_damage() {
    let disk = SimDisk::new();
    drop(start(&disk).unwrap());
    let path = Path::new("/data/IDENTITY");
    let mut bytes = disk.bytes(path).unwrap();
    bytes[8] = 3;
    let crc = crc32c::crc32c(&bytes[..44]);
    bytes[44..].copy_from_slice(&crc.to_le_bytes());
    disk.put(path, &bytes);
    let refused = start(&disk).unwrap_err();
    assert!(matches!(refused, StorageError::Version { found: 3, known: 2, .. }), "{refused}");
    assert!(!refused.is_damage());
}

#[test]
fn a_node_belongs_to_one_cluster_for_good() {
    let disk = SimDisk::new();
    let node = start(&disk).unwrap();
    assert_eq!(node.cluster(), 0);
    node.set_cluster(0xabc).unwrap();
    node.set_cluster(0xabc).unwrap();
    let refused = node.set_cluster(0xdef).unwrap_err();
    assert!(matches!(refused, StorageError::OtherCluster { .. }));
    let text = refused.to_string();
    assert!(text.contains("cluster 0000000000000abc, not of 0000000000000def"), "{text}");
    drop(node);
    assert_eq!(start(&disk).unwrap().cluster(), 0xabc);
}

#[test]
fn a_cluster_that_was_noted_is_known_whatever_happens() {
    for step in 0..8 {
        for seed in 0..20 {
            let disk = SimDisk::new();
            let node = start(&disk).unwrap();
            disk.power_off_after(step);
            let noted = node.set_cluster(5).is_ok();
            assert_eq!(node.cluster() == 5, noted);
            drop(node);
            disk.power_loss(seed);
            let known = start(&disk).unwrap().cluster();
            assert!(known == 5 || known == 0 && !noted, "step {step} seed {seed}");
        }
    }
}

#[test]
fn a_start_that_is_not_counted_is_a_mistake_that_can_be_made() {
    let disk = SimDisk::new();
    let mutants = crate::Mutants { no_new_incarnation: true, ..crate::Mutants::default() };
    for _ in 0..3 {
        let disk = Arc::new(disk.boot());
        let node = Identity::start_with(disk, Path::new(DIR), NodeId(7), None, 0, mutants);
        assert_eq!(node.unwrap().boot, 1);
    }
}
