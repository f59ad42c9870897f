//! The log with its threads, on a simulated and on the real disk.

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lockstep_core::ShardId;

use super::rig::{Answer, by_hand, held, id, record, records, try_open, with_threads};
use crate::{Fsync, Log, LogOptions, RealDisk, SimDisk};

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < end, "waited for: {what}");
        thread::yield_now();
    }
}

/// Appends and waits for the answer.
fn append_now(log: &Log, shard: u16, index: u64, payload: Bytes) {
    let (tell, told) = mpsc::channel();
    let done = Box::new(move |result| tell.send(result).unwrap());
    log.append(ShardId(shard), vec![record(1, index, payload)], done);
    told.recv().unwrap().unwrap();
}

#[test]
fn many_callers_share_syncs_and_lose_nothing() {
    let disk = SimDisk::new();
    let (log, _) = try_open(&disk, with_threads(Fsync::Always)).unwrap();
    let callers: Vec<_> = (0..8u16)
        .map(|shard| {
            let log = log.clone();
            thread::spawn(move || {
                for index in 1..101 {
                    append_now(&log, shard, index, Bytes::from(vec![shard as u8; 300]));
                }
                log.purge(ShardId(shard), id(1, 50), Answer::default().done());
            })
        })
        .collect();
    callers.into_iter().for_each(|caller| caller.join().unwrap());
    wait_until("the purges", || log.stats().in_flight_bytes == 0);
    log.close();
    disk.power_loss(7);
    let (log, recovered) = try_open(&disk, by_hand()).unwrap();
    assert_eq!(recovered.entries, 8 * 50);
    for shard in 0..8 {
        assert_eq!(held(&log, shard).entries.len(), 50);
    }
}

#[test]
fn what_was_answered_before_the_power_went_is_there() {
    for seed in 0..40 {
        let disk = SimDisk::new();
        let (log, _) = try_open(&disk, with_threads(Fsync::Always)).unwrap();
        disk.power_off_after(5 + seed * 2);
        let callers: Vec<_> = (0..3u16)
            .map(|shard| {
                let log = log.clone();
                thread::spawn(move || append_until_it_fails(&log, shard))
            })
            .collect();
        let answered: Vec<u64> = callers.into_iter().map(|caller| caller.join().unwrap()).collect();
        drop(log);
        disk.power_loss(seed);
        let (log, _) = try_open(&disk, by_hand()).unwrap();
        for (shard, answered) in (0..).zip(answered) {
            let found = held(&log, shard).entries.len() as u64;
            assert!(found >= answered, "seed {seed}: {found} of {answered}");
        }
    }
}

/// The last index that was answered well.
fn append_until_it_fails(log: &Log, shard: u16) -> u64 {
    for index in 1..10_000 {
        let (tell, told) = mpsc::channel();
        let done = Box::new(move |result| tell.send(result).unwrap());
        log.append(ShardId(shard), records(1, index, index + 1), done);
        if told.recv().unwrap().is_err() {
            return index - 1;
        }
    }
    panic!("the power never went");
}

#[test]
fn answers_come_in_order_though_many_wait() {
    let disk = SimDisk::new();
    let (log, _) = try_open(&disk, with_threads(Fsync::Always)).unwrap();
    let (tell, told) = mpsc::channel();
    let held = disk.hold_syncs();
    for index in 1..500 {
        let tell = tell.clone();
        let done = Box::new(move |_| tell.send(index).unwrap());
        log.append(ShardId(1), records(1, index, index + 1), done);
    }
    drop(held);
    let order: Vec<u64> = told.iter().take(499).collect();
    assert!(order.is_sorted());
}

#[test]
fn every_second_syncs_in_the_background() {
    let disk = SimDisk::new();
    let (log, _) = try_open(&disk, with_threads(Fsync::EverySec)).unwrap();
    append_now(&log, 1, 1, Bytes::from_static(b"entry"));
    wait_until("the sync", || log.stats().unsynced_bytes == 0);
    disk.power_loss(0);
    let (log, _) = try_open(&disk, by_hand()).unwrap();
    assert_eq!(held(&log, 1).entries.len(), 1);
}

#[test]
fn a_caller_is_held_up_when_too_much_waits() {
    let disk = SimDisk::new();
    let options = LogOptions { in_flight_bytes_max: 1000, ..with_threads(Fsync::Always) };
    let (log, _) = try_open(&disk, options).unwrap();
    append_now(&log, 1, 1, Bytes::new());
    // Who makes the next segment ready syncs too.
    wait_until("the next segment", || log.stats().spare_segments == 1);
    let held = disk.hold_syncs();
    // The first is taken by the writer, which then hangs in the sync.
    log.append(ShardId(1), records(1, 2, 3), Answer::default().done());
    wait_until("the writer", || disk.held_up() == 1);
    log.append(ShardId(1), records(1, 3, 8), Answer::default().done());
    let other = log.clone();
    let held_up = thread::spawn(move || {
        other.append(ShardId(1), records(1, 8, 12), Answer::default().done());
    });
    wait_until("the caller", || log.stats().callers_held_up == 1 || held_up.is_finished());
    let went_on = held_up.is_finished();
    drop(held);
    assert!(!went_on);
    held_up.join().unwrap();
    log.close();
    assert_eq!(log.first_last(ShardId(1)).1, Some(id(1, 11)));
}

#[test]
fn an_idle_log_marks_what_is_safe() {
    let disk = SimDisk::new();
    let (log, _) = try_open(&disk, with_threads(Fsync::Always)).unwrap();
    append_now(&log, 1, 1, Bytes::from_static(b"the last entry"));
    let path = super::rig::segments(&disk)[0].clone();
    wait_until("the mark", || {
        let copy = disk.copy();
        // With the mark behind it, damage of the last entry is no torn tail.
        copy.flip(&path, 48 + 50, 1);
        try_open(&copy, by_hand()).is_err()
    });
}

#[test]
fn the_writer_may_hand_in_from_an_answer_but_not_wait() {
    let disk = SimDisk::new();
    let (log, _) = try_open(&disk, with_threads(Fsync::Always)).unwrap();
    let (tell, told) = mpsc::channel();
    let inner = log.clone();
    let done = Box::new(move |_| {
        assert!(inner.save_vote(ShardId(1), b"vote").is_err());
        let done = Box::new(move |result| tell.send(result).unwrap());
        inner.append(ShardId(1), records(1, 2, 3), done);
    });
    log.append(ShardId(1), records(1, 1, 2), done);
    told.recv().unwrap().unwrap();
}

#[test]
fn readers_see_every_entry_while_it_is_written_and_freed() {
    let disk = SimDisk::new();
    let options = LogOptions { cache_bytes_max: 4000, ..with_threads(Fsync::Never) };
    let (log, _) = try_open(&disk, options).unwrap();
    let reader = {
        let log = log.clone();
        thread::spawn(move || {
            let mut seen = 0;
            while seen < 5_000 {
                for found in log.read_up_to(ShardId(1), seen + 1, u64::MAX, 20_000).unwrap() {
                    assert!(found.id.index > seen);
                    seen = found.id.index;
                    assert_eq!(found.payload, records(1, seen, seen + 1)[0].payload);
                }
            }
        })
    };
    for index in 1..5_001 {
        log.append(ShardId(1), records(1, index, index + 1), Answer::default().done());
        if index % 500 == 0 {
            log.purge(ShardId(1), id(1, index - 300), Answer::default().done());
        }
    }
    reader.join().unwrap();
}

#[test]
fn the_real_disk_keeps_what_was_handed_in() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("deep").join("log");
    let options = || LogOptions { segment_bytes: 64 << 10, ..LogOptions::default() };
    let (log, recovered) = Log::open(Arc::new(RealDisk), &path, options()).unwrap();
    assert_eq!(recovered.entries, 0);
    for index in 1..200 {
        append_now(&log, 1, index, Bytes::from(vec![index as u8; 1000]));
    }
    log.purge(ShardId(1), id(1, 150), Answer::default().done());
    log.save_vote(ShardId(1), b"vote").unwrap();
    drop(log);
    let (log, recovered) = Log::open(Arc::new(RealDisk), &path, options()).unwrap();
    assert_eq!((recovered.entries, recovered.torn_bytes), (49, 0));
    let found = held(&log, 1);
    assert_eq!(found.vote.as_deref(), Some(&b"vote"[..]));
    assert_eq!(found.entries[0].payload, vec![151; 1000]);
}
