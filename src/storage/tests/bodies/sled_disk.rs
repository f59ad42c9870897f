//! The sled store: what is on disk after a sync, and space that comes back.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use super::*;

/// A copy of a directory as another process sees it.
fn copy(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    copy_into(from, to.path());
    to
}

fn copy_into(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_into(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

#[test]
fn what_was_synced_is_in_a_copy_of_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let store = sled(dir.path());
    for round in 0..5 {
        store.put(SHARD, &row(1, round * 100..round * 100 + 100)).unwrap();
        store.remove(SHARD, &ids(1, round * 100..round * 100 + 50)).unwrap();
        store.sync().unwrap();
        let copy = copy(dir.path());
        let other = sled(copy.path());
        for seq in (0..round * 100 + 100).filter(|seq| seq % 100 >= 50) {
            assert_eq!(get(&other, id(1, seq)), Some(body(id(1, seq), 500)), "{seq}");
        }
    }
}

#[test]
fn a_store_goes_on_after_it_was_closed() {
    let dir = tempfile::tempdir().unwrap();
    for round in 0..4 {
        let store = sled(dir.path());
        assert_eq!(all(&store, SHARD).len(), round * 10);
        let first = round as u64 * 10;
        store.put(SHARD, &row(1, first..first + 10)).unwrap();
        store.sync().unwrap();
    }
}

/// What was removed from the middle of a block is listed once more after a start.
#[test]
fn a_removed_body_beside_others_is_an_orphan_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = sled(dir.path());
    store.put(SHARD, &row(1, 0..4)).unwrap();
    store.remove(SHARD, &ids(1, [0, 1])).unwrap();
    store.sync().unwrap();
    drop(store);
    let store = sled(dir.path());
    assert_eq!(all(&store, SHARD), ids(1, 0..4));
    store.remove(SHARD, &ids(1, [0, 1])).unwrap();
    store.remove(SHARD, &ids(1, [2, 3])).unwrap();
    assert_eq!(all(&store, SHARD), []);
}

#[test]
fn space_comes_back_when_little_lives() {
    let dir = tempfile::tempdir().unwrap();
    let store = sled(dir.path());
    let large = body(id(0, 0), 1 << 20);
    for seq in 0..40 {
        store.put(SHARD, &[(id(1, seq), large.clone())]).unwrap();
    }
    store.put(SHARD, &row(2, 0..4)).unwrap();
    store.sync().unwrap();
    store.remove(SHARD, &ids(1, 0..40)).unwrap();
    store.remove(SHARD, &ids(2, [1])).unwrap();
    let before = store.disk_bytes();
    store.compact(2000).unwrap();
    let after = store.disk_bytes();
    assert!(after < before / 4, "{before} bytes became {after}");
    assert_eq!(all(&store, SHARD), ids(2, [0, 2, 3]));
    store.put(SHARD, &row(2, [9])).unwrap();
    store.sync().unwrap();
    drop(store);
    assert_eq!(get(&sled(dir.path()), id(2, 9)), Some(body(id(2, 9), 500)));
}

/// A store with so many bodies, synced and closed.
fn leave(dir: &Path, count: u64) {
    let store = sled(dir);
    store.put(SHARD, &row(1, 0..count)).unwrap();
    store.sync().unwrap();
}

/// The directories of databases, with their files.
fn databases(dir: &Path) -> Vec<String> {
    let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort_unstable();
    names
}

/// What is read behind a failed sync may be in the memory of the system only: it counts
/// when it was written and synced once more, as another file.
#[test]
fn a_store_whose_sync_failed_is_written_anew_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let store = sled(dir.path());
    store.put(SHARD, &row(1, 0..10)).unwrap();
    store.sync().unwrap();
    store.put(SHARD, &row(1, 10..20)).unwrap();
    store.break_sync();
    store.sync().unwrap_err();
    let refused = store.put(SHARD, &row(1, 20..21)).unwrap_err().to_string();
    assert!(refused.contains("a write failed before"), "{refused}");
    let next = copy(dir.path());
    for _ in 0..2 {
        let store = sled(next.path());
        assert_eq!(databases(next.path()), ["db-2"]);
        assert_eq!(all(&store, SHARD), ids(1, 0..20));
        for seq in 0..20 {
            assert_eq!(get(&store, id(1, seq)), Some(body(id(1, seq), 500)), "{seq}");
        }
    }
}

#[test]
fn a_store_that_was_killed_is_not_written_anew() {
    let dir = tempfile::tempdir().unwrap();
    let store = sled(dir.path());
    store.put(SHARD, &row(1, 0..10)).unwrap();
    store.sync().unwrap();
    store.put(SHARD, &row(1, 10..20)).unwrap();
    let copy = copy(dir.path());
    drop(sled(copy.path()));
    assert_eq!(databases(copy.path()), ["db-1"]);
}

#[test]
fn half_a_new_database_is_thrown_away() {
    let dir = tempfile::tempdir().unwrap();
    leave(dir.path(), 4);
    fs::create_dir(dir.path().join("new")).unwrap();
    fs::write(dir.path().join("new/db"), b"half").unwrap();
    assert_eq!(all(&sled(dir.path()), SHARD).len(), 4);
    assert!(!dir.path().join("new").exists());
}

#[test]
fn a_database_is_put_aside_with_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let bodies = dir.path().join(crate::BODIES_DIR);
    leave(&bodies, 4);
    let aside = crate::quarantine(&crate::RealDisk, dir.path(), "for a test").unwrap();
    assert_eq!(all(&sled(&bodies), SHARD), []);
    assert_eq!(all(&sled(&aside.path.join(crate::BODIES_DIR)), SHARD).len(), 4);
}

/// sled's threads may hold the file a little longer than the handle lives.
#[test]
fn a_database_that_is_let_go_of_late_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    leave(dir.path(), 1);
    let held = fs::File::open(dir.path().join("db-1/db")).unwrap();
    held.lock().unwrap();
    let opening = Instant::now();
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        drop(held);
    });
    assert_eq!(all(&sled(dir.path()), SHARD), ids(1, 0..1));
    assert!(opening.elapsed() >= Duration::from_millis(200));
    late.join().unwrap();
}

#[test]
fn two_stores_in_one_directory_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let first = sled(dir.path());
    // Before that there is nothing on disk.
    first.put(SHARD, &row(1, 0..1)).unwrap();
    let second = SledBodies::open(dir.path());
    assert!(second.is_err_and(|why| !why.is_damage()));
}
