//! Random bits of every kind of file are flipped between two starts: 1 to 64 at a
//! time. Whatever is then found is what was there, or an error that is known as
//! damage.
//!
//! `TRIALS` sets how many there are of each kind, `SEED` where they begin.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lockstep_core::{NodeId, ShardId};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::rig::{
    Held, SAFE, append, by_hand, held, id, open, purge, record, records, segments, truncate,
    try_open,
};
use crate::{
    Disk, EntryId, Identity, LogOptions, SimDisk, Snapshots, StorageError, found, founded, peers,
};

const DIR: &str = "/data";

/// What the two things are that flipping bits may lead to.
#[derive(Default)]
struct Tally {
    found: u32,
    harmless: u32,
}

/// Flips bits in one of the files in each trial; `look` gives what is then there.
fn flip<T: PartialEq + std::fmt::Debug>(
    disk: &SimDisk,
    files: &[PathBuf],
    look: impl Fn(&SimDisk) -> Result<T, StorageError>,
) -> Tally {
    let number = |name| std::env::var(name).ok().and_then(|number| number.parse::<u64>().ok());
    let (from, trials) = (number("SEED").unwrap_or(0), number("TRIALS").unwrap_or(1000));
    let whole = look(&disk.copy()).unwrap();
    let mut tally = Tally::default();
    for seed in from..from + trials {
        let mut luck = SmallRng::seed_from_u64(seed);
        let copy = disk.copy();
        let path = &files[luck.random_range(0..files.len())];
        let bytes = copy.bytes(path).unwrap().len() as u64;
        for _ in 0..luck.random_range(1..=64) {
            copy.flip(path, luck.random_range(0..bytes), 1 << luck.random_range(0..8));
        }
        match look(&copy) {
            Ok(seen) => {
                assert_eq!(seen, whole, "SEED={seed} {}", path.display());
                tally.harmless += 1;
            }
            Err(error) => {
                assert!(error.is_damage(), "SEED={seed} {}: {error}", path.display());
                tally.found += 1;
            }
        }
    }
    tally
}

fn everything(log: &crate::Log) -> Vec<Held> {
    (1..4).map(|shard| held(log, shard)).collect()
}

fn look_at_log(disk: &SimDisk) -> Result<Vec<Held>, StorageError> {
    let (log, _) = try_open(disk, by_hand())?;
    Ok(everything(&log))
}

/// A log of some segments, of which a process was killed: nothing was closed.
fn killed_log() -> SimDisk {
    let disk = SimDisk::new();
    let log = open(&disk);
    log.save_vote(ShardId(1), b"an early vote").unwrap();
    append(&log, 1, records(1, 1, 30));
    append(&log, 2, records(1, 1, 10));
    truncate(&log, 1, 25);
    append(&log, 1, records(2, 25, 40));
    purge(&log, 2, id(1, 4));
    append(&log, 3, vec![record(5, 1, vec![9; 9000])]);
    log.save_vote(ShardId(2), b"the last vote").unwrap();
    disk.kill();
    disk
}

#[test]
fn flipped_bits_of_the_log_are_found_or_harmless() {
    let disk = killed_log();
    let tally = flip(&disk, &segments(&disk), look_at_log);
    assert!(tally.found > 0 && tally.harmless > 0);
}

#[test]
fn flipped_bits_of_a_small_log_are_found_though_hardly_anything_is_left() {
    // Hardly larger than the number of flips: every record may be hit.
    let disk = SimDisk::new();
    let log = open(&disk);
    log.save_vote(ShardId(1), b"vote").unwrap();
    append(&log, 1, records(1, 1, 3));
    disk.kill();
    let path = segments(&disk)[0].clone();
    let whole = disk.bytes(&path).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    disk.put(&path, &whole[..used.next_multiple_of(8)]);
    let tally = flip(&disk, &[path], look_at_log);
    assert!(tally.found > 900 * tally.harmless / 100, "{} {}", tally.found, tally.harmless);
}

#[test]
fn flipped_bits_of_a_file_with_a_vote_and_nothing_else_are_found() {
    let disk = SimDisk::new();
    let log = open(&disk);
    log.save_vote(ShardId(1), b"the only vote").unwrap();
    disk.kill();
    let path = segments(&disk)[0].clone();
    let whole = disk.bytes(&path).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap() + 1;
    disk.put(&path, &whole[..used.next_multiple_of(8)]);
    let tally = flip(&disk, &[path], look_at_log);
    assert!(tally.found > 900, "{}", tally.found);
}

#[test]
fn flipped_bits_of_the_note_how_far_the_log_is_safe_are_found() {
    let disk = killed_log();
    let tally = flip(&disk, &[PathBuf::from(SAFE)], look_at_log);
    assert!(tally.found > 900, "{}", tally.found);
}

#[test]
fn the_note_how_far_the_log_is_safe_cannot_be_taken_away() {
    let disk = killed_log();
    Disk::remove(&disk, Path::new(SAFE)).unwrap();
    for _ in 0..2 {
        let missing = try_open(&disk, by_hand()).unwrap_err();
        assert!(missing.is_damage(), "{missing}");
    }
}

#[test]
fn segments_cannot_be_taken_away() {
    let disk = killed_log();
    for path in segments(&disk) {
        let is_used = disk.bytes(&path).unwrap().iter().any(|byte| *byte != 0);
        let copy = disk.copy();
        Disk::remove(&copy, &path).unwrap();
        let opened = try_open(&copy, by_hand());
        assert_eq!(is_used, opened.is_err_and(|error| error.is_damage()), "{}", path.display());
    }
    for path in segments(&disk) {
        Disk::remove(&disk, &path).unwrap();
    }
    assert!(try_open(&disk, by_hand()).unwrap_err().is_damage());
}

#[test]
fn flipped_bits_of_a_snapshot_are_found() {
    let disk = SimDisk::new();
    let open = |disk: &SimDisk| {
        Snapshots::open(Arc::new(disk.boot()), Path::new("/data/snapshots")).unwrap()
    };
    let mut writer = open(&disk).begin(ShardId(1), b"what it says about itself").unwrap();
    for size in 1..60usize {
        writer.append(&vec![size as u8; size * 100]).unwrap();
    }
    writer.commit().unwrap();
    let tally = flip(&disk, &disk.paths(), |disk| {
        let Some((meta, mut reader)) = open(disk).latest(ShardId(1))? else {
            return Ok(None);
        };
        let mut chunks = vec![meta];
        while let Some(chunk) = reader.next_chunk()? {
            chunks.push(chunk);
        }
        Ok(Some(chunks))
    });
    assert!(tally.found > 950, "{}", tally.found);
}

#[test]
fn flipped_bits_of_the_identity_the_shards_and_the_peers_are_found() {
    let disk = SimDisk::new();
    let dir = Path::new(DIR);
    let start = |disk: &SimDisk| Identity::start(Arc::new(disk.boot()), dir, NodeId(99), None, 5);
    start(&disk).unwrap().set_cluster(77).unwrap();
    found(&disk, dir, 8).unwrap();
    peers::save(&disk, dir, &["a:1".into(), "b:2".into(), "c:3".into()]).unwrap();
    disk.kill();
    let tally = flip(&disk, &[dir.join("IDENTITY")], |disk| {
        let node = start(disk)?;
        Ok((node.node, node.boot, node.created_ms, node.cluster()))
    });
    assert!(tally.found > 950, "{}", tally.found);
    let tally = flip(&disk, &[dir.join("SHARDS")], |disk| founded(disk, dir));
    assert!(tally.found > 950, "{}", tally.found);
    let tally = flip(&disk, &[dir.join("PEERS")], |disk| peers::load(disk, dir));
    assert!(tally.found > 950, "{}", tally.found);
}

#[test]
fn damage_that_is_met_while_the_log_runs_ends_it() {
    let disk = SimDisk::new();
    let options = LogOptions { cache_bytes_max: 0, ..by_hand() };
    let (log, _) = try_open(&disk, options).unwrap();
    append(&log, 1, records(1, 1, 60));
    assert_eq!(log.read(ShardId(1), 1, 60).unwrap(), records(1, 1, 60));
    let path = segments(&disk)[0].clone();
    disk.flip(&path, 700, 16);
    assert!(log.damage().is_none());
    let met = log.read(ShardId(1), 1, 60).unwrap_err();
    assert!(crate::is_damage(&met), "{met}");
    let said = log.damage().unwrap();
    assert!(said.contains(path.to_str().unwrap()), "{said}");
    assert!(log.failed().unwrap().to_string().contains("is damaged"));
    let refused = super::rig::Answer::default();
    log.append(ShardId(1), records(1, 60, 61), refused.done());
    assert!(refused.error().contains("is damaged"), "{refused:?}");
    // What is not damaged can still be read, for whoever wants to look.
    assert_eq!(log.read(ShardId(1), 40, 60).unwrap(), records(1, 40, 60));
}

#[test]
fn damage_is_known_however_it_is_wrapped() {
    let disk = killed_log();
    disk.flip(&segments(&disk)[0], 100, 1);
    let damage = try_open(&disk, by_hand()).unwrap_err();
    assert!(crate::is_damage(&damage));
    let wrapped = std::io::Error::other(std::io::Error::from(damage));
    assert!(crate::is_damage(&wrapped));
    assert!(!crate::is_damage(&std::io::Error::other("something else")));
}

#[test]
fn entries_are_never_given_another_id() {
    let disk = killed_log();
    let (log, _) = try_open(&disk, by_hand()).unwrap();
    assert_eq!(log.id_at(ShardId(1), 39), Some(EntryId { term: 2, node: 2, index: 39 }));
}
