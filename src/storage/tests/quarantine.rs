//! Damaged data is put aside.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::{NodeId, ShardId};

use super::rig::{append, by_hand, records, segments};
use crate::{
    Bodies, BodyId, Disk, Identity, Log, QUARANTINES_MAX, Quarantined, RealDisk, SimBodies,
    SimDisk, Snapshots, StorageError, found, founded, peers, quarantine,
};

const DIR: &str = "/data";

fn start(disk: &SimDisk, fresh: u64) -> Result<Identity, StorageError> {
    Identity::start(Arc::new(disk.boot()), Path::new(DIR), NodeId(fresh), None, 1000)
}

fn open_log(disk: &SimDisk) -> Result<Log, StorageError> {
    let opened = Log::open(Arc::new(disk.boot()), Path::new("/data/log"), by_hand());
    opened.map(|(log, _)| log)
}

/// A node with everything, which is not running.
fn used() -> SimDisk {
    let disk = SimDisk::new();
    let node = start(&disk, 7).unwrap();
    node.set_cluster(0xc1).unwrap();
    found(&disk, Path::new(DIR), 4).unwrap();
    peers::save(&disk, Path::new(DIR), &["other:16379".to_owned()]).unwrap();
    let log = open_log(&disk).unwrap();
    append(&log, 1, records(1, 1, 60));
    log.close();
    let snapshots = Snapshots::open(Arc::new(disk.boot()), Path::new("/data/snapshots")).unwrap();
    snapshots.begin(ShardId(1), b"meta").unwrap().commit().unwrap();
    let bodies = SimBodies::open(Arc::new(disk.boot()), Path::new("/data/bodies")).unwrap();
    bodies.put(ShardId(1), &[(BodyId { queue: 1, seq: 1 }, (*b"body").into())]).unwrap();
    bodies.sync().unwrap();
    disk
}

fn put_aside(disk: &SimDisk) -> Result<Quarantined, StorageError> {
    quarantine(&disk.boot(), Path::new(DIR), "the log is damaged at byte 5")
}

fn aside(disk: &SimDisk, number: u32) -> Vec<PathBuf> {
    let dir = Path::new(DIR).join(format!("quarantine-{number}"));
    disk.paths().into_iter().filter(|path| path.starts_with(&dir)).collect()
}

#[test]
fn all_but_the_peers_is_put_aside_and_the_node_begins_anew() {
    let disk = used();
    let before = disk.paths();
    let done = put_aside(&disk).unwrap();
    assert_eq!(done.path, Path::new("/data/quarantine-1"));
    assert_eq!((done.node, done.cluster), (Some(NodeId(7)), Some(0xc1)));
    // All files but the lock and the peers, and the reason.
    assert_eq!(aside(&disk, 1).len(), before.len() - 2 + 1);
    let reason = disk.bytes(Path::new("/data/quarantine-1/REASON.txt")).unwrap();
    let reason = String::from_utf8(reason).unwrap();
    assert!(reason.contains("damaged at byte 5"), "{reason}");
    assert!(reason.contains("node 0000000000000007, cluster 00000000000000c1"), "{reason}");
    disk.power_loss(1);
    let node = start(&disk, 8).unwrap();
    assert_eq!((node.node, node.boot, node.cluster()), (NodeId(8), 1, 0));
    assert!(open_log(&disk).unwrap().shards().is_empty());
    assert_eq!(founded(&disk, Path::new(DIR)).unwrap(), None);
    assert_eq!(peers::load(&disk, Path::new(DIR)).unwrap(), ["other:16379"]);
}

#[test]
fn what_was_put_aside_is_what_it_was() {
    let disk = used();
    let before: Vec<_> = segments(&disk).iter().map(|path| disk.bytes(path)).collect();
    put_aside(&disk).unwrap();
    let moved: Vec<_> = segments(&disk).iter().map(|path| disk.bytes(path)).collect();
    assert_eq!(moved, before);
}

#[test]
fn a_directory_in_use_is_left_alone() {
    let disk = used();
    let node = start(&disk, 7).unwrap();
    assert!(matches!(put_aside(&disk), Err(StorageError::Locked { .. })));
    drop(node);
    put_aside(&disk).unwrap();
}

#[test]
fn the_loss_of_power_at_any_step_leaves_nothing_half_in_use() {
    let steps = {
        let disk = used();
        let before = disk.changes();
        put_aside(&disk).unwrap();
        disk.changes() - before
    };
    assert!(steps > 20, "{steps}");
    for step in 0..=steps {
        for seed in 0..8 {
            let disk = used();
            disk.power_off_after(step);
            let done = put_aside(&disk).is_ok();
            disk.power_loss(seed);
            let at = format!("step {step} seed {seed}");
            match start(&disk, 8) {
                // Not yet begun: all is there.
                Ok(node) if node.node == NodeId(7) => {
                    assert!(!done, "{at}");
                    assert_eq!(node.cluster(), 0xc1, "{at}");
                    assert_eq!(open_log(&disk).unwrap().shards(), [ShardId(1)], "{at}");
                }
                Ok(node) => {
                    assert_eq!(node.node, NodeId(8), "{at}");
                    assert!(open_log(&disk).unwrap().shards().is_empty(), "{at}");
                }
                Err(error) => {
                    assert!(error.is_damage() && !done, "{at}: {error}");
                    let again = put_aside(&disk).unwrap();
                    assert_eq!(again.node, Some(NodeId(7)), "{at}");
                    assert_eq!(again.cluster, Some(0xc1), "{at}");
                    assert_eq!(start(&disk, 8).unwrap().node, NodeId(8), "{at}");
                }
            }
            assert_eq!(peers::load(&disk, Path::new(DIR)).unwrap(), ["other:16379"], "{at}");
        }
    }
}

#[test]
fn no_file_is_lost_whenever_the_power_goes() {
    let all = segments(&used()).len();
    for step in 0..40 {
        for seed in 0..8 {
            let disk = used();
            disk.power_off_after(step);
            let _ = put_aside(&disk);
            disk.power_loss(seed);
            assert_eq!(segments(&disk).len(), all, "step {step} seed {seed}");
        }
    }
}

#[test]
fn an_identity_that_cannot_be_read_is_put_aside_too() {
    let disk = used();
    disk.flip(Path::new("/data/IDENTITY"), 20, 1);
    disk.flip(Path::new("/data/PEERS"), 2, 1);
    assert!(start(&disk, 8).unwrap_err().is_damage());
    let done = put_aside(&disk).unwrap();
    assert_eq!((done.node, done.cluster), (None, None));
    assert_eq!(start(&disk, 8).unwrap().node, NodeId(8));
    assert_eq!(peers::load(&disk, Path::new(DIR)).unwrap(), Vec::<String>::new());
}

#[test]
fn a_disk_that_damages_again_and_again_is_not_trusted() {
    let disk = SimDisk::new();
    for number in 1..=QUARANTINES_MAX as u64 {
        drop(start(&disk, number).unwrap());
        put_aside(&disk).unwrap();
    }
    drop(start(&disk, 99).unwrap());
    let refused = put_aside(&disk).unwrap_err();
    assert!(refused.to_string().contains("check the disk"), "{refused}");
    assert_eq!(start(&disk, 100).unwrap().node, NodeId(99), "nothing was moved");
}

#[test]
fn it_works_on_a_real_disk() {
    let temporary = tempfile::tempdir().unwrap();
    let dir = temporary.path().join("data");
    let start = |fresh| Identity::start(Arc::new(RealDisk), &dir, NodeId(fresh), None, 0).unwrap();
    drop(start(1));
    RealDisk.create_dir_all(&dir.join("log")).unwrap();
    std::fs::write(dir.join("log").join("00000001-00000000.log"), "x").unwrap();
    for number in 1..3 {
        let done = quarantine(&RealDisk, &dir, "a test").unwrap();
        assert_eq!(done.node, Some(NodeId(number)));
        assert!(done.path.join("REASON.txt").is_file());
        drop(start(number + 1));
    }
    let moved = dir.join("quarantine-1").join("log").join("00000001-00000000.log");
    assert_eq!(std::fs::read(moved).unwrap(), b"x");
}
