//! Feeds damaged log segments and snapshots to recovery: real files, of which
//! some bytes were changed, cut or added.
//!
//! `cargo run --release -p lockstep-storage --example fuzz_files -- 10000000 [SEED]`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use lockstep_core::ShardId;
use lockstep_storage::log::Driver;
use lockstep_storage::{Disk, EntryId, Log, LogOptions, Record, SimDisk, Snapshots};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

const SHARD: ShardId = ShardId(1);

fn main() {
    let mut arguments = std::env::args().skip(1).map(|word| word.parse::<u64>());
    let mut number = |default| arguments.next().map_or(default, |word| word.unwrap_or(default));
    let (inputs, seed) = (number(100_000), number(1));
    let mut random = SmallRng::seed_from_u64(seed);
    let (log, snapshot) = (segment(), snapshot());
    let (mut read, mut refused) = (0_u64, 0_u64);
    for _ in 0..inputs {
        let fine = if random.random() {
            open_log(&damaged(&log, &mut random))
        } else {
            open_snapshot(&damaged(&snapshot, &mut random))
        };
        *(if fine { &mut read } else { &mut refused }) += 1;
    }
    println!("seed {seed}: {read} files were read, {refused} refused, none broke anything");
}

/// A file by its name.
struct File {
    path: PathBuf,
    bytes: Vec<u8>,
}

fn options() -> LogOptions {
    LogOptions { driver: Driver::ByHand, segment_bytes: 4096, ..LogOptions::default() }
}

fn only_file(disk: &SimDisk, dir: &str, end: &str) -> File {
    let names = disk.list(Path::new(dir)).expect("the directory is there");
    let name = names.into_iter().find(|name| name.ends_with(end)).expect("a file was written");
    let path = Path::new(dir).join(name);
    let file = disk.open(&path).expect("it was listed");
    let mut bytes = vec![0; file.len().expect("it is open") as usize];
    let _ = file.read_at(&mut bytes, 0).expect("it can be read");
    File { path, bytes }
}

fn segment() -> File {
    let disk = SimDisk::new();
    let (log, _) =
        Log::open(Arc::new(disk.clone()), Path::new("/log"), options()).expect("a new log");
    for index in 1..8 {
        let id = EntryId { term: 1, node: 1, index };
        let record = Record { id, payload: Bytes::from(vec![index as u8; 100]) };
        log.append(SHARD, vec![record], Box::new(drop));
        log.step();
    }
    only_file(&disk, "/log", ".log")
}

fn snapshot() -> File {
    let disk = SimDisk::new();
    let store = Snapshots::open(Arc::new(disk.clone()), Path::new("/s")).expect("a new store");
    let mut writer = store.begin(SHARD, b"meta").expect("it begins");
    for chunk in 1..4_u8 {
        writer.append(&[chunk; 200]).expect("it is written");
    }
    writer.commit().expect("it is whole");
    only_file(&disk, "/s", ".snapshot")
}

fn damaged(file: &File, random: &mut SmallRng) -> File {
    let mut bytes = file.bytes.clone();
    for _ in 0..random.random_range(1..4) {
        let at = random.random_range(0..bytes.len().max(1));
        match random.random_range(0..5) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8_u32),
            1 if at < bytes.len() => bytes[at] = random.random(),
            2 => bytes.truncate(at),
            3 => bytes.extend_from_slice(&file.bytes[..at.min(file.bytes.len())]),
            _ => bytes.insert(at.min(bytes.len()), random.random()),
        }
    }
    File { path: file.path.clone(), bytes }
}

fn open_log(file: &File) -> bool {
    let disk = SimDisk::new();
    disk.put(&file.path, &file.bytes);
    let Ok((log, recovered)) = Log::open(Arc::new(disk), Path::new("/log"), options()) else {
        return false;
    };
    for found in recovered.shards {
        let entries = log.read(found.shard, 0, u64::MAX).expect("what was found can be read");
        for entry in &entries {
            let fine = entry.payload.iter().all(|byte| u64::from(*byte) == entry.id.index);
            assert!(fine, "a changed entry was taken for a written one");
        }
    }
    true
}

fn open_snapshot(file: &File) -> bool {
    let disk = SimDisk::new();
    disk.put(&file.path, &file.bytes);
    let store = Snapshots::open(Arc::new(disk), Path::new("/s")).expect("nothing fails here");
    let Ok(Some((meta, mut reader))) = store.latest(SHARD) else { return false };
    assert_eq!(meta, b"meta");
    loop {
        match reader.next_chunk() {
            Ok(Some(chunk)) => assert_eq!(chunk.len(), 200, "a changed chunk was taken"),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}
