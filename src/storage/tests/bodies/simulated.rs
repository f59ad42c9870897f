//! The simulated store: loss of power, damage, space.

use std::io::ErrorKind;

use super::*;
use crate::SimOp;

#[test]
fn what_was_synced_survives_every_loss_of_power() {
    for seed in 0..200 {
        let disk = SimDisk::new();
        let store = simulated(&disk);
        store.put(SHARD, &row(1, 0..10)).unwrap();
        store.sync().unwrap();
        store.put(SHARD, &row(1, 10..20)).unwrap();
        store.remove(SHARD, &ids(1, 0..5)).unwrap();
        drop(store);
        disk.power_loss(seed);
        let store = simulated(&disk);
        for seq in 5..10 {
            assert_eq!(get(&store, id(1, seq)), Some(body(id(1, seq), 500)), "seed {seed}");
        }
        for seq in (0..5).chain(10..20) {
            let got = get(&store, id(1, seq));
            assert!(got.is_none() || got == Some(body(id(1, seq), 500)), "seed {seed}");
        }
        // What comes now is as safe as what came before.
        store.put(SHARD, &row(2, 0..3)).unwrap();
        store.sync().unwrap();
        disk.power_loss(seed + 1);
        assert!(get(&simulated(&disk), id(2, 2)).is_some(), "seed {seed}");
    }
}

/// A process that comes behind a failed sync reads what is in memory only, and writes
/// behind that.
#[test]
fn what_is_read_after_a_failed_sync_survives_every_loss_of_power() {
    for seed in 0..50 {
        let disk = SimDisk::new();
        let store = simulated(&disk);
        store.put(SHARD, &row(1, 0..10)).unwrap();
        store.sync().unwrap();
        store.put(SHARD, &row(1, 10..20)).unwrap();
        disk.fail_nth(SimOp::Sync, 1, ErrorKind::Other);
        store.sync().unwrap_err();
        drop(store);
        disk.kill();
        let store = simulated(&disk);
        assert_eq!(all(&store, SHARD), ids(1, 0..20), "seed {seed}");
        store.put(SHARD, &row(2, 0..3)).unwrap();
        store.sync().unwrap();
        disk.power_loss(seed);
        let there: Vec<BodyId> = ids(1, 0..20).into_iter().chain(ids(2, 0..3)).collect();
        assert_eq!(all(&simulated(&disk), SHARD), there, "seed {seed}");
    }
}

#[test]
fn a_store_that_is_written_anew_is_whole_at_every_step() {
    for step in 0..40 {
        let disk = SimDisk::new();
        let store = simulated(&disk);
        store.put(SHARD, &row(1, 0..60)).unwrap();
        store.remove(SHARD, &ids(1, 1..60)).unwrap();
        store.sync().unwrap();
        disk.power_off_after(step);
        let done = store.compact(500);
        disk.power_loss(step);
        let store = simulated(&disk);
        assert_eq!(get(&store, id(1, 0)), Some(body(id(1, 0), 500)), "step {step}");
        if done.is_ok() {
            assert!(store.disk_bytes() < 1000, "{} bytes", store.disk_bytes());
            return;
        }
    }
    panic!("it never came to its end");
}

#[test]
fn a_flipped_body_is_never_given_out() {
    let disk = SimDisk::new();
    let store = simulated(&disk);
    store.put(SHARD, &row(1, 0..3)).unwrap();
    store.sync().unwrap();
    let path = Path::new("/data/bodies/bodies");
    for at in 0..store.disk_bytes() {
        disk.flip(path, at, 4);
        for seq in 0..3 {
            match store.get(SHARD, &[id(1, seq)]) {
                Ok(got) => assert_eq!(got, [Some(body(id(1, seq), 500))], "byte {at}"),
                Err(why) => assert!(why.is_damage(), "{why}"),
            }
        }
        let copy = disk.copy();
        let again = simulated(&copy);
        for seq in 0..3 {
            let got = get(&again, id(1, seq));
            assert!(got.is_none() || got == Some(body(id(1, seq), 500)), "byte {at}");
        }
        disk.flip(path, at, 4);
    }
}

#[test]
fn a_full_disk_is_an_error_and_not_the_end() {
    let disk = SimDisk::new();
    let store = simulated(&disk);
    store.put(SHARD, &row(1, 0..3)).unwrap();
    disk.fail_nth(SimOp::Write, 1, ErrorKind::StorageFull);
    assert!(store.put(SHARD, &row(1, 3..6)).is_err());
    store.put(SHARD, &row(1, 3..6)).unwrap();
    store.sync().unwrap();
    assert_eq!(all(&simulated(&disk.copy()), SHARD).len(), 6);
}
