//! Ways in for the fuzzer: any bytes at all give a value or an error.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use lockstep_core::ShardId;

use crate::log::Driver;
use crate::{Log, LogOptions, SimDisk, Snapshots};

/// Reads `bytes` as the only segment of a log, and what the log then holds.
pub fn log_segment(bytes: &[u8]) {
    let disk = SimDisk::new();
    // Number 1 and secret 1: the salt is 0, so that a fuzzer can make checksums.
    disk.put(Path::new("/log/00000001-00000000.log"), bytes);
    disk.put(Path::new("/log/SAFE"), SAFE.get_or_init(safe));
    let options =
        LogOptions { driver: Driver::ByHand, segment_bytes: 4096, ..LogOptions::default() };
    let Ok((log, recovered)) = Log::open(Arc::new(disk), Path::new("/log"), options) else {
        return;
    };
    for found in recovered.shards {
        let entries = log.read(found.shard, 0, u64::MAX).expect("what was found can be read");
        assert_eq!(entries.len() as u64, found.entries);
    }
}

/// What stands beside the segments of a log of which nothing is known to be safe.
static SAFE: OnceLock<Vec<u8>> = OnceLock::new();

fn safe() -> Vec<u8> {
    let disk = SimDisk::new();
    let options =
        LogOptions { driver: Driver::ByHand, segment_bytes: 4096, ..LogOptions::default() };
    Log::open(Arc::new(disk.clone()), Path::new("/log"), options).expect("an empty log opens");
    disk.bytes(Path::new("/log/SAFE")).expect("it was made")
}

/// Reads `bytes` as a snapshot file.
pub fn snapshot(bytes: &[u8]) {
    let disk = SimDisk::new();
    disk.put(Path::new("/s/00001-0000000000000001.snapshot"), bytes);
    let snapshots = Snapshots::open(Arc::new(disk), Path::new("/s"));
    let found = snapshots.expect("nothing fails here").latest(ShardId(1));
    let Ok(Some((_, mut reader))) = found else { return };
    while let Ok(Some(chunk)) = reader.next_chunk() {
        assert!(!chunk.is_empty() && chunk.len() < bytes.len());
    }
}
