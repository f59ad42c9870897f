//! Torn tails and damaged bytes.

use std::path::Path;

use super::rig::{
    SAFE, append, by_hand, held, id, open, purge, record, records, segments, truncate, try_open,
    write_only,
};
use crate::log::record as format;
use crate::{Log, LogOptions, SimDisk, StorageError};

/// A log of a few segments, closed, so that all of it is marked as safe.
fn closed() -> (SimDisk, Vec<super::rig::Held>) {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 30));
    append(&log, 2, records(1, 1, 10));
    truncate(&log, 1, 25);
    append(&log, 1, records(2, 25, 40));
    purge(&log, 2, id(1, 4));
    log.save_vote(lockstep_core::ShardId(1), b"a vote").unwrap();
    append(&log, 2, records(2, 10, 20));
    let contents = all(&log);
    log.close();
    (disk, contents)
}

fn all(log: &Log) -> Vec<super::rig::Held> {
    vec![held(log, 1), held(log, 2)]
}

/// Where the records of a segment end: behind the last byte that is not zero.
fn used(disk: &SimDisk, path: &Path) -> u64 {
    let bytes = disk.bytes(path).unwrap();
    let last = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    (last as u64).next_multiple_of(8)
}

#[test]
fn a_closed_log_opens_as_it_was() {
    let (disk, contents) = closed();
    let (log, recovered) = try_open(&disk, by_hand()).unwrap();
    assert_eq!(all(&log), contents);
    assert_eq!(recovered.torn_bytes, 0);
    assert_eq!(recovered.entries, 54);
    assert!(recovered.segments > 1);
}

#[test]
fn every_flipped_byte_of_a_safe_record_is_found_and_named() {
    let (disk, contents) = closed();
    let files = segments(&disk);
    let last = files.iter().rfind(|path| used(&disk, path) > 0).unwrap().clone();
    let mut flips = 0;
    for path in &files {
        // The final mark itself may be torn: it covers nothing but what is before it.
        let mark = if *path == last { 48 } else { 0 };
        for offset in 0..used(&disk, path) {
            let copy = disk.copy();
            copy.flip(path, offset, 1 << (offset % 8));
            match try_open(&copy, by_hand()) {
                Err(StorageError::Damaged { path: named, offset: at, .. }) => {
                    assert_eq!(&named, path, "byte {offset}");
                    assert!(at <= offset, "byte {offset} named as {at}");
                    flips += 1;
                }
                Err(other) => panic!("byte {offset} of {}: {other}", path.display()),
                Ok((log, _)) => {
                    assert!(offset + mark >= used(&disk, path), "byte {offset} passed unseen");
                    assert_eq!(all(&log), contents);
                }
            }
        }
    }
    assert!(flips > 5000, "{flips}");
}

#[test]
fn a_missing_segment_is_found() {
    let (disk, _) = closed();
    let used: Vec<_> = segments(&disk).into_iter().filter(|path| used(&disk, path) > 0).collect();
    for path in &used[..used.len() - 1] {
        let copy = disk.copy();
        crate::Disk::remove(&copy, path).unwrap();
        let error = try_open(&copy, by_hand()).unwrap_err();
        assert!(matches!(error, StorageError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}

#[test]
fn the_error_says_what_the_operator_can_do() {
    let (disk, _) = closed();
    let path = segments(&disk)[0].clone();
    disk.flip(&path, 100, 1);
    let text = try_open(&disk, by_hand()).unwrap_err().to_string();
    assert!(text.contains(path.to_str().unwrap()), "{text}");
    assert!(text.contains("rejoin from its peers"), "{text}");
    assert!(text.contains("backup"), "{text}");
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_there() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 6));
    let safe = held(&log, 1);
    write_only(&log, 1, records(1, 6, 12));
    let (path, known) = (segments(&disk)[0].clone(), disk.bytes(SAFE.as_ref()).unwrap());
    let whole = disk.bytes(&path).unwrap();
    let end = used(&disk, &path);
    let start = end - 6 * 152;
    for cut in start..end {
        let torn = SimDisk::new();
        let mut bytes = whole.clone();
        bytes[cut as usize..].fill(0);
        torn.put(&path, &bytes);
        torn.put(SAFE.as_ref(), &known);
        let found = held(&open(&torn), 1).entries;
        assert_eq!(found[..5], safe.entries, "cut at {cut}");
        // The padding behind a payload is zero anyway.
        let whole_records = (cut + 4 - start) / 152;
        assert_eq!(found.len() as u64, 5 + whole_records, "cut at {cut}");
    }
}

#[test]
fn a_file_cut_at_any_byte_behind_the_mark_opens_and_goes_on() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 6));
    write_only(&log, 1, records(1, 6, 12));
    let (path, known) = (segments(&disk)[0].clone(), disk.bytes(SAFE.as_ref()).unwrap());
    let whole = disk.bytes(&path).unwrap();
    let end = used(&disk, &path) as usize;
    for cut in end - 6 * 152..end {
        let torn = SimDisk::new();
        torn.put(&path, &whole[..cut]);
        torn.put(SAFE.as_ref(), &known);
        let log = open(&torn);
        let kept = held(&log, 1).entries.len() as u64;
        append(&log, 1, records(2, kept + 1, kept + 30));
        let contents = held(&log, 1);
        log.close();
        assert_eq!(held(&open(&torn), 1), contents, "cut at {cut}");
    }
}

#[test]
fn what_a_cut_took_away_does_not_come_back_behind_new_records() {
    let disk = SimDisk::new();
    let options = LogOptions { segment_bytes: 64 << 10, ..by_hand() };
    let log = try_open(&disk, options.clone()).unwrap().0;
    // Records of 512 bytes from offset 512 on, so that some end where a page ends.
    let sized = |term, index| record(term, index, vec![term as u8; 512 - 48]);
    append(&log, 1, vec![record(1, 1, vec![0; 512 - 48 - 48])]);
    write_only(&log, 1, (2..40).map(|index| sized(1, index)).collect());
    let path = segments(&disk)[0].clone();
    disk.flip(&path, 512 + 100, 0xff);
    let (log, recovered) = try_open(&disk, options.clone()).unwrap();
    assert_eq!(recovered.torn_bytes, 38 * 512);
    // Up to the end of the page: the next old record would follow on.
    append(&log, 1, (2..9).map(|index| sized(2, index)).collect());
    let contents = held(&log, 1);
    disk.kill();
    let log = try_open(&disk, options).unwrap().0;
    assert_eq!(held(&log, 1), contents);
}

#[test]
fn a_newer_format_is_refused_by_name() {
    let disk = SimDisk::new();
    let log = open(&disk);
    append(&log, 1, records(1, 1, 2));
    log.close();
    let path = segments(&disk)[0].clone();
    let salt = path.file_stem().unwrap().to_str().unwrap().split_once('-').unwrap().1;
    let salt = u32::from_str_radix(salt, 16).unwrap();
    let mut bytes = disk.bytes(&path).unwrap();
    let (mut start, payload) = format::read(&bytes, 0, salt).unwrap();
    start.id.term = 9;
    let mut out = Vec::new();
    format::write(&mut out, start, payload, salt);
    bytes[..out.len()].copy_from_slice(&out);
    disk.put(&path, &bytes);
    let error = try_open(&disk, by_hand()).unwrap_err();
    assert!(matches!(error, StorageError::Version { found: 9, known: 2, .. }), "{error}");
}
