//! Damaged snapshots: never sent, never installed, and written anew.

use crate::BodyStore;
use crate::bodies::Shelf;
use lockstep_core::ShardId;
use lockstep_storage::{EntryId, Log, LogOptions, SimDisk};
use openraft::errors::StreamingError;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::super::{Image, current, load};
use super::rig::{Follower, Leader, Link, PIECE, SHARD, open, state, stored, vote, write};
use lockstep_storage::log::Driver;
use openraft::errors::Unreachable;
use std::path::Path;
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_is_damaged_on_the_leader_is_not_installed_and_gives_no_crash() {
    for seed in 0..200 {
        let mut luck = SmallRng::seed_from_u64(seed);
        let leader = Leader::new(3);
        let digest = leader.digest();
        let (path, bytes) = (leader.path(), leader.bytes() as u64);
        for _ in 0..luck.random_range(1..=64) {
            leader.disk.flip(&path, luck.random_range(0..bytes), 1 << luck.random_range(0..8));
        }
        let follower = Follower::new();
        let Some(image) = current(SHARD, &leader.snapshots).unwrap() else {
            assert!(leader.snapshots.damage().is_some(), "seed {seed}");
            continue;
        };
        let link = Link::to(&follower);
        let sent = super::send(&link.carry(), vote(5, 1), image, super::never()).await;
        match sent {
            // Flips may undo each other.
            Ok(_) => assert_eq!(follower.digests(), [digest], "seed {seed}"),
            Err(StreamingError::Unreachable(Unreachable { .. })) => {
                assert!(follower.digests().is_empty(), "seed {seed}");
                assert!(leader.snapshots.damage().is_some(), "seed {seed}");
                assert!(current(SHARD, &leader.snapshots).unwrap().is_none(), "seed {seed}");
            }
            Err(other) => panic!("seed {seed}: {other}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_written_anew_from_memory_can_be_sent() {
    let leader = Leader::new(3);
    let digest = leader.digest();
    leader.disk.flip(&leader.path(), 150_000, 1);
    let follower = Follower::new();
    leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap_err();
    assert!(current(SHARD, &leader.snapshots).unwrap().is_none());
    write(&leader.snapshots, &state(3), 7);
    leader.send(&Link::to(&follower), vote(5, 1)).await.unwrap();
    assert_eq!(follower.digests(), [digest]);
    assert!(leader.snapshots.damage().is_some(), "the operator still hears of it");
}

#[tokio::test(start_paused = true)]
async fn what_is_damaged_where_it_is_received_is_noticed_and_sent_again() {
    let (leader, follower) = (Leader::new(40), Follower::new());
    let link = Link::to(&follower);
    let disk = follower.disk.clone();
    link.after(4, move || {
        let half = disk.paths().pop().unwrap();
        disk.flip(&half, 500_000, 4);
    });
    leader.send(&link, vote(5, 1)).await.unwrap();
    assert_eq!(follower.digests(), [leader.digest()]);
    assert!(link.carried_bytes() > leader.bytes() * 3 / 2, "all of it was sent twice");
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_damages_everything_is_given_up() {
    let (leader, follower) = (Leader::new(15), Follower::new());
    let link = Link::to(&follower);
    let (carry, disk) = (link.carry(), follower.disk.clone());
    let damaging = move |request, patience| {
        let half = disk.paths().pop().filter(|path| disk.bytes(path).unwrap().len() == PIECE);
        if let Some(half) = half {
            disk.flip(&half, 100_000, 4);
        }
        carry(request, patience)
    };
    let sent = super::send(&damaging, vote(5, 1), leader.image(), super::never()).await;
    assert!(matches!(sent, Err(StreamingError::Network(_))), "{sent:?}");
    assert!(follower.digests().is_empty());
}

fn log(disk: &SimDisk) -> Log {
    let options =
        LogOptions { driver: Driver::ByHand, segment_bytes: 4096, ..LogOptions::default() };
    Log::open(Arc::new(disk.boot()), Path::new("/data/log"), options).unwrap().0
}

fn purge(log: &Log, shard: ShardId, index: u64) {
    log.purge(shard, EntryId { term: 4, node: 1, index }, Box::new(|done| done.unwrap()));
    log.step();
}

#[test]
fn a_log_that_was_cut_does_not_begin_anew_without_its_snapshot() {
    let disk = SimDisk::new();
    let (snapshots, log) = (open(&disk), log(&disk));
    assert!(load(SHARD, &snapshots, &log, &shelf()).unwrap().is_none(), "a new shard");
    purge(&log, SHARD, 7);
    let missing = load(SHARD, &snapshots, &log, &shelf()).unwrap_err();
    assert!(lockstep_storage::is_damage(&missing), "{missing}");
    assert!(snapshots.damage().unwrap().contains("missing"));
    write(&snapshots, &state(2), 6);
    let too_old = load(SHARD, &snapshots, &log, &shelf()).unwrap_err();
    assert!(lockstep_storage::is_damage(&too_old), "{too_old}");
    write(&snapshots, &state(2), 7);
    let (_, found) = load(SHARD, &snapshots, &log, &shelf()).unwrap().unwrap();
    assert_eq!(found.state_digest(), state(2).state_digest());
}

#[test]
fn a_damaged_snapshot_is_known_as_damage_when_the_shard_starts() {
    let leader = Leader::new(2);
    let log = log(&leader.disk);
    leader.disk.flip(&leader.path(), 100_000, 1);
    let damaged = load(SHARD, &leader.snapshots, &log, &shelf()).unwrap_err();
    assert!(lockstep_storage::is_damage(&damaged), "{damaged}");
    assert!(leader.snapshots.damage().is_some());
}

#[tokio::test]
async fn an_older_snapshot_never_takes_the_place_of_a_newer_one() {
    let leader = Leader::new(2);
    let image: Image = leader.image().snapshot;
    let into = open(&SimDisk::new());
    write(&into, &state(1), 9);
    let older = leader.image().meta;
    image.install(&older, into.clone()).await.unwrap();
    assert_eq!(stored(&into), Some(state(1).state_digest()));
}

fn shelf() -> Arc<Shelf> {
    BodyStore::for_tests().shelf(SHARD)
}
