//! Damage to the files of a sled database: found, never given out, never the end
//! of the process.

use std::fs;
use std::path::PathBuf;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::StorageError;

const LAST: u64 = 300;

/// A closed store in a directory of its own.
fn filled() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = sled(dir.path());
    for first in (0..LAST).step_by(20) {
        store.put(SHARD, &row(1, first..first + 20)).unwrap();
        store.sync().unwrap();
    }
    dir
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// What a store gives of what was put: how many bodies, if it does not say that
/// something is wrong. A wrong body is the end of the test.
fn look(dir: &Path) -> Result<usize, StorageError> {
    let store = SledBodies::open(dir)?;
    let mut there = 0;
    for seq in 0..LAST {
        if let Some(got) = store.get(SHARD, &[id(1, seq)])?.remove(0) {
            assert_eq!(got, body(id(1, seq), 500), "body {seq} is another one");
            there += 1;
        }
    }
    store.list(SHARD, None, 1000)?;
    Ok(there)
}

/// Damages every file in turn.
fn damage(rounds: u64, how: impl Fn(&mut Vec<u8>, &mut StdRng)) -> (usize, usize) {
    let dir = filled();
    let mut paths = Vec::new();
    files(dir.path(), &mut paths);
    assert!(paths.len() >= 2, "{paths:?}");
    let (mut refused, mut short) = (0, 0);
    for (number, path) in paths.iter().enumerate() {
        let before = fs::read(path).unwrap();
        for round in 0..rounds {
            let mut luck = StdRng::seed_from_u64(round * 100 + number as u64);
            let kept = copy(dir.path());
            let mut bytes = before.clone();
            how(&mut bytes, &mut luck);
            fs::write(kept.path().join(path.strip_prefix(dir.path()).unwrap()), &bytes).unwrap();
            match look(kept.path()) {
                Ok(there) => short += usize::from(there < LAST as usize),
                Err(why) => {
                    assert!(why.is_damage(), "{}: {why}", path.display());
                    refused += 1;
                }
            }
        }
    }
    (refused, short)
}

fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    files(from, &mut paths);
    for path in paths {
        let to = to.path().join(path.strip_prefix(from).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(path, to).unwrap();
    }
    to
}

#[test]
fn flipped_bits_are_found_and_end_nothing() {
    let (refused, short) = damage(12, |bytes, luck| {
        for _ in 0..luck.random_range(1..64) {
            if !bytes.is_empty() {
                let at = luck.random_range(0..bytes.len());
                bytes[at] ^= 1 << luck.random_range(0..8);
            }
        }
    });
    assert!(refused + short > 0, "nothing was ever noticed");
}

#[test]
fn files_that_are_cut_are_found_and_end_nothing() {
    damage(12, |bytes, luck| {
        let len = luck.random_range(0..bytes.len().max(1));
        bytes.truncate(len);
    });
}

#[test]
fn files_of_zeros_and_of_noise_end_nothing() {
    damage(2, |bytes, _| bytes.fill(0));
    damage(2, |bytes, luck| bytes.iter_mut().for_each(|byte| *byte = luck.random()));
}

#[test]
fn a_store_that_was_marked_is_not_opened_and_can_be_put_aside() {
    let dir = filled();
    crate::bodies::mark_damaged(dir.path(), "a body is missing").unwrap();
    let why = SledBodies::open(dir.path()).unwrap_err();
    assert!(why.is_damage() && why.to_string().contains("a body is missing"), "{why}");
    let aside = crate::bodies::put_aside(dir.path()).unwrap();
    assert_eq!(all(&sled(dir.path()), SHARD), []);
    std::fs::remove_file(aside.join("DAMAGED")).unwrap();
    assert_eq!(all(&sled(&aside), SHARD).len(), LAST as usize);
    std::fs::remove_dir_all(aside).unwrap();
}

#[test]
fn a_store_that_is_damaged_says_so_and_stays_so() {
    let dir = filled();
    let db = dir.path().join("db-1/db");
    let mut bytes = fs::read(&db).unwrap();
    for byte in bytes.iter_mut().skip(64).step_by(7) {
        *byte ^= 0x55;
    }
    fs::write(&db, bytes).unwrap();
    match SledBodies::open(dir.path()) {
        Err(why) => assert!(why.is_damage(), "{why}"),
        Ok(store) => match store.get(SHARD, &ids(1, 0..LAST)) {
            Ok(got) => assert!(got.contains(&None)),
            Err(why) => {
                assert!(why.is_damage(), "{why}");
                assert!(store.put(SHARD, &row(1, [0])).is_err_and(|why| why.is_damage()));
            }
        },
    }
}
